"""Rows with named columns (CSV, JSON Lines) -> postings.

Columns: title and company (required), description, requirements, benefits, location, remote, job_type,
salary_min, salary_max, currency, salary_interval, skills, url, posted_at, expires_at, external_id.
Without external_id the url, else a hash of title, company and location identifies the posting.
"""

from __future__ import annotations

import hashlib
import math
import re
from typing import Any
from urllib.parse import urlsplit

from app.ingestion.errors import RowError
from app.ingestion.normalize.company import clean_company
from app.ingestion.normalize.dates import parse_date
from app.ingestion.normalize.html import clean_text
from app.ingestion.normalize.job_type import job_type_of
from app.ingestion.normalize.location import split_location
from app.ingestion.normalize.remote import Remote, remote_name
from app.ingestion.normalize.salary import Salary, currency_code, interval_of, make_salary
from app.ingestion.normalize.text import collapse
from app.ingestion.normalize.title import clean_title
from app.ingestion.posting import Posting

COLUMNS = (
    "title", "company", "description", "requirements", "benefits", "location", "remote", "job_type",
    "salary_min",
    "salary_max", "currency", "salary_interval", "skills", "url", "posted_at", "expires_at", "external_id",
)  # fmt: skip
LONG_COLUMNS = frozenset(["description", "requirements", "benefits"])
MAX_FIELD = 5_000  # characters of any other column as it stands in the file
MAX_EXTERNAL_ID = 300  # characters
_NUMBER = re.compile(r"^[^\d\-.]{0,4}\s*(-?\d[\d\s,'’_]*(?:\.\d+)?)\s*(k?)\s*[^\d]{0,4}$", re.IGNORECASE)


def posting_of(row: dict[str, Any]) -> Posting:
    """RowError names the column at fault."""
    title, company = clean_title(_text(row, "title")), clean_company(_text(row, "company"))
    if not title or not company:
        raise RowError(f"{'title' if not title else 'company'} is missing")
    location = split_location(_text(row, "location"))
    salary, notes = _salary(row)
    url, instructions = web_address(_text(row, "url"))
    return Posting(
        external_id=external_id(
            _text(row, "external_id"), _text(row, "url"), (title, company, location.text)
        ),
        title=title,
        company=company,
        description=clean_text(_text(row, "description")),
        requirements=clean_text(_text(row, "requirements")),
        benefits=clean_text(_text(row, "benefits")),
        skills=skill_list(row.get("skills")),
        location=location.text,
        country=location.country,
        remote=_remote(row.get("remote")),
        job_type=job_type_of(_text(row, "job_type")),
        salary_min=salary.minimum,
        salary_max=salary.maximum,
        currency=salary.currency,
        salary_interval=salary.interval,
        salary_source="employer" if salary.minimum or salary.maximum else "",
        url=url,
        instructions=instructions,
        posted_at=date_field(row, "posted_at"),
        expires_at=date_field(row, "expires_at"),
        notes=notes,
    )


def external_id(stated: str, url: str, names: tuple[str, ...]) -> str:
    key = collapse(stated) or collapse(url)
    if key and len(key) <= MAX_EXTERNAL_ID:
        return key
    text = key or "\x1f".join(name.casefold() for name in names)
    return "sha256:" + hashlib.sha256(text.encode()).hexdigest()


def web_address(text: str) -> tuple[str, str]:
    """(https address or "", instruction): an address the site may not link to is given as text."""
    url = collapse(text)
    if not url:
        return "", ""
    try:
        parts = urlsplit(url)
    except ValueError:
        parts = urlsplit("")
    if parts.scheme not in ("http", "https") or not parts.netloc or len(url) > 2000 or " " in url:
        raise RowError("url is not a web address")
    return (url, "") if parts.scheme == "https" else ("", f"Apply at {url}")


def skill_list(value: Any) -> tuple[str, ...]:
    """A list, or a text parted by semicolons; repeats (but for case) once."""
    if value is None or value == "":
        return ()
    parts = value.split(";") if isinstance(value, str) else value
    if not isinstance(parts, list) or not all(isinstance(part, str) for part in parts):
        raise RowError("skills is neither a list of texts nor a text")
    names = {collapse(part).casefold(): collapse(part) for part in reversed(parts)}
    return tuple(dict.fromkeys(names[collapse(part).casefold()] for part in parts if collapse(part)))


def date_field(row: dict[str, Any], name: str) -> Any:
    value = row.get(name)
    if value is None or value == "":
        return None
    moment = parse_date(value) if isinstance(value, str | int | float) else None
    if moment is None:
        raise RowError(f"{name} is not a date (ISO 8601 or Unix time)")
    return moment


def number_field(row: dict[str, Any], name: str) -> float | None:
    value = row.get(name)
    if value is None or value == "":
        return None
    if isinstance(value, int | float) and not isinstance(value, bool):
        number = float(value)
    else:
        match = _NUMBER.match(value.strip()) if isinstance(value, str) else None
        if match is None:
            raise RowError(f"{name} is not a number")
        number = float(re.sub(r"[\s,'’_]", "", match[1])) * (1000 if match[2] else 1)
    if not math.isfinite(number) or number < 0:
        raise RowError(f"{name} is not a number from 0")
    return number or None


def checked_salary(
    low: float | None, high: float | None, currency: str, interval: str
) -> tuple[Salary, tuple[str, ...]]:
    """The salary and what had to be changed: an implausible one is left out, swapped bounds put right."""
    found = make_salary(low, high, currency_code(currency), interval_of(interval) or "year")
    if found is None:
        left_out = ("salary is implausible and was left out",) if low or high else ()
        return Salary(None, None, ""), left_out
    swapped = low is not None and high is not None and low > high
    return found, ("salary bounds were swapped",) if swapped else ()


def _salary(row: dict[str, Any]) -> tuple[Salary, tuple[str, ...]]:
    low, high = number_field(row, "salary_min"), number_field(row, "salary_max")
    return checked_salary(low, high, _text(row, "currency"), _text(row, "salary_interval"))


def _remote(value: Any) -> Remote:
    if isinstance(value, bool):
        return "remote" if value else "on-site"
    return remote_name(str(value)) if isinstance(value, str | int) else "unspecified"


def _text(row: dict[str, Any], name: str) -> str:
    value = row.get(name)
    if value is None:
        return ""
    if isinstance(value, str):
        if name not in LONG_COLUMNS and len(value) > MAX_FIELD:
            raise RowError(f"{name} is longer than {MAX_FIELD} characters")
        return value
    if isinstance(value, int | float) and not isinstance(value, bool):
        return str(value)
    raise RowError(f"{name} is not a text")

"""Postings as the job boards of three applicant tracking systems give them, object by object.

Greenhouse (Job Board API, `GET /v1/boards/{token}/jobs/{id}`), Lever (Postings API, `GET
/v0/postings/{site}`) and Ashby (Posting API, `GET /posting-api/job-board/{name}`): the fields are those the
vendors document. None of them is needed but the title: what a board leaves out is unknown, not wrong.
"""

from __future__ import annotations

from typing import Any

from app.ingestion.errors import RowError
from app.ingestion.normalize.company import clean_company
from app.ingestion.normalize.dates import parse_date
from app.ingestion.normalize.html import clean_html, clean_text
from app.ingestion.normalize.job_type import job_type_of
from app.ingestion.normalize.location import split_location
from app.ingestion.normalize.remote import Remote, remote_name, remote_of
from app.ingestion.normalize.salary import Salary
from app.ingestion.normalize.text import collapse
from app.ingestion.normalize.title import clean_title
from app.ingestion.posting import Posting
from app.ingestion.readers.columns import MAX_FIELD, checked_salary, number_field

_NO_SALARY = Salary(None, None, "")
#: Lever's names of what we count in months or weeks; pay in half months is left out, it has no name here.
_LEVER_INTERVALS = {
    "per-year-salary": "year",
    "per-month-salary": "month",
    "per-week-salary": "week",
    "per-day-wage": "day",
    "per-hour-wage": "hour",
}


def greenhouse_posting(row: dict[str, Any]) -> Posting:
    """`content` is HTML with its signs escaped once more. Raises RowError without a title."""
    offices = [_text(office, "name") for office in _list(row.get("offices"))]
    location = _text(row, "location", "name") or "; ".join(name for name in offices if name)
    markup = clean_html(_text(row, "content"))
    description = clean_text(markup) if markup.lstrip().startswith("<") else markup
    pay = _object(next(iter(_list(row.get("pay_input_ranges"))), None))
    cents = (number_field(pay, "min_cents"), number_field(pay, "max_cents"))
    low, high = (None if amount is None else amount / 100 for amount in cents)
    stated = {_text(item, "name").lower(): _text(item, "value") for item in _list(row.get("metadata"))}
    return _posting(
        row,
        title=_text(row, "title"),
        company=_text(row, "company_name"),
        description=description,
        location=location,
        remote=remote_of(location),
        job_type=stated.get("employment type", ""),
        salary=checked_salary(low, high, _text(pay, "currency_type"), "year")[0],
        posted_at=row.get("first_published") or row.get("updated_at"),
    )


def lever_posting(row: dict[str, Any]) -> Posting:
    """Raises RowError without a title (`text`)."""
    categories = _object(row.get("categories"))
    places = [_text({"p": place}, "p") for place in _list(categories.get("allLocations"))]
    location = "; ".join(dict.fromkeys(p for p in (_text(categories, "location"), *places) if p))
    opening = _text(row, "descriptionPlain") or clean_text(_text(row, "description"))
    lists = [
        f"{collapse(_text(item, 'text'))}\n{clean_html('<ul>' + _text(item, 'content') + '</ul>')}".strip()
        for item in _list(row.get("lists"))
    ]
    closing = _text(row, "additionalPlain") or clean_text(_text(row, "additional"))
    pay = _object(row.get("salaryRange"))
    interval = _LEVER_INTERVALS.get(_text(pay, "interval"), "")
    low, high = number_field(pay, "min"), number_field(pay, "max")
    return _posting(
        row,
        title=_text(row, "text"),
        description="\n\n".join(part.strip() for part in (opening, *lists, closing) if part.strip()),
        location=location,
        remote=_workplace(_text(row, "workplaceType")),
        job_type=_text(categories, "commitment"),
        salary=checked_salary(low, high, _text(pay, "currency"), interval)[0] if interval else _NO_SALARY,
        posted_at=row.get("createdAt"),
    )


def ashby_posting(row: dict[str, Any]) -> Posting:
    """Raises RowError without a title."""
    others = [_text(item, "location") for item in _list(row.get("secondaryLocations"))]
    location = "; ".join(dict.fromkeys(place for place in (_text(row, "location"), *others) if place))
    stated = _workplace(_text(row, "workplaceType"))
    remote: Remote = "remote" if stated == "unspecified" and row.get("isRemote") is True else stated
    return _posting(
        row,
        title=_text(row, "title"),
        description=_text(row, "descriptionPlain") or clean_html(_text(row, "descriptionHtml")),
        location=location,
        remote=remote,
        job_type=_words(_text(row, "employmentType")),
        salary=_ashby_salary(row.get("compensation")),
        posted_at=row.get("publishedAt"),
    )


def _ashby_salary(compensation: Any) -> Salary:
    for item in map(_object, _list(_object(compensation).get("summaryComponents"))):
        if _text(item, "compensationType") == "Salary":
            low, high = number_field(item, "minValue"), number_field(item, "maxValue")
            return checked_salary(low, high, _text(item, "currencyCode"), _text(item, "interval"))[0]
    return _NO_SALARY


def _posting(
    row: dict[str, Any],
    *,
    title: str,
    description: str,
    location: str,
    remote: Remote,
    job_type: str,
    salary: Salary,
    posted_at: Any,
    company: str = "",
) -> Posting:
    name = clean_title(title[:MAX_FIELD])
    if not name:
        raise RowError("title is missing")
    place = split_location(location[:MAX_FIELD])
    moment = parse_date(posted_at) if isinstance(posted_at, str | int | float) else None
    return Posting(
        external_id=_text(row, "id")[:300],
        title=name,
        company=clean_company(company[:MAX_FIELD]),
        description=description,
        location=place.text,
        country=place.country,
        remote=remote,
        job_type=job_type_of(job_type),
        salary_min=salary.minimum,
        salary_max=salary.maximum,
        currency=salary.currency,
        salary_interval=salary.interval,
        salary_source="employer" if salary.minimum or salary.maximum else "",
        posted_at=moment,
    )


def _workplace(name: str) -> Remote:
    """ "on-site", "OnSite", "Hybrid", "remote"; anything else is unspecified."""
    return remote_name(_words(name)) if name else "unspecified"


def _words(name: str) -> str:
    """ "FullTime" -> "Full Time"."""
    return "".join(f" {sign}" if sign.isupper() else sign for sign in name).strip()


def _text(value: Any, *path: str) -> str:
    """The text or number at a path of keys, "" where there is none."""
    for key in path:
        value = value.get(key) if isinstance(value, dict) else None
    return str(value) if isinstance(value, str | int | float) and not isinstance(value, bool) else ""


def _object(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []

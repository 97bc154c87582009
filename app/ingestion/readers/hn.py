"""Comments of "Ask HN: Who is hiring?" threads: free text, mostly with a line of facts on top."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import Any

from app.ingestion.errors import RowError
from app.ingestion.normalize.company import company_in_text, company_of_domain
from app.ingestion.normalize.dates import parse_date
from app.ingestion.normalize.header import Header, is_prose, parse_header
from app.ingestion.normalize.html import clean_html
from app.ingestion.normalize.job_type import job_type_in_prose, job_type_of, offers_internship
from app.ingestion.normalize.location import prose_place, split_location, tidy_location
from app.ingestion.normalize.remote import remote_in_posting
from app.ingestion.normalize.roles import names_openings_only, names_role
from app.ingestion.normalize.salary import Salary, local_currency, parse_salary
from app.ingestion.normalize.text import limit
from app.ingestion.normalize.title import MAX_TITLE, clean_title, title_in_text
from app.ingestion.normalize.visa import visa_of
from app.ingestion.posting import MAX_DESCRIPTION, Posting
from app.ingestion.readers.not_posting import why_not_posting

ITEM_URL = "https://news.ycombinator.com/item?id="
MAX_HEADER = 2000  # characters
STACKED_LINES = 5  # short lines on top that may each hold one fact
_LABEL = re.compile(
    r"^\W{0,3}(?P<label>company|employer|location|where|position|job title|title|role|positions|roles|"
    r"who|city)\s*[:=]\s*(?P<value>\S.{0,200})$",
    re.IGNORECASE,
)
_LABEL_FIELD = {
    "company": "company", "employer": "company", "who": "company", "location": "location",
    "where": "location",
    "city": "location", "position": "title", "job title": "title", "title": "title", "role": "title",
    "positions": "title", "roles": "title",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Comment:
    """`text` cleaned, `header` the lines of facts as one line (bars between), "" if it opens with prose."""

    text: str
    header: str
    facts: Header


def posting_of(row: dict[str, Any]) -> Posting:
    """One comment (id, time, text) as a posting; RowError when it is none."""
    item, text = row.get("id"), row.get("text")
    if not isinstance(item, int) or isinstance(item, bool) or item < 0:
        raise RowError("id is not a whole number")
    if not isinstance(text, str) or not text.strip():
        raise RowError("text is missing or empty")
    posted_at = parse_date(row.get("time"))
    if posted_at is None:
        raise RowError("time is not a Unix time")
    comment = read_comment(text)
    reason = why_not_posting(comment.text, comment.header, comment.facts)
    if reason:
        raise RowError(reason)
    return replace(_posting(comment), external_id=str(item), url=f"{ITEM_URL}{item}", posted_at=posted_at)


def read_comment(markup: str) -> Comment:
    text = clean_html(markup, keep_newlines=True)
    if not text:
        raise RowError("text is empty once the markup is gone")
    lines = [line for line in text.split("\n") if line.strip()]
    header = _header_line(lines)[:MAX_HEADER]
    facts = parse_header(header) if header else Header()
    if facts.facts < 3:
        _add_stacked_lines(facts, lines, header)
    _add_labelled_lines(facts, lines)
    return Comment(text, header, facts)


def _posting(comment: Comment) -> Posting:
    text, header, facts = comment.text[:MAX_DESCRIPTION], comment.header, comment.facts
    company = facts.company or company_in_text(text) or company_of_domain(text)
    location = facts.location or prose_place(text[:1500])
    country = split_location(location).country
    title, from_first_line = _title(comment)
    salary = parse_salary(header, header=True) or parse_salary(text) or Salary(None, None, "")
    currency = local_currency(salary.currency, country) if salary.minimum or salary.maximum else ""
    return Posting(
        external_id="",
        title=title,
        company=company or "Unknown company",
        description=comment.text,
        location=location,
        country=country,
        remote=remote_in_posting(header, text),
        job_type=job_type_of(header) or job_type_in_prose(text) or job_type_of(title),
        visa=visa_of(header) if header else visa_of(text),
        internship=offers_internship(f"{header}\n{title}"),
        salary_min=salary.minimum,
        salary_max=salary.maximum,
        currency=currency,
        salary_interval=salary.interval,
        salary_source="parsed" if salary.minimum or salary.maximum else "",
        notes=("title taken from the first line",) if from_first_line else (),
    )


def _title(comment: Comment) -> tuple[str, bool]:
    """(title, False): a role from the header, else from the text, else openings; (first line, True)."""
    header, found = comment.facts.title, ""
    if not header or not names_role(header) or names_openings_only(header):
        found, header = title_in_text(comment.text[:MAX_DESCRIPTION]) or header, ""
    first_line = next(line for line in comment.text.split("\n") if line.strip())
    title = header or found
    return (title, False) if title else (clean_title(limit(first_line, MAX_TITLE)) or "Untitled", True)


def _header_line(lines: list[str]) -> str:
    """The first line of facts; one that runs on ("... |" and more bars below) is joined."""
    if not lines:
        return ""
    first, rest = lines[0], lines[1:]
    if "|" in first:
        while rest and len(rest[0]) < 200 and (first.rstrip().endswith("|") or rest[0].count("|") >= 2):
            first = f"{first.rstrip().rstrip('|')} | {rest.pop(0)}"
        return first
    if rest and rest[0].count("|") >= 2 and len(first) < 120 and len(rest[0]) < 250:
        return f"{first} | {rest[0]}"
    return _before_prose(first) if is_prose(first) else first


def _before_prose(line: str) -> str:
    """The facts that a first paragraph opens with ("Acme - Berlin - Go developers - We are ...")."""
    facts: list[str] = []
    for piece in re.split(r"\s+[-–—]+\s+|\.\s+", line[:300]):
        if (
            len(piece) > 70
            or is_prose(f"{piece}.")
            or re.search(r"\b(?:we|our|is|are|you|i)\b", piece, re.IGNORECASE)
        ):
            break
        facts.append(piece)
    return " - ".join(facts) if len(facts) >= 2 else ""


def _add_stacked_lines(facts: Header, lines: list[str], header: str) -> None:
    """Facts on short lines of their own, one below the other."""
    for line in lines[1 : STACKED_LINES + 1]:
        if len(line) > 100 or is_prose(line) or line in header:
            break
        more = parse_header(line)
        facts.title = facts.title or more.title
        facts.location = facts.location or more.location
        if not facts.company and not more.title:
            facts.company = more.company


def _add_labelled_lines(facts: Header, lines: list[str]) -> None:
    """ "Location: Berlin" says what it is."""
    for line in lines[:20]:
        match = _LABEL.match(line)
        if match is None:
            continue
        field = _LABEL_FIELD[match["label"].lower()]
        value = match["value"]
        if field == "title" and names_role(value):
            facts.title = facts.title or clean_title(value)
        elif field == "location" and split_location(value).country:
            facts.location = facts.location or tidy_location(value)
        elif field == "company" and len(value) < 80:
            facts.company = parse_header(value).company or facts.company

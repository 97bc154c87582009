"""schema.org JobPosting as JSON-LD, the form that job boards publish for search engines.

A file holds one object, a list, an object with @graph, or any of these once per line.
Fields: https://schema.org/JobPosting and Google's notes on structured data for job postings.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from app.ingestion.errors import FileRefusedError, RowError
from app.ingestion.lines import InputFile
from app.ingestion.normalize.company import clean_company
from app.ingestion.normalize.html import clean_html, clean_text
from app.ingestion.normalize.job_type import job_type_of
from app.ingestion.normalize.location import split_location
from app.ingestion.normalize.remote import Remote, remote_name
from app.ingestion.normalize.salary import Salary
from app.ingestion.normalize.title import clean_title
from app.ingestion.posting import Parsed, Posting, Rejected, within_limits
from app.ingestion.readers.columns import (
    MAX_FIELD,
    checked_salary,
    date_field,
    external_id,
    number_field,
    skill_list,
    web_address,
)
from app.ingestion.readers.rows import decode_json

MAX_DOCUMENT = 64 * 1_048_576  # bytes of a file that is one JSON document
NO_POSTING = "no JobPosting in it"


def read(file: InputFile) -> Iterator[Parsed | Rejected]:
    """Postings of a file; FileRefusedError when it is neither one JSON document nor one per line."""
    if _one_per_line(file):
        yield from _read_lines(file)
        return
    try:
        document = json.loads(file.read_whole(MAX_DOCUMENT).decode("utf-8"))
    except (ValueError, RecursionError) as error:
        raise FileRefusedError(f"{file.path}: neither one JSON document nor one per line: {error}") from None
    nodes = list(job_nodes(document))
    if not nodes:
        yield Rejected(1, NO_POSTING)
    for number, node in enumerate(nodes, start=1):
        yield _parse(number, node)


def job_nodes(document: Any, depth: int = 0) -> Iterator[dict[str, Any]]:
    """Every JobPosting in a document, at any place of a list or @graph."""
    if isinstance(document, list) and depth < 8:
        for item in document:
            yield from job_nodes(item, depth + 1)
    elif isinstance(document, dict):
        kinds = _list(document.get("@type"))
        if any(isinstance(kind, str) and kind.rsplit("/", 1)[-1] == "JobPosting" for kind in kinds):
            yield document
        for key in ("@graph", "mainEntity", "itemListElement", "item"):
            if key in document and depth < 8:
                yield from job_nodes(document[key], depth + 1)


def posting_of(node: dict[str, Any]) -> Posting:
    title = clean_title((_text(node.get("title")) or _text(node.get("name")))[:MAX_FIELD])
    company = clean_company(_text(node.get("hiringOrganization"), "name", "legalName")[:MAX_FIELD])
    if not title or not company:
        raise RowError(f"{'title' if not title else 'hiringOrganization'} is missing")
    location = split_location(_location(node)[:MAX_FIELD])
    salary, notes = _salary(node.get("baseSalary") or node.get("estimatedSalary"))
    url, instructions = web_address(_text(node.get("url"), "@id"))
    return Posting(
        external_id=external_id(_identifier(node), url or instructions, (title, company, location.text)),
        title=title,
        company=company,
        description=_description(node),
        requirements=_sections(node, "qualifications", "educationRequirements", "experienceRequirements"),
        benefits=_sections(node, "jobBenefits", "incentiveCompensation"),
        skills=_skills(node.get("skills")),
        location=location.text,
        country=location.country,
        remote=_remote(node),
        job_type=job_type_of(" ".join(_text(kind) for kind in _list(node.get("employmentType")))),
        salary_min=salary.minimum,
        salary_max=salary.maximum,
        currency=salary.currency,
        salary_interval=salary.interval,
        salary_source="employer" if salary.minimum or salary.maximum else "",
        url=url,
        instructions=instructions,
        posted_at=date_field(node, "datePosted"),
        expires_at=date_field(node, "validThrough"),
        notes=notes,
    )


def _one_per_line(file: InputFile) -> bool:
    """Whether the first non-empty line is a whole document and another line follows."""
    filled = (item for item in file.lines() if isinstance(item, Rejected) or item[1].strip())
    first, second = next(filled, None), next(filled, None)
    file.rewind()
    if first is None or second is None or isinstance(first, Rejected):
        return False
    try:
        decode_json(first[1])
    except RowError:
        return first[1].lstrip()[:1] == b"{" and first[1].rstrip()[-1:] == b"}"
    return True


def _read_lines(file: InputFile) -> Iterator[Parsed | Rejected]:
    for item in file.lines():
        if isinstance(item, Rejected):
            yield item
            continue
        number, line = item
        if not line.strip():
            continue
        try:
            nodes = list(job_nodes(decode_json(line)))
            if not nodes:
                raise RowError(NO_POSTING)
        except RowError as error:
            yield Rejected(number, str(error), line.decode("utf-8", "replace"))
            continue
        yield from (_parse(number, node) for node in nodes)


def _parse(number: int, node: dict[str, Any]) -> Parsed | Rejected:
    raw = json.dumps(node, ensure_ascii=True)
    try:
        return Parsed(number, within_limits(posting_of(node)), raw.encode())
    except RowError as error:
        return Rejected(number, str(error), raw)


def _description(node: dict[str, Any]) -> str:
    text = clean_html(_text(node.get("description")))
    # Some boards encode the markup twice: what reads as markup once decoded is decoded again.
    text = clean_text(text) if text.lstrip().startswith("<") else text
    more = _sections(node, "responsibilities")
    return "\n\n".join(part for part in (text, f"Responsibilities\n\n{more}" if more else "") if part)


def _sections(node: dict[str, Any], *names: str) -> str:
    texts = (
        clean_text(_text(value, "name", "description")) for name in names for value in _list(node.get(name))
    )
    return "\n\n".join(text for text in texts if text)


def _location(node: dict[str, Any]) -> str:
    places = [_address(place) for place in _list(node.get("jobLocation"))]
    if not any(places):
        places = [_text(area, "name") for area in _list(node.get("applicantLocationRequirements"))]
    return "; ".join(dict.fromkeys(place for place in places if place))


def _address(place: Any) -> str:
    if not isinstance(place, dict):
        return _text(place)
    address = place.get("address")
    if not isinstance(address, dict):
        return _text(address) or _text(place, "name")
    parts = (address.get(name) for name in ("addressLocality", "addressRegion", "addressCountry"))
    return ", ".join(dict.fromkeys(text for part in parts if (text := _text(part, "name"))))


def _remote(node: dict[str, Any]) -> Remote:
    stated = remote_name(_text(node.get("jobLocationType")))
    return "on-site" if stated == "unspecified" and node.get("jobLocation") else stated


def _salary(value: Any) -> tuple[Salary, tuple[str, ...]]:
    amounts = next(iter(_list(value)), None)
    if amounts is None:
        return Salary(None, None, ""), ()
    if not isinstance(amounts, dict):
        amounts = {"value": amounts}
    inner = amounts.get("value")
    span = (
        inner if isinstance(inner, dict) else {"value": inner, **amounts, "unitText": amounts.get("unitText")}
    )
    low, high = number_field(span, "minValue"), number_field(span, "maxValue")
    if low is None and high is None and not isinstance(span.get("value"), dict):
        low = high = number_field(span, "value")
    currency = _text(amounts.get("currency")) or _text(span.get("currency"))
    return checked_salary(low, high, currency, _text(span.get("unitText")) or _text(amounts.get("unitText")))


def _skills(value: Any) -> tuple[str, ...]:
    if isinstance(value, str) and ";" not in value:
        return skill_list(value.split(","))
    return skill_list(value if isinstance(value, str) else [_text(item, "name") for item in _list(value)])


def _identifier(node: dict[str, Any]) -> str:
    identifier = node.get("identifier")
    if isinstance(identifier, dict):
        return ":".join(
            part for part in (_text(identifier.get("name")), _text(identifier.get("value"))) if part
        )
    return _text(identifier) or _text(node.get("@id"))


def _text(value: Any, *names: str) -> str:
    """A text, a number, or the first of `names` of an object or of the first of a list."""
    if isinstance(value, list):
        value = value[0] if value else ""
    if isinstance(value, dict):
        return next((text for name in (*names, "@value") if (text := _text(value.get(name)))), "")
    return str(value) if isinstance(value, str | int | float) and not isinstance(value, bool) else ""


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [] if value is None else [value]

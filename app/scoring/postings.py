"""Postings that are scored: stored here, or sent along in a usual format."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

from app.errors import InvalidInputError
from app.ingestion.errors import RowError
from app.ingestion.normalize.html import clean_text
from app.ingestion.normalize.salary import Salary
from app.ingestion.normalize.title import clean_title, title_in_text
from app.ingestion.posting import Posting, within_limits
from app.ingestion.readers import ats, schema_org
from app.kit.canonical import sha256_of
from app.scoring.formats import posting_format
from app.scoring.schemas import ForeignPosting, PostingIn
from app.scoring.seekers import checked
from serving.schemas import JobDocument

#: Keys of postings sent along: far above any the database will ever hand out.
GUESTS_FROM = 2**62
_READERS: dict[str, Callable[[dict[str, Any]], Posting]] = {
    "greenhouse": ats.greenhouse_posting,
    "lever": ats.lever_posting,
    "ashby": ats.ashby_posting,
}


@dataclass(frozen=True, slots=True)
class Target:
    """`document` is None for a posting that is stored here. `sha256` is of the canonical JSON of what was
    given; of a stored posting, of its id and the hash of its content."""

    key: int
    id: str
    format: str
    sha256: str
    document: JobDocument | None = None


def stored(public_id: uuid.UUID, key: int, content_hash: str) -> Target:
    return Target(key, str(public_id), "job", stored_sha256(public_id, content_hash))


def stored_sha256(public_id: uuid.UUID, content_hash: str) -> str:
    return sha256_of({"content": {"content_hash": content_hash, "id": str(public_id)}, "format": "job"})


def ours(posting: PostingIn, place: int, name: str) -> Target:
    """`place` counts from 0 among the postings sent along with one request."""
    content = posting.model_dump(mode="json", exclude_unset=True, exclude={"id"})
    document = JobDocument(job_id=GUESTS_FROM + place, **posting.model_dump(exclude={"id"}))
    return Target(document.job_id, name, "posting", _sha256("posting", content), document)


def foreign(posting: ForeignPosting, place: int, name: str, pointer: str) -> Target:
    """Raises InvalidInputError and RequestValidationError, which point to what is wrong below `pointer`."""
    kind = posting_format(posting.format, posting.content, pointer)
    if kind == "posting":
        return ours(checked(PostingIn, posting.content, f"{pointer}/content"), place, name)
    document = _document(_read(kind, posting.content, pointer), GUESTS_FROM + place)
    return Target(document.job_id, name, kind, _sha256(kind, posting.content), document)


def sha256(posting: ForeignPosting, pointer: str) -> tuple[str, str]:
    """(format, hash) of a posting as it is sent. Raises as `foreign`."""
    target = foreign(posting, 0, "", pointer)
    return target.format, target.sha256


def _sha256(kind: str, content: Any) -> str:
    return sha256_of({"content": content, "format": kind})


def _read(kind: str, content: Any, pointer: str) -> Posting:
    try:
        if kind == "text":
            return _of_text(content)
        if kind == "schema_org":
            return _of_schema_org(next(schema_org.job_nodes(content), content))
        return within_limits(_READERS[kind](content))
    except RowError as error:
        raise InvalidInputError(f"{kind}: {error}", pointer=f"{pointer}/content") from None


def _of_schema_org(node: dict[str, Any]) -> Posting:
    """The reader wants an employer, since it stores postings; a score needs none."""
    if node.get("hiringOrganization"):
        return within_limits(schema_org.posting_of(node))
    nameless = schema_org.posting_of(node | {"hiringOrganization": "unknown"})
    return within_limits(replace(nameless, company=""))


def _of_text(text: str) -> Posting:
    """The first line is the title, if it is a line and no paragraph; else the role that the text names."""
    body = clean_text(text)
    first = body.partition("\n")[0]
    title = clean_title(first) if len(first) <= 120 else title_in_text(body[:4000])
    if not title:
        raise RowError("it names no role; put the title on a line of its own, first")
    return within_limits(Posting(external_id="", title=title, company="", description=body))


def _document(posting: Posting, key: int) -> JobDocument:
    annual = Salary(
        posting.salary_min, posting.salary_max, posting.currency, posting.salary_interval
    ).annual()
    parts = (posting.description, posting.requirements, posting.benefits)
    return JobDocument(
        job_id=key,
        title=posting.title[:300],
        company=posting.company[:300],
        description="\n\n".join(part for part in parts if part)[:60_000],
        skills=posting.skills,
        location=posting.location[:300],
        remote=posting.remote,
        job_type=posting.job_type,
        salary_min=annual.minimum,
        salary_max=annual.maximum,
        currency=posting.currency[:3],
        posted_at=posting.posted_at,
    )

"""Which format an input is in, where its sender did not say.

A format is recognised by keys that no other has. What shows the marks of none, or of two, is refused: a guess
would make a number out of the wrong fields, and nobody would see it.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from app.errors import InvalidInputError
from app.scoring.schemas import PostingFormat, SeekerFormat

_SEEKER_KEYS: dict[SeekerFormat, frozenset[str]] = {
    "profile": frozenset({"desired_title", "resume_text", "experience_years", "salary_min", "remote"}),
    "json_resume": frozenset(
        {"basics", "work", "education", "volunteer", "awards", "certificates", "publications", "references"}
        | {"languages", "interests", "projects"}
    ),
}
_POSTING_KEYS: dict[PostingFormat, frozenset[str]] = {
    "schema_org": frozenset(
        {"@type", "@graph", "@context", "hiringOrganization", "datePosted", "jobLocation"}
    ),
    "greenhouse": frozenset(
        {"absolute_url", "internal_job_id", "requisition_id", "company_name", "pay_input_ranges", "offices"}
        | {"data_compliance", "first_published"}
    ),
    "lever": frozenset({"hostedUrl", "categories", "lists", "additionalPlain", "text", "createdAt"}),
    "ashby": frozenset(
        {"jobUrl", "isRemote", "isListed", "descriptionHtml", "secondaryLocations", "publishedAt"}
        | {"employmentType", "shouldDisplayCompensationOnJobPostings"}
    ),
    "posting": frozenset({"company", "remote", "job_type", "salary_min", "salary_max", "currency", "skills"}),
}
#: Written by both sides of a pair: alone they show nothing.
_SCHEMA_ORG_TOO = frozenset({"employmentType", "skills"})
#: The first letters, as base64, of a PDF and of a ZIP (what a DOCX is).
_FILE = re.compile(r"^(?:JVBERi0|UEsDB)[A-Za-z0-9+/\s]*=*\s*$")


def seeker_format(
    stated: SeekerFormat | None, content: str | Mapping[str, Any], pointer: str
) -> SeekerFormat:
    """Raises InvalidInputError, which points to what is wrong below `pointer`."""
    if isinstance(content, str):
        if stated in ("profile", "json_resume"):
            raise InvalidInputError(f"{stated} is an object", pointer=f"{pointer}/content")
        return stated or ("file" if _FILE.match(content) else "text")
    if stated in ("text", "file"):
        raise InvalidInputError(f"{stated} is a text", pointer=f"{pointer}/content")
    if stated:
        return stated
    found = _shown(_SEEKER_KEYS, content)
    skills = content.get("skills")
    if not found and isinstance(skills, list) and skills:
        # both have a key of that name: of texts here, of objects there
        found = ["profile" if isinstance(skills[0], str) else "json_resume"]
    chosen: SeekerFormat = _only(found, pointer)
    return chosen


def posting_format(
    stated: PostingFormat | None, content: str | Mapping[str, Any], pointer: str
) -> PostingFormat:
    """Raises InvalidInputError, which points to what is wrong below `pointer`."""
    if isinstance(content, str):
        if stated not in (None, "text"):
            raise InvalidInputError(f"{stated} is an object", pointer=f"{pointer}/content")
        return "text"
    if stated == "text":
        raise InvalidInputError("text is a text", pointer=f"{pointer}/content")
    if stated:
        return stated
    found = _shown(_POSTING_KEYS, content)
    if "schema_org" in found and not (_keys_of(_POSTING_KEYS, found, content) - _SCHEMA_ORG_TOO):
        found = ["schema_org"]
    if not found and content.keys() <= {"id", "title", "description", "location"} and "title" in content:
        found = ["posting"]  # what every format has, and nothing else: it reads the same in ours
    chosen: PostingFormat = _only(found, pointer)
    return chosen


def _keys_of(
    table: Mapping[PostingFormat, frozenset[str]], found: list[PostingFormat], content: Mapping[str, Any]
) -> set[str]:
    """What the formats beside schema.org were recognised by."""
    return {key for name in found if name != "schema_org" for key in table[name] & content.keys()}


def _shown(table: Mapping[Any, frozenset[str]], content: Mapping[str, Any]) -> list[Any]:
    return [name for name, keys in table.items() if keys & content.keys()]


def _only(found: list[Any], pointer: str) -> Any:
    if len(found) == 1:
        return found[0]
    if found:
        detail = f"the content could be {' or '.join(found)}: say which as `format`"
    else:
        detail = "the content shows the marks of no known format: say which it is as `format`"
    raise InvalidInputError(detail, pointer=f"{pointer}/format")

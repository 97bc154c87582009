"""The wire contract for text: resumes read, postings read, skills named, summaries written.

Every span is a pair of character offsets [start, end) into the text named beside it. Nothing here is a
feature: what is read is shown to people, who may correct it.
"""

from __future__ import annotations

from base64 import b64encode
from typing import Annotated, Any, Literal

from pydantic import Base64Bytes, Field

from serving.schemas import JobDocument
from serving.wire import Wire

#: Bytes of an uploaded file; in transit it is base64, a third longer.
MAX_FILE_BYTES = 5 * 2**20
MAX_TEXT = 200_000
MAX_POSTINGS = 32

Probability = Annotated[float, Field(ge=0, le=1)]
Role = Literal["duty", "must", "nice", "company", "benefit", "logistics", "legal"]


class Span(Wire):
    start: int = Field(ge=0)
    end: int = Field(ge=0)


class SkillEvidence(Wire):
    """A skill and the words that show it. `skill_id` is "" where the words name a skill that the taxonomy
    does not have. `method` says how it was found and matched, e.g. "gazetteer" or "tagger+embedding"."""

    skill_id: str
    label: str
    surface: str
    start: int = Field(ge=0)
    end: int = Field(ge=0)
    level: str = Field(default="", description="as stated: basic, intermediate, advanced, expert, A1..C2")
    confidence: Probability
    method: str


class ReadResumeRequest(Wire):
    """Either a file (`data`, base64, at most 5 MB; its kind is decided by content) or plain `text`."""

    data: Base64Bytes | None = Field(default=None, max_length=MAX_FILE_BYTES * 4 // 3 + 4)
    filename: str = Field(default="", max_length=255)
    text: str = Field(default="", max_length=MAX_TEXT)

    @classmethod
    def of(cls, data: bytes | None, filename: str = "", text: str = "") -> ReadResumeRequest:
        """`data` as it is in the file."""
        return cls(data=None if data is None else b64encode(data), filename=filename, text=text)


class ReadNotice(Wire):
    code: str
    detail: str
    page: int = 0
    text: str = ""


class ReadResumeResponse(Wire):
    """`resume` is JSON Resume 1.0.0 with a block `x-jobpilot` whose `fields` map JSON pointers to spans in
    `text`. `model_text` is `text` with contact data blanked, spans hold; a model sees nothing else."""

    resume: dict[str, Any]
    text: str
    model_text: str
    skills: tuple[SkillEvidence, ...]
    experience_years: float | None
    language: str
    warnings: tuple[ReadNotice, ...] = ()
    reader: str = Field(description="version of the reader and of the models behind it")


class FindSkillsRequest(Wire):
    texts: tuple[Annotated[str, Field(max_length=60_000)], ...] = Field(min_length=1, max_length=MAX_POSTINGS)


class FindSkillsResponse(Wire):
    """One tuple per text, in order of appearance."""

    skills: tuple[tuple[SkillEvidence, ...], ...]
    reader: str


class StandardizeRequest(Wire):
    """S-171: stated skills, in a person's own words, to ids of the taxonomy."""

    labels: tuple[Annotated[str, Field(min_length=1, max_length=200)], ...] = Field(
        min_length=1, max_length=500
    )


class StandardSkill(Wire):
    """`skill_id` is "" where nothing in the taxonomy is meant closely enough."""

    stated: str
    skill_id: str
    label: str
    confidence: Probability
    method: str


class StandardizeResponse(Wire):
    skills: tuple[StandardSkill, ...]
    reader: str


class RequirementFact(Wire):
    """One thing a posting asks for; spans are offsets in the description. See features/requirements.py."""

    rank: int = Field(ge=1)
    need: Literal["must", "nice"]
    text: str
    start: int
    end: int
    source: Literal["stated", "model"]
    skills: tuple[SkillEvidence, ...] = ()
    years_min: int | None = None
    years_max: int | None = None
    degree: str = Field(default="", description="secondary, associate, bachelor, master, doctorate")
    certificates: tuple[str, ...] = ()
    languages: tuple[str, ...] = ()


class OccupationFact(Wire):
    """`occupation_id` is "" where no occupation is meant closely enough."""

    occupation_id: str = ""
    label: str = ""
    confidence: Probability = 0.0
    category: str = Field(default="", description="major group of the occupation")
    seniority: str = "unknown"


class ReadPostingsRequest(Wire):
    postings: tuple[JobDocument, ...] = Field(min_length=1, max_length=MAX_POSTINGS)


class PostingFacts(Wire):
    job_id: int
    occupation: OccupationFact
    skills: tuple[SkillEvidence, ...]
    requirements: tuple[RequirementFact, ...]


class ReadPostingsResponse(Wire):
    postings: tuple[PostingFacts, ...]
    reader: str


class SummarizeRequest(Wire):
    postings: tuple[JobDocument, ...] = Field(min_length=1, max_length=MAX_POSTINGS)
    sentences: int = Field(default=5, ge=1, le=12)


class SummarySentence(Wire):
    """`spans` are offsets in the description: the pieces the sentence comes from."""

    text: str
    role: Role
    spans: tuple[Span, ...] = Field(min_length=1)
    rewritten: bool = False


class Summary(Wire):
    """Empty `sentences` where the posting says too little to be shortened."""

    job_id: int
    sentences: tuple[SummarySentence, ...]


class SummarizeResponse(Wire):
    summaries: tuple[Summary, ...]
    reader: str

"""Wire shapes of search."""

from __future__ import annotations

from typing import Annotated, Any, Literal, Self

from pydantic import AfterValidator, AwareDatetime, Field, StringConstraints, model_validator
from sqlalchemy import Row

from app.job.schemas import Interval, JobSummary
from app.kit.pagination import Page
from app.kit.schemas import Answer, RequestBody
from app.search.currency import BASE, PER_DOLLAR, RATES_OF
from app.search.engine import WINDOW, Facet, SuggestionKind
from app.search.places import DEFAULT_RADIUS_KM
from app.user.schemas import JobType, Remote, Skill

Sort = Literal["relevance", "date", "salary", "match"]
Mode = Literal["keyword", "semantic", "hybrid"]
#: What did not answer, and so what the answer lacks.
Missing = Literal["index", "matching"]


def _convertible(code: str) -> str:
    if code not in PER_DOLLAR:
        raise ValueError(f"one of {', '.join(sorted(PER_DOLLAR))}")
    return code


SalaryCurrency = Annotated[str, StringConstraints(pattern=r"^[A-Z]{3}$"), AfterValidator(_convertible)]


class JobFilters(RequestBody):
    """What is searched for. An empty parameter does not filter."""

    q: str = Field("", max_length=300, description='words, "phrases", beginnings*, `or`, -not')
    location: str = Field("", max_length=200, description="a city, region or country")
    radius_km: float = Field(DEFAULT_RADIUS_KM, gt=0, le=500, description="around a city")
    job_type: tuple[JobType, ...] = Field((), max_length=10)
    remote: tuple[Remote, ...] = Field((), max_length=10)
    salary_min: int | None = Field(None, ge=0, le=10**9)
    salary_max: int | None = Field(None, ge=0, le=10**9)
    currency: SalaryCurrency = Field(
        BASE, description=f"of `salary_min` and `salary_max`; converted at the rates of {RATES_OF}"
    )
    salary_interval: Interval = Field("year", description="of `salary_min` and `salary_max`")
    skills: tuple[Skill, ...] = Field((), max_length=10, description="all of them")
    company: str = Field("", max_length=200, description="slug")
    posted_after: AwareDatetime | None = None
    sort: Sort = Field("relevance", description="`match`: by your own profile, signed in")
    mode: Mode = Field(
        "keyword", description="`semantic`: by meaning; `hybrid`: both, fused by reciprocal rank"
    )


class JobQuery(JobFilters):
    """`cursor` continues where an answer's `next_cursor` says, also where `page` cannot reach."""

    reposts: bool = Field(
        False,
        description="show every publication of a posting; otherwise the newest open one stands for those of "
        "the same company, title, place, terms and (nearly) text, unless `company` is given",
    )
    page: int = Field(1, ge=1, le=WINDOW)
    limit: int = Field(20, ge=1, le=100)
    cursor: str = Field("", max_length=6000)
    facets: tuple[Facet, ...] = Field((), max_length=6)

    @model_validator(mode="after")
    def reachable(self) -> Self:
        if self.page * self.limit > WINDOW:
            raise ValueError(f"pages reach the first {WINDOW} results: follow `next_cursor` beyond")
        if self.cursor and self.page != 1:
            raise ValueError("give either `page` or `cursor`")
        if self.mode != "keyword" and self.sort != "relevance":
            raise ValueError("a mode other than keyword is an order of its own: leave `sort` out")
        return self

    @property
    def collapse(self) -> bool:
        """Whether one publication stands for all. Who looks at one company sees all it has published."""
        return not (self.reposts or self.company)


class FoundJob(JobSummary):
    reposts: int = Field(
        0, description="how many older open publications of the same posting there are: `?reposts=true`"
    )

    @classmethod
    def of_row(cls, row: Row[Any]) -> Self:
        """From a row of `repository.shown`."""
        found = super().of_row(row)
        found.reposts = row.reposts
        return found


class FacetCount(Answer):
    value: str
    label: str
    count: int


class Relaxation(Answer):
    """Without this parameter (or this word of `q`) there would be results."""

    drop: str
    word: str = ""
    total_count: int


class JobSearchPage(Page[FoundJob]):
    """`total_count` and the facets count what can be shown: a posting and its reposts once."""

    total_relation: Literal["exact", "at_least"]
    next_cursor: str | None
    sort: Sort
    mode: Mode
    degraded: list[Missing] = Field(
        description="index: the database answered instead, without typo tolerance, radius and facets; "
        "matching: the order asked for needs the matching service, which did not answer"
    )
    facets: dict[Facet, list[FacetCount]]
    facets_estimated: bool
    did_you_mean: str | None
    relax: list[Relaxation]
    salary_currency: str = Field(
        BASE, description="in which salaries of other currencies are compared, and the salary facet counts"
    )


class SuggestionAnswer(Answer):
    text: str
    kind: SuggestionKind
    count: int


class Suggestions(Answer):
    results: list[SuggestionAnswer]

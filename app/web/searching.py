"""A search as a page's address: read leniently, written back with one thing changed."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from urllib.parse import urlencode

from pydantic import ValidationError
from starlette.datastructures import QueryParams

from app.search.engine import WINDOW, Facet
from app.search.schemas import FacetCount, JobQuery, Relaxation
from app.web import labels
from app.web.forms import complaints

FACETS: tuple[Facet, ...] = ("job_type", "remote", "skills", "company")
PER_PAGE = 20
LISTS = ("remote", "job_type", "skills")
SINGLE = ("q", "location", "company", "salary_min", "currency", "sort", "page")
#: What of a search an alert keeps.
KEPT = ("q", "location", "company", "salary_min", "currency", *LISTS)
#: What the form leaves out because it is what happens anyway.
DEFAULTS = {"sort": "relevance", "page": "1", "currency": "USD"}
WORDS = {
    "salary_min": "The salary is a whole number, without signs or spaces.",
    "page": f"Pages reach the first {WINDOW:,} results.",
    "": f"Pages reach the first {WINDOW:,} results.",
    "q": "A search has 300 characters at most.",
    "location": "A place has 200 characters at most.",
    "currency": "We cannot convert this currency.",
}


@dataclass(frozen=True, slots=True)
class Asked:
    """`values` as they were typed; `query` is what of them can be searched for."""

    values: dict[str, tuple[str, ...]]
    query: JobQuery
    errors: dict[str, str]

    def one(self, name: str) -> str:
        return next(iter(self.values.get(name, ())), "")

    def all(self, name: str) -> tuple[str, ...]:
        return self.values.get(name, ())

    @property
    def can_be_kept(self) -> bool:
        """Whether it asks for something, so that news of it can be told."""
        return not self.errors and any(self.values.get(name) for name in KEPT)

    @property
    def alert_url(self) -> str:
        """Where it is given a name."""
        pairs = [(name, value) for name in KEPT for value in self.all(name)]
        return f"/alerts/new?{urlencode(pairs)}"

    def url(self, **changes: str | Iterable[str]) -> str:
        """The same search with `changes`, on its first page unless they say another."""
        merged: dict[str, tuple[str, ...]] = {**self.values, "page": ()}
        for name, value in changes.items():
            merged[name] = (value,) if isinstance(value, str) else tuple(value)
        pairs = [
            (name, value)
            for name, given in merged.items()
            for value in given
            if value and value != DEFAULTS.get(name)
        ]
        return "/jobs" + (f"?{urlencode(pairs)}" if pairs else "")

    def toggled(self, name: str, value: str) -> str:
        """With one more value of a list, or without it; of the company there is one."""
        given = self.all(name)
        if value in given:
            return self.url(**{name: [other for other in given if other != value]})
        return self.url(**{name: [*given, value] if name in LISTS else [value]})

    def relaxed(self, advice: Relaxation) -> str:
        if advice.drop != "q":
            return self.url(**{advice.drop: ""})
        rest = [word for word in self.one("q").split() if word.strip('"').lower() != advice.word.lower()]
        return self.url(q=" ".join(rest))


def read(parameters: QueryParams) -> Asked:
    """What cannot be understood is named in `errors` and not searched for: a form never answers with 422
    in JSON."""
    values = {name: _given(parameters, name) for name in (*SINGLE, *LISTS)}
    values = {name: given for name, given in values.items() if given}
    wanted: dict[str, object] = {name: given if name in LISTS else given[0] for name, given in values.items()}
    errors: dict[str, str] = {}
    try:
        query = _query(wanted)
    except ValidationError as error:
        errors = complaints(error, WORDS)
        kept = {} if "" in errors else {name: v for name, v in wanted.items() if name not in errors}
        query = _query(kept)
    return Asked(values, query, errors)


def _query(wanted: dict[str, object]) -> JobQuery:
    return JobQuery.model_validate({**wanted, "limit": PER_PAGE, "facets": FACETS})


def _given(parameters: QueryParams, name: str) -> tuple[str, ...]:
    found = [value.strip() for value in parameters.getlist(name) if value.strip()]
    return tuple(dict.fromkeys(found)) if name in LISTS else tuple(found[:1])


def last_page(total: int) -> int:
    return max(1, -(-min(total, WINDOW) // PER_PAGE))


def title(asked: Asked) -> str:
    place = f" in {asked.one('location')}" if asked.one("location") else ""
    return f"{asked.one('q') or 'Jobs'}{place} - JobPilot"


def chosen(asked: Asked, facets: Mapping[Facet, Sequence[FacetCount]]) -> list[tuple[str, str]]:
    """(address of the search without it, its name) of every condition but the words."""
    companies = {item.value: item.label for item in facets.get("company", ())}
    names = {"remote": labels.REMOTE, "job_type": labels.JOB_TYPES}
    found = [
        (asked.toggled(name, value), labels.choice(names[name], value) if name in names else value)
        for name in LISTS
        for value in asked.all(name)
        if name not in asked.errors
    ]
    if asked.one("company"):
        found.append((asked.url(company=""), companies.get(asked.one("company"), "one company")))
    if asked.one("location"):
        found.insert(0, (asked.url(location=""), asked.one("location")))
    if asked.one("salary_min") and "salary_min" not in asked.errors:
        found.append((asked.url(salary_min=""), f"from {asked.query.salary_min:,} {asked.query.currency}"))
    return found


def advice_text(advice: Relaxation) -> str:
    dropped = f"“{advice.word}”" if advice.drop == "q" else labels.CONDITIONS[advice.drop]
    results = "1 posting" if advice.total_count == 1 else f"{advice.total_count:,} postings"
    return f"Without {dropped}: {results}"

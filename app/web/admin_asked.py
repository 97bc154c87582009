"""A list's filters as its page's address: read leniently, written back with one thing changed."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Generic, TypeVar
from urllib.parse import urlencode

from pydantic import ValidationError
from starlette.datastructures import QueryParams

from app.admin.schemas import AuditFilters, JobFilters, UserFilters
from app.kit.pagination import MAX_OFFSET
from app.web.forms import complaints

Filters = TypeVar("Filters", JobFilters, UserFilters, AuditFilters)
#: Filters of which several values may be given.
LISTS = frozenset({"status"})
WORDS = {
    "q": "A search has 200 characters at most.",
    "status": "There is no such status.",
    "page": f"Pages are numbered from 1 to {MAX_OFFSET:,}.",
    "actor": "An account is named by its id.",
    "target": "A target is named by its id, as the log shows it.",
}


@dataclass(frozen=True, slots=True)
class Asked(Generic[Filters]):
    """`values` as they were typed; `filters` is what of them can be looked for."""

    path: str
    values: dict[str, tuple[str, ...]]
    filters: Filters
    errors: dict[str, str]

    def all(self, name: str) -> tuple[str, ...]:
        return self.values.get(name, ())

    def one(self, name: str) -> str:
        return next(iter(self.all(name)), "")

    def url(self, **changes: str | int) -> str:
        """The same list with `changes`, on its first page unless they say another."""
        merged = {name: values for name, values in self.values.items() if name != "page"}
        merged |= {name: (str(value),) for name, value in changes.items()}
        pairs = [(name, value) for name, values in merged.items() for value in values if value]
        return self.path + (f"?{urlencode(pairs)}" if pairs else "")

    def last_page(self, total: int) -> int:
        return max(1, min(MAX_OFFSET, -(-total // self.filters.limit)))


def read(parameters: QueryParams, path: str, model: type[Filters], names: Iterable[str]) -> Asked[Filters]:
    """What cannot be understood is named in `errors` and left out: a form never answers with JSON."""
    given = {name: _values(parameters, name) for name in (*names, "page")}
    values = {name: found for name, found in given.items() if found}
    wanted = {name: found if name in LISTS else found[0] for name, found in values.items()}
    try:
        return Asked(path, values, model.model_validate(wanted), {})
    except ValidationError as error:
        errors = complaints(error, WORDS)
    kept = {name: value for name, value in wanted.items() if name not in errors}
    return Asked(path, values, model.model_validate(kept), errors)


def _values(parameters: QueryParams, name: str) -> tuple[str, ...]:
    found = [value.strip() for value in parameters.getlist(name) if value.strip()]
    return tuple(dict.fromkeys(found)) if name in LISTS else tuple(found[:1])

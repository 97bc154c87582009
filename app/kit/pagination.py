"""`page` and `limit` in, `results` and `pagination` out."""

from __future__ import annotations

from typing import Annotated, Generic, TypeVar

from fastapi import Depends, Query, Request
from pydantic import BaseModel

from app.kit.schemas import Answer

Item = TypeVar("Item", bound=BaseModel)

#: Deeper pages cost the database more than they give anyone.
MAX_OFFSET = 10_000


class Paging(BaseModel):
    page: int = 1
    limit: int = 20

    @property
    def offset(self) -> int:
        return (self.page - 1) * self.limit


def paging(
    page: Annotated[int, Query(ge=1, le=MAX_OFFSET)] = 1, limit: Annotated[int, Query(ge=1, le=100)] = 20
) -> Paging:
    return Paging(page=page, limit=limit)


PagingQuery = Annotated[Paging, Depends(paging)]


class Pagination(Answer):
    page: int
    limit: int
    total_count: int
    max_page: int
    next: str | None
    previous: str | None


class Page(Answer, Generic[Item]):
    results: list[Item]
    pagination: Pagination


def paginate(request: Request, paging: Paging, total: int, results: list[Item]) -> Page[Item]:
    """Links keep the request's other parameters; `max_page` is 1 for an empty list."""
    last = max(1, -(-total // paging.limit))

    def link(page: int) -> str | None:
        exists = 1 <= page <= last and page != paging.page
        return str(request.url.include_query_params(page=page)) if exists else None

    return Page(
        results=results,
        pagination=Pagination(
            page=paging.page,
            limit=paging.limit,
            total_count=total,
            max_page=last,
            next=link(paging.page + 1),
            previous=link(paging.page - 1),
        ),
    )

"""Rows -> what an index holds of them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from app.search.currency import annual_dollars
from app.search.engine import Posting
from app.search.places import country_in, keys_in


def posting(row: Any) -> Posting:
    """From the columns of `repository.indexed`."""
    currency, interval = row.salary_currency, row.salary_interval
    return Posting(
        id=row.id,
        title=row.title,
        company=row.company_name,
        company_slug=row.company_slug,
        skills=tuple(row.skills),
        description="\n\n".join(text for text in (row.description, row.requirements, row.benefits) if text),
        location=row.location,
        places=keys_in(row.location),
        country=country_in(row.location),
        job_type=row.job_type,
        remote=row.remote_option,
        salary_low=annual_dollars(row.salary_min, currency, interval),
        salary_high=annual_dollars(row.salary_max, currency, interval),
        posted=int(row.posted_at.timestamp()),
        repost=row.is_repost,
    )


def postings(rows: Sequence[Any]) -> list[Posting]:
    return [posting(row) for row in rows]

"""Figures of a seeker's own page."""

from __future__ import annotations

from datetime import timedelta

from sqlalchemy.ext.asyncio import AsyncSession

from app.dashboard import repository
from app.dashboard.schemas import Activity, Completeness, Count, StatsAnswer, StatsQuery, Trends, Week
from app.job import service as jobs
from app.kit.clock import utcnow
from app.kit.pagination import Paging
from app.recommendation.baseline import FAMILY as NOT_SCORED
from app.user import service as users
from app.user.schemas import ProfileAnswer

#: Fields that matching reads, and what an empty one looks like beside None, "" and [].
COMPLETING = (
    "full_name",
    "desired_title",
    "skills",
    "location",
    "remote",
    "job_types",
    "experience_years",
    "salary_min",
    "bio",
    "resume_text",
)
#: Weeks that are looked back on.
WEEKS = 12
UNSAID = frozenset({"unspecified"})


async def stats(session: AsyncSession, user_id: int, query: StatsQuery, threshold: float) -> StatsAnswer:
    """Also notes the visit. Scores of the fallback ranking are only an order, so they match nothing."""
    last_visit = await repository.visit(session, user_id)
    since = utcnow() - timedelta(days=query.days)
    found = await repository.figures(
        session,
        user_id,
        since=since,
        last_visit=last_visit,
        threshold=threshold,
        not_scored=NOT_SCORED,
    )
    return StatsAnswer(
        window=query.window,
        since=since,
        saved=Count(total=found.saved, in_window=found.saved_lately),
        applied=Count(total=found.applied, in_window=found.applied_lately),
        views=found.views,
        matches=found.matches,
        match_threshold=threshold,
        profile=completeness(await users.profile(session, user_id)),
        last_visit=last_visit,
        new_since_last_visit=found.new,
    )


def completeness(profile: ProfileAnswer) -> Completeness:
    values = {name: getattr(profile, name) for name in COMPLETING}
    missing = [
        name
        for name, value in values.items()
        if value is None or value in ("", []) or (isinstance(value, str) and value in UNSAID)
    ]
    return Completeness(share=round(1 - len(missing) / len(COMPLETING), 2), missing=missing)


async def trends(session: AsyncSession, user_id: int) -> Trends:
    """The last weeks, this one included, and how far applications came."""
    today = utcnow().date()
    first = today - timedelta(days=today.weekday(), weeks=WEEKS - 1)
    rows = await repository.weeks(session, user_id, first, WEEKS)
    found = await repository.outcomes(session, user_id)
    return Trends(weeks=[Week.model_validate(row) for row in rows], **found._mapping)


async def activity(session: AsyncSession, user_id: int, paging: Paging) -> tuple[int, list[Activity]]:
    total, rows = await repository.activity(session, user_id, paging)
    shown = await jobs.summaries(session, {row.job_id for row in rows})
    return total, [
        Activity(kind=row.kind, at=row.at, job=shown[row.job_id], status=row.status) for row in rows
    ]

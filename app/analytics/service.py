"""Figures per release: what was shown, what came of it, and whether the scores kept their promise."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from sqlalchemy import Row
from sqlalchemy.ext.asyncio import AsyncSession

from app.analytics import repository, statistics
from app.analytics.repository import BINS, Period
from app.analytics.schemas import (
    SMALLEST,
    Bin,
    Calibration,
    Coverage,
    Drift,
    MetricsAnswer,
    MetricsQuery,
    PositionRate,
    Rate,
    ReleaseFigures,
)
from app.kit.clock import utcnow
from app.recommendation.baseline import FAMILY

#: So long an impression may still be acted on.
SETTLED = timedelta(days=1)
_Rows = dict[str, list[Row[Any]]]


async def matching_metrics(session: AsyncSession, query: MetricsQuery) -> MetricsAnswer:
    until = utcnow() - SETTLED
    period = Period(until - timedelta(days=query.days), until)
    rows = await repository.figures(session, period, query.slice, query.model_version)
    available = await repository.open_postings(session, period, query.slice)
    releases: dict[str, _Rows] = defaultdict(lambda: defaultdict(list))
    for row in rows:
        releases[row.release_id][row.part].append(row)
    return MetricsAnswer(
        window=query.window,
        slice=query.slice,
        since=period.since,
        until=until,
        releases=[_release(name, parts, available) for name, parts in releases.items()],
    )


def _release(name: str, parts: _Rows, available: int) -> ReleaseFigures:
    (total,) = parts["release"]
    if total.people < SMALLEST:
        return ReleaseFigures(model_version=name, suppressed=True)
    scored = not name.startswith(FAMILY)  # the baseline's scores are an order and promise nothing
    return ReleaseFigures(
        model_version=name,
        people=total.people,
        pages=total.pages,
        impressions=total.n,
        click_through=_rate(total.acted, total.n),
        by_position=[PositionRate(rank=row.a, rate=_known(row)) for row in parts["rank"]],
        calibration_rank_1=_calibration([row for row in parts["bin"] if row.b == 1]) if scored else None,
        calibration=_calibration([row for row in parts["bin"] if row.b == 0]) if scored else None,
        coverage=_coverage(total.postings, available),
        novelty_bits=parts["known"][0].score,
        repeat_rate=_rate(total.repeats, total.n),
        drift=_drift(parts),
    )


def _rate(hits: int, n: int) -> Rate:
    low, high = statistics.wilson(hits, n)
    return Rate(value=hits / n, low=low, high=high, n=n)


def _known(row: Row[Any]) -> Rate | None:
    return _rate(row.acted, row.n) if row.people >= SMALLEST else None


def _calibration(rows: Sequence[Row[Any]]) -> Calibration | None:
    """None without a bin of enough people. The errors are of all bins, shown or not: sums name nobody."""
    if not any(row.people >= SMALLEST for row in rows):
        return None
    n = sum(row.n for row in rows)
    return Calibration(
        n=n,
        ece=statistics.calibration_error([(row.n, row.acted, row.score) for row in rows]),
        brier=sum(row.n * row.brier for row in rows) / n,
        bins=[
            Bin(
                low=row.a / BINS,
                high=(row.a + 1) / BINS,
                mean_score=row.score if row.people >= SMALLEST else None,
                observed=_known(row),
            )
            for row in rows
        ],
    )


def _coverage(shown: int, available: int) -> Coverage:
    # What was removed since is no longer among the open ones.
    available = max(available, shown)
    return Coverage(shown=shown, open=available, share=shown / available)


def _drift(parts: _Rows) -> Drift | None:
    halves = {row.a: row for row in parts["half"]}
    if len(halves) < 2 or min(row.people for row in halves.values()) < SMALLEST:
        return None
    first, second = ({row.b: row.n for row in parts["step"] if row.a == half} for half in (0, 1))
    psi = statistics.stability(first, second)
    return Drift(psi=psi, first=halves[0].n, second=halves[1].n)

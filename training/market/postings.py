"""The facts of a posting: what is true of it, and what it shows. Wording comes later (posting_text)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from training.market.draws import Draws, Stream
from training.market.world import DAYS_PER_YEAR, World

MODES = ("on-site", "hybrid", "remote")
ON_SITE, HYBRID, REMOTE = range(3)
JOB_TYPES = ("full-time", "part-time", "contract", "temporary", "internship")
_JOB_TYPE_DRAW = (0.74, 0.87, 0.96, 1.0)
_ENTRY_TYPE_DRAW = (0.6, 0.72, 0.8, 0.85, 1.0)
_LEVEL_DRAW = (0.16, 0.58, 0.84, 0.95, 1.0)
MAX_SKILLS = 12
SALARY_SHOWN = 0.62
SKILLS_LISTED = 0.88
MUST_LISTED, NICE_LISTED = 0.85, 0.6
LIFETIME_MEDIAN, LIFETIME_SPREAD = 28.0, 0.5
SHORTEST, LONGEST = 4.0, 80.0


@dataclass(frozen=True, slots=True)
class Posting:
    """Facts of one posting. Times are days after the start of the log; skills are vocabulary positions."""

    job_id: int
    company: int
    occupation: int
    level: int
    city: int
    mode: int
    job_type: int
    must: tuple[int, ...]
    nice: tuple[int, ...]
    listed: tuple[int, ...]  # those of must and nice that stand in the skills column
    salary_low: int  # annual, local currency
    salary_high: int
    salary_shown: bool
    posted: float
    closed: float


def iter_facts(world: World, first: int = 0, last: int | None = None) -> Iterator[Posting]:
    """Facts of postings first..last-1 (all by default), in order of job id."""
    stop = world.config.postings if last is None else last
    return (posting_facts(world, index) for index in range(first, stop))


def posting_facts(world: World, index: int) -> Posting:
    """Facts of posting `index`; depends on the seed and the index, not on how many there are."""
    config = world.config
    draws = Draws(config.seed, Stream.POSTING, index)
    posted = -config.backlog_days + draws.uniform() * (config.days + config.backlog_days)
    lifetime = LIFETIME_MEDIAN * np.exp(LIFETIME_SPREAD * draws.normal())
    closed = posted + min(max(float(lifetime), SHORTEST), LONGEST)
    company = draws.weighted(world.company_draw)
    occupation = _occupation(world, draws, company, posted)
    level = draws.weighted(_LEVEL_DRAW)
    city = _city(world, draws, company)
    must, nice = _skills(world, draws, occupation, posted)
    low, high = _salary(world, draws, occupation, level, city, posted)
    job_type = draws.weighted(_JOB_TYPE_DRAW if level else _ENTRY_TYPE_DRAW)
    return Posting(
        job_id=index + 1,
        company=company,
        occupation=occupation,
        level=level,
        city=city,
        mode=_mode(world, draws, occupation),
        job_type=job_type,
        must=must,
        nice=nice,
        listed=_listed(draws, must, nice),
        salary_low=low,
        salary_high=high,
        salary_shown=draws.chance(SALARY_SHOWN),
        posted=posted,
        closed=closed,
    )


def _occupation(world: World, draws: Draws, company: int, posted: float) -> int:
    hiring = world.hiring[world.companies[company].industry]
    return draws.weighted(np.cumsum(hiring * np.exp(world.growth * (posted / DAYS_PER_YEAR))))


def _city(world: World, draws: Draws, company: int) -> int:
    home = world.companies[company].city
    if draws.chance(0.65):
        return home
    cities, cumulative = world.country_cities[world.country(home).code]
    return cities[draws.weighted(cumulative)]


def _mode(world: World, draws: Draws, occupation: int) -> int:
    if not draws.chance(world.vocabulary.occupations[occupation].remote):
        return ON_SITE
    return REMOTE if draws.chance(0.45) else HYBRID


def _skills(
    world: World, draws: Draws, occupation: int, posted: float
) -> tuple[tuple[int, ...], tuple[int, ...]]:
    row = world.vocabulary.occupations[occupation]
    years = posted / DAYS_PER_YEAR
    weights = [float(np.exp(world.vocabulary.skills[skill].trend * years)) for skill in row.optional]
    core = draws.sample(row.core, draws.between(3, 5))
    optional = draws.sample(row.optional, draws.between(2, 5), weights)
    extra = draws.below(3)
    return tuple(core + optional[:extra]), tuple(optional[extra:])


def _listed(draws: Draws, must: tuple[int, ...], nice: tuple[int, ...]) -> tuple[int, ...]:
    if not draws.chance(SKILLS_LISTED):
        return ()
    kept = [skill for skill in must if draws.chance(MUST_LISTED)]
    return tuple(kept + [skill for skill in nice if draws.chance(NICE_LISTED)])


def _salary(
    world: World, draws: Draws, occupation: int, level: int, city: int, posted: float
) -> tuple[int, int]:
    usd = world.pay_usd(occupation, level, city, posted / DAYS_PER_YEAR) * float(
        np.exp(0.12 * draws.normal())
    )
    middle = usd / world.country(city).usd_per_unit
    width = 0.05 + 0.1 * draws.uniform()
    step = 1000 if middle < 500_000 else 10_000
    low, high = (round(middle * (1 + sign * width) / step) * step for sign in (-1, 1))
    return int(low), int(high)


@dataclass(frozen=True, slots=True)
class PostingTable:
    """Facts of many postings as arrays, one row each; what preference and policy compute with."""

    job_id: NDArray[np.int64]
    company: NDArray[np.int32]
    occupation: NDArray[np.int32]
    level: NDArray[np.int32]
    city: NDArray[np.int32]
    mode: NDArray[np.int32]
    salary_usd: NDArray[np.float64]  # middle of the shown range, NaN when it is not shown
    posted: NDArray[np.float64]  # days
    closed: NDArray[np.float64]  # days
    skills: NDArray[np.int32]  # (n, MAX_SKILLS), padded with 0
    weights: NDArray[np.float32]  # (n, MAX_SKILLS) share of each skill in the demand, 0 for padding
    listed: NDArray[np.float32]  # (n, MAX_SKILLS) the same over the skills column alone

    @classmethod
    def collect(cls, world: World, facts: Iterable[Posting]) -> PostingTable:
        """Arrays from facts; holds a few hundred bytes a posting and no text."""
        rows = list(facts)
        skills, weights, listed = _skill_rows(rows, world.config.preferences.nice_share)
        return cls(
            job_id=np.array([row.job_id for row in rows], dtype=np.int64),
            company=np.array([row.company for row in rows], dtype=np.int32),
            occupation=np.array([row.occupation for row in rows], dtype=np.int32),
            level=np.array([row.level for row in rows], dtype=np.int32),
            city=np.array([row.city for row in rows], dtype=np.int32),
            mode=np.array([row.mode for row in rows], dtype=np.int32),
            salary_usd=np.array([_shown_usd(world, row) for row in rows], dtype=np.float64),
            posted=np.array([row.posted for row in rows], dtype=np.float64),
            closed=np.array([row.closed for row in rows], dtype=np.float64),
            skills=skills,
            weights=weights,
            listed=listed,
        )

    def __len__(self) -> int:
        return len(self.job_id)


def _shown_usd(world: World, row: Posting) -> float:
    if not row.salary_shown:
        return float("nan")
    return (row.salary_low + row.salary_high) / 2 * world.country(row.city).usd_per_unit


def _skill_rows(
    rows: list[Posting], nice_share: float
) -> tuple[NDArray[np.int32], NDArray[np.float32], NDArray[np.float32]]:
    skills = np.zeros((len(rows), MAX_SKILLS), dtype=np.int32)
    weights = np.zeros((len(rows), MAX_SKILLS), dtype=np.float32)
    listed = np.zeros((len(rows), MAX_SKILLS), dtype=np.float32)
    for number, row in enumerate(rows):
        wanted = (*row.must, *row.nice)
        demand = np.array([1.0] * len(row.must) + [nice_share] * len(row.nice))
        shown = np.array([float(skill in row.listed) for skill in wanted])
        skills[number, : len(wanted)] = wanted
        weights[number, : len(wanted)] = demand / demand.sum()
        listed[number, : len(wanted)] = shown / max(shown.sum(), 1.0)
    return skills, weights, listed

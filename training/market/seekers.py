"""The facts of a seeker: what is wanted, what is known, and tastes nobody ever writes down in full."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from training.market.draws import Draws, Stream
from training.market.postings import HYBRID, ON_SITE, REMOTE
from training.market.world import TASTE_DIM, World

PREFERENCES = ("on-site", "hybrid", "remote", "unspecified")
UNSPECIFIED = 3
THIN = 0.15
CAREER_CHANGE = 0.2
#: Years of work at which the next level is reached.
_LEVEL_YEARS = (1.5, 5.0, 9.0, 14.0)
_PRESENT_AT_START = 0.65


@dataclass(frozen=True, slots=True)
class Seeker:
    """Facts of one seeker. `created` is in days after the start of the log, negative when before it."""

    user_id: int
    wanted: int  # occupation looked for
    past: int  # occupation of the last jobs
    years: float
    level: int
    city: int
    remote: int  # position in PREFERENCES
    mobility: float  # 0 never moves .. 1 moves anywhere
    expectation_usd: float
    skills: tuple[int, ...]
    stated: tuple[int, ...]  # in the skills field
    written: tuple[int, ...]  # in the resume text; a few skills stand in neither
    liked: int  # industry
    taste: tuple[float, ...]  # (TASTE_DIM,)
    activity: float  # relative rate of sessions
    created: float
    thin: bool


def iter_seekers(world: World) -> Iterator[Seeker]:
    """Facts of every seeker in order of user id."""
    return (seeker_facts(world, index) for index in range(world.config.seekers))


def seeker_facts(world: World, index: int) -> Seeker:
    """Facts of seeker `index`; depends on the seed and the index, not on how many there are."""
    draws = Draws(world.config.seed, Stream.SEEKER, index)
    wanted = draws.weighted(np.cumsum(world.hiring.sum(axis=0)))
    years = round(min(40.0, -7.0 * float(np.log(1.0 - draws.uniform()))), 1)
    past = _past(world, draws, wanted) if years >= 1 else wanted
    level = int(np.searchsorted(_LEVEL_YEARS, years + 1.5 * draws.normal()))
    level = level if past == wanted else max(level - 1, 0)
    city = draws.weighted(world.city_draw)
    thin = draws.chance(THIN)
    skills = _skills(world, draws, wanted, past, level)
    stated, written = _stated(draws, skills, thin)
    liked, taste = _taste(world, draws, wanted)
    return Seeker(
        user_id=index + 1,
        wanted=wanted,
        past=past,
        years=years,
        level=level,
        city=city,
        remote=_remote(world, draws, wanted),
        mobility=draws.pick((0.0, 0.1, 0.2, 0.3, 0.5, 0.9)),
        expectation_usd=world.pay_usd(wanted, level, city, 0.0) * float(np.exp(0.15 * draws.normal() - 0.05)),
        skills=skills,
        stated=stated,
        written=written,
        liked=liked,
        taste=taste,
        activity=float(np.exp(0.7 * draws.normal() - 0.245)),
        created=_created(world, draws),
        thin=thin,
    )


def _created(world: World, draws: Draws) -> float:
    if draws.chance(_PRESENT_AT_START):
        return -1.0 - 200.0 * draws.uniform()
    return draws.uniform() * (world.config.days - 1)


def _past(world: World, draws: Draws, wanted: int) -> int:
    if not draws.chance(CAREER_CHANGE):
        return wanted
    # Most people change to something near; the floor lets a cook become a developer.
    return draws.weighted(np.cumsum((world.proximity[wanted] ** 2 + 0.01) * (world.hiring.sum(axis=0) > 0)))


def _remote(world: World, draws: Draws, wanted: int) -> int:
    share = world.vocabulary.occupations[wanted].remote
    if draws.chance(0.25):
        return UNSPECIFIED
    if draws.chance(share * 1.2):
        return REMOTE if draws.chance(0.5) else HYBRID
    return ON_SITE


def _skills(world: World, draws: Draws, wanted: int, past: int, level: int) -> tuple[int, ...]:
    rows = world.vocabulary.occupations
    known = 0.55 + 0.08 * level
    # A career changer knows less of the new field and brings skills of the old one.
    share = known if past == wanted else 0.5 * known
    skills = [skill for skill in rows[wanted].core if draws.chance(min(share + 0.15, 0.95))]
    skills += [skill for skill in rows[wanted].optional if draws.chance(0.6 * share)]
    if past != wanted:
        skills += [skill for skill in rows[past].core + rows[past].optional if draws.chance(0.5 * known)]
    skills = list(dict.fromkeys(skills))
    return tuple(skills) if skills else (draws.pick(rows[wanted].core),)


def _stated(draws: Draws, skills: tuple[int, ...], thin: bool) -> tuple[tuple[int, ...], tuple[int, ...]]:
    if thin:
        return tuple(draws.sample(skills, draws.below(4))), ()
    stated = tuple(skill for skill in skills if draws.chance(0.65))
    rest = [skill for skill in skills if skill not in stated]
    hidden = {skill for skill in rest if draws.chance(0.25)}
    written = [skill for skill in skills if skill not in hidden and (skill in rest or draws.chance(0.4))]
    return stated, tuple(written)


def _taste(world: World, draws: Draws, wanted: int) -> tuple[int, tuple[float, ...]]:
    # Mostly an industry that hires for the wanted job, sometimes any: a lab technician may like games.
    liked = draws.weighted(np.cumsum(world.hiring[:, wanted] + 0.1))
    noise = [0.35 * draws.normal() for _ in range(TASTE_DIM)]
    taste = world.industry_taste[liked] + np.array(noise)
    return liked, tuple(float(value) for value in taste / np.linalg.norm(taste))


@dataclass(frozen=True, slots=True)
class SeekerTable:
    """Facts of all seekers as arrays, one row each."""

    user_id: NDArray[np.int64]
    wanted: NDArray[np.int32]
    past: NDArray[np.int32]
    level: NDArray[np.int32]
    city: NDArray[np.int32]
    remote: NDArray[np.int32]
    mobility: NDArray[np.float64]
    expectation_usd: NDArray[np.float64]
    taste: NDArray[np.float64]  # (n, TASTE_DIM)
    activity: NDArray[np.float64]
    created: NDArray[np.float64]
    known: NDArray[np.float32]  # (n, skills) 1 known, .5 a related skill is known
    stated: NDArray[np.float32]  # (n, skills) the same over the skills field alone

    @classmethod
    def collect(cls, world: World, facts: Iterable[Seeker]) -> SeekerTable:
        """Arrays from facts; the two skill matrices take 4 KB a seeker."""
        rows = list(facts)
        return cls(
            user_id=np.array([row.user_id for row in rows], dtype=np.int64),
            wanted=np.array([row.wanted for row in rows], dtype=np.int32),
            past=np.array([row.past for row in rows], dtype=np.int32),
            level=np.array([row.level for row in rows], dtype=np.int32),
            city=np.array([row.city for row in rows], dtype=np.int32),
            remote=np.array([row.remote for row in rows], dtype=np.int32),
            mobility=np.array([row.mobility for row in rows], dtype=np.float64),
            expectation_usd=np.array([row.expectation_usd for row in rows], dtype=np.float64),
            taste=np.array([row.taste for row in rows], dtype=np.float64),
            activity=np.array([row.activity for row in rows], dtype=np.float64),
            created=np.array([row.created for row in rows], dtype=np.float64),
            known=_credit(world, [row.skills for row in rows]),
            stated=_credit(world, [row.stated for row in rows]),
        )

    def __len__(self) -> int:
        return len(self.user_id)


def _credit(world: World, skills: list[tuple[int, ...]]) -> NDArray[np.float32]:
    credit = np.zeros((len(skills), len(world.vocabulary.skills)), dtype=np.float32)
    related = world.related.astype(np.float32)
    for row, known in enumerate(skills):
        if known:
            credit[row] = related[list(known)].max(axis=0)
    return credit

"""What the ranker reads of a pair: named groups of figures of a person and many postings at once.

A group is what an explanation names ("place", "salary"), and the ranker never mixes groups. Nothing here is,
or stands for, a protected attribute: no name, age, gender, photo, nationality, postcode, school or gap can
be read from `Seeker`; places count by distance and country from where the person says they look.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from features.demand_columns import fit_rows
from features.demands import STRENGTHS
from features.evidence import Evidence
from features.job_columns import NO_DATE, TYPES, JobColumns, country_codes, level_code, title_words
from features.places import EARTH_RADIUS_KM, Place
from features.records import UserRecord
from features.tabular import REMOTE, SENIORITY, salary_usd

F32 = npt.NDArray[np.float32]
F64 = npt.NDArray[np.float64]
I64 = npt.NDArray[np.int64]

_UNKNOWN_LEVEL = SENIORITY.index("unknown")
_DAY_US = 86_400e6
_NEEDS = len(STRENGTHS)
#: Weights of a must, a nice-to-have and a mention in the share of skills that is met.
_SHARES = np.array([1.0, 0.35, 0.35])
_SCALES_KM = (15.0, 60.0, 300.0)
GROUPS: tuple[tuple[str, tuple[str, ...]], ...] = (
    ("likeness", ("similarity",)),
    ("history", ("history_best", "history_mean", "has_history")),
    ("skills", ("met_share", "must_share", "met_log", "missing_log", "asks_skills", "shows_skills")),
    ("title", ("title_covered", "title_shared", "has_title")),
    (
        "place",
        (
            *(f"near_{km:.0f}" for km in _SCALES_KM),
            *("same_country", "person_has_place", "posting_has_place"),
            *(f"mode={mode}" for mode in REMOTE),
        ),
    ),
    ("remote", tuple(f"wish={wish},mode={mode}" for wish in REMOTE for mode in REMOTE)),
    ("salary", ("pay_ratio", "pay_known", "pay_wanted")),
    (
        "level",
        (
            *("level_asked", "level_asked_known", "level_had", "level_had_known", "level_gap"),
            *(
                "years_asked",
                "years_asked_known",
                "years_had",
                "years_had_known",
                "years_short",
                "years_over",
            ),
        ),
    ),
    ("freshness", ("age_months", "age_log", "age_known")),
    ("company", ("company_before", "company_share")),
    ("contract", tuple(f"type={kind}" for kind in TYPES)),
)
CROSS_FEATURE_ORDER: tuple[str, ...] = tuple(f"{g}/{name}" for g, names in GROUPS for name in names)


@dataclass(frozen=True)
class Seeker:
    """One person as the ranker sees them. `companies` counts past interest by the postings' company code."""

    remote: int
    level: int
    years: float | None
    salary: float | None  # annual US dollars
    place: Place | None
    words: frozenset[int]
    evidence: Evidence
    companies: Mapping[int, int] = field(default_factory=dict)


def seeker(
    user: UserRecord, place: Place | None, evidence: Evidence, companies: npt.NDArray[np.int32]
) -> Seeker:
    """`companies` (past,) are the codes of the postings that the person showed interest in."""
    return Seeker(
        remote=REMOTE.index(user.remote),
        level=level_code(user.desired_title),
        years=user.experience_years,
        salary=salary_usd(user.salary_min, "USD"),
        place=place,
        words=frozenset(title_words(user.desired_title)),
        evidence=evidence,
        companies=Counter(int(c) for c in companies if c >= 0),
    )


def cross_features(person: Seeker, jobs: JobColumns, similarity: F32, past: F32, at: int) -> F32:
    """(n, CROSS_FEATURE_ORDER) at the moment `at` (microseconds).

    similarity (n,) is the dot product of the two towers' vectors, past (n, p) those of each posting with the
    p postings the person showed interest in. A row does not depend on the rows beside it.
    """
    fit = fit_rows(jobs.demands, person.evidence)
    columns = [
        similarity,
        *_history(past, len(jobs)),
        *_skills(fit, person),
        *_title(person, jobs),
        *_place(person, jobs),
        *_remote(person, jobs),
        *_salary(person, jobs),
        *_level(person, jobs, fit),
        *_freshness(jobs, at),
        *_company(person, jobs),
        *(jobs.job_type == code for code in range(len(TYPES))),
    ]
    return np.stack([np.asarray(c, np.float32) for c in columns], axis=1)


def likeness(vectors: F32, other: F32) -> F32:
    """(n, 256) . (256,) -> (n,), summed row by row: the same to the last bit however many rows there are."""
    return np.asarray((vectors * other).sum(axis=1), np.float32)


def _history(past: F32, n: int) -> list[npt.ArrayLike]:
    if not past.shape[1]:
        return [np.zeros(n), np.zeros(n), np.zeros(n)]
    return [past.max(axis=1), past.sum(axis=1) / past.shape[1], np.ones(n)]


def _skills(fit: F64, person: Seeker) -> list[npt.ArrayLike]:
    asked, met = fit[:, :_NEEDS], fit[:, _NEEDS : 2 * _NEEDS]
    total = (asked * _SHARES).sum(axis=1)
    return [
        (met * _SHARES).sum(axis=1) / np.maximum(total, 1e-9),
        met[:, 0] / np.maximum(asked[:, 0], 1.0),
        np.log1p(met.sum(axis=1)),
        np.log1p((asked - met).sum(axis=1)),
        total > 0,
        np.full(len(fit), float(bool(person.evidence.skills))),
    ]


def _title(person: Seeker, jobs: JobColumns) -> list[npt.ArrayLike]:
    n, known = len(jobs), np.isin(jobs.words, list(person.words))
    rows = np.repeat(np.arange(n), np.diff(jobs.word_offsets))
    shared = np.bincount(rows[known], minlength=n).astype(np.float64)
    lengths = np.diff(jobs.word_offsets)
    union = np.maximum(lengths + len(person.words) - shared, 1.0)
    return [shared / max(len(person.words), 1), shared / union, np.full(n, float(bool(person.words)))]


def _place(person: Seeker, jobs: JobColumns) -> list[npt.ArrayLike]:
    n, here = len(jobs), person.place
    counts = np.diff(jobs.place_offsets)
    km, country = np.full(n, np.inf), np.zeros(n, np.bool_)
    if here is not None:
        rows = np.repeat(np.arange(n), counts)
        np.logical_or.at(country, rows, jobs.country == country_codes([here.country])[0])
        if here.lat is not None and here.lon is not None:
            far = _distance_km(here.lat, here.lon, jobs.lat, jobs.lon)
            np.minimum.at(km, rows, np.where(np.isnan(far), np.inf, far))
    near = [np.exp(-km / scale) for scale in _SCALES_KM]
    modes = [jobs.remote == code for code in range(len(REMOTE))]
    return [*near, country, np.full(n, float(here is not None)), counts > 0, *modes]


def _distance_km(lat: float, lon: float, lats: F32, lons: F32) -> F64:
    """Haversine (Sinnott 1984); NaN where a posting's point is unknown."""
    a, b = np.radians(np.float64(lat)), np.radians(np.asarray(lats, np.float64))
    dlon = np.radians(np.asarray(lons, np.float64)) - np.radians(np.float64(lon))
    h = np.sin((b - a) / 2) ** 2 + np.cos(a) * np.cos(b) * np.sin(dlon / 2) ** 2
    return np.asarray(2 * EARTH_RADIUS_KM * np.arcsin(np.sqrt(np.minimum(h, 1.0))))


def _remote(person: Seeker, jobs: JobColumns) -> list[npt.ArrayLike]:
    return [
        (jobs.remote == mode) & (person.remote == wish)
        for wish in range(len(REMOTE))
        for mode in range(len(REMOTE))
    ]


def _salary(person: Seeker, jobs: JobColumns) -> list[npt.ArrayLike]:
    known = ~np.isnan(jobs.salary)
    ratio = np.zeros(len(jobs))
    if person.salary is not None:
        pay = np.where(known, jobs.salary, person.salary).astype(np.float64)
        ratio = np.clip(np.log(pay / person.salary), -1.0, 1.0)
    return [ratio, known, np.full(len(jobs), float(person.salary is not None))]


def _level(person: Seeker, jobs: JobColumns, fit: F64) -> list[npt.ArrayLike]:
    n, both = len(jobs), (jobs.level != _UNKNOWN_LEVEL) & (person.level != _UNKNOWN_LEVEL)
    asked, known = np.maximum(fit[:, -2], 0.0), fit[:, -2] >= 0
    had = person.years or 0.0
    gap = np.where(known & (person.years is not None), asked - had, 0.0)
    return [
        np.where(jobs.level != _UNKNOWN_LEVEL, jobs.level, 0) / 3.0,
        jobs.level != _UNKNOWN_LEVEL,
        np.full(n, person.level / 3.0 if person.level != _UNKNOWN_LEVEL else 0.0),
        np.full(n, float(person.level != _UNKNOWN_LEVEL)),
        np.where(both, jobs.level.astype(np.float64) - person.level, 0.0),
        np.log1p(asked),
        known,
        np.full(n, np.log1p(had)),
        np.full(n, float(person.years is not None)),
        np.log1p(np.maximum(gap, 0.0)),
        np.log1p(np.maximum(-gap, 0.0)),
    ]


def _freshness(jobs: JobColumns, at: int) -> list[npt.ArrayLike]:
    known = jobs.posted != NO_DATE
    days = np.where(known, np.maximum(at - np.where(known, jobs.posted, at), 0) / _DAY_US, 0.0)
    return [np.minimum(days / 30.0, 3.0), np.log1p(days), known]


def _company(person: Seeker, jobs: JobColumns) -> list[npt.ArrayLike]:
    if not person.companies:
        return [np.zeros(len(jobs)), np.zeros(len(jobs))]
    before = np.zeros(len(jobs))
    for code, times in person.companies.items():
        before[jobs.company == code] = times
    return [np.log1p(before), before / sum(person.companies.values())]

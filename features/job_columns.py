"""What a ranker reads of postings, as columns: made from records in training, by the catalogue in serving."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

import numpy as np
import numpy.typing as npt

from features.demand_columns import DemandColumns, gather
from features.demands import Demand
from features.personal_words import GENDERED, neutral_word
from features.places import Place
from features.records import JobRecord
from features.tabular import JOB_TYPES, REMOTE, SENIORITY, salary_usd
from features.text import bucket, words
from features.titles import seniority

I64 = npt.NDArray[np.int64]
#: `posted` of a posting without a date.
NO_DATE = np.iinfo(np.int64).min
TITLE_WORDS = 1 << 31
TYPES = (*JOB_TYPES, "")


@dataclass(frozen=True)
class JobColumns:
    """One entry per posting; places and title words are ragged (`*_offsets` is (n + 1,))."""

    remote: npt.NDArray[np.int8]  # position in REMOTE
    job_type: npt.NDArray[np.int8]  # position in TYPES
    level: npt.NDArray[np.int8]  # position in SENIORITY
    salary: npt.NDArray[np.float32]  # upper end, annual US dollars; NaN where not stated
    posted: I64  # microseconds UTC, NO_DATE
    company: npt.NDArray[np.int32]  # a code, -1 where none is named
    place_offsets: I64
    lat: npt.NDArray[np.float32]  # degrees, NaN where only the country is known
    lon: npt.NDArray[np.float32]
    country: npt.NDArray[np.uint16]
    word_offsets: I64
    words: npt.NDArray[np.int32]
    demands: DemandColumns

    def __len__(self) -> int:
        return len(self.remote)

    def take(self, rows: I64) -> JobColumns:
        places, place_offsets = gather(self.place_offsets, rows)
        at, word_offsets = gather(self.word_offsets, rows)
        return JobColumns(
            self.remote[rows],
            self.job_type[rows],
            self.level[rows],
            self.salary[rows],
            self.posted[rows],
            self.company[rows],
            place_offsets,
            self.lat[places],
            self.lon[places],
            self.country[places],
            word_offsets,
            self.words[at],
            self.demands.take(rows),
        )


def job_columns(
    jobs: Sequence[JobRecord],
    places: Sequence[Sequence[Place]],
    demands: Sequence[Sequence[Demand]],
    companies: dict[str, int],
) -> JobColumns:
    """`companies` gives every company its code and grows."""
    flat = [place for row in places for place in row]
    title = [title_words(job.title) for job in jobs]
    return JobColumns(
        remote=np.array([REMOTE.index(job.remote) for job in jobs], np.int8),
        job_type=np.array([type_code(job.job_type) for job in jobs], np.int8),
        level=np.array([level_code(job.title) for job in jobs], np.int8),
        salary=np.array([_salary(job) for job in jobs], np.float32),
        posted=np.array([microseconds(job.posted_at) for job in jobs], np.int64),
        company=np.array([company_code(job.company, companies) for job in jobs], np.int32),
        place_offsets=_offsets([len(row) for row in places]),
        lat=np.array([_degrees(p.lat) for p in flat], np.float32),
        lon=np.array([_degrees(p.lon) for p in flat], np.float32),
        country=country_codes([p.country for p in flat]),
        word_offsets=_offsets([len(row) for row in title]),
        words=np.array([w for row in title for w in row], np.int32),
        demands=DemandColumns.of(demands),
    )


def title_words(title: str) -> list[int]:
    """Hashed words of a title; "waitress" and "waiter" are one word, and pronouns are none."""
    return sorted({bucket(neutral_word(w), TITLE_WORDS) for w in words(title) if w not in GENDERED})


def level_code(title: str) -> int:
    return SENIORITY.index(seniority(title))


def type_code(job_type: str) -> int:
    return TYPES.index(job_type) if job_type in TYPES else JOB_TYPES.index("other")


def company_code(name: str, companies: dict[str, int]) -> int:
    key = " ".join(words(name))
    return companies.setdefault(key, len(companies)) if key else -1


def country_codes(countries: Sequence[str]) -> npt.NDArray[np.uint16]:
    """Two letters in one number."""
    return np.array([c[:2] for c in countries], "S2").view(np.uint16)


def microseconds(moment: datetime | None) -> int:
    if moment is None:
        return int(NO_DATE)
    aware = moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment
    return int((aware - datetime(1970, 1, 1, tzinfo=UTC)).total_seconds() * 1_000_000)


def _salary(job: JobRecord) -> float:
    top = job.salary_max if job.salary_max is not None else job.salary_min
    usd = salary_usd(top, job.currency)
    return float("nan") if usd is None else usd


def _degrees(value: float | None) -> float:
    return float("nan") if value is None else value


def _offsets(lengths: Sequence[int]) -> I64:
    return np.concatenate([[0], np.cumsum(np.array(lengths, np.int64))]).astype(np.int64)

"""The fields of the `jobviews` towers: what a job and a user are made of. The job id is not one of them."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Iterable, Sequence

import numpy as np
import numpy.typing as npt

from features.inputs import Bag, Inputs
from features.tabular import GeoFeatures
from features.text import bucket, terms, words
from models.encoder import WIDTH
from models.two_tower import TowerConfig
from training.benchmarks.jobviews_data import JobRow, Stated
from training.benchmarks.jobviews_places import us_places

F32 = npt.NDArray[np.float32]
I64 = npt.NDArray[np.int64]
Encode = Callable[[Sequence[str]], F32]
TERM_BUCKETS = 1 << 14
#: Half of the people commute less than 15 km; 400 km keeps a region together when nothing nearer is left.
GEO_SCALES_KM = (15.0, 40.0, 100.0, 400.0)
GEO_WAVES = 512
JOB_FIELDS = ("title_text", "terms", "geo", "city", "state", "company", "company_terms", "industry")
USER_FIELDS = ("title_text", "terms", "geo", "city", "state")
USER_TABULAR = 2


class JobFields:
    """Fitted on the catalogue (term frequencies, lists of cities and companies); makes both sides' inputs."""

    def __init__(self, jobs: Sequence[JobRow], encode: Encode) -> None:
        self._jobs, self._encode = jobs, encode
        self._places, self._geo = us_places(), GeoFeatures(GEO_WAVES, GEO_SCALES_KM)
        self._title_idf = _idf([terms(j.title) for j in jobs])
        self._company_idf = _idf([words(j.company) for j in jobs])
        self._cities = _codes(_city(j.city, j.state) for j in jobs)
        self._states = _codes(j.state for j in jobs)
        self._companies = _codes(_company(j.company) for j in jobs)
        self._industries = _codes(j.industry for j in jobs)

    def tower_config(self, *, residual: bool, dropout: float, seed: int) -> TowerConfig:
        shared = {"title_text": WIDTH, "geo": self._geo.width}
        return TowerConfig(
            job_dense=shared,
            user_dense={**shared, "tabular": USER_TABULAR},
            bags={
                "terms": TERM_BUCKETS,
                "company_terms": TERM_BUCKETS,
                "city": len(self._cities),
                "state": len(self._states),
                "company": len(self._companies),
                "industry": len(self._industries),
            },
            user_fields=USER_FIELDS,
            job_fields=JOB_FIELDS,
            dropout=dropout,
            residual=residual,
            seed=seed,
        )

    def job_inputs(self) -> Inputs:
        titles, places = [j.title for j in self._jobs], [(j.city, j.state) for j in self._jobs]
        inputs = self._shared(titles, places)
        inputs.bags["company"] = _one([_company(j.company) for j in self._jobs], self._companies)
        inputs.bags["company_terms"] = _terms([words(j.company) for j in self._jobs], self._company_idf)
        inputs.bags["industry"] = _one([j.industry for j in self._jobs], self._industries)
        return inputs

    def user_inputs(
        self, wishes: Sequence[Sequence[Stated]], work: Sequence[Sequence[Stated]], before: I64
    ) -> Inputs:
        """One row a user, from what was stated strictly before each user's moment (microseconds)."""
        known_wishes = [_known(w, b) for w, b in zip(wishes, before, strict=True)]
        known_work = [_known(w, b) for w, b in zip(work, before, strict=True)]
        titles = [_wanted(w, e) for w, e in zip(known_wishes, known_work, strict=True)]
        homes = [next(((s.city, s.state) for s in e if s.state), ("", "")) for e in known_work]
        inputs = self._shared(titles, homes)
        missing = [[float(not t), float(not h[1])] for t, h in zip(titles, homes, strict=True)]
        inputs.dense["tabular"] = np.array(missing, np.float32).reshape(len(titles), USER_TABULAR)
        return inputs

    def _shared(self, titles: Sequence[str], places: Sequence[tuple[str, str]]) -> Inputs:
        points = {p: self._geo(self._places(*p)) for p in set(places)}
        geo = np.array([points[p] for p in places], np.float32).reshape(len(places), self._geo.width)
        return Inputs(
            {"title_text": self._encode(titles), "geo": geo},
            {
                "terms": _terms([terms(t) for t in titles], self._title_idf),
                "city": _one([_city(*p) for p in places], self._cities),
                "state": _one([s for _, s in places], self._states),
            },
        )


def _known(stated: Sequence[Stated], before: int) -> list[Stated]:
    return [s for s in stated if s.at < before]


def _wanted(wishes: Sequence[Stated], work: Sequence[Stated]) -> str:
    """What the user looks for; without a wish, the jobs held. The export lists the present job first."""
    chosen = wishes[-3:] if wishes else work[:2]
    return ", ".join(dict.fromkeys(s.position for s in chosen if s.position))


def _city(city: str, state: str) -> str:
    return f"{city.casefold()}, {state}" if city else ""


def _company(name: str) -> str:
    return " ".join(words(name))


def _codes(values: Iterable[str]) -> dict[str, int]:
    return {v: i for i, v in enumerate(dict.fromkeys(v for v in values if v))}


def _one(values: Sequence[str], codes: dict[str, int]) -> Bag:
    return Bag.from_rows({codes[v]: 1.0} if v in codes else {} for v in values)


def _idf(documents: Sequence[Sequence[str]]) -> F32:
    """(buckets,) smoothed inverse document frequency."""
    df = np.zeros(TERM_BUCKETS)
    for document in documents:
        for b in {bucket(t, TERM_BUCKETS) for t in document}:
            df[b] += 1
    return (np.log((1 + len(documents)) / (1 + df)) + 1).astype(np.float32)


def _terms(documents: Sequence[Sequence[str]], idf: F32) -> Bag:
    rows = []
    for document in documents:
        counts = Counter(bucket(t, TERM_BUCKETS) for t in document)
        row = {b: c * float(idf[b]) for b, c in counts.items()}
        norm = math.sqrt(sum(w * w for w in row.values()))
        rows.append({b: w / norm for b, w in row.items()})
    return Bag.from_rows(rows)

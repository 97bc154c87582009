"""What the ranker reads on `jobviews`: figures of one user at one moment beside every job.

Content is compared with the jobs the user viewed before and with what was stated before; of others, only
what they viewed before that moment. The job id is read for nothing but looking these up.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

from features.places import Place
from features.text import terms, words
from training.benchmarks.jobviews_data import JobViews, Stated
from training.benchmarks.jobviews_places import us_places
from training.dataset import DAY_US, Events

F32 = npt.NDArray[np.float32]
I64 = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]
Encode = Callable[[Sequence[str]], F32]

#: One step back in the past counts this much less in a fading mean.
FADE = 0.7
#: A distance that cannot be known counts as this: unknown is neither near nor the other coast.
UNKNOWN_KM = 500.0
#: Windows of what others viewed lately, in days.
WINDOWS = (1.0, 7.0)

GROUPS: tuple[tuple[str, tuple[str, ...]], ...] = (
    ("towers", ("similarity",)),
    ("title", ("tfidf mean", "tfidf max", "tfidf last", "vector mean", "vector max", "vector last",
               "same last", "same share")),
    ("company", ("tfidf mean", "tfidf max", "tfidf last", "same last", "same share", "same any")),
    ("place", ("km last", "km nearest", "km mean", "same city last", "same city share", "same state last",
               "same state share")),
    ("industry", ("same last", "same share")),
    ("visit", ("fresh title", "fresh company", "fresh city")),
    ("others' views", ("ever", "never", "newest", "first", "day", "week")),
    ("others' views of its company", ("newest", "day", "week", "ever")),
    ("others' views in its city", ("day", "week")),
    ("seen together", ("jobs", "companies")),
    ("stated", ("wish tfidf", "wish vector", "work tfidf", "work vector", "home km", "home city",
                "home state")),
)  # fmt: skip
#: Every name is said with its group: names of features are unique.
NAMED = tuple((group, tuple(f"{group}: {f}" for f in names)) for group, names in GROUPS)


@dataclass(frozen=True)
class Keys:
    """Equality of jobs: one code a job, 0 for "not said", which equals nothing."""

    code: I64
    count: int

    @classmethod
    def of(cls, values: Sequence[str]) -> Keys:
        codes = {v: i + 1 for i, v in enumerate(dict.fromkeys(v for v in values if v))}
        return cls(np.array([codes.get(v, 0) for v in values], np.int64), len(codes) + 1)

    def same(self, past: I64) -> Bools:
        """(past, jobs)."""
        own = self.code[past][:, None]
        return np.asarray((own == self.code[None, :]) & (own > 0))

    def totals(self, jobs: I64) -> F32:
        """(jobs,): how many of `jobs` share each job's code."""
        counts = np.bincount(self.code[jobs], minlength=self.count)
        counts[0] = 0
        return np.asarray(counts[self.code], np.float32)

    def newest(self, jobs: I64, age: F32) -> F32:
        """(jobs,): the smallest age among `jobs` of the same code; infinite where there is none."""
        best = np.full(self.count, np.inf, np.float32)
        np.minimum.at(best, self.code[jobs], age)
        best[0] = np.inf
        return best[self.code]


@dataclass(frozen=True)
class Moment:
    """One question: what does `user` view at `at` (microseconds)?"""

    user: int
    at: int


class PairFeatures:
    """Fitted on the catalogue alone (words of titles and companies, coordinates)."""

    def __init__(self, views: JobViews, encode: Encode) -> None:
        jobs, self._events, self._encode = views.jobs, views.events, encode
        self._wishes, self._work = views.wishes, views.work
        self._title = Words([j.title for j in jobs], terms)
        self._company_words = Words([j.company for j in jobs], words)
        self._vectors = encode([j.title for j in jobs])
        self._titles = Keys.of([" ".join(words(j.title)) for j in jobs])
        self._companies = Keys.of([" ".join(words(j.company)) for j in jobs])
        self._cities = Keys.of([f"{j.city.casefold()}, {j.state}" if j.city else "" for j in jobs])
        self._states, self._industries = Keys.of([j.state for j in jobs]), Keys.of([j.industry for j in jobs])
        self._city_names = np.array([f"{j.city.casefold()}, {j.state}" for j in jobs])
        self._state_names = np.array([j.state for j in jobs])
        self._points = np.array([_point(us_places()(j.city, j.state)) for j in jobs])
        self._by_user = _rows_by_user(self._events.user, views.users)

    def __call__(self, moment: Moment, similarity: F32) -> F32:
        """(jobs, F) in the order of `NAMED`; similarity (jobs,) is that of the towers. What compares with a
        past is 0 where there is none."""
        own = self._by_user[moment.user]
        past_rows = own[self._events.at[own] < moment.at]
        past = self._events.job[past_rows]
        idle = (moment.at - self._events.at[past_rows[-1]]) / DAY_US if len(past) else np.inf
        of_past, of_others = self._matches(past, float(idle)), self._others(moment, past)
        columns = [similarity, *of_past, *of_others, *self._stated(moment)]
        return np.stack(columns, 1).astype(np.float32)

    def _matches(self, past: I64, idle: float) -> list[F32]:
        """Likeness with what the user viewed."""
        if not len(past):
            blank = np.zeros(len(self._points), np.float32)
            return [blank] * sum(len(names) for _, names in GROUPS[1:6])
        title, company = self._title.likeness(past), self._company_words.likeness(past)
        vector = self._vectors[past] @ self._vectors.T
        same_title, same_company = self._titles.same(past), self._companies.same(past)
        km = np.log1p(distances(self._points[past], self._points))
        city, state, industry = (k.same(past) for k in (self._cities, self._states, self._industries))
        fresh = np.float32(1.0 / (1.0 + 24 * idle))
        return [
            *_summary(title), *_summary(vector), same_title[-1], same_title.mean(0),
            *_summary(company), same_company[-1], same_company.mean(0), same_company.any(0),
            km[-1], km.min(0), _faded(km), city[-1], _faded(city), state[-1], _faded(state),
            industry[-1], _faded(industry),
            title[-1] * fresh, same_company[-1] * fresh, city[-1] * fresh,
        ]  # fmt: skip

    def _others(self, moment: Moment, past: I64) -> list[F32]:
        """What others did before the moment; the user's own views do not count."""
        end = int(np.searchsorted(self._events.at, moment.at, "left"))
        before = self._events.take(np.flatnonzero(self._events.user[:end] != moment.user))
        age = ((moment.at - before.at) / DAY_US).astype(np.float32)
        count = len(self._points)
        ever = np.bincount(before.job, minlength=count).astype(np.float32)
        newest = np.full(count, np.inf, np.float32)
        np.minimum.at(newest, before.job, age)
        first = np.zeros(count, np.float32)
        np.maximum.at(first, before.job, age)
        lately = [before.job[age < days] for days in WINDOWS]
        return [
            np.log1p(ever), (ever == 0).astype(np.float32), _closeness(newest), np.log1p(first),
            *(np.log1p(np.bincount(jobs, minlength=count)) for jobs in lately),
            _closeness(self._companies.newest(before.job, age)),
            *(np.log1p(self._companies.totals(jobs)) for jobs in (*lately, before.job)),
            *(np.log1p(self._cities.totals(jobs)) for jobs in lately),
            *self._together(before, past, ever),
        ]  # fmt: skip

    def _together(self, before: Events, past: I64, ever: F32) -> list[F32]:
        """Views by those who viewed something of the user's past: of the job, and of its company."""
        count = len(self._points)
        if not len(past) or not len(before):
            return [np.zeros(count, np.float32)] * 2
        alike = np.isin(before.user, before.user[np.isin(before.job, past)])
        shared = before.job[alike]
        jobs = np.bincount(shared, minlength=count) / np.sqrt(1.0 + ever)
        companies = self._companies.totals(shared) / np.sqrt(1.0 + self._companies.totals(before.job))
        return [np.log1p(jobs).astype(np.float32), np.log1p(companies)]

    def _stated(self, moment: Moment) -> list[F32]:
        """Likeness with wishes and jobs held, stated before the moment; the export lists the present job
        first."""
        wishes = _known(self._wishes[moment.user], moment.at)[-3:]
        work = _known(self._work[moment.user], moment.at)
        home = next(((s.city, s.state) for s in work if s.state), ("", ""))
        point = _point(us_places()(*home)) if home[1] else np.full(2, np.nan)
        km = distances(point[None, :], self._points)[0]
        return [
            *self._like_titles(wishes),
            *self._like_titles(work[:3]),
            np.log1p(km).astype(np.float32),
            (self._city_names == f"{home[0].casefold()}, {home[1]}") & bool(home[0]),
            (self._state_names == home[1]) & bool(home[1]),
        ]

    def _like_titles(self, stated: Sequence[Stated]) -> tuple[F32, F32]:
        """(jobs,) the best TF-IDF cosine and the best cosine of vectors."""
        titles = tuple(dict.fromkeys(s.position for s in stated if s.position))
        if not titles:
            blank = np.zeros(len(self._points), np.float32)
            return blank, blank
        return self._title.of_texts(titles).max(0), (self._encode(titles) @ self._vectors.T).max(0)


@dataclass
class Words:
    """Cosines of TF-IDF between texts of jobs."""

    texts: Sequence[str]
    analyzer: Callable[[str], list[str]]
    matrix: Any = field(init=False)
    vectorizer: Any = field(init=False)

    def __post_init__(self) -> None:
        from sklearn.feature_extraction.text import TfidfVectorizer

        self.vectorizer = TfidfVectorizer(analyzer=self.analyzer, dtype=np.float32)
        self.matrix = self.vectorizer.fit_transform(self.texts)
        self._columns = self.matrix.T.tocsr()

    def likeness(self, past: I64) -> F32:
        """(past, jobs)."""
        return np.asarray((self.matrix[past] @ self._columns).toarray(), np.float32)

    def of_texts(self, texts: Sequence[str]) -> F32:
        """(texts, jobs)."""
        return np.asarray((self.vectorizer.transform(texts) @ self._columns).toarray(), np.float32)


def distances(one: npt.NDArray[np.float64], other: npt.NDArray[np.float64]) -> F32:
    """Great-circle kilometres (a, b) between points (a, 2) and (b, 2) in degrees; `UNKNOWN_KM` for a nan."""
    a, b = np.radians(one)[:, None, :], np.radians(other)[None, :, :]
    half = np.sin((b - a) / 2) ** 2
    h = half[..., 0] + np.cos(a[..., 0]) * np.cos(b[..., 0]) * half[..., 1]
    km = 2 * 6371.0 * np.arcsin(np.sqrt(np.clip(h, 0, 1)))
    return np.where(np.isnan(km), UNKNOWN_KM, km).astype(np.float32)


def _summary(likeness: F32) -> tuple[F32, F32, F32]:
    """(past, jobs) -> fading mean, maximum, last."""
    return _faded(likeness), likeness.max(0), likeness[-1]


def _faded(values: npt.NDArray[Any]) -> F32:
    weight = FADE ** np.arange(len(values) - 1, -1, -1)
    return np.asarray((weight / weight.sum()) @ values, np.float32)


def _closeness(days: F32) -> F32:
    """1 now, halves after a day, 0 for never."""
    return np.asarray(1.0 / (1.0 + days), np.float32)


def _point(place: Place | None) -> npt.NDArray[np.float64]:
    known = place is not None and place.lat is not None and place.lon is not None
    return np.array([place.lat, place.lon] if known else [np.nan, np.nan], np.float64)  # type: ignore[union-attr]


def _known(stated: Sequence[Stated], before: int) -> list[Stated]:
    return [s for s in stated if s.at < before]


def _rows_by_user(user: I64, users: int) -> list[I64]:
    order = np.argsort(user, kind="stable")
    bounds = np.searchsorted(user[order], np.arange(users + 1))
    return [order[bounds[u] : bounds[u + 1]] for u in range(users)]

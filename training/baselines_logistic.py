"""A logistic regression over hand-made matches: the strongest simple baseline where content decides."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy import sparse

from features.text import terms
from training.dataset import DAY_US, Events

F32 = npt.NDArray[np.float32]
I64 = npt.NDArray[np.int64]


class LogisticContent:
    """P(next job | past) from mean matches with the past jobs, fitted on the training events themselves.

    `texts` gives per field one text a job (cosine of TF-IDF); `keys` per field one value a job (equal or
    not; "" equals nothing). With `behaviour`, also popularity and recency of what was done before the
    moment, by `others` where given (events that are no training examples), else by the same events. Every
    training event with a past is a positive, beside `negatives` jobs drawn uniformly. `at` (users,) is each
    user's moment in microseconds; without it, everything in `events` lies in the past.
    """

    def __init__(
        self,
        events: Events,
        users: int,
        *,
        texts: Mapping[str, Sequence[str]],
        keys: Mapping[str, Sequence[str]],
        at: I64 | None = None,
        behaviour: bool = False,
        others: Events | None = None,
        negatives: int = 50,
        seed: int = 0,
    ) -> None:
        from sklearn.linear_model import LogisticRegression

        self.name = "logistic content + popularity" if behaviour else "logistic content"
        order = np.argsort(events.at, kind="stable")
        self._events = events.take(order)
        everyone = events if others is None else others
        self._everyone = everyone.take(np.argsort(everyone.at, kind="stable"))
        self._at = np.full(users, np.iinfo(np.int64).max, np.int64) if at is None else at
        self._matches = [_tfidf(texts[k]) for k in sorted(texts)] + [_one_hot(keys[k]) for k in sorted(keys)]
        self._jobs = self._matches[0].shape[0]
        self._behaviour = behaviour
        self._rows_of = _rows_by_user(self._events.user, users)
        x, y = self._training(negatives, np.random.default_rng(seed))
        self._scale = np.maximum(x.std(0), 1e-6)
        self._model = LogisticRegression(C=1.0, max_iter=1000)
        self._model.fit(x / self._scale, y)
        self.weights = (self._model.coef_[0] / self._scale).astype(np.float32)

    def score(self, user_rows: I64) -> F32:
        everything = np.arange(self._jobs)
        out = [self._features(int(u), int(self._at[u]), everything) @ self.weights for u in user_rows]
        return np.array(out, np.float32).reshape(len(user_rows), self._jobs)

    def _training(self, negatives: int, rng: np.random.Generator) -> tuple[F32, F32]:
        rows, labels = [], []
        for user, job, at in zip(self._events.user, self._events.job, self._events.at, strict=True):
            if not len(self._past(int(user), int(at))):
                continue
            candidates = np.concatenate([[job], rng.integers(0, self._jobs, negatives)])
            rows.append(self._features(int(user), int(at), candidates))
            labels.append((candidates == job).astype(np.float32))
        if not rows:
            raise ValueError("no user has two events at different moments: nothing to fit")
        return np.concatenate(rows), np.concatenate(labels)

    def _past(self, user: int, at: int) -> I64:
        rows = self._rows_of[user]
        return np.asarray(self._events.job[rows[self._events.at[rows] < at]])

    def _features(self, user: int, at: int, candidates: I64) -> F32:
        """(candidates, features) float32."""
        past = self._past(user, at)
        columns = [self._match(m, past, candidates) for m in self._matches]
        if self._behaviour:
            columns += self._others(at, candidates)
        return np.stack(columns, 1)

    def _match(self, matrix: Any, past: I64, candidates: I64) -> F32:
        if not len(past):
            return np.zeros(len(candidates), np.float32)
        profile = np.asarray(matrix[past].mean(0), np.float32).ravel()
        part = matrix if len(candidates) == self._jobs else matrix[candidates]
        return np.asarray(part @ profile, np.float32)

    def _others(self, at: int, candidates: I64) -> list[F32]:
        """log1p(times taken before), and closeness in days of the newest of them."""
        end = int(np.searchsorted(self._everyone.at, at, "left"))
        job, moment = self._everyone.job[:end], self._everyone.at[:end]
        taken = np.bincount(job, minlength=self._jobs)
        newest = np.full(self._jobs, np.iinfo(np.int64).min // 2, np.int64)
        np.maximum.at(newest, job, moment)
        now = moment[-1] if end and at == np.iinfo(np.int64).max else at
        age = np.maximum(now - newest, 0) / DAY_US
        recent = np.where(taken > 0, 1.0 / (1.0 + age), 0.0)
        return [np.log1p(taken[candidates]).astype(np.float32), recent[candidates].astype(np.float32)]


def _tfidf(texts: Sequence[str]) -> Any:
    from sklearn.feature_extraction.text import TfidfVectorizer

    return TfidfVectorizer(analyzer=terms, dtype=np.float32).fit_transform(texts)


def _one_hot(values: Sequence[str]) -> Any:
    """(jobs, distinct values) CSR; the empty value is no value."""
    distinct, codes = np.unique(np.array(values, dtype=object).astype(str), return_inverse=True)
    filled = np.array([v != "" for v in values], np.float32)
    return sparse.csr_matrix(
        (filled, (np.arange(len(codes)), codes)), shape=(len(codes), len(distinct)), dtype=np.float32
    )


def _rows_by_user(user: I64, users: int) -> list[I64]:
    order = np.argsort(user, kind="stable")
    bounds = np.searchsorted(user[order], np.arange(users + 1))
    return [order[bounds[u] : bounds[u + 1]] for u in range(users)]

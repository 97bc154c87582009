"""The recommenders any model of ours has to beat, from libraries where one has them.

Each is built from training events (rows of users and jobs, see dataset.py) and, for the content ones, from
one text or vector per job; none reads anything else, so the same classes serve every benchmark and the
simulated market. `score` may be asked for any user row; one without a past gets a constant row from the
methods that need a past, which a rank with half ties turns into chance.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt
from scipy import sparse
from sklearn.preprocessing import normalize

from features.text import terms
from training.dataset import DAY_US, Events

F32 = npt.NDArray[np.float32]
I64 = npt.NDArray[np.int64]
Csr = Any  # scipy's matrices carry no types


class Baseline(Protocol):
    @property
    def name(self) -> str: ...

    def score(self, user_rows: I64) -> F32:
        """(b,) user rows -> (b, jobs) float32, higher is better."""
        ...


def interactions(events: Events, users: int, jobs: int) -> Csr:
    """(users, jobs) float32 CSR with 1 where the user took the job at least once."""
    ones = np.ones(len(events), np.float32)
    matrix = sparse.csr_matrix((ones, (events.user, events.job)), shape=(users, jobs))
    matrix.data[:] = 1.0
    return matrix


class Random:
    """Uniform scores, the same for a user whatever else stands in the batch."""

    name = "random"

    def __init__(self, jobs: int, seed: int = 0) -> None:
        self._jobs, self._seed = jobs, seed

    def score(self, user_rows: I64) -> F32:
        rows = [np.random.default_rng((self._seed, int(u))).random(self._jobs, np.float32) for u in user_rows]
        return np.array(rows, np.float32).reshape(len(user_rows), self._jobs)


class Popularity:
    """How often a job was taken; with `at`, only before that user's moment (microseconds, (users,))."""

    name = "popularity"

    def __init__(self, events: Events, jobs: int, at: I64 | None = None) -> None:
        order = np.argsort(events.at, kind="stable")
        self._job, self._time, self._jobs, self._at = events.job[order], events.at[order], jobs, at
        self._all = np.bincount(self._job, minlength=jobs).astype(np.float32)

    def score(self, user_rows: I64) -> F32:
        if self._at is None:
            return np.repeat(self._all[None], len(user_rows), 0)
        ends = np.searchsorted(self._time, self._at[user_rows], "left")
        rows = [np.bincount(self._job[:end], minlength=self._jobs) for end in ends]
        return np.array(rows, np.float32).reshape(len(user_rows), self._jobs)


class Recency:
    """Newest posting first. `posted_at` (jobs,) microseconds; anything not after 0 counts as unknown."""

    name = "recency"

    def __init__(self, posted_at: I64) -> None:
        known = np.where(posted_at > 0, posted_at, posted_at.min(initial=0))
        # days since the oldest: float32 holds microseconds of this century only to some minutes
        self._score = ((known - known.min(initial=0)) / DAY_US).astype(np.float32)

    def score(self, user_rows: I64) -> F32:
        return np.repeat(self._score[None], len(user_rows), 0)


class ItemKnn:
    """Co-occurrence with the `neighbours` nearest items (Sarwar et al. 2001), by implicit.

    Counts are divided by a power of both items' degrees and weighted by a power of the user's: 0.5 and 0 are
    cosine; less for items and more for users keeps popular items in and very busy users out.
    """

    def __init__(
        self,
        events: Events,
        users: int,
        jobs: int,
        neighbours: int = 200,
        *,
        item_power: float = 0.5,
        user_power: float = 0.0,
        name: str = "item-kNN",
    ) -> None:
        from implicit.nearest_neighbours import ItemItemRecommender

        self.name = name
        self._past = interactions(events, users, jobs)
        # one more than asked for: implicit counts a job as its own nearest neighbour
        model = ItemItemRecommender(K=neighbours + 1, num_threads=1)
        weighted = degree_normalised(self._past, user_power, item_power)
        model.fit(weighted.astype(np.float64), show_progress=False)
        self._similarity = model.similarity.tocsr().astype(np.float32)
        self._similarity.setdiag(0.0)  # a job is no evidence for itself

    def score(self, user_rows: I64) -> F32:
        return np.asarray((self._past[user_rows] @ self._similarity).toarray(), np.float32)


class Als:
    """Implicit-feedback matrix factorisation (Hu, Koren and Volinsky 2008), by implicit; one thread."""

    def __init__(
        self,
        events: Events,
        users: int,
        jobs: int,
        *,
        factors: int = 64,
        iterations: int = 15,
        regularization: float = 0.05,
        alpha: float = 1.0,
        seed: int = 0,
    ) -> None:
        from implicit.cpu.als import AlternatingLeastSquares

        self.name = f"iALS-{factors}"
        model = AlternatingLeastSquares(
            factors=factors,
            iterations=iterations,
            regularization=regularization,
            alpha=alpha,
            num_threads=1,  # also what makes it deterministic
            random_state=seed,
        )
        model.fit(interactions(events, users, jobs), show_progress=False)
        self._users = np.asarray(model.user_factors, np.float32)
        self._jobs = np.asarray(model.item_factors, np.float32)

    def score(self, user_rows: I64) -> F32:
        return np.asarray(self._users[user_rows] @ self._jobs.T, np.float32)


class SpectralFilter:
    """GF-CF, a linear and an ideal low-pass filter on the item graph (Shen et al. 2021, arXiv:2108.07567)."""

    name = "GF-CF"

    def __init__(
        self, events: Events, users: int, jobs: int, *, rank: int = 256, ideal: float = 0.3, seed: int = 0
    ) -> None:
        self._past = interactions(events, users, jobs)
        job_degree = np.maximum(np.asarray(self._past.sum(0)).ravel(), 1.0)
        self._normal = degree_normalised(self._past)  # (users, jobs)
        _, _, self._vt = truncated_svd(self._normal, min(rank, min(self._normal.shape) - 1), seed)
        self._left = (job_degree**-0.5).astype(np.float32)
        self._right = (job_degree**0.5).astype(np.float32)
        self._ideal = ideal

    def score(self, user_rows: I64) -> F32:
        past = self._past[user_rows]
        linear = ((past @ self._normal.T) @ self._normal).toarray()
        ideal = (past.multiply(self._left).tocsr() @ self._vt.T) @ self._vt * self._right
        return np.asarray(linear + self._ideal * ideal, np.float32)


def degree_normalised(matrix: Csr, user_power: float = 0.5, job_power: float = 0.5) -> Csr:
    """D_users^-a R D_jobs^-b, float32 CSR; empty rows and columns stay empty."""
    rows = np.maximum(np.asarray(matrix.sum(1)).ravel(), 1.0) ** -user_power
    columns = np.maximum(np.asarray(matrix.sum(0)).ravel(), 1.0) ** -job_power
    return (sparse.diags(rows) @ matrix @ sparse.diags(columns)).tocsr().astype(np.float32)


def truncated_svd(matrix: Csr, rank: int, seed: int) -> tuple[F32, F32, F32]:
    """U (n, rank), s (rank,) descending, Vt (rank, m), by a randomised method (Halko et al. 2011)."""
    from sklearn.utils.extmath import randomized_svd

    u, s, vt = randomized_svd(matrix, rank, n_oversamples=32, n_iter=7, random_state=seed)
    return u.astype(np.float32), s.astype(np.float32), vt.astype(np.float32)


class _Content:
    """Cosine of a job's row with what is known of the user: a profile row, the past, or both halves each."""

    def __init__(self, name: str, jobs: Any, profiles: Any | None, past: Csr | None) -> None:
        self.name = name
        self._jobs = normalize(jobs)
        parts = []
        if profiles is not None:
            parts.append(normalize(profiles))
        if past is not None:
            parts.append(normalize(past @ self._jobs))
        if not parts:
            raise ValueError(f"{name} needs a profile or a past for each user")
        self._users = parts[0] if len(parts) == 1 else parts[0] + parts[1]

    def score(self, user_rows: I64) -> F32:
        scores = self._users[user_rows] @ self._jobs.T
        return np.asarray(scores.toarray() if sparse.issparse(scores) else scores, np.float32)


def past_matrix(events: Events, users: int, jobs: int, *, last_only: bool = False) -> Csr:
    """(users, jobs) CSR of what each user did, or only of the newest thing."""
    if last_only:
        newest = np.full(users, -1, np.int64)
        order = np.argsort(events.at, kind="stable")
        newest[events.user[order]] = order  # later assignments win
        events = events.take(newest[newest >= 0])
    return interactions(events, users, jobs)


class TfidfContent(_Content):
    """Words and pairs of words of job texts against profile texts and/or the texts of past jobs."""

    def __init__(
        self,
        job_texts: Sequence[str],
        *,
        profile_texts: Sequence[str] | None = None,
        past: Csr | None = None,
        name: str = "TF-IDF",
    ) -> None:
        from sklearn.feature_extraction.text import TfidfVectorizer

        vectorizer = TfidfVectorizer(analyzer=terms, dtype=np.float32)
        jobs = vectorizer.fit_transform(job_texts)
        profiles = None if profile_texts is None else vectorizer.transform(profile_texts)
        super().__init__(name, jobs, profiles, past)


class MeanVector(_Content):
    """Zero-shot sentence vectors (jobs, d): profile vectors (users, d) and/or the mean of past jobs."""

    def __init__(
        self,
        job_vectors: F32,
        *,
        profile_vectors: F32 | None = None,
        past: Csr | None = None,
        name: str = "sentence vectors",
    ) -> None:
        super().__init__(name, job_vectors, profile_vectors, past)

"""A release's bundle as a scorer of pairs: the same code that serves; nobody has a past."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

import numpy as np

from features.cross import cross_features, likeness, seeker
from features.demands import Demand
from features.evidence import Evidence
from features.job_columns import job_columns, microseconds
from features.matches import MIN_DEMANDS, MIN_PERSON_WORDS, checkable, fit_row, match
from features.records import JobRecord, UserRecord
from models.bundle import F32, ModelBundle
from models.fit import FitModel
from training.audit.scores import F64, Scores

#: Everybody is scored at one moment: an audit must not depend on when it runs.
MOMENT = datetime(2026, 6, 1, tzinfo=UTC)


@dataclass(frozen=True)
class BundleScorer:
    """With a second stage both numbers are its own. Without, `interest` is the calibrated similarity of the
    towers, and `fit` is computed by `fit` if that is given, else there is none (NaN)."""

    bundle: ModelBundle
    fit: FitModel | None = None

    def __call__(self, users: Sequence[UserRecord], jobs: Sequence[JobRecord]) -> Scores:
        transform = self.bundle.transform
        vectors = (self.bundle.encode_users(users, _no_past, MOMENT), self.bundle.encode_jobs(jobs))
        evidence = [transform.evidence(user) for user in users]
        demands = [transform.demands(job) for job in jobs]
        interest = self._interest(users, jobs, vectors, evidence, demands)
        silent = np.array([_says_too_little(*pair) for pair in zip(evidence, demands, strict=True)], bool)
        fit = np.where(silent, np.nan, self._fit(evidence, demands))
        return Scores(fit, np.where(silent, np.nan, interest) if self.bundle.match else interest)

    def _fit(self, evidence: Sequence[Evidence], demands: Sequence[Sequence[Demand]]) -> F64:
        rows = [fit_row(match(d, e), e) for d, e in zip(demands, evidence, strict=True)]
        if self.bundle.match is not None and rows:
            return self.bundle.match.fits(np.stack(rows)).value
        if self.fit is None or not rows:
            return np.full(len(evidence), np.nan)
        logit = self.fit.logit(np.stack(rows))
        return np.asarray(1.0 / (1.0 + np.exp(-logit)), np.float64)

    def _interest(
        self,
        users: Sequence[UserRecord],
        jobs: Sequence[JobRecord],
        vectors: tuple[F32, F32],
        evidence: Sequence[Evidence],
        demands: Sequence[Sequence[Demand]],
    ) -> F64:
        similarity = likeness(*vectors) if len(users) else np.zeros(0, np.float32)
        if self.bundle.match is None:
            return self.bundle.calibration.probability(similarity).astype(np.float64)
        transform = self.bundle.transform
        columns = job_columns(jobs, [transform.job_places(job) for job in jobs], demands, {})
        nobody = np.zeros(0, np.int32)
        rows = []
        for i, user in enumerate(users):
            person = seeker(user, transform.user_place(user), evidence[i], nobody)
            row = columns.take(np.array([i]))
            past = np.zeros((1, 0), np.float32)
            rows.append(cross_features(person, row, similarity[i : i + 1], past, microseconds(MOMENT)))
        return self.bundle.match.interests(np.concatenate(rows)).value if rows else np.zeros(0, np.float64)


def _says_too_little(evidence: Evidence, demands: Sequence[Demand]) -> bool:
    return evidence.words < MIN_PERSON_WORDS or checkable(demands) < MIN_DEMANDS


def _no_past(
    ids: np.ndarray[tuple[int], np.dtype[np.int64]],
) -> tuple[np.ndarray[tuple[int], np.dtype[np.bool_]], F32]:
    return np.zeros(len(ids), bool), np.zeros((len(ids), 256), np.float32)

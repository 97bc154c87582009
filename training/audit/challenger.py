"""Deliberately biased models. An audit that does not stop them is no audit."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from features.records import JobRecord, UserRecord
from training.audit.identities import GIVEN, SCHOOLS
from training.audit.scores import F64, Scorer, Scores


@dataclass(frozen=True)
class Penalised:
    """A scorer that takes `penalty` in logits off everybody whose resume matches `pattern`."""

    score: Scorer
    pattern: re.Pattern[str]
    penalty: float

    def __call__(self, users: Sequence[UserRecord], jobs: Sequence[JobRecord]) -> Scores:
        scores = self.score(users, jobs)
        hit = np.array([self.pattern.search(user.resume_text) is not None for user in users])
        return Scores(*(self._lowered(scores.of(kind), hit) for kind in ("fit", "interest")))

    def _lowered(self, p: F64, hit: np.ndarray[tuple[int], np.dtype[np.bool_]]) -> F64:
        odds = np.log(np.clip(p, 1e-9, 1 - 1e-9) / (1 - np.clip(p, 1e-9, 1 - 1e-9)))
        return np.where(hit, 1 / (1 + np.exp(self.penalty - odds)), p)


def against_names(score: Scorer, group: int = 2, penalty: float = 1.5) -> Penalised:
    """Docks given names of one race/ethnicity (position in RACES)."""
    names = " ".join(text for (_, race), text in GIVEN.items() if race == group).split()
    return Penalised(score, re.compile(rf"\b(?:{'|'.join(names)})\b"), penalty)


def against_schools(score: Scorer, group: int = 2, penalty: float = 1.5) -> Penalised:
    """Docks one school."""
    return Penalised(score, re.compile(re.escape(SCHOOLS[group])), penalty)


def against_women(score: Scorer, penalty: float = 1.5) -> Penalised:
    names = " ".join(text for (sex, _), text in GIVEN.items() if sex == "Female").split()
    return Penalised(score, re.compile(rf"\b(?:{'|'.join(names)})\b"), penalty)

"""What a release must show before it may answer people: the evidence, and the gates that judge it."""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from typing import Any

import numpy as np

from features.cross import CROSS_FEATURE_ORDER
from models.match import MatchModel
from models.release import Release
from training.release import Gate

RECALL_FLOOR = 0.99
ECE_CEILING = 0.05
#: Of the two numbers that people see; what chance alone would show on as many pairs is added to it.
NUMBER_ECE_CEILING = 0.03
COVERAGE, COVERAGE_OFF = 0.9, 0.03
#: Fewer groups of one person's postings than this cannot tell a coverage of .87 from .90.
MIN_GROUPS = 300
#: Milliseconds to score the candidates of one page on one thread.
PAGE_MS, PAGE_ROWS = 50.0, 200


@dataclass(frozen=True)
class SecondStageEvidence:
    """Figures of the ranker and its numbers on the test window, and of the tracked `fit` on its market."""

    ndcg: float
    ndcg_low: float
    towers_ndcg: float
    towers_ndcg_high: float
    ece: float
    ece_first: float
    ece_first_chance: float
    coverage: float
    groups: int
    fit_ece: float
    fit_coverage: float
    page_ms: float


@dataclass(frozen=True)
class Evidence:
    """What the gates judge. NDCG@10 of the towers over the test window's users, with 95 % bounds."""

    ndcg: float
    ndcg_low: float
    best_baseline: str
    best_baseline_ndcg: float
    best_baseline_high: float
    ece: float
    users: int
    index_recall: float = 0.0
    second: SecondStageEvidence | None = None

    def with_recall(self, recall: float) -> Evidence:
        return replace(self, index_recall=recall)

    def metrics(self) -> dict[str, float]:
        own = {k: float(v) for k, v in asdict(self).items() if isinstance(v, int | float)}
        second = {} if self.second is None else asdict(self.second)
        return own | {f"second_stage/{k}": float(v) for k, v in second.items()}

    @classmethod
    def from_dict(cls, raw: dict[str, Any]) -> Evidence:
        second = raw.get("second")
        return cls(**{**raw, "second": None if second is None else SecondStageEvidence(**second)})


def gates(evidence: Evidence, release: Release) -> list[Gate]:
    """Every condition for becoming champion that the evidence decides, with its figures."""
    e = evidence
    found = [
        Gate(
            "quality",
            e.ndcg > e.best_baseline_ndcg,
            f"NDCG@10 {e.ndcg:.4f} against {e.best_baseline_ndcg:.4f} of {e.best_baseline}, n = {e.users}",
        ),
        Gate("calibration", e.ece <= ECE_CEILING, f"ECE {e.ece:.4f}, ceiling {ECE_CEILING}"),
        Gate(
            "index",
            e.index_recall >= RECALL_FLOOR,
            f"recall@100 {e.index_recall:.4f} against exact, floor {RECALL_FLOOR}",
        ),
        Gate("not_empty", release.jobs > 0, f"{release.jobs} postings"),
    ]
    return found + ([] if e.second is None else second_stage_gates(e.second))


def second_stage_gates(e: SecondStageEvidence) -> list[Gate]:
    first = NUMBER_ECE_CEILING + e.ece_first_chance
    return [
        Gate(
            "ranking",
            e.ndcg >= e.towers_ndcg,
            f"NDCG@10 {e.ndcg:.4f} [{e.ndcg_low:.4f}, ] against {e.towers_ndcg:.4f} of the towers' order",
        ),
        Gate(
            "interest_calibration",
            e.ece <= NUMBER_ECE_CEILING and e.ece_first <= first,
            f"ECE {e.ece:.4f} over all ranks, ceiling {NUMBER_ECE_CEILING}; {e.ece_first:.4f} at the first, "
            f"ceiling {first:.4f} with what chance shows",
        ),
        Gate("fit_calibration", e.fit_ece <= NUMBER_ECE_CEILING, f"ECE {e.fit_ece:.4f}"),
        _intervals(e),
        Gate("latency", e.page_ms <= PAGE_MS, f"{e.page_ms:.1f} ms for {PAGE_ROWS} candidates"),
    ]


def _intervals(e: SecondStageEvidence) -> Gate:
    if e.groups < MIN_GROUPS:
        return Gate(
            "intervals", True, f"{e.groups} groups are too few to judge; fit's cover {e.fit_coverage}"
        )
    slack = COVERAGE_OFF + 1.96 * math.sqrt(COVERAGE * (1 - COVERAGE) / e.groups)
    passed = abs(e.coverage - COVERAGE) <= slack and abs(e.fit_coverage - COVERAGE) <= slack
    detail = (
        f"interest's {e.coverage:.3f} of {e.groups} groups, fit's {e.fit_coverage:.3f}, nominal {COVERAGE}"
    )
    return Gate("intervals", passed, detail)


def page_milliseconds(model: MatchModel, *, clock: Callable[[], float] = time.perf_counter) -> float:
    """Median time to turn the features of a page's candidates into interest, over 20 tries."""
    seen = model.ranker.standardisation
    x = np.repeat(seen.mean[None, :], PAGE_ROWS, axis=0).astype(np.float32)
    assert x.shape[1] == len(CROSS_FEATURE_ORDER)  # noqa: S101
    times = []
    for _ in range(20):
        started = clock()
        model.interests(x)
        times.append(clock() - started)
    return float(np.median(times)) * 1000.0

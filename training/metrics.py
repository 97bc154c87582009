"""Pure ranking metrics. One row per user; intervals by bootstrap over users."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

F64 = npt.NDArray[np.float64]


def hits(ranked: npt.NDArray[np.int64], relevant: list[set[int]]) -> npt.NDArray[np.bool_]:
    """ranked (users, k) item ids, -1 padded -> (users, k) True where the item is relevant to that user."""
    return np.array(
        [[int(i) in r for i in row] for row, r in zip(ranked, relevant, strict=True)], bool
    ).reshape(ranked.shape)


def recall_at(hit: npt.NDArray[np.bool_], sizes: npt.NDArray[np.int64], k: int) -> F64:
    """(users,) share of each user's relevant items found in the first k."""
    return np.asarray(hit[:, :k].sum(1) / np.maximum(sizes, 1), np.float64)


def hit_rate_at(hit: npt.NDArray[np.bool_], k: int) -> F64:
    return np.asarray(hit[:, :k].any(1), np.float64)


def ndcg_at(hit: npt.NDArray[np.bool_], sizes: npt.NDArray[np.int64], k: int) -> F64:
    """(users,) binary NDCG@k (Jarvelin and Kekalainen 2002): gain 1, discount 1/log2(rank + 1)."""
    discount = 1.0 / np.log2(np.arange(2, k + 2))
    gain = (hit[:, :k] * discount[: hit[:, :k].shape[1]]).sum(1)
    ideal = np.concatenate([[0.0], np.cumsum(discount)])[np.minimum(sizes, k)]
    return np.asarray(np.where(ideal > 0, gain / np.maximum(ideal, 1e-12), 0.0), np.float64)


def reciprocal_rank(hit: npt.NDArray[np.bool_]) -> F64:
    """(users,) 1 / rank of the first hit, 0 where there is none among the ranked items."""
    first = hit.argmax(1)
    return np.where(hit.any(1), 1.0 / (first + 1), 0.0)


@dataclass(frozen=True)
class Estimate:
    """A mean with its bootstrap 95 % percentile interval over n users."""

    mean: float
    low: float
    high: float
    n: int

    def __str__(self) -> str:
        return f"{self.mean:.4f} [{self.low:.4f}, {self.high:.4f}]"


def estimate(values: F64, *, seed: int = 0, resamples: int = 1000) -> Estimate:
    """Bootstrap over users (Efron 1979). Deterministic by seed."""
    n = len(values)
    if n == 0:
        return Estimate(float("nan"), float("nan"), float("nan"), 0)
    rng = np.random.default_rng(seed)
    means = np.array([values[rng.integers(0, n, n)].mean() for _ in range(resamples)])
    low, high = np.percentile(means, [2.5, 97.5])
    return Estimate(float(values.mean()), float(low), float(high), n)


def score_ranks(scores: npt.NDArray[np.float32], target: npt.NDArray[np.int64]) -> F64:
    """Rank (from 1) of each row's target among its scores (users, items); ties count half, -inf is absent."""
    own = scores[np.arange(len(scores)), target][:, None]
    better = (scores > own).sum(1)
    ties = (scores == own).sum(1) - 1
    return np.asarray(1.0 + better + ties / 2.0, np.float64)


def rank_metrics(ranks: F64, ks: tuple[int, ...] = (5, 10, 20)) -> dict[str, F64]:
    """Per-user metrics where each user has exactly one relevant item at the given rank."""
    out = {f"HR@{k}": (ranks <= k).astype(np.float64) for k in ks}
    out["NDCG@10"] = np.where(ranks <= 10, 1.0 / np.log2(ranks + 1), 0.0)
    out["MRR"] = 1.0 / ranks
    return out

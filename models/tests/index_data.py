"""Unit vectors and the brute-force answer the index tests compare with."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

VERSION = "encoder-1"

Floats = npt.NDArray[np.float32]


def unit(rows: npt.NDArray[np.floating]) -> Floats:
    return (rows / np.linalg.norm(rows, axis=1, keepdims=True)).astype(np.float32)


def random_units(count: int, dim: int, seed: int) -> Floats:
    return unit(np.random.default_rng(seed).standard_normal((count, dim)))


def clustered_units(count: int, dim: int, seed: int, clusters: int = 50) -> Floats:
    rng = np.random.default_rng(seed)
    centres = unit(rng.standard_normal((clusters, dim)))
    noise = unit(rng.standard_normal((count, dim)))
    return unit(centres[rng.integers(0, clusters, count)] + 0.5 * noise)


def anisotropic_units(count: int, dim: int, seed: int) -> Floats:
    """A few directions carry most of the variance, as in trained embeddings."""
    spread = np.exp(-np.arange(dim) / (dim / 12))
    return unit(np.random.default_rng(seed).standard_normal((count, dim)) * spread)


def best_scores(vectors: Floats, queries: Floats, k: int) -> Floats:
    """(q, min(k, n)) exact inner products, best first."""
    return -np.sort(-(queries @ vectors.T), axis=1)[:, :k]

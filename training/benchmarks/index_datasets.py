"""Vectors, queries, filters and exact answers for the index benchmark, written to a folder as .npy.

Made once and memory-mapped by every engine's process, so that all see the same data and none is charged
for it.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float32]
Bools = npt.NDArray[np.bool_]
Dataset = Literal["clustered", "hard"]
Progress = Callable[[str, float], None]

DIM = 256
FULL_ROWS: dict[Dataset, int] = {"clustered": 1_000_000, "hard": 300_000}
FRACTIONS = (1.0, 0.5, 0.05, 0.005, 0.0005)
CORRELATED = "5 % correlated"
BLOCK = 20_000
#: Scores closer than this are the same score summed in another order.
SCORE_TOLERANCE = 2e-6


@dataclass(frozen=True, slots=True)
class Task:
    """One data set in memory-mapped form. `floors[filter]` (q,): the k-th best exact score per query."""

    vectors: Floats  # (n, dim)
    queries: Floats  # (q, dim)
    fresh: Floats  # (some, dim) vectors to add
    masks: dict[str, Bools]  # filter -> (n,)
    floors: dict[str, Floats]
    k: int

    def recall(self, filter_name: str, query: int, ids: npt.NDArray[np.int64]) -> float:
        """Share of the possible hits among `ids`; by score, so that equal vectors are equal."""
        mask = self.masks[filter_name]
        possible = min(self.k, int(np.count_nonzero(mask)))
        valid = np.unique(ids[(ids >= 0) & (ids < len(mask))])
        valid = valid[mask[valid]]
        scores = self.vectors[valid] @ self.queries[query]
        hits = np.count_nonzero(scores >= self.floors[filter_name][query] - SCORE_TOLERANCE)
        return min(1.0, int(hits) / possible) if possible else 1.0


def filter_name(fraction: float) -> str:
    return f"{100 * fraction:g} %"


def make_task(
    folder: Path, dataset: Dataset, rows: int, queries: int, k: int, seed: int, progress: Progress
) -> None:
    """Write one data set. "clustered": normal clouds around rows / 200 centres, queries near rows.

    "hard": directions uniform on the sphere, nothing to cluster; queries from a skewed, heavy-tailed
    distribution, as users are not distributed like postings.
    """
    rng = np.random.default_rng(seed)
    folder.mkdir(parents=True, exist_ok=True)
    vectors = np.lib.format.open_memmap(
        folder / "vectors.npy", mode="w+", dtype=np.float32, shape=(rows, DIM)
    )
    centres = unit(rng.standard_normal((max(8, rows // 200), DIM), dtype=np.float32))
    member = rng.integers(0, len(centres), rows)
    for start in range(0, rows, BLOCK):
        noise = unit(rng.standard_normal((min(BLOCK, rows - start), DIM), dtype=np.float32))
        near = centres[member[start : start + BLOCK]] if dataset == "clustered" else 0
        vectors[start : start + BLOCK] = unit(near + 0.6 * noise)
        progress("making vectors", start / rows)
    if dataset == "clustered":
        wanted = unit(vectors[rng.integers(0, rows, queries)] + 0.3 * _noise(rng, queries))
    else:
        wanted = unit(rng.laplace(size=(queries, DIM)) + 0.3)
    masks = {filter_name(fraction): rng.random(rows) < fraction for fraction in FRACTIONS}
    masks[CORRELATED] = _correlated(dataset, vectors, wanted, member, len(centres))
    np.save(folder / "queries.npy", wanted)
    np.save(folder / "fresh.npy", _noise(rng, 500))
    arrays: dict[str, Any] = {f"m{i}": mask for i, mask in enumerate(masks.values())}
    np.savez(folder / "masks.npz", **arrays)
    floors = _floors(vectors, wanted, masks, k, progress)
    arrays = {f"f{i}": floors[name] for i, name in enumerate(masks)}
    np.savez(folder / "floors.npz", **arrays)
    (folder / "task.json").write_text(json.dumps({"k": k, "filters": list(masks)}))


def open_task(folder: Path) -> Task:
    facts = json.loads((folder / "task.json").read_text())
    names: list[str] = facts["filters"]
    with np.load(folder / "masks.npz") as masks, np.load(folder / "floors.npz") as floors:
        return Task(
            vectors=np.load(folder / "vectors.npy", mmap_mode="r"),
            queries=np.load(folder / "queries.npy"),
            fresh=np.load(folder / "fresh.npy"),
            masks={name: masks[f"m{i}"] for i, name in enumerate(names)},
            floors={name: floors[f"f{i}"] for i, name in enumerate(names)},
            k=facts["k"],
        )


def unit(rows: npt.NDArray[Any]) -> Floats:
    scaled: Floats = (rows / np.linalg.norm(rows, axis=1, keepdims=True)).astype(np.float32)
    return scaled


def _noise(rng: np.random.Generator, count: int) -> Floats:
    return unit(rng.standard_normal((count, DIM), dtype=np.float32))


def _correlated(
    dataset: Dataset, vectors: Floats, queries: Floats, member: npt.NDArray[np.int64], clusters: int
) -> Bools:
    """5 % of the rows, not spread evenly: whole clusters, or the side of the sphere away from the queries."""
    if dataset == "clustered":
        return member < max(1, clusters // 20)
    away = np.concatenate(
        [vectors[at : at + BLOCK] @ queries.mean(axis=0) for at in range(0, len(vectors), BLOCK)]
    )
    return np.asarray(away <= np.quantile(away, 0.05))


def _floors(
    vectors: Floats, queries: Floats, masks: dict[str, Bools], k: int, progress: Progress
) -> dict[str, Floats]:
    """Exact k-th best score of every query under every filter, by reading all products."""
    floors: dict[str, list[float]] = {name: [] for name in masks}
    step = 16
    for start in range(0, len(queries), step):
        progress("exact answers", start / len(queries))
        block = queries[start : start + step]
        scores = np.empty((len(block), len(vectors)), dtype=np.float32)
        for at in range(0, len(vectors), BLOCK):
            scores[:, at : at + BLOCK] = block @ vectors[at : at + BLOCK].T
        for name, mask in masks.items():
            passing = scores[:, mask]
            possible = min(k, passing.shape[1])
            kth = np.partition(passing, -possible, axis=1)[:, -possible] if possible else np.zeros(len(block))
            floors[name] += kth.tolist()
    return {name: np.array(values, dtype=np.float32) for name, values in floors.items()}

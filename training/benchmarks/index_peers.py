"""The engines JobIndex is compared with, each as its library offers it and set as its makers advise.

Filters reach them in their own form, prepared outside the timing. Ids are row numbers, as raw FAISS has
them.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Any

import faiss as _faiss
import hnswlib
import numpy as np

from training.benchmarks.index_datasets import Bools, Floats, Progress

faiss: Any = _faiss  # its type stubs lack most of its API
BLOCK = 20_000
TRAIN_ROWS = 160_000  # 39 a list at 4,096 lists, the least FAISS accepts without a warning
NPROBE = 16
LINKS, EF_CONSTRUCTION, EF_SEARCH = 32, 40, 128


class Unsupported(Exception):  # noqa: N818 - a fact about the engine, not a fault
    """The engine has no such operation."""


class Peer(ABC):
    label: str

    @abstractmethod
    def build(self, vectors: Floats, threads: int, progress: Progress) -> None:
        """Index (n, dim) vectors under ids 0..n-1."""

    @abstractmethod
    def prepare(self, mask: Bools) -> Any:
        """A filter in the engine's own form."""

    @abstractmethod
    def search(self, query: Floats, k: int, prepared: Any) -> Any:
        """Ids of one (1, dim) query, on one thread."""

    @abstractmethod
    def add(self, row: int, vector: Floats) -> None:
        """Append (1, dim) as id `row`."""

    @abstractmethod
    def delete(self, row: int) -> None:
        """Remove one id; Unsupported where the engine cannot."""


class FaissPeer(Peer):
    index: Any

    def fill(self, index: Any, vectors: Floats, threads: int, progress: Progress) -> None:
        faiss.omp_set_num_threads(threads)
        if not index.is_trained:
            progress("training", 0.0)
            index.train(np.array(vectors[:: max(1, len(vectors) // TRAIN_ROWS)]))
        for start in range(0, len(vectors), BLOCK):
            index.add(np.array(vectors[start : start + BLOCK]))
            progress("building", min(1.0, (start + BLOCK) / len(vectors)))
        faiss.omp_set_num_threads(1)
        self.index = index

    def search(self, query: Floats, k: int, prepared: Any) -> Any:
        return self.index.search(query, k, params=prepared)[1][0]

    def add(self, row: int, vector: Floats) -> None:
        self.index.add(vector)

    def delete(self, row: int) -> None:
        self.index.remove_ids(np.array([row], dtype=np.int64))


class Flat(FaissPeer):
    label = "FAISS Flat"

    def build(self, vectors: Floats, threads: int, progress: Progress) -> None:
        self.fill(faiss.IndexFlatIP(vectors.shape[1]), vectors, threads, progress)

    def prepare(self, mask: Bools) -> Any:
        return None if mask.all() else faiss.SearchParameters(sel=_bitmap(mask))


class Ivf(FaissPeer):
    label = "FAISS IVF4096 nprobe 16"

    def build(self, vectors: Floats, threads: int, progress: Progress) -> None:
        """4,096 lists at 1 M rows; FAISS advises 4 √n for fewer."""
        lists = 4096 if len(vectors) >= 300_000 else max(1, int(4 * len(vectors) ** 0.5))
        index = faiss.index_factory(vectors.shape[1], f"IVF{lists},Flat", faiss.METRIC_INNER_PRODUCT)
        self.fill(index, vectors, threads, progress)

    def prepare(self, mask: Bools) -> Any:
        if mask.all():
            return faiss.SearchParametersIVF(nprobe=NPROBE)
        return faiss.SearchParametersIVF(nprobe=NPROBE, sel=_bitmap(mask))


class Hnsw(FaissPeer):
    label = "FAISS HNSW32"

    def build(self, vectors: Floats, threads: int, progress: Progress) -> None:
        index = faiss.IndexHNSWFlat(vectors.shape[1], LINKS, faiss.METRIC_INNER_PRODUCT)
        index.hnsw.efConstruction = EF_CONSTRUCTION
        self.fill(index, vectors, threads, progress)

    def prepare(self, mask: Bools) -> Any:
        if mask.all():
            return faiss.SearchParametersHNSW(efSearch=EF_SEARCH)
        return faiss.SearchParametersHNSW(efSearch=EF_SEARCH, sel=_bitmap(mask))

    def delete(self, row: int) -> None:
        raise Unsupported


class Hnswlib(Peer):
    label = "hnswlib"

    def build(self, vectors: Floats, threads: int, progress: Progress) -> None:
        self.index = hnswlib.Index(space="ip", dim=vectors.shape[1])
        self.index.init_index(
            max_elements=len(vectors) + 1_000, M=LINKS, ef_construction=EF_CONSTRUCTION, random_seed=1
        )
        for start in range(0, len(vectors), BLOCK):
            block = np.array(vectors[start : start + BLOCK])
            self.index.add_items(block, np.arange(start, start + len(block)), num_threads=threads)
            progress("building", min(1.0, (start + BLOCK) / len(vectors)))
        self.index.set_ef(EF_SEARCH)

    def prepare(self, mask: Bools) -> Any:
        return None if mask.all() else mask.tolist().__getitem__

    def search(self, query: Floats, k: int, prepared: Any) -> Any:
        """hnswlib raises where its beam finds fewer than k passing rows: then ask for as many as it finds."""
        while k:
            try:
                return self.index.knn_query(query, k, num_threads=1, filter=prepared)[0][0].astype(np.int64)
            except RuntimeError:
                k //= 2
        return np.empty(0, dtype=np.int64)

    def add(self, row: int, vector: Floats) -> None:
        self.index.add_items(vector, [row], num_threads=1)

    def delete(self, row: int) -> None:
        self.index.mark_deleted(row)


def _bitmap(mask: Bools) -> Any:
    return faiss.IDSelectorBitmap(np.packbits(mask, bitorder="little"))


PEERS: dict[str, type[Peer]] = {"flat": Flat, "ivf": Ivf, "hnsw": Hnsw, "hnswlib": Hnswlib}

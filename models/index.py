"""JobIndex: nearest postings by inner product, exact where that is cheap and checked where it is not.

Small sets and narrow filters are searched exactly. Large sets are scanned exhaustively in 4-bit product
codes (Jégou et al. 2011; the SIMD scan of André et al. 2015, as FAISS implements it) behind a random
rotation, and the best candidates are scored again with the stored float vectors. How many candidates is
decided per query: the k-th exact score must lie so many standard deviations of the quantisation error
above the worst candidate that a better row outside the candidates is improbable; otherwise more are read.
Graphs and inverted lists are not used because they lose recall silently under filters.

Concurrency: any number of searches with writers and a compaction; see models/index_rows.py.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Literal, Self

import faiss as _faiss
import numpy as np
import numpy.typing as npt

from models import index_files as files
from models.index_compaction import Compactor, IndexOptions
from models.index_errors import (
    EncoderMismatchError,
    IndexCorruptError,
    IndexInputError,
    JobIndexError,
    RecallTooLowError,
    StaleMaskError,
)
from models.index_recall import RecallReport, measure_recall, require_recall
from models.index_rows import (
    Bools,
    Floats,
    Ints,
    Rows,
    RowTable,
    checked_ids,
    checked_vectors,
    first_layout,
    reserve,
    snapshot,
)
from models.index_search import Scan, Searcher
from models.index_view import IndexView, RowLayout

__all__ = [
    "EncoderMismatchError",
    "IndexCorruptError",
    "IndexInputError",
    "IndexOptions",
    "JobIndex",
    "JobIndexError",
    "RecallReport",
    "RecallTooLowError",
    "RowLayout",
    "StaleMaskError",
    "require_recall",
]

faiss: Any = _faiss  # its type stubs lack most of its API
RequestedKind = Literal["auto", "exact", "fastscan"]

#: Above this many rows "auto" uses the scan: exact costs 0.11 µs a row, 3.5 ms here, the scan 0.5 ms.
AUTO_SCAN_ROWS = 32_768
#: Fewer rows cannot train 16 centroids per sub-quantiser well, whatever kind was asked for.
MIN_SCAN_ROWS = 1_024
TRAIN_ROWS = 16_384  # FAISS itself samples 256 a centroid, 4,096, for the codes
ERROR_SAMPLE = 1_024
SCAN_FACTORY = "RR{dim},IVF1,PQ{parts}x4fs"  # one list: FAISS's flat fast scan refuses a selector


class FastScan:
    """Immutable 4-bit codes of the base rows, in row order, and what is known of their error."""

    def __init__(self, index: Any, vectors: Floats, slots: Ints) -> None:
        self.index = index
        self.trained_rows = len(slots)
        rows = np.random.default_rng(0).choice(len(slots), min(ERROR_SAMPLE, len(slots)), replace=False)
        rotation = faiss.downcast_VectorTransform(index.chain.at(0))
        quantizer = faiss.downcast_index(index.index).pq
        rotated = rotation.apply(vectors[slots[rows]])
        error = rotated - quantizer.decode(quantizer.compute_codes(rotated))
        matrix = faiss.vector_to_array(rotation.A).reshape(rotation.d_out, rotation.d_in)
        self.errors: Floats = error @ matrix  # (sample, dim), back in the space of the vectors

    @classmethod
    def build(cls, vectors: Floats, slots: Ints) -> Self:
        """Train on a sample and encode vectors[slots] block by block: no second copy of the vectors."""
        dim = vectors.shape[1]
        factory = SCAN_FACTORY.format(dim=dim, parts=dim // 2)
        index = faiss.index_factory(dim, factory, faiss.METRIC_INNER_PRODUCT)
        sample = np.random.default_rng(0).permutation(len(slots))[:TRAIN_ROWS]
        with omp_threads(1):  # 128 tiny k-means: on a busy machine their thread barriers cost 20 times more
            index.train(vectors[slots[np.sort(sample)]])
        for start in range(0, len(slots), files.CHUNK_ROWS):
            index.add(vectors[slots[start : start + files.CHUNK_ROWS]])
        return cls(index, vectors, slots)

    def extended(self, rows: Rows[Any]) -> FastScan:
        """A copy that also covers the rows added since, coded as they are, without new training."""
        index = faiss.clone_index(self.index)
        slots = rows.slots[: rows.n_rows]
        for start in range(rows.layout.n_base, rows.n_rows, files.CHUNK_ROWS):
            index.add(rows.vectors[slots[start : start + files.CHUNK_ROWS]])
        scan = FastScan(index, rows.vectors, slots)
        scan.trained_rows = self.trained_rows
        return scan

    def candidates(
        self, queries: Floats, count: int, bits: npt.NDArray[np.uint8] | None
    ) -> tuple[Floats, Ints]:
        """Approximate scores and rows, (q, count) best first, -1 padded; `bits` packs the rows allowed."""
        inner = faiss.SearchParametersIVF(nprobe=1)
        if bits is not None:
            inner.sel = selector = faiss.IDSelectorBitmap(bits)  # noqa: F841 - FAISS does not own it
        params = faiss.SearchParametersPreTransform(index_params=inner)
        scores, rows = self.index.search(queries, count, params=params)
        return scores, rows


def exact_scores(vectors: Floats, slots: Ints, query: Floats) -> Floats:
    """Inner products of one (dim,) query with vectors[slots], without gathering them."""
    slots = np.ascontiguousarray(slots, dtype=np.int64)
    out = np.empty(len(slots), dtype=np.float32)
    ptr = faiss.swig_ptr
    faiss.fvec_inner_products_by_idx(
        ptr(out), ptr(query), ptr(vectors), ptr(slots), vectors.shape[1], 1, len(slots)
    )
    return out


@contextmanager
def omp_threads(count: int | None) -> Iterator[None]:
    """OpenMP's thread count is per calling thread, so a server's workers each need it; None leaves it."""
    before = faiss.omp_get_max_threads()
    if count is not None:
        faiss.omp_set_num_threads(count)
    try:
        yield
    finally:
        if count is not None:
            faiss.omp_set_num_threads(before)


class JobIndex(IndexView):
    """Job vectors of one encoder version, searchable by inner product while they change.

    Keeping attribute columns aligned to rows (for filters), without a race:

    1. `layout()` gives the generation and the id of every row; build the columns from it. Within a
       generation rows are only appended, so later calls continue where the last one ended.
    2. Make a mask from the columns and call `search(..., allowed=mask, generation=generation)`.
       Rows appended since are beyond the mask and therefore not returned: never a row unchecked.
    3. A compaction changes the generation. A mask of the generation before is translated; one older
       raises StaleMaskError. Compare `generation` now and then, and go to 1 when it has changed.
    """

    def __init__(
        self,
        rows: Rows[Scan],
        *,
        encoder_version: str,
        requested: RequestedKind,
        options: IndexOptions | None = None,
    ) -> None:
        """Used by `build` and `load`."""
        self.encoder_version = encoder_version
        self.options = options or IndexOptions()
        self._requested = requested
        self._table = RowTable(rows)
        self._compactor = Compactor()
        self._saving = threading.Lock()

    @classmethod
    def build(
        cls,
        vectors: npt.ArrayLike,
        ids: npt.ArrayLike,
        *,
        encoder_version: str,
        kind: RequestedKind = "auto",
        options: IndexOptions | None = None,
    ) -> Self:
        """Index (n, dim) float32 unit rows under n distinct ids ≥ 0. n may be 0: (0, dim).

        `kind` "auto" uses exact search up to 32,768 rows and the scan above; "fastscan" needs 1,024 rows
        and stays exact until a compaction finds them. Raises IndexInputError.
        """
        if not encoder_version:
            raise IndexInputError("an index must name the encoder version of its vectors")
        job_ids = checked_ids(ids)
        rows = checked_vectors(vectors, len(job_ids), None)
        if rows.shape[1] % 2:
            raise IndexInputError(f"the dimension must be even, got {rows.shape[1]}")
        if len(np.unique(job_ids)) != len(job_ids):
            raise IndexInputError("ids must be distinct")
        matrix = reserve(len(rows), rows.shape[1])
        matrix[: len(rows)] = rows
        slots = np.arange(len(rows))
        scan = _scan(matrix, slots, kind, options or IndexOptions())
        layout = first_layout(job_ids, len(rows), scan)
        table = snapshot(layout, matrix, slots, job_ids, np.ones(len(rows), dtype=np.bool_))
        return cls(
            table,
            encoder_version=encoder_version,
            requested=kind,
            options=options,
        )

    @property
    def kind(self) -> files.Kind:
        return "exact" if self._table.rows.layout.scan is None else "fastscan"

    def add(self, ids: npt.ArrayLike, vectors: npt.ArrayLike) -> None:
        """Insert or replace; visible to every search that starts after the return. Raises IndexInputError.

        Of an id given twice the last vector counts.
        """
        job_ids = checked_ids(ids)
        rows = checked_vectors(vectors, len(job_ids), self.dim)
        if len(job_ids):
            self._table.append(job_ids, rows)
            self._compact_if_due()

    def remove(self, ids: npt.ArrayLike) -> int:
        """Make ids unsearchable at once; returns how many were alive. Unknown ids are ignored."""
        killed = self._table.kill(checked_ids(ids))
        if killed:
            self._compact_if_due()
        return killed

    def search(
        self,
        queries: npt.ArrayLike,
        k: int,
        *,
        encoder_version: str,
        allowed: Bools | None = None,
        generation: int | None = None,
    ) -> tuple[Floats, Ints]:
        """Scores (q, k) float32 and ids (q, k) int64, best first, padded with -inf and -1.

        `allowed` is a boolean mask of rows (see the class), `generation` the layout it was made from;
        without it the mask is taken to fit the present layout, safe only if nothing compacts.
        Raises EncoderMismatchError, StaleMaskError, IndexInputError.
        """
        if encoder_version != self.encoder_version:
            raise EncoderMismatchError(f"query of {encoder_version!r}, index of {self.encoder_version!r}")
        if k < 1:
            raise IndexInputError(f"k must be at least 1, got {k}")
        rows = self._table.rows
        block = checked_vectors(queries, None, self.dim)
        with omp_threads(self.options.threads):
            mask = rows.row_mask(allowed, generation)
            scores, found = Searcher(rows, k, mask, exact_scores, self.options.exact_rows).run(block)
        return scores, np.where(found >= 0, rows.ids[found], -1)

    def recall_report(
        self,
        queries: npt.ArrayLike,
        k: int = 100,
        filters: tuple[float, ...] = (1.0, 0.5, 0.05, 0.005, 0.0005),
    ) -> RecallReport:
        """Recall@k of the present snapshot against exact search; `require_recall` makes it a gate."""
        rows = self._table.rows
        block = checked_vectors(queries, None, self.dim)

        def search(queries: Floats, k: int, mask: Bools) -> Ints:
            return Searcher(rows, k, mask, exact_scores, self.options.exact_rows).run(queries)[1]

        with omp_threads(self.options.build_threads):
            return measure_recall(rows, block, k, filters, search)

    def compact(self, *, background: bool = True) -> None:
        """Drop dead rows and bring added ones under the scan, beside the running index; then swap.

        In the foreground it waits for one already running, then does its own; in the background it
        returns at once, and one already running is left to finish.
        """
        if background:
            self._compactor.start(self._rebuild)
        else:
            self._compactor.run(self._rebuild)

    def wait_for_compaction(self, timeout: float | None = None) -> bool:
        """Wait for a background compaction, if any; False if it still runs after `timeout` seconds."""
        return self._compactor.wait(timeout)

    def _rebuild(self) -> None:
        before = self._table.rows
        kept = np.flatnonzero(before.alive[: before.n_rows])
        slots = before.slots[kept]
        self._table.relay(before, kept, _scan(before.vectors, slots, self._requested, self.options))

    def _fold(self) -> None:
        before = self._table.rows
        if isinstance(before.layout.scan, FastScan):
            with omp_threads(self.options.build_threads):
                self._table.fold(before, before.layout.scan.extended(before))

    def _compact_if_due(self) -> None:
        rows, options = self._table.rows, self.options
        if not options.automatic or self._compactor.failed:  # then only compact() tries again
            return
        scan = rows.layout.scan
        grown = rows.n_delta > options.delta_rows and _wants_scan(self._requested, rows.n_alive)
        trained = scan.trained_rows if isinstance(scan, FastScan) else 0
        if options.dead_due(rows) or (grown and rows.n_rows > options.retrain_growth * trained):
            self._compactor.start(self._rebuild)
        elif grown:
            self._compactor.start(self._fold)

    def save(self, folder: Path) -> None:
        """Write a snapshot into `folder`; a crash leaves the former index or this one, whole.

        One process at a time may save into a folder.
        """
        folder.mkdir(parents=True, exist_ok=True)
        with self._saving:
            rows = self._table.rows
            scan = rows.layout.scan
            codes = faiss.serialize_index(scan.index) if isinstance(scan, FastScan) else None
            files.commit(folder, self._manifest(rows, files.write_rows(folder, rows, codes)))

    @classmethod
    def load(
        cls,
        folder: Path,
        *,
        encoder_version: str | None,
        options: IndexOptions | None = None,
    ) -> Self:
        """Read a saved index after checking every byte of it; rows come back as they were, dead ones too.

        Raises IndexCorruptError (also when another process saves into the folder meanwhile: try again), and
        EncoderMismatchError unless `encoder_version` is the index's own (None accepts any: for tools).
        """
        manifest = files.read_manifest(folder)
        if encoder_version is not None and encoder_version != manifest.encoder_version:
            raise EncoderMismatchError(
                f"{folder} belongs to encoder {manifest.encoder_version!r}, not to {encoder_version!r}"
            )
        return cls(
            files.read_rows(folder, manifest, _read_scan),
            encoder_version=manifest.encoder_version,
            requested=manifest.requested_kind,
            options=options,
        )

    def _manifest(self, rows: Rows[Scan], stored: dict[str, files.StoredFile]) -> files.Manifest:
        return files.Manifest(
            encoder_version=self.encoder_version,
            kind="exact" if rows.layout.scan is None else "fastscan",
            requested_kind=self._requested,
            dim=rows.vectors.shape[1],
            rows=rows.n_rows,
            alive=rows.n_alive,
            base=rows.layout.n_base,
            faiss_version=faiss.__version__,
            files=stored,
        )


def _read_scan(codes: bytes, vectors: Floats, base: int) -> Scan:
    try:
        index = faiss.deserialize_index(np.frombuffer(codes, dtype=np.uint8))
    except RuntimeError as error:
        raise IndexCorruptError(f"FAISS cannot read its file: {error}") from error
    wanted = (vectors.shape[1], base, faiss.METRIC_INNER_PRODUCT)
    if (index.d, index.ntotal, index.metric_type) != wanted:
        raise IndexCorruptError("the FAISS file does not cover the manifest's rows")
    return FastScan(index, vectors, np.arange(base))


def _wants_scan(kind: RequestedKind, rows: int) -> bool:
    return {"exact": False, "auto": rows > AUTO_SCAN_ROWS, "fastscan": rows >= MIN_SCAN_ROWS}[kind]


def _scan(vectors: Floats, slots: Ints, kind: RequestedKind, options: IndexOptions) -> Scan | None:
    if not _wants_scan(kind, len(slots)):
        return None
    with omp_threads(options.build_threads):
        return FastScan.build(vectors, slots)

"""Vectors of the open postings -> a measured `JobIndex`."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from models.bundle import ModelBundle
from models.index import JobIndex, RequestedKind
from models.index_recall import RecallReport, require_recall
from training.corpus import NEVER, Corpus

F32 = npt.NDArray[np.float32]
QUERIES = 200


def build_index(
    bundle: ModelBundle, corpus: Corpus, queries: F32, *, kind: RequestedKind = "auto"
) -> tuple[JobIndex, RecallReport]:
    """Indexes every posting still open, and compares it with exact search for real user vectors (q, 256).

    Raises RecallTooLowError if recall@100 is below .99 in any cell, filtered or not.
    """
    rows = np.flatnonzero(corpus.closed == NEVER)
    vectors = bundle.embed_job_inputs(corpus.jobs.take(rows))
    index = JobIndex.build(vectors, corpus.job_ids[rows], encoder_version=bundle.encoder_version, kind=kind)
    report = index.recall_report(queries[:QUERIES])
    require_recall(report)
    return index, report

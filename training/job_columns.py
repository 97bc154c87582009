"""The postings of a corpus as the ranker reads them, made once and kept beside the corpus."""

from __future__ import annotations

import json
from dataclasses import fields
from pathlib import Path
from typing import Any

import numpy as np
from safetensors.numpy import load_file, save_file

from features.demand_columns import DemandColumns
from features.demands import Demand
from features.job_columns import JobColumns, job_columns
from features.places import Place
from features.records import JobRecord
from features.snapshot import read_jobs, read_manifest
from training.corpus import Corpus
from training.progress import track

ARRAYS, CARD = "columns.safetensors", "columns.json"
#: Raise it when the features of a posting change: what an older code kept is made anew.
FORMAT = 1
_DEMANDS = "demands."


def corpus_columns(corpus: Corpus, folder: Path) -> JobColumns:
    """By row of the corpus; read from `folder` if it was made there from the same snapshot and transform."""
    stamp = {
        "format": FORMAT,
        "snapshot": read_manifest(corpus.snapshot).id,
        "taxonomy": corpus.transform.taxonomy.version,
    }
    kept = load_columns(folder, stamp)
    if kept is not None:
        return kept
    columns = _read(corpus)
    save_columns(columns, folder, stamp)
    return columns


def _read(corpus: Corpus) -> JobColumns:
    jobs: list[JobRecord] = []
    places: list[list[Place]] = []
    demands: list[tuple[Demand, ...]] = []
    records = read_jobs(corpus.snapshot)
    for job in track(records, len(corpus.job_ids), "reading what postings ask for"):
        jobs.append(job)
        places.append(corpus.transform.job_places(job))
        demands.append(corpus.transform.demands(job))
    return job_columns(jobs, places, demands, {})


def save_columns(columns: JobColumns, folder: Path, stamp: dict[str, object]) -> None:
    """The card is written last: without it the folder counts as empty."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / CARD).unlink(missing_ok=True)
    own = {f.name: getattr(columns, f.name) for f in fields(JobColumns) if f.name != "demands"}
    asked = {f.name: getattr(columns.demands, f.name) for f in fields(DemandColumns)}
    arrays = own | {_DEMANDS + k: v for k, v in asked.items() if isinstance(v, np.ndarray)}
    lists = {k: v for k, v in asked.items() if not isinstance(v, np.ndarray)}
    save_file({name: np.ascontiguousarray(array) for name, array in arrays.items()}, folder / ARRAYS)
    (folder / CARD).write_text(json.dumps({"stamp": stamp, "demands": lists}))


def load_columns(folder: Path, stamp: dict[str, object]) -> JobColumns | None:
    """None if there is nothing in `folder`, or something of another stamp."""
    path = folder / CARD
    if not path.is_file():
        return None
    card = json.loads(path.read_text())
    if card["stamp"] != stamp:
        return None
    arrays: dict[str, Any] = load_file(folder / ARRAYS)
    asked = {n.removeprefix(_DEMANDS): arrays.pop(n) for n in list(arrays) if n.startswith(_DEMANDS)}
    return JobColumns(**arrays, demands=DemandColumns(**asked, **card["demands"]))

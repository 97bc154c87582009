from __future__ import annotations

import io
import json
from pathlib import Path

import numpy as np
import pytest
from rich.console import Console

from training.benchmarks.index_datasets import CORRELATED, make_task, open_task
from training.benchmarks.index_peers import PEERS
from training.benchmarks.index_search import in_own_process, run, table


def silent(text: str, share: float) -> None:
    assert text
    assert 0 <= share <= 1


@pytest.fixture(scope="module", params=["clustered", "hard"])
def folder(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    place = tmp_path_factory.mktemp("task")
    make_task(place, request.param, 3_000, 12, 10, 1, silent)
    return place


def test_task_holds_unit_vectors_exact_floors_and_the_filters_asked_for(folder: Path) -> None:
    task = open_task(folder)
    np.testing.assert_allclose(np.linalg.norm(task.vectors, axis=1), 1, atol=1e-5)
    assert 0.01 < task.masks[CORRELATED].mean() < 0.1
    for name, mask in task.masks.items():
        rows = np.flatnonzero(mask)
        scores = np.sort(task.vectors[rows] @ task.queries[3])[::-1]
        if len(rows):
            np.testing.assert_allclose(task.floors[name][3], scores[:10][-1], atol=1e-5)


def test_recall_counts_only_right_and_allowed_ids(folder: Path) -> None:
    task = open_task(folder)
    mask = task.masks["50 %"]
    scores = task.vectors @ task.queries[0]
    best = np.argsort(np.where(mask, -scores, np.inf))[:10]
    assert task.recall("50 %", 0, best) == 1.0
    assert task.recall("50 %", 0, np.repeat(best[:1], 10)) == 0.1
    assert task.recall("50 %", 0, np.flatnonzero(~mask)[:10]) == 0.0
    assert task.recall("50 %", 0, np.full(10, -1)) == 0.0


@pytest.mark.parametrize("name", ["flat", "hnsw", "hnswlib"])
def test_peers_find_filter_and_add(folder: Path, name: str) -> None:
    task, peer = open_task(folder), PEERS[name]()
    peer.build(task.vectors, 1, silent)
    everything = peer.prepare(np.ones(len(task.vectors), dtype=bool))
    assert peer.search(task.vectors[5:6], 10, everything)[0] == 5
    mask = task.masks["50 %"]
    ids = peer.search(task.queries[:1], 10, peer.prepare(mask))
    assert mask[ids[ids >= 0]].all()
    peer.add(len(task.vectors), task.fresh[:1])
    assert peer.search(task.fresh[:1], 1, everything)[0] == len(task.vectors)


def fails(report: object) -> None:
    raise KeyError("what went wrong")


def dies(report: object) -> None:
    raise SystemExit(7)


def test_failure_in_the_other_process_is_told() -> None:
    with pytest.raises(RuntimeError, match="what went wrong"):
        in_own_process(fails, (), silent)
    with pytest.raises(RuntimeError, match="code 7"):
        in_own_process(dies, (), silent)


def test_run_measures_ours_beside_flat(tmp_path: Path) -> None:
    console = Console(file=io.StringIO())
    report = run(0.01, ("ours", "flat"), ("hard",), queries=8, folder=tmp_path, console=console)
    assert json.loads(json.dumps(report))["benchmark"] == "index"
    ours = report["details"]["ours"]["hard"]
    assert {cell["recall"] for cell in report["details"]["flat"]["hard"]["cells"].values()} == {1.0}
    assert min(cell["recall"] for cell in ours["cells"].values()) >= 0.99
    assert ours["add_visible"] == 1.0
    assert (ours["rebuild_failed_searches"], ours["rebuild_lost_updates"]) == (0, 0)
    assert ours["rebuild_swapped"]
    assert "recall@100 hard 5 %" in report["metrics"]
    assert not list(tmp_path.glob("bench-index-*"))
    with (tmp_path / "table").open("w") as out:
        Console(file=out, width=200).print(table(report))
    text = (tmp_path / "table").read_text()
    assert "hard 3,000" in text
    assert "FAISS Flat" in text


def test_run_refuses_what_it_does_not_know() -> None:
    with pytest.raises(ValueError, match="faster"):
        run(0.01, ("ours", "faster"))
    with pytest.raises(ValueError, match="scale"):
        run(0.0)

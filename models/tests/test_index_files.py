from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from models.index import EncoderMismatchError, IndexCorruptError, IndexOptions, JobIndex
from models.tests.index_data import VERSION, random_units

DIM = 16
OPTIONS = IndexOptions(build_threads=1, automatic=False, exact_rows=0)


def changed_index(kind: str) -> JobIndex:
    index = JobIndex.build(
        random_units(2_000, DIM, 1),
        np.arange(2_000),
        encoder_version=VERSION,
        kind=kind,  # type: ignore[arg-type]
        options=OPTIONS,
    )
    index.add(np.arange(1_990, 2_010), random_units(20, DIM, 2))
    index.remove(np.arange(100))
    return index


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    changed_index("fastscan").save(tmp_path / "index")
    return tmp_path / "index"


@pytest.mark.parametrize("kind", ["exact", "fastscan"])
def test_loaded_index_is_the_saved_one(tmp_path: Path, kind: str) -> None:
    index = changed_index(kind)
    index.save(tmp_path)
    loaded = JobIndex.load(tmp_path, encoder_version=VERSION, options=OPTIONS)
    assert (loaded.kind, len(loaded), loaded.encoder_version) == (index.kind, len(index), VERSION)
    np.testing.assert_array_equal(loaded.row_ids(), index.row_ids())
    np.testing.assert_array_equal(loaded.ids(), index.ids())
    queries = random_units(10, DIM, 3)
    before, after = (i.search(queries, 5, encoder_version=VERSION) for i in (index, loaded))
    np.testing.assert_array_equal(after[1], before[1])
    found, vectors = loaded.vectors([5, 1_995])
    assert found.all()
    np.testing.assert_array_equal(vectors, index.vectors([5, 1_995])[1])


def test_loaded_index_goes_on_changing(folder: Path) -> None:
    index = JobIndex.load(folder, encoder_version=VERSION, options=OPTIONS)
    fresh = random_units(1, DIM, 4)
    index.add([50], fresh)
    index.compact(background=False)
    assert index.search(fresh, 1, encoder_version=VERSION)[1].tolist() == [[50]]
    assert len(index) == 1_911


def test_save_over_an_older_one_leaves_only_the_new(folder: Path) -> None:
    index = JobIndex.load(folder, encoder_version=VERSION, options=OPTIONS)
    index.remove([1_000])
    index.save(folder)
    named = {file["name"] for file in json.loads((folder / "manifest.json").read_text())["files"].values()}
    assert {path.name for path in folder.iterdir()} == named | {"manifest.json"}
    assert 1_000 not in JobIndex.load(folder, encoder_version=VERSION).ids()


def test_empty_index_survives(tmp_path: Path) -> None:
    JobIndex.build(np.empty((0, DIM), np.float32), [], encoder_version=VERSION).save(tmp_path)
    loaded = JobIndex.load(tmp_path, encoder_version=VERSION)
    assert len(loaded) == 0
    assert loaded.search(random_units(1, DIM, 5), 1, encoder_version=VERSION)[1].tolist() == [[-1]]


def test_index_of_another_encoder_is_refused(folder: Path) -> None:
    with pytest.raises(EncoderMismatchError, match="encoder-2"):
        JobIndex.load(folder, encoder_version="encoder-2")
    assert JobIndex.load(folder, encoder_version=None).encoder_version == VERSION


@pytest.mark.parametrize("role", ["vectors", "ids", "alive", "scan"])
@pytest.mark.parametrize("damage", ["flip", "cut", "remove"])
def test_damaged_file_is_refused(folder: Path, role: str, damage: str) -> None:
    path = next(folder.glob(f"{role}-*"))
    data = bytearray(path.read_bytes())
    if damage == "flip":
        data[len(data) // 2] ^= 1
    path.unlink()
    if damage != "remove":
        path.write_bytes(data[: -1 if damage == "cut" else None])
    with pytest.raises(IndexCorruptError, match=role):
        JobIndex.load(folder, encoder_version=VERSION)


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"rows": 5}, "expected 5 x"),
        ({"alive": 5}, "5 distinct"),
        ({"base": 10**6}, "base rows"),
        ({"base": 1_999}, "does not cover"),
        ({"dim": 8}, "size does not fit"),
        ({"dim": 10**12}, "size does not fit"),
        ({"format": 2}, "not a valid"),
        ({"files": {}}, "names no ids"),
        ({"surprise": 1}, "not a valid"),
    ],
)
def test_manifest_that_disagrees_is_refused(folder: Path, change: dict[str, object], reason: str) -> None:
    path = folder / "manifest.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | change))
    with pytest.raises(IndexCorruptError, match=reason):
        JobIndex.load(folder, encoder_version=VERSION)


@pytest.mark.parametrize("content", [None, "", "[]", "{", "{}", " " * (2 << 20)])
def test_missing_or_broken_manifest_is_refused(folder: Path, content: str | None) -> None:
    path = folder / "manifest.json"
    path.unlink()
    if content is not None:
        path.write_text(content)
    with pytest.raises(IndexCorruptError):
        JobIndex.load(folder, encoder_version=VERSION)


def test_manifest_cannot_point_outside_its_folder(folder: Path) -> None:
    path = folder / "manifest.json"
    manifest = json.loads(path.read_text())
    manifest["files"]["ids"]["name"] = "../ids-0123456789abcdef.npy"
    path.write_text(json.dumps(manifest))
    with pytest.raises(IndexCorruptError, match="not a valid"):
        JobIndex.load(folder, encoder_version=VERSION)

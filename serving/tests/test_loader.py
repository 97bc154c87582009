"""A release that is not what it was is refused in one line that says why."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from models.bundle import ModelBundle
from models.facts import job_facts
from models.golden import make_golden
from models.release import ReleaseWriter
from models.testing import TINY_JOBS, tiny_index
from models.testing import TINY_MOMENT as MOMENT
from models.testing import TINY_USER as USER
from serving.errors import ReleaseRefusedError
from serving.loader import load_engine, named_champion


def refusal(releases: Path, release_id: str = "first") -> str:
    with pytest.raises(ReleaseRefusedError) as caught:
        load_engine(releases, release_id)
    text = str(caught.value)
    assert text.startswith(f"release {release_id} is refused: ")
    assert "\n" not in text
    return text


def resign(releases: Path, name: str) -> None:
    """Makes the manifest agree with an altered file, as an attacker or a clumsy tool would."""
    import hashlib

    path = releases / "first" / "release.json"
    manifest = json.loads(path.read_text())
    manifest["files"][name] = hashlib.sha256((releases / "first" / name).read_bytes()).hexdigest()
    path.write_text(json.dumps(manifest))


def test_a_whole_release_loads(releases: Path, bundle: ModelBundle) -> None:
    engine = load_engine(releases, "first")
    assert (engine.release.release_id, engine.encoder_version) == ("first", bundle.encoder_version)
    assert (len(engine.index), len(engine.catalog), engine.sequence) == (5, 5, 0)


def test_other_golden_vectors_are_refused(releases: Path) -> None:
    path = releases / "first" / "golden.json"
    golden = json.loads(path.read_text())
    golden["vectors"][0][0] += 1e-4
    path.write_text(json.dumps(golden))
    assert "was altered: golden.json" in refusal(releases)
    resign(releases, "golden.json")
    assert "golden vectors differ by 1.0" in refusal(releases)


def test_a_bundle_of_another_release_is_refused(releases: Path) -> None:
    import shutil

    shutil.rmtree(releases / "first" / "bundle")
    shutil.copytree(releases / "second" / "bundle", releases / "first" / "bundle")
    assert "was altered: bundle/bundle.json" in refusal(releases)
    resign(releases, "bundle/bundle.json")
    assert "its bundle is encoder" in refusal(releases)


def test_damaged_weights_index_and_catalogue_are_refused(releases: Path) -> None:
    for pattern in ("bundle/towers.safetensors", "index/vectors-*.npy", "jobs.parquet"):
        (path,) = (releases / "first").glob(pattern)
        whole = path.read_bytes()
        path.write_bytes(whole[:-1] + bytes([whole[-1] ^ 1]))
        refusal(releases)
        path.write_bytes(whole)


def test_an_indexed_posting_without_attributes_is_refused(tmp_path: Path, bundle: ModelBundle) -> None:
    with ReleaseWriter(tmp_path, "first") as writer:
        writer.jobs.append(TINY_JOBS[1:], [job_facts(bundle, j) for j in TINY_JOBS[1:]])
        golden = make_golden(bundle, TINY_JOBS, [USER], MOMENT)
        writer.finish(bundle, tiny_index(bundle), golden, snapshot_id="s")
    assert "1 indexed postings are missing" in refusal(tmp_path)


def test_no_release_and_no_champion_are_refused(tmp_path: Path) -> None:
    assert "release.json is missing" in refusal(tmp_path, "nothing")
    with pytest.raises(ReleaseRefusedError, match="no release was chosen"):
        named_champion(tmp_path)
    (tmp_path / "CHAMPION").write_text("../../etc/passwd")
    with pytest.raises(ReleaseRefusedError, match="not a release id"):
        named_champion(tmp_path)

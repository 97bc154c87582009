from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from features.records import UserRecord
from models.bundle import BundleError, ModelBundle
from models.testing import TINY_JOBS, tiny_bundle
from models.two_tower import DIM


@pytest.fixture(scope="module")
def saved(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("bundle") / "b"
    tiny_bundle().save(folder)
    return folder


def nobody(ids: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    return np.zeros(len(ids), bool), np.zeros((len(ids), DIM), np.float32)


def test_a_loaded_bundle_computes_the_same_vectors(saved: Path) -> None:
    one, two = tiny_bundle(), ModelBundle.load(saved)
    user = UserRecord(1, "Nurse", "Patient care", ("Patient care",), "Leeds, UK")
    assert np.array_equal(one.encode_jobs(TINY_JOBS), two.encode_jobs(TINY_JOBS))
    assert np.array_equal(one.encode_users([user], nobody), two.encode_users([user], nobody))
    assert one.encoder_version == two.encoder_version


def test_other_weights_are_another_encoder_version() -> None:
    assert tiny_bundle(seed=0).encoder_version != tiny_bundle(seed=1).encoder_version


def test_an_altered_file_is_refused_by_name(saved: Path, tmp_path: Path) -> None:
    import shutil

    copy = shutil.copytree(saved, tmp_path / "copy")
    weights = copy / "towers.safetensors"
    raw = bytearray(weights.read_bytes())
    raw[-1] ^= 1
    weights.write_bytes(raw)
    with pytest.raises(BundleError, match=r"altered.*towers\.safetensors"):
        ModelBundle.load(copy)


def test_a_missing_or_foreign_file_is_refused(saved: Path, tmp_path: Path) -> None:
    import shutil

    copy = shutil.copytree(saved, tmp_path / "copy")
    (copy / "extra.bin").write_bytes(b"?")
    with pytest.raises(BundleError, match=r"extra\.bin"):
        ModelBundle.load(copy)
    with pytest.raises(BundleError, match=r"not a bundle"):
        ModelBundle.load(tmp_path)


def test_nothing_in_a_bundle_is_a_pickle(saved: Path) -> None:
    kinds = {p.suffix for p in saved.rglob("*") if p.is_file()}
    assert kinds <= {".json", ".safetensors", ".npy", ".onnx", ".gz", ".csv", ".md", ".txt"}

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

from models.projection import FILE, Projection, ProjectionError

RNG = np.random.default_rng(0)
DOWN, UP = (RNG.normal(0, 0.3, shape).astype(np.float32) for shape in ((12, 5), (5, 12)))


def test_it_is_the_map_that_torch_trains() -> None:
    rows = RNG.normal(size=(7, 12)).astype(np.float32)
    map_ = Projection(DOWN, UP)
    x, down, up = (torch.from_numpy(a) for a in (rows, map_.down, map_.up))
    wanted = torch.nn.functional.normalize(x + torch.nn.functional.gelu(x @ down) @ up, dim=-1)
    assert np.allclose(map_(rows), wanted.numpy(), atol=1e-5)


def test_identity_only_normalises_and_empty_texts_stay_zero() -> None:
    rows = np.vstack([np.zeros(12), np.full(12, 2.0)]).astype(np.float32)
    out = Projection.identity(12)(rows)
    assert not out[0].any()
    assert np.allclose(np.linalg.norm(out[1]), 1.0)
    assert not Projection(DOWN, UP)(rows)[0].any()


def test_saved_and_loaded_it_gives_the_same_bits(tmp_path: Path) -> None:
    one = Projection(DOWN, UP)
    one.save(tmp_path)
    other = Projection.load(tmp_path)
    rows = RNG.normal(size=(4, 12)).astype(np.float32)
    assert np.array_equal(one(rows), other(rows))
    assert one.digest() == other.digest() != Projection.identity(12).digest()


def test_damaged_files_and_numbers_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ProjectionError, match="no whole projection"):
        Projection.load(tmp_path)
    (tmp_path / FILE).write_bytes(b"\x00" * 64)
    with pytest.raises(ProjectionError, match="no whole projection"):
        Projection.load(tmp_path)
    with pytest.raises(ProjectionError, match="not finite"):
        Projection(np.full((2, 2), np.nan, np.float32), np.zeros((2, 2), np.float32))
    with pytest.raises(ProjectionError, match="fit together"):
        Projection(DOWN, DOWN)

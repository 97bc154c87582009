from __future__ import annotations

import json
from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file
from transformers import BertConfig, BertModel

from models.adapters import (
    AdaptedEncoder,
    AdapterConfig,
    AdapterError,
    LowRankLinear,
    base_digest,
    load_adapter,
    save_adapter,
    save_merged,
)

IDS = torch.tensor([[2, 7, 9, 11, 3], [2, 5, 3, 0, 0]])
MASK = (IDS != 0).long()
SMALL = AdapterConfig(rank=2, alpha=4.0, norms=True)


def write_base(folder: Path, seed: int = 0) -> Path:
    """A random two-layer BERT: the code paths of the real base in a hundredth of the time."""
    torch.manual_seed(seed)
    config = BertConfig(
        vocab_size=50,
        hidden_size=16,
        num_hidden_layers=2,
        num_attention_heads=2,
        intermediate_size=32,
        max_position_embeddings=32,
    )
    BertModel(config, add_pooling_layer=False).save_pretrained(folder)
    (folder / "tokenizer.json").write_text("{}")
    return folder


@pytest.fixture
def base(tmp_path: Path) -> Path:
    return write_base(tmp_path / "base")


def nudge(encoder: AdaptedEncoder, seed: int = 1) -> None:
    generator = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for parameter in encoder.trainable():
            parameter += 0.1 * torch.randn(parameter.shape, generator=generator)


@torch.no_grad()
def outputs(encoder: AdaptedEncoder) -> torch.Tensor:
    encoder.eval()
    return encoder(IDS, MASK)[MASK.bool()]


def test_an_untrained_adapter_is_the_base(base: Path) -> None:
    plain = BertModel.from_pretrained(base, add_pooling_layer=False).eval()
    with torch.no_grad():
        expected = plain(IDS, attention_mask=MASK).last_hidden_state[MASK.bool()]
    torch.testing.assert_close(outputs(AdaptedEncoder(SMALL, base)), expected)


def test_only_adapters_and_norms_learn(base: Path) -> None:
    encoder = AdaptedEncoder(SMALL, base)
    before = {k: v.clone() for k, v in encoder.model.state_dict().items()}
    optimizer = torch.optim.Adam(encoder.trainable(), lr=0.1)
    wanted = torch.randn(2, 5, 16, generator=torch.Generator().manual_seed(0))
    for _ in range(2):  # in the first step only `up` moves: it starts at zero
        optimizer.zero_grad()
        (encoder(IDS, MASK) - wanted).pow(2).sum().backward()
        optimizer.step()
    moved = {k for k, v in encoder.model.state_dict().items() if not torch.equal(v, before[k])}
    assert moved
    adapters = {k for k in before if k.endswith((".down", ".up"))}
    assert moved == adapters | {k for k in before if "LayerNorm" in k and "layer." in k}


def test_rank_and_layers_choose_what_is_trained(base: Path) -> None:
    config = AdapterConfig(rank=3, targets=("query", "value"), layers=(1,))
    shapes = {k: tuple(v.shape) for k, v in AdaptedEncoder(config, base).adapter_state().items()}
    stem = "encoder.layer.1.attention.self"
    assert shapes == {
        f"{stem}.query.down": (3, 16),
        f"{stem}.query.up": (16, 3),
        f"{stem}.value.down": (3, 16),
        f"{stem}.value.up": (16, 3),
    }
    with pytest.raises(ValueError, match="no linear layer called conv"):
        AdaptedEncoder(AdapterConfig(targets=("conv",)), base)


def test_the_seed_decides_the_start_and_leaves_the_callers_generator_alone(base: Path) -> None:
    torch.manual_seed(5)
    expected = torch.rand(3)
    torch.manual_seed(5)
    first, second = (AdaptedEncoder(SMALL, base, seed=s).adapter_state() for s in (1, 1))
    assert torch.equal(torch.rand(3), expected)
    assert all(torch.equal(first[k], second[k]) for k in first)
    other = AdaptedEncoder(SMALL, base, seed=2).adapter_state()
    assert not all(torch.equal(first[k], other[k]) for k in first)


def test_save_load_and_merge_keep_the_outputs(base: Path, tmp_path: Path) -> None:
    encoder = AdaptedEncoder(SMALL, base)
    nudge(encoder)
    heads = {"skill.weight": torch.arange(6.0).reshape(2, 3), "skill.bias": torch.tensor([0.5, -2.0])}
    path = save_adapter(tmp_path / "out" / "adapter.safetensors", encoder, heads)
    loaded, read = load_adapter(path, base)
    assert loaded.config == SMALL
    assert read.keys() == heads.keys()
    assert all(torch.equal(read[k], heads[k]) for k in heads)
    torch.testing.assert_close(outputs(loaded), outputs(encoder), atol=2e-3, rtol=2e-3)  # float16
    apart = outputs(loaded)
    torch.testing.assert_close(outputs(loaded.merge()), apart, atol=1e-5, rtol=1e-4)
    assert not any(isinstance(m, LowRankLinear) for m in loaded.modules())
    folder = save_merged(loaded, tmp_path / "merged")
    torch.testing.assert_close(outputs(AdaptedEncoder(SMALL, folder)), apart, atol=1e-5, rtol=1e-4)


def test_an_unmerged_encoder_is_no_plain_model(base: Path, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="merge"):
        save_merged(AdaptedEncoder(SMALL, base), tmp_path / "merged")


def test_another_base_is_refused(base: Path, tmp_path: Path) -> None:
    path = save_adapter(tmp_path / "adapter.safetensors", AdaptedEncoder(SMALL, base))
    other = write_base(tmp_path / "other", seed=1)
    assert base_digest(other) != base_digest(base)
    with pytest.raises(AdapterError, match="another base"):
        load_adapter(path, other)
    with pytest.raises(FileNotFoundError, match="no transformers model"):
        AdaptedEncoder(SMALL, tmp_path / "nowhere")


@pytest.mark.parametrize("damage", ["absent", "cut", "foreign", "shape"])
def test_a_damaged_file_is_refused(damage: str, base: Path, tmp_path: Path) -> None:
    path = save_adapter(tmp_path / "adapter.safetensors", AdaptedEncoder(SMALL, base))
    if damage == "absent":
        path.unlink()
    elif damage == "cut":
        path.write_bytes(path.read_bytes()[:-40])
    elif damage == "foreign":
        save_file({"x": torch.zeros(1)}, path)
    else:
        config = {
            "rank": 4,
            "alpha": 4.0,
            "dropout": 0.0,
            "targets": ["query"],
            "layers": [0],
            "norms": False,
        }
        header = {"base": base_digest(base), "config": config}
        stem = "encoder.layer.0.attention.self.query"
        wrong = {f"{stem}.down": torch.zeros(3, 16), f"{stem}.up": torch.zeros(16, 4)}
        save_file(wrong, path, metadata={"jobpilot": json.dumps(header)})
    with pytest.raises(AdapterError):
        load_adapter(path, base)


def test_numbers_too_large_for_float16_are_refused(base: Path, tmp_path: Path) -> None:
    with pytest.raises(AdapterError, match=r"not finite in float16: head\.w"):
        save_adapter(tmp_path / "a.safetensors", AdaptedEncoder(SMALL, base), {"w": torch.tensor([1e6])})


def test_the_packaged_encoder_takes_adapters(tmp_path: Path) -> None:
    encoder = AdaptedEncoder(AdapterConfig(rank=4))
    assert (encoder.width, encoder.max_tokens) == (384, 512)
    path = save_adapter(tmp_path / "a.safetensors", encoder)
    assert path.stat().st_size < 400_000
    assert load_adapter(path)[0](torch.tensor([[101, 7592, 102]])).shape == (1, 3, 384)

"""Low-rank adaptation of the packaged sentence encoder (LoRA; Hu et al. 2021, arXiv:2106.09685).

Each chosen linear layer W (out, in) becomes W + (alpha / rank) * B A with A (rank, in) and B (out, rank);
the base stays frozen and shared, a task owns only A, B and its heads: a few hundred kilobytes. B starts at
zero, so an untrained adapter is the base itself.

    encoder = AdaptedEncoder(AdapterConfig(rank=8))                # base: MiniLM from its wheel
    hidden = encoder(input_ids, attention_mask)                    # (batch, tokens, 384)
    optimizer = AdamW([*encoder.trainable(), *head.parameters()])
    save_adapter(folder / "adapter.safetensors", encoder, head.state_dict())
    encoder, heads = load_adapter(folder / "adapter.safetensors")  # AdapterError if it is of another base
    encoder.merge()                                                # plain layers again, same outputs
    save_merged(encoder, out)                                      # a transformers folder for export_encoder
"""

from __future__ import annotations

import hashlib
import json
import math
import shutil
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import nn

from models.encoder import default_source

Tensors = dict[str, torch.Tensor]
_HEAD = "head."
_BASE_FILES = ("config.json", "model.safetensors", "tokenizer.json")


class AdapterError(RuntimeError):
    """The file is no adapter, or belongs to another base encoder."""


@dataclass(frozen=True, slots=True)
class AdapterConfig:
    """`targets` are names of linear layers: query, key, value, dense (attention output and feed-forward).

    `norms` also trains every LayerNorm (scale and shift, 10 k numbers in all). `layers` restricts both to
    those layers of the encoder, counted from 0; None means all.
    """

    rank: int = 8
    alpha: float = 16.0
    dropout: float = 0.0
    targets: tuple[str, ...] = ("query", "key", "value", "dense")
    layers: tuple[int, ...] | None = None
    norms: bool = False


class LowRankLinear(nn.Module):
    """A frozen linear layer plus its trainable low-rank update; x (..., in) -> (..., out)."""

    def __init__(self, base: nn.Linear, config: AdapterConfig) -> None:
        super().__init__()
        self.base = base
        self.scale = config.alpha / config.rank
        self.dropout = nn.Dropout(config.dropout)
        self.down = nn.Parameter(torch.empty(config.rank, base.in_features))
        self.up = nn.Parameter(torch.zeros(base.out_features, config.rank))
        nn.init.kaiming_uniform_(self.down, a=math.sqrt(5))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        update = self.dropout(x) @ self.down.T @ self.up.T
        return torch.add(self.base(x), update, alpha=self.scale)

    @torch.no_grad()
    def merged(self) -> nn.Linear:
        self.base.weight += self.scale * (self.up @ self.down)
        return self.base


class AdaptedEncoder(nn.Module):
    """The base encoder with adapters in place: (batch, tokens) ids and mask -> (batch, tokens, width).

    `source` is a transformers folder (BERT family), default the packaged MiniLM. The same `seed` gives the
    same initial weights. Raises FileNotFoundError if `source` is no model folder, ValueError if `config`
    names no layer that the encoder has.
    """

    def __init__(
        self,
        config: AdapterConfig | None = None,
        source: Path | None = None,
        *,
        seed: int = 0,
        attention: str = "sdpa",
    ) -> None:
        super().__init__()
        self.config = config or AdapterConfig()
        self.source = source or default_source()
        self.base_digest = base_digest(self.source)
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(seed)
            self.model = _load_base(self.source, attention)
            self.model.requires_grad_(False)
            self._inject()

    @property
    def width(self) -> int:
        return int(self.model.config.hidden_size)

    @property
    def max_tokens(self) -> int:
        """Positions the encoder knows, special tokens included."""
        return int(self.model.config.max_position_embeddings)

    def forward(self, input_ids: torch.Tensor, attention_mask: torch.Tensor | None = None) -> torch.Tensor:
        hidden: torch.Tensor = self.model(input_ids, attention_mask=attention_mask).last_hidden_state
        return hidden

    def trainable(self) -> list[nn.Parameter]:
        """What an optimizer should hold: the adapters (and norms), never the base."""
        return [p for p in self.parameters() if p.requires_grad]

    def adapter_state(self) -> Tensors:
        """The trained numbers by name, detached copies."""
        return {k: p.detach().clone() for k, p in self.model.named_parameters() if p.requires_grad}

    @torch.no_grad()
    def load_adapter_state(self, tensors: Mapping[str, torch.Tensor]) -> None:
        """Raises AdapterError unless `tensors` are exactly this encoder's adapters."""
        own = {k: p for k, p in self.model.named_parameters() if p.requires_grad}
        if own.keys() != tensors.keys():
            raise AdapterError(f"other layers than these: {sorted(own.keys() ^ tensors.keys())[:3]}")
        for name, parameter in own.items():
            if parameter.shape != tensors[name].shape:
                raise AdapterError(f"{name} is {tuple(tensors[name].shape)}, not {tuple(parameter.shape)}")
            parameter.copy_(tensors[name])

    def merge(self) -> AdaptedEncoder:
        """Folds every update into its layer, in place: the same outputs at the base's cost; no way back."""
        for parent, name, layer in self._layers(LowRankLinear):
            setattr(parent, name, layer.merged())
        self.model.requires_grad_(False)
        return self

    def _inject(self) -> None:
        targets = [t for t in self._layers(nn.Linear) if t[1] in self.config.targets]
        if not targets:
            raise ValueError(f"no linear layer called {', '.join(self.config.targets)} in {self.source}")
        for parent, name, layer in targets:
            setattr(parent, name, LowRankLinear(layer, self.config))
        if self.config.norms:
            for _, _, norm in self._layers(nn.LayerNorm):
                norm.requires_grad_(True)

    def _layers(self, kind: type[nn.Module]) -> list[tuple[nn.Module, str, Any]]:
        """(parent, attribute, module) of that kind inside the chosen layers of the encoder."""
        stack = self.model.encoder.layer
        chosen = range(len(stack)) if self.config.layers is None else self.config.layers
        return [
            (parent, name, child)
            for i in chosen
            for parent in list(stack[i].modules())
            for name, child in parent.named_children()
            if isinstance(child, kind)
        ]


# -- files -----------------------------------------------------------------------------------------------


def save_adapter(
    path: Path, encoder: AdaptedEncoder, heads: Mapping[str, torch.Tensor] | None = None
) -> Path:
    """Adapters and heads as one float16 safetensors file; config and base digest in its header.

    Raises AdapterError if a number is not finite in float16.
    """
    tensors = encoder.adapter_state() | {_HEAD + k: v.detach() for k, v in (heads or {}).items()}
    halves = {k: v.to("cpu", torch.float16).contiguous() for k, v in tensors.items()}
    broken = [k for k, v in halves.items() if not bool(v.isfinite().all())]
    if broken:
        raise AdapterError(f"not finite in float16: {', '.join(broken[:3])}")
    header = {"format": 1, "base": encoder.base_digest, "config": asdict(encoder.config)}
    path.parent.mkdir(parents=True, exist_ok=True)
    save_file(halves, path, metadata={"jobpilot": json.dumps(header, sort_keys=True)})
    return path


def load_adapter(
    path: Path, source: Path | None = None, *, attention: str = "sdpa"
) -> tuple[AdaptedEncoder, Tensors]:
    """(encoder in eval mode, heads as float32 by the names they were saved under).

    Raises AdapterError if the file is missing, damaged, or was trained on another base than `source`.
    """
    header, tensors = _read(path)
    source = source or default_source()
    if header["base"] != base_digest(source):
        raise AdapterError(f"{path} was trained on another base encoder than {source}")
    encoder = AdaptedEncoder(_config(header["config"]), source, attention=attention)
    encoder.load_adapter_state({k: v for k, v in tensors.items() if not k.startswith(_HEAD)})
    encoder.eval()
    return encoder, {k.removeprefix(_HEAD): v for k, v in tensors.items() if k.startswith(_HEAD)}


def save_merged(encoder: AdaptedEncoder, folder: Path) -> Path:
    """A transformers folder (config, safetensors, tokenizer) of the merged encoder, as `ENCODER_SOURCE`.

    Call `encoder.merge()` first; raises ValueError if adapters are still apart.
    """
    if any(isinstance(m, LowRankLinear) for m in encoder.modules()):
        raise ValueError("merge() the encoder before saving it as a plain model")
    encoder.model.save_pretrained(folder, safe_serialization=True)
    for name in ("tokenizer.json", "tokenizer_config.json"):
        if (encoder.source / name).is_file():
            shutil.copyfile(encoder.source / name, folder / name)
    return folder


def base_digest(source: Path) -> str:
    """sha256 over config, weights and tokenizer of a transformers folder; FileNotFoundError if it is none."""
    if not (source / "config.json").is_file():
        raise FileNotFoundError(f"no transformers model in {source}")
    stamps = tuple((p.stat().st_mtime_ns, p.stat().st_size) for p in (source / n for n in _BASE_FILES))
    return _digest(source, stamps)


@lru_cache(16)
def _digest(source: Path, stamps: tuple[tuple[int, int], ...]) -> str:
    """`stamps` make a changed file another key; reading 90 MB takes a tenth of a second."""
    h = hashlib.sha256()
    for name in _BASE_FILES:
        h.update((source / name).read_bytes())
    return h.hexdigest()


def _load_base(source: Path, attention: str) -> Any:
    import transformers
    from transformers import AutoModel

    transformers.utils.logging.disable_progress_bar()
    with safe_open(source / "model.safetensors", "pt") as file:
        pooled = any(name.startswith("pooler.") for name in file.keys())  # noqa: SIM118  (no mapping)
    # As the file has it, or transformers warns; nobody reads the pooled vector, so it goes.
    model = AutoModel.from_pretrained(
        source, local_files_only=True, attn_implementation=attention, add_pooling_layer=pooled
    )
    model.pooler = None
    return model


def _config(raw: Mapping[str, Any]) -> AdapterConfig:
    layers = None if raw["layers"] is None else tuple(raw["layers"])
    return AdapterConfig(**{**raw, "targets": tuple(raw["targets"]), "layers": layers})


def _read(path: Path) -> tuple[dict[str, Any], Tensors]:
    try:
        with safe_open(path, "pt") as file:
            header = json.loads((file.metadata() or {})["jobpilot"])
            tensors = {k: file.get_tensor(k).float() for k in file.keys()}  # noqa: SIM118  (no mapping)
    except (OSError, KeyError, ValueError, SafetensorError) as error:
        raise AdapterError(f"{path} is not a whole adapter file") from error
    return header, tensors

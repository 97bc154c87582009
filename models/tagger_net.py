"""The skill tagger's network: adapted encoder, one linear head per kind of span, letter shapes added."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import torch
from torch import nn

from models.adapters import AdaptedEncoder, AdapterConfig, Tensors, load_adapter, save_adapter
from models.encoder import export_int8
from models.tagger import KINDS, TAGS, TaggerConfig, save_tagger
from models.tagger_text import SHAPES

_ADAPTER = "adapter.safetensors"


class TaggerNet(nn.Module):
    """Pieces -> tag scores. SkillSpan's two layers may overlap, so each kind has its own O, B, I.

    The shape of a word and of its neighbours adds to its scores (`shape_scores`), outside the encoder: the
    exported engine needs the ids alone.
    """

    def __init__(self, encoder: AdaptedEncoder, dropout: float = 0.1) -> None:
        super().__init__()
        self.encoder = encoder
        self.dropout = nn.Dropout(dropout)
        self.head = nn.Linear(encoder.width, len(KINDS) * TAGS)
        self.shapes = nn.Parameter(torch.zeros(3, SHAPES, len(KINDS) * TAGS))
        nn.init.normal_(self.head.weight, std=0.02)
        nn.init.zeros_(self.head.bias)

    def forward(self, input_ids: torch.Tensor, attention_mask: torch.Tensor | None = None) -> torch.Tensor:
        """(batch, tokens) ids -> (batch, tokens, kinds * tags) scores, shapes not yet added."""
        hidden = self.encoder(input_ids, attention_mask)
        scores: torch.Tensor = self.head(self.dropout(hidden))
        return scores

    def shape_scores(self, shapes: torch.Tensor) -> torch.Tensor:
        """(words, 3) shapes of the word before, the word, the word after -> (words, kinds * tags)."""
        return self.shapes[0][shapes[:, 0]] + self.shapes[1][shapes[:, 1]] + self.shapes[2][shapes[:, 2]]

    def heads(self) -> Tensors:
        return {"weight": self.head.weight, "bias": self.head.bias, "shapes": self.shapes}

    def load_heads(self, tensors: Tensors) -> None:
        with torch.no_grad():
            for name, parameter in self.heads().items():
                parameter.copy_(tensors[name])


def new_net(config: AdapterConfig, source: Path | None, *, seed: int, dropout: float = 0.1) -> TaggerNet:
    """Untrained; the seed decides every weight."""
    encoder = AdaptedEncoder(config, source, seed=seed)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        return TaggerNet(encoder, dropout)


def save_net(net: TaggerNet, folder: Path, config: TaggerConfig, card: Mapping[str, Any]) -> Path:
    """adapter.safetensors (float16 adapters and heads), tagger.json, card.json: small enough to track."""
    save_adapter(folder / _ADAPTER, net.encoder, net.heads())
    (folder / "tagger.json").write_text(json.dumps(config.document()))
    (folder / "card.json").write_text(json.dumps(card, indent=1) + "\n")
    return folder


def load_net(
    folder: Path, source: Path | None = None, *, attention: str = "sdpa"
) -> tuple[TaggerNet, TaggerConfig]:
    """In eval mode. Raises AdapterError if the weights are damaged or of another base encoder."""
    encoder, heads = load_adapter(folder / _ADAPTER, source, attention=attention)
    net = TaggerNet(encoder)
    net.load_heads(heads)
    config = TaggerConfig.read(json.loads((folder / "tagger.json").read_text()))
    return net.eval(), replace(config, shape_scores=net.shapes.detach().numpy().copy())


def export_tagger(weights: Path, out: Path, source: Path | None = None) -> Path:
    """Folder of `save_net` -> folder that `SkillTagger` serves: encoder and heads merged, int8.

    `source` is the base encoder's transformers folder. Deterministic; takes about ten seconds.
    """
    net, config = load_net(weights, source, attention="eager")
    net.encoder.merge()
    out.mkdir(parents=True, exist_ok=True)
    export_int8(net, out / "tagger.onnx", outputs=("scores",))
    card = json.loads((weights / "card.json").read_text())
    return save_tagger(out, out / "tagger.onnx", net.encoder.source / "tokenizer.json", config, card)

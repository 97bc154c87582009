"""Low-rank deltas of the sentence encoder from names of one thing: synonyms close, everything else apart.

Symmetric InfoNCE with in-batch negatives (van den Oord et al. 2018, arXiv:1807.03748; both directions as in
Radford et al. 2021, arXiv:2103.00020). A text that names two concepts is never a negative of either: tables
of synonyms share many names, and pushing a name away from itself only adds noise.
"""

from __future__ import annotations

import random
from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import torch
from torch import nn
from torch.nn import functional as F

from features.taxonomy import normalise
from models.adapters import AdaptedEncoder, AdapterConfig
from training.progress import say
from training.tracking import NullRun, Run

F32 = npt.NDArray[np.float32]
_NEVER = -1e4
_CHUNKS = 4
_REPORT_EVERY = 20


@dataclass(frozen=True, slots=True)
class ContrastiveConfig:
    """`batch` pairs a step; learning rate warms up over a twentieth of the steps and falls to zero linearly.

    `bfloat16` computes matrix products in it: on a CPU that has the instructions, three times as fast.
    """

    steps: int = 400
    batch: int = 192
    learning_rate: float = 1e-3
    temperature: float = 0.05
    max_tokens: int = 20
    rank: int = 8
    layers: tuple[int, ...] | None = (2, 3, 4, 5)
    seed: int = 0
    bfloat16: bool = True


@dataclass(frozen=True)
class Source:
    """Groups of texts that name one concept each (the label first); `share` of the pairs come from here.

    `to_label`: how often the second text of a pair is the label rather than any other name.
    """

    groups: Sequence[Sequence[str]]
    share: float = 1.0
    to_label: float = 0.0


@dataclass(frozen=True, slots=True)
class _Pair:
    one: str
    other: str
    group: int


class PairSampler:
    """Draws pairs of names of one concept and says which texts of a batch must not repel each other."""

    def __init__(self, sources: Sequence[Source], seed: int) -> None:
        self._random = random.Random(seed)
        self._sources = [s for s in sources if s.share > 0]
        self._items: list[list[tuple[int, str]]] = []
        self._groups: list[Sequence[str]] = []
        self._concepts: dict[str, set[int]] = defaultdict(set)
        for source in self._sources:
            self._add(source)
        if not all(self._items):
            raise ValueError("a source has no group of two names or more")

    def _add(self, source: Source) -> None:
        items = []
        for group in source.groups:
            number = len(self._groups)
            self._groups.append(group)
            for text in group:
                self._concepts[normalise(text)].add(number)
                if len(group) > 1:
                    items.append((number, text))
        self._items.append(items)

    def draw(self, n: int) -> list[_Pair]:
        shares = [s.share for s in self._sources]
        chosen = self._random.choices(range(len(self._sources)), shares, k=n)
        return [self._pair(self._sources[i], self._items[i]) for i in chosen]

    def _pair(self, source: Source, items: list[tuple[int, str]]) -> _Pair:
        group, one = self._random.choice(items)
        names = self._groups[group]
        other = names[0] if self._random.random() < source.to_label else self._random.choice(names)
        while other == one:
            other = self._random.choice(names)
        return _Pair(one, other, group)

    def shared(self, ones: Sequence[tuple[str, int]], others: Sequence[tuple[str, int]]) -> torch.Tensor:
        """(len(ones), len(others)) bool: the two texts name a common concept."""
        sets = [[self._concepts[normalise(t)] | {g} for t, g in texts] for texts in (ones, others)]
        columns = {c: i for i, c in enumerate(sorted(set().union(*sets[0], *sets[1])))}
        marks = [torch.zeros(len(texts), len(columns)) for texts in sets]
        for mark, texts in zip(marks, sets, strict=True):
            for row, concepts in enumerate(texts):
                mark[row, [columns[c] for c in concepts]] = 1.0
        return (marks[0] @ marks[1].T) > 0


class TextEmbedder(nn.Module):
    """Texts -> (n, width) unit vectors through an adapted encoder, mean-pooled as at inference."""

    def __init__(self, encoder: AdaptedEncoder, max_tokens: int, *, bfloat16: bool = False) -> None:
        super().__init__()
        from tokenizers import Tokenizer

        self.encoder = encoder
        self._bfloat16 = bfloat16
        self._tokenizer = Tokenizer.from_file(str(encoder.source / "tokenizer.json"))
        self._tokenizer.enable_truncation(max_tokens)
        self._tokenizer.enable_padding()

    def forward(self, texts: Sequence[str]) -> torch.Tensor:
        """Chunks of similar length: little padding, and the order of the result is that of `texts`."""
        order = sorted(range(len(texts)), key=lambda i: len(texts[i]))
        size = max(-(-len(texts) // _CHUNKS), 1)
        parts = [self._chunk([texts[i] for i in order[a : a + size]]) for a in range(0, len(texts), size)]
        return torch.cat(parts)[torch.from_numpy(np.argsort(order))]

    def _chunk(self, texts: list[str]) -> torch.Tensor:
        encoded = self._tokenizer.encode_batch(texts)
        ids = torch.tensor([e.ids for e in encoded])
        mask = torch.tensor([e.attention_mask for e in encoded])
        with torch.autocast("cpu", dtype=torch.bfloat16, enabled=self._bfloat16):
            hidden = self.encoder(ids, mask).float()
        weights = mask[:, :, None]
        return F.normalize((hidden * weights).sum(1) / weights.sum(1), dim=-1)

    @torch.no_grad()
    def encode(self, texts: Sequence[str], batch: int = 512) -> F32:
        """The same without gradients, for measuring while a model has not been exported."""
        parts = [self(texts[a : a + batch]).numpy() for a in range(0, len(texts), batch)]
        return np.concatenate(parts) if parts else np.zeros((0, self.encoder.width), np.float32)


def info_nce(one: torch.Tensor, other: torch.Tensor, same: torch.Tensor, temperature: float) -> torch.Tensor:
    """one, other (n, d) unit rows, row i of both naming one thing; `same` (n, n) pairs that do not repel."""
    hidden = same & ~torch.eye(len(same), dtype=torch.bool)
    logits = (one @ other.T / temperature).masked_fill(hidden, _NEVER)
    target = torch.arange(len(one))
    return (F.cross_entropy(logits, target) + F.cross_entropy(logits.T, target)) / 2


def train_contrastive(
    sources: Sequence[Source],
    config: ContrastiveConfig,
    run: Run | None = None,
    checkpoint: Callable[[AdaptedEncoder], None] | None = None,
) -> AdaptedEncoder:
    """Trained deltas on the packaged encoder, in eval mode. Deterministic for one seed and thread count."""
    torch.manual_seed(config.seed)
    adapter = AdapterConfig(rank=config.rank, alpha=2.0 * config.rank, norms=True, layers=config.layers)
    encoder = AdaptedEncoder(adapter, seed=config.seed)
    embed = TextEmbedder(encoder, config.max_tokens, bfloat16=config.bfloat16)
    sampler = PairSampler(sources, config.seed)
    optimizer = torch.optim.AdamW(encoder.trainable(), lr=config.learning_rate, weight_decay=0.01)
    schedule = torch.optim.lr_scheduler.LambdaLR(optimizer, lambda step: _rate(step, config.steps))
    encoder.train()
    smooth = 0.0
    for step in range(config.steps):
        loss = _step(embed, sampler, config)
        optimizer.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        torch.nn.utils.clip_grad_norm_(encoder.trainable(), 1.0)
        optimizer.step()
        schedule.step()
        smooth = float(loss.detach()) if step == 0 else 0.95 * smooth + 0.05 * float(loss.detach())
        if step % _REPORT_EVERY == 0 or step == config.steps - 1:
            say(f"step {step}: loss {smooth:.3f}")
            (run or NullRun()).metrics({"loss": smooth}, step)
        if checkpoint and step % 100 == 99:
            checkpoint(encoder)
    encoder.eval()
    return encoder


def _step(embed: TextEmbedder, sampler: PairSampler, config: ContrastiveConfig) -> torch.Tensor:
    pairs = sampler.draw(config.batch)
    ones, others = [(p.one, p.group) for p in pairs], [(p.other, p.group) for p in pairs]
    vectors = embed([p.one for p in pairs] + [p.other for p in pairs])
    one, other = vectors[: config.batch], vectors[config.batch :]
    return info_nce(one, other, sampler.shared(ones, others), config.temperature)


def _rate(step: int, steps: int) -> float:
    return min((step + 1) / max(steps / 20, 1), (steps - step) / steps)

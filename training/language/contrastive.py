"""A projection of sentence vectors learnt from names of one thing: synonyms close, everything else apart.

Symmetric InfoNCE with in-batch negatives (van den Oord et al. 2018, arXiv:1807.03748; both directions as in
Radford et al. 2021, arXiv:2103.00020). A text that names two concepts is never a negative of either: tables
of synonyms share many names, and pushing a name away from itself only adds noise. Vectors are computed once:
no encoder runs inside the loop, so large batches cost little.
"""

from __future__ import annotations

import random
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import torch
from torch.nn import functional as F

from features.taxonomy import normalise
from models.projection import Projection
from training.progress import say
from training.tracking import NullRun, Run

F32 = npt.NDArray[np.float32]
_NEVER = -1e4
_REPORT_EVERY = 50
#: Coordinates of unit vectors are about 1/sqrt(width): this puts the hidden units into gelu's bend.
_GAIN = 4.0


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


def info_nce(one: torch.Tensor, other: torch.Tensor, same: torch.Tensor, temperature: float) -> torch.Tensor:
    """one, other (n, d) unit rows, row i of both naming one thing; `same` (n, n) pairs that do not repel."""
    hidden = same & ~torch.eye(len(same), dtype=torch.bool)
    logits = (one @ other.T / temperature).masked_fill(hidden, _NEVER)
    target = torch.arange(len(one))
    return (F.cross_entropy(logits, target) + F.cross_entropy(logits.T, target)) / 2


@dataclass(frozen=True, slots=True)
class ProjectionConfig:
    """The learning rate warms up over twenty steps and falls to zero linearly."""

    rank: int = 512
    steps: int = 300
    batch: int = 512
    learning_rate: float = 2e-3
    temperature: float = 0.05
    seed: int = 0


class _Map(torch.nn.Module):
    def __init__(self, width: int, rank: int) -> None:
        super().__init__()
        self.down = torch.nn.Parameter(torch.randn(width, rank) * width**-0.5)
        self.up = torch.nn.Parameter(torch.zeros(rank, width))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return F.normalize(x + F.gelu(_GAIN * (x @ self.down)) @ self.up, dim=-1)


def train_projection(
    sources: Sequence[Source],
    vectors: Mapping[str, F32],
    config: ProjectionConfig | None = None,
    run: Run | None = None,
) -> Projection:
    """`vectors` has every text of `sources`. Deterministic by seed on one thread. Raises KeyError."""
    config, run = config or ProjectionConfig(), run or NullRun()
    torch.manual_seed(config.seed)
    sampler = PairSampler(sources, config.seed)
    model = _Map(len(next(iter(vectors.values()))), config.rank)
    optimizer = torch.optim.AdamW(model.parameters(), lr=config.learning_rate, weight_decay=0.0)
    schedule = torch.optim.lr_scheduler.LambdaLR(
        optimizer, lambda step: min((step + 1) / 20, (config.steps - step) / config.steps)
    )
    for step in range(config.steps):
        loss = _loss(model, sampler, vectors, config)
        optimizer.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        optimizer.step()
        schedule.step()
        if step % _REPORT_EVERY == 0 or step == config.steps - 1:
            say(f"step {step}: loss {loss.item():.3f}")
            run.metrics({"loss": loss.item()}, step)
    return Projection((_GAIN * model.down).detach().numpy(), model.up.detach().numpy())


def _loss(
    model: _Map, sampler: PairSampler, vectors: Mapping[str, F32], config: ProjectionConfig
) -> torch.Tensor:
    pairs = sampler.draw(config.batch)
    one, other = (
        model(torch.from_numpy(np.stack([vectors[text] for text in texts])))
        for texts in ([p.one for p in pairs], [p.other for p in pairs])
    )
    same = sampler.shared([(p.one, p.group) for p in pairs], [(p.other, p.group) for p in pairs])
    return info_nce(one, other, same, config.temperature)

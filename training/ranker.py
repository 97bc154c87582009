"""Fits the neural additive ranker on what people did with the postings they were shown.

Where the rank of a posting in the list is known, P(click | x, rank) = examination(rank) * sigmoid(logit(x)):
the curve of examination and the ranker are learned together and only the ranker is served (PAL; Guo et al.
2019, "PAL: a position-bias aware learning framework for CTR prediction in live recommender systems"). The
curve knows no feature and starts at 1, so the logit speaks of a posting that is looked at.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import torch
from torch import nn
from torch.nn import functional as F

from models.ranker import Ranker, RankerConfig, RankerError, RankerNet, Standardisation
from training.progress import say, track

F32 = npt.NDArray[np.float32]
F64 = npt.NDArray[np.float64]
I64 = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]
#: Ranks from here on share one probability of examination.
DEEPEST = 200


@dataclass(frozen=True)
class RankerTraining:
    """How long and how carefully. `patience` epochs without a better validation loss end the training; the
    weights of the best epoch are kept."""

    epochs: int = 40
    batch_rows: int = 2048
    learning_rate: float = 5e-3
    penalty: float = 1e-4
    patience: int = 4
    seed: int = 0


@dataclass(frozen=True)
class Examination:
    """P(a person looks at the posting at a rank, from 1): non-increasing and 1 at the first rank."""

    curve: tuple[float, ...] = (1.0,)

    def probability(self, rank: npt.ArrayLike) -> F64:
        """Ranks deeper than the curve get its last value. Raises ValueError for a rank below 1."""
        ranks = np.asarray(rank, np.int64)
        if (ranks < 1).any():
            raise ValueError("ranks start at 1")
        return np.asarray(np.array(self.curve)[np.minimum(ranks, len(self.curve)) - 1], np.float64)


@dataclass(frozen=True)
class _Rows:
    """Training or validation rows as tensors; the optional ones stand for no rank, weight 1, no lists."""

    x: torch.Tensor
    label: torch.Tensor
    weight: torch.Tensor
    rank: torch.Tensor | None
    lists: torch.Tensor | None

    def __len__(self) -> int:
        return len(self.label)

    def take(self, rows: torch.Tensor) -> _Rows:
        optional = (t if t is None else t[rows] for t in (self.rank, self.lists))
        return _Rows(self.x[rows], self.label[rows], self.weight[rows], *optional)


class _Curve(nn.Module):
    """log examination, from steps that only go down; starts at rank ** -.5."""

    def __init__(self, deepest: int) -> None:
        super().__init__()
        ranks = torch.arange(2, deepest + 1, dtype=torch.float32)
        down = 0.5 * torch.log(ranks / (ranks - 1))
        self.steps = nn.Parameter(torch.log(torch.expm1(down)))

    def forward(self) -> torch.Tensor:
        """(deepest - 1,): of the second rank and so on; the first is 0."""
        return -torch.cumsum(F.softplus(self.steps), 0)


def fit_ranker(
    x: F32,
    label: npt.NDArray[np.generic],
    *,
    config: RankerConfig,
    rank: I64 | None = None,
    weight: F32 | None = None,
    lists: I64 | None = None,
    validation: Bools | None = None,
    training: RankerTraining | None = None,
) -> tuple[Ranker, Examination]:
    """Log loss of `label` (n,), 0 or 1, given x (n, F); with `rank` (from 1) examination is learned too.

    With `lists`, ids of candidate lists whose rows stand together, the loss is the softmax cross entropy
    inside each list instead (ListNet; Cao et al. 2007) and the bias has no meaning. `validation` marks the
    rows that decide when to stop, whole lists at a time; by default the last tenth, so let rows be in order
    of time. Where it marks none, all epochs are run and the last weights are kept. Raises RankerError if
    shapes differ, only one outcome occurs or a part is empty.
    """
    training = training or RankerTraining()
    held = _held(len(x), lists) if validation is None else validation
    _check(x, label, config, held, rank, weight, lists)
    torch.manual_seed(training.seed)
    rows = _tensors(x, label, rank, weight, lists)
    fit, check = rows.take(torch.tensor(~held)), rows.take(torch.tensor(held))
    net = RankerNet(config, Standardisation.of(x[~held]), training.seed)
    if lists is None:
        rate = float(np.clip(np.average(label[~held].astype(np.float64)), 1e-4, 1 - 1e-4))
        net.bias.data.fill_(float(np.log(rate / (1 - rate))))
    curve = None if rank is None else _Curve(int(np.clip(rank.max(), 2, DEEPEST)))
    _descend(net, curve, fit, check, training)
    ranker = net.freeze(x[~held], None if weight is None else weight[~held])
    return ranker, _examination(curve)


def _descend(
    net: RankerNet, curve: _Curve | None, fit: _Rows, check: _Rows, training: RankerTraining
) -> None:
    """Adam with early stopping; leaves the best epoch's weights in place (without `check`, the last's)."""
    parts = nn.ModuleList([net] if curve is None else [net, curve])
    optimiser = torch.optim.Adam(parts.parameters(), lr=training.learning_rate)
    generator = torch.Generator().manual_seed(training.seed)
    best, since, kept, epoch = float("inf"), 0, _copy(parts), 0
    for epoch in track(range(1, training.epochs + 1), training.epochs, "ranker"):  # noqa: B007
        for rows in _batches(fit, training.batch_rows, generator):
            optimiser.zero_grad()
            total, count = _loss(net, curve, fit.take(rows))
            loss = total / count + training.penalty * net.penalty()
            loss.backward()  # type: ignore[no-untyped-call]
            optimiser.step()
            net.constrain()
        if not len(check):
            continue
        now = _mean_loss(net, curve, check, training.batch_rows)
        if now < best - 1e-6:
            best, since, kept = now, 0, _copy(parts)
        else:
            since += 1
        if since >= training.patience:
            break
    if len(check):
        say(f"ranker: {epoch} epochs, validation loss {best:.5f}")
        parts.load_state_dict(kept)


@torch.no_grad()
def _mean_loss(net: RankerNet, curve: _Curve | None, rows: _Rows, size: int) -> float:
    """Batch by batch: all rows at once would need memory for every hidden unit of every row."""
    batches = _batches(rows, size, torch.Generator().manual_seed(0))
    parts = [_loss(net, curve, rows.take(b)) for b in batches]
    return sum(float(total) for total, _ in parts) / sum(float(count) for _, count in parts)


def _loss(net: RankerNet, curve: _Curve | None, rows: _Rows) -> tuple[torch.Tensor, torch.Tensor]:
    """The weighted sum of losses, and the weights' sum."""
    logit = net(rows.x)
    if rows.lists is not None:
        return _listwise(logit, rows)
    positive, negative = F.logsigmoid(logit), -F.softplus(logit)
    if curve is not None and rows.rank is not None:
        positive, negative = _examined(logit, curve(), rows.rank)
    losses = -(rows.label * positive + (1 - rows.label) * negative)
    return (losses * rows.weight).sum(), rows.weight.sum()


def _examined(logit: torch.Tensor, deeper: torch.Tensor, rank: torch.Tensor) -> tuple[torch.Tensor, ...]:
    """(log p, log(1 - p)) of p = e * sigmoid(logit); 1 - p = (1 + (1 - e) exp(logit)) / (1 + exp(logit))."""
    first = deeper.new_zeros(1)
    log_e = torch.cat([first, deeper])
    log_not = torch.cat([first - torch.inf, torch.log(-torch.expm1(deeper))])  # at the first rank e = 1
    at = rank.clamp_max(len(log_e)) - 1
    not_clicked = F.softplus(logit + log_not[at]) - F.softplus(logit)
    return log_e[at] + F.logsigmoid(logit), not_clicked


def _listwise(logit: torch.Tensor, rows: _Rows) -> tuple[torch.Tensor, torch.Tensor]:
    """-log softmax at the labelled rows, weighted and summed, and the weights' sum."""
    assert rows.lists is not None  # noqa: S101  (a programming error, never an input error)
    _, row_list = torch.unique_consecutive(rows.lists, return_inverse=True)
    count = int(row_list[-1]) + 1
    top = logit.detach().new_full((count,), -torch.inf).scatter_reduce(0, row_list, logit.detach(), "amax")
    total = logit.new_zeros(count).index_add(0, row_list, torch.exp(logit - top[row_list]))
    log_p = logit - top[row_list] - torch.log(total)[row_list]
    share = rows.label * rows.weight
    return -(log_p * share).sum(), share.sum().clamp_min(1e-12)


def _batches(rows: _Rows, size: int, generator: torch.Generator) -> Iterator[torch.Tensor]:
    """Shuffled rows; with lists, whole lists in shuffled order."""
    if rows.lists is None:
        yield from torch.split(torch.randperm(len(rows), generator=generator), size)
        return
    _, lengths = torch.unique_consecutive(rows.lists, return_counts=True)
    starts = torch.cumsum(lengths, 0) - lengths
    per_batch = max(1, size // int(lengths.max()))
    for chosen in torch.split(torch.randperm(len(lengths), generator=generator), per_batch):
        spans = [torch.arange(int(starts[i]), int(starts[i] + lengths[i])) for i in chosen.tolist()]
        yield torch.cat(spans)


def _tensors(
    x: F32, label: npt.NDArray[np.generic], rank: I64 | None, weight: F32 | None, lists: I64 | None
) -> _Rows:
    weights = np.ones(len(x), np.float32) if weight is None else weight
    optional = (None if a is None else torch.from_numpy(np.ascontiguousarray(a)) for a in (rank, lists))
    return _Rows(
        torch.from_numpy(np.ascontiguousarray(x)),
        torch.from_numpy(label.astype(np.float32)),
        torch.from_numpy(np.ascontiguousarray(weights)),
        *optional,
    )


def _held(rows: int, lists: I64 | None) -> Bools:
    """The last tenth of the rows, rounded to whole lists."""
    held = np.arange(rows) >= rows - rows // 10
    if lists is not None and rows:
        border = lists == lists[int(np.argmax(held))]
        held |= border
    return held


def _check(
    x: F32,
    label: npt.NDArray[np.generic],
    config: RankerConfig,
    held: Bools,
    rank: I64 | None,
    weight: F32 | None,
    lists: I64 | None,
) -> None:
    if x.ndim != 2 or x.shape[1] != len(config.feature_names) or not np.isfinite(x).all():
        raise RankerError(f"x {x.shape} is not finite (n, {len(config.feature_names)})")
    columns = {"label": label, "validation": held, "rank": rank, "weight": weight, "lists": lists}
    for name, array in columns.items():
        if array is not None and array.shape != (len(x),):
            raise RankerError(f"{name} {array.shape} does not fit {len(x)} rows")
    for part in (label[held], label[~held]) if held.any() else (label,):
        if len(np.unique(part)) < 2 or not np.isin(part, (0, 1)).all():
            raise RankerError("both outcomes, 0 and 1, must occur in training and in validation")
    if rank is not None and (rank < 1).any():
        raise RankerError("ranks start at 1")


def _copy(module: nn.Module) -> dict[str, torch.Tensor]:
    return {name: tensor.clone() for name, tensor in module.state_dict().items()}


@torch.no_grad()
def _examination(curve: _Curve | None) -> Examination:
    if curve is None:
        return Examination()
    return Examination((1.0, *torch.exp(curve().double()).tolist()))

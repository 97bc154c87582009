"""The second stage: a neural additive model over groups of (user, job) features.

logit(x) = bias + sum over groups g of f_g(x_g), each f_g a small network of its own (Agarwal et al. 2021,
"Neural additive models: interpretable machine learning with neural nets", arXiv:2004.13912, with groups of
features as units). Nothing but the sum joins the groups, so a group's contribution is exact by construction
and no attribution method is needed afterwards.

f_g(z) = a.z + v.softsign(z W + b) - centre, with softsign(t) = t / (1 + |t|). Softsign needs only operations
that IEEE 754 rounds exactly, so a row scores the same to the last bit on any machine and beside any other
rows; it is bounded and monotone, so a group with non-negative weights never falls where a feature rises.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import numpy.typing as npt
import torch
from torch import nn

F32 = npt.NDArray[np.float32]
F64 = npt.NDArray[np.float64]
WEIGHTS, CARD = "ranker.safetensors", "ranker.json"
FORMAT = 1


class RankerError(ValueError):
    """Features, weights or files that do not fit the ranker."""


@dataclass(frozen=True)
class RankerConfig:
    """`groups` names every feature once, in the order of the columns of x.

    `linear` and `increasing` are names of groups: the former have no hidden layer, the latter never fall
    where one of their features rises. Raises RankerError if a name is unknown or comes twice.
    """

    groups: tuple[tuple[str, tuple[str, ...]], ...]
    hidden: int = 16
    linear: frozenset[str] = field(default=frozenset())
    increasing: frozenset[str] = field(default=frozenset())

    def __post_init__(self) -> None:
        for kind, names in (("group", self.group_names), ("feature", self.feature_names)):
            if not names or len(set(names)) != len(names):
                raise RankerError(f"no {kind} or one named twice: {', '.join(names)}")
        empty = [name for name, features in self.groups if not features]
        unknown = (self.linear | self.increasing) - set(self.group_names)
        if empty or unknown or self.hidden < 1:
            raise RankerError(f"empty groups {empty}, unknown groups {sorted(unknown)}, hidden {self.hidden}")

    @property
    def group_names(self) -> tuple[str, ...]:
        return tuple(name for name, _ in self.groups)

    @property
    def feature_names(self) -> tuple[str, ...]:
        return tuple(f for _, features in self.groups for f in features)

    def columns(self) -> npt.NDArray[np.int64]:
        """(groups, widest) column of each group's features; -1 where a narrower group has none."""
        out = np.full((len(self.groups), max(len(f) for _, f in self.groups)), -1, np.int64)
        start = 0
        for row, (_, features) in enumerate(self.groups):
            out[row, : len(features)] = np.arange(start, start + len(features))
            start += len(features)
        return out

    def document(self) -> dict[str, object]:
        return {
            "groups": [[name, list(features)] for name, features in self.groups],
            "hidden": self.hidden,
            "linear": sorted(self.linear),
            "increasing": sorted(self.increasing),
        }

    @classmethod
    def from_document(cls, card: dict[str, object]) -> RankerConfig:
        """Raises RankerError if a field is missing or of another kind."""
        try:
            groups = tuple((str(name), tuple(map(str, f))) for name, f in card["groups"])  # type: ignore[attr-defined]
            sets = [frozenset(map(str, card[k])) for k in ("linear", "increasing")]  # type: ignore[call-overload]
            return cls(groups, int(card["hidden"]), *sets)  # type: ignore[call-overload]
        except (KeyError, TypeError, ValueError) as error:
            raise RankerError(f"no configuration of a ranker: {error}") from error


@dataclass(frozen=True)
class Standardisation:
    """Per feature, from the training rows. Values beyond the `low` and `high` seen there count as these:
    what was never shown is not extrapolated."""

    mean: F64
    scale: F64
    low: F64
    high: F64

    @classmethod
    def of(cls, x: F32) -> Standardisation:
        """x (n, F), n > 0. A constant feature gets scale 1 and so says nothing."""
        wide = x.astype(np.float64)
        spread = wide.std(0)
        return cls(wide.mean(0), np.where(spread > 1e-6, spread, 1.0), wide.min(0), wide.max(0))

    def __call__(self, x: F64) -> F64:
        return np.asarray((np.clip(x, self.low, self.high) - self.mean) / self.scale, np.float64)


class RankerNet(nn.Module):
    """What is trained: (n, F) float32 -> (n, groups) contributions, not yet centred, and their logit."""

    def __init__(self, config: RankerConfig, standardisation: Standardisation, seed: int = 0) -> None:
        super().__init__()
        self.config, self.standardisation = config, standardisation
        columns = config.columns()
        count, widest = columns.shape
        layered = [[float(name not in config.linear)] for name in config.group_names]
        rising = [name in config.increasing for name in config.group_names]
        for name in ("mean", "scale", "low", "high"):
            self.register_buffer(name, torch.tensor(getattr(standardisation, name), dtype=torch.float32))
        self.register_buffer("columns", torch.tensor(np.maximum(columns, 0)))
        self.register_buffer("real", torch.tensor(columns >= 0, dtype=torch.float32))
        self.register_buffer("layered", torch.tensor(layered))
        self.register_buffer("rising", torch.tensor(rising))
        generator = torch.Generator().manual_seed(seed)
        spread = torch.tensor((columns >= 0).sum(1), dtype=torch.float32)[:, None, None] ** -0.5
        shape = (count, widest, config.hidden)
        self.hidden_weight = nn.Parameter(torch.randn(shape, generator=generator) * spread)
        self.hidden_bias = nn.Parameter(torch.randn((count, config.hidden), generator=generator))
        self.out_weight = nn.Parameter(torch.randn((count, config.hidden), generator=generator) * 0.05)
        self.slope = nn.Parameter(torch.zeros(count, widest))
        self.bias = nn.Parameter(torch.zeros(()))
        self.constrain()

    def contributions(self, x: torch.Tensor) -> torch.Tensor:
        """(n, F) -> (n, groups)."""
        bounded = torch.minimum(torch.maximum(x, self.get_buffer("low")), self.get_buffer("high"))
        z = (bounded - self.get_buffer("mean")) / self.get_buffer("scale")
        z = z[:, self.get_buffer("columns")] * self.get_buffer("real")  # (n, groups, widest)
        t = torch.einsum("ngp,gph->ngh", z, self.hidden_weight) + self.hidden_bias
        v = self.out_weight * self.get_buffer("layered")
        return (nn.functional.softsign(t) * v).sum(2) + (z * self.slope).sum(2)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """(n, F) -> (n,) logits."""
        return self.contributions(x).sum(1) + self.bias

    def penalty(self) -> torch.Tensor:
        """Mean square of the weights that make a contribution large: what ridge regression would shrink."""
        v = self.out_weight * self.get_buffer("layered")
        return (v**2).sum() + ((self.slope * self.get_buffer("real")) ** 2).sum()

    @torch.no_grad()
    def constrain(self) -> None:
        """After every step: the weights of increasing groups go back to where they are not negative."""
        rising = self.get_buffer("rising")
        for weight in (self.hidden_weight, self.out_weight, self.slope):
            weight[rising] = weight[rising].clamp_min(0.0)

    @torch.no_grad()
    def freeze(self, x: F32, weight: F32 | None = None) -> Ranker:
        """For inference, every group centred on rows x (n, F): there its weighted mean contribution is 0."""
        arrays = {
            name: getattr(self, name).detach().numpy().astype(np.float64)
            for name in ("hidden_weight", "hidden_bias", "out_weight", "slope")
        }
        real, layered = self.get_buffer("real").numpy(), self.get_buffer("layered").numpy()
        arrays["hidden_weight"] *= real[:, :, None]
        arrays["slope"] *= real
        arrays["out_weight"] *= layered
        centre = np.zeros(len(self.config.groups))
        plain = Ranker(self.config, self.standardisation, **arrays, centre=centre, bias=float(self.bias))
        means = np.average(plain.contributions(x), axis=0, weights=weight)
        bias = plain.bias + float(means.sum())
        return Ranker(self.config, self.standardisation, **arrays, centre=means, bias=bias)


class Ranker:
    """Scores rows in float64. A row's numbers do not depend on the rows beside it, to the last bit: every
    sum is a loop over elementwise operations, never a matrix product or a reduction whose order may change.

    Shapes: hidden_weight (G, P, H), hidden_bias and out_weight (G, H), slope (G, P), centre (G,), with G
    groups, P features of the widest and H hidden units.
    """

    def __init__(
        self,
        config: RankerConfig,
        standardisation: Standardisation,
        *,
        hidden_weight: F64,
        hidden_bias: F64,
        out_weight: F64,
        slope: F64,
        centre: F64,
        bias: float,
    ) -> None:
        self.config, self.standardisation, self.bias = config, standardisation, bias
        self._arrays = {
            "hidden_weight": hidden_weight,
            "hidden_bias": hidden_bias,
            "out_weight": out_weight,
            "slope": slope,
            "centre": centre,
        }
        self._check()
        self._columns = np.maximum(config.columns(), 0)
        # (P, H, G, 1) and so on: rows last, so that every operation runs over them
        self._in = np.ascontiguousarray(hidden_weight.transpose(1, 2, 0))[..., None]
        self._at = np.ascontiguousarray(hidden_bias.T)[..., None]
        self._out = np.ascontiguousarray(out_weight.T)[..., None]
        self._slope = np.ascontiguousarray(slope.T)[..., None]

    def contributions(self, x: F32) -> F64:
        """x (n, F) -> (n, G): how much each group moves the logit, compared with the average training row.

        Raises RankerError if the shape is wrong or a value is not finite.
        """
        if x.ndim != 2 or x.shape[1] != len(self.standardisation.mean):
            raise RankerError(f"{x.shape} is not (n, {len(self.standardisation.mean)})")
        if not np.isfinite(x).all():
            raise RankerError("features that are not finite")
        z = np.ascontiguousarray(self.standardisation(x.astype(np.float64)).T)[self._columns]  # (G, P, n)
        t = np.repeat(self._at, len(x), axis=2)  # (H, G, n)
        total = np.repeat(-self._arrays["centre"][:, None], len(x), axis=1)  # (G, n)
        for p in range(z.shape[1]):
            t += z[:, p] * self._in[p]
            total += z[:, p] * self._slope[p]
        t /= 1.0 + np.abs(t)
        t *= self._out
        for h in range(len(t)):
            total += t[h]
        return np.ascontiguousarray(total.T)

    def logit(self, x: F32) -> F64:
        """x (n, F) -> (n,): `summed` of the contributions."""
        return self.summed(self.contributions(x))

    def summed(self, contributions: F64) -> F64:
        """(n, G) -> (n,): bias + the contributions, added in the order of the groups."""
        total = np.full(len(contributions), self.bias, np.float64)
        for g in range(contributions.shape[1]):
            total += contributions[:, g]
        return total

    def scaled(self, scales: F64, shift: float = 0.0) -> Ranker:
        """The ranker with every contribution times its scale (G,), none negative, and `shift` on the bias.

        Raises RankerError if a scale is negative or one is missing.
        """
        if scales.shape != (len(self.config.groups),) or not (scales >= 0).all():
            raise RankerError(f"{len(self.config.groups)} groups need as many scales, none negative")
        changed = {name: self._arrays[name] * scales[:, None] for name in ("out_weight", "slope")}
        changed["centre"] = self._arrays["centre"] * scales
        return Ranker(self.config, self.standardisation, **self._arrays | changed, bias=self.bias + shift)

    def save(self, folder: Path) -> None:
        from safetensors.numpy import save_file

        folder.mkdir(parents=True, exist_ok=True)
        arrays = {**self._arrays, "bias": np.array([self.bias])}
        arrays |= {name: getattr(self.standardisation, name) for name in ("mean", "scale", "low", "high")}
        save_file({k: np.ascontiguousarray(v) for k, v in arrays.items()}, folder / WEIGHTS)
        (folder / CARD).write_text(json.dumps({"format": FORMAT, **self.config.document()}, indent=1))

    @classmethod
    def load(cls, folder: Path) -> Ranker:
        """Raises RankerError if a file is missing, damaged or does not fit the other."""
        from safetensors import SafetensorError
        from safetensors.numpy import load_file

        try:
            card = json.loads((folder / CARD).read_text())
            arrays = load_file(folder / WEIGHTS)
            parts = Standardisation(*(arrays.pop(name) for name in ("mean", "scale", "low", "high")))
            bias = float(arrays.pop("bias")[0])
            if card["format"] != FORMAT:
                raise RankerError(f"{folder} has format {card['format']}, not {FORMAT}")
            return cls(RankerConfig.from_document(card), parts, **arrays, bias=bias)
        except (OSError, KeyError, TypeError, IndexError, json.JSONDecodeError, SafetensorError) as error:
            raise RankerError(f"{folder} holds no whole ranker: {error}") from error

    def _check(self) -> None:
        groups, widest = self.config.columns().shape
        hidden, features = self.config.hidden, len(self.config.feature_names)
        shapes = {
            "hidden_weight": (groups, widest, hidden),
            "hidden_bias": (groups, hidden),
            "out_weight": (groups, hidden),
            "slope": (groups, widest),
            "centre": (groups,),
        }
        arrays = self._arrays | vars(self.standardisation)
        for name, array in arrays.items():
            wanted = shapes.get(name, (features,))
            if array.shape != wanted or array.dtype != np.float64 or not np.isfinite(array).all():
                raise RankerError(f"{name} is not finite float64 of shape {wanted}")
        if not (self.standardisation.scale > 0).all() or not np.isfinite(self.bias):
            raise RankerError("a scale that is not positive or a bias that is not finite")

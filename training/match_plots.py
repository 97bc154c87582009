"""Pictures of the two numbers: what one is made of, how far it can be relied on, how it changed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib.figure import Figure

from models.intervals import LEVEL, Intervals
from training.intervals import Coverage
from training.plots import INK, new_axes
from training.trust import Deletion

_WARM, _RED = "#b35c00", "#b3261e"


def waterfall(parts: Sequence[tuple[str, float]], title: str) -> Figure:
    """Terms (label, logits) stacked in their order from 0 to their sum, which stands last."""
    figure, axes = new_axes(title, "logit", "")
    figure.set_size_inches(6.4, max(2.4, 0.3 * len(parts) + 1.4))
    total = 0.0
    for place, (_, value) in enumerate(parts):
        axes.barh(place, value, left=total, color=INK if value >= 0 else _RED)
        total += value
    axes.barh(len(parts), total, color=_WARM)
    axes.axvline(0.0, color="grey", linewidth=1)
    labels = [*(label for label, _ in parts), f"sum {total:+.2f}"]
    axes.set_yticks(range(len(labels)), labels, fontsize=8)
    axes.invert_yaxis()
    return figure


def promised_and_moved(deletions: Sequence[Deletion]) -> Figure:
    """What the ledger says a piece of evidence is worth, and by how much the logit fell without it."""
    n = len(deletions)
    figure, axes = new_axes(
        f"Deletion test (n = {n:,}, synthetic data)", "contribution in the ledger", "fall of the logit"
    )
    x, y = [d.promised for d in deletions], [d.moved for d in deletions]
    top = max([*x, *y, 0.1]) * 1.05
    axes.plot([0, top], [0, top], color="grey", linestyle="--", linewidth=1)
    axes.plot(x, y, "o", color=INK, alpha=0.5, markersize=4)
    return figure


def coverage_by_band(found: Mapping[str, Coverage]) -> Figure:
    """Share of groups inside their interval, by band of the probability, with 95 % bootstrap intervals."""
    figure, axes = new_axes("Interval coverage by band (synthetic data)", "band of the probability", "inside")
    labels: list[str] = []
    for k, (name, coverage) in enumerate(found.items()):
        colour = (INK, _WARM)[k % 2]
        for band, e in coverage.by_band.items():
            error = [[e.mean - e.low], [e.high - e.mean]]
            axes.errorbar(len(labels), e.mean, yerr=error, fmt="o", color=colour, capsize=3)
            labels.append(f"{name}\n{band}\nn = {e.n}")
    axes.axhline(LEVEL, color="grey", linestyle="--", linewidth=1)
    axes.set_xticks(range(len(labels)), labels, fontsize=7)
    axes.set_ylim(0.0, 1.05)
    return figure


def intervals(found: Intervals, title: str) -> Figure:
    """The ends of the interval around every probability."""
    figure, axes = new_axes(title, "probability", "90 % interval")
    p = np.linspace(0.0, 1.0, 201)
    low, high = found.of(p)
    axes.fill_between(p, low, high, color=INK, alpha=0.2)
    axes.plot(p, p, color=INK)
    return figure


def rank_moves(moves: Sequence[Mapping[str, Any]], names: tuple[str, str]) -> Figure:
    """One line per posting from its rank in one release to its rank in the other; "beyond" where it is in
    none of the shown ranks of that side."""
    figure, axes = new_axes("One person's top ten in two releases (synthetic data)", "", "rank")
    ranks = [r for m in moves for r in (m["rank_a"], m["rank_b"]) if r is not None]
    beyond = max(ranks, default=1) + 3
    for m in moves:
        a, b = (beyond if m[key] is None else m[key] for key in ("rank_a", "rank_b"))
        colour = "grey" if a == b else INK if b < a else _RED
        axes.plot([0, 1], [a, b], "o-", color=colour, alpha=0.8)
        axes.text(1.02, b, f"{m['job_id']}", fontsize=7, va="center")
    axes.set_xticks([0, 1], list(names))
    axes.set_yscale("log")
    axes.invert_yaxis()
    return figure

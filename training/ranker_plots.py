"""Pictures of a ranker: its curve of examination and the shape it gave to every group of features."""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt
from matplotlib.figure import Figure

from models.ranker import Ranker
from training.ranker import Examination

F32 = npt.NDArray[np.float32]
_INK, _WARM = "#1f4e79", "#b35c00"
_COLUMNS = 4


def examination_curve(learned: Examination, truth: npt.NDArray[np.float64] | None = None) -> Figure:
    """The learned curve by rank; `truth` (ranks,) beside it where a simulator knows it."""
    figure = Figure(figsize=(6.4, 4.2), layout="constrained")
    axes = figure.subplots()
    ranks = np.arange(1, len(learned.curve) + 1)
    axes.plot(ranks, learned.curve, color=_INK, label="learned")
    if truth is not None:
        axes.plot(np.arange(1, len(truth) + 1), truth, "--", color=_WARM, label="simulator's")
    axes.set(title="Chance that a rank is looked at", xlabel="rank", ylabel="examination", ylim=(0, 1.05))
    axes.grid(alpha=0.25)
    axes.legend(frameon=False)
    return figure


def shapes(ranker: Ranker, rows: F32) -> Figure:
    """Per group, what it adds to the logit over the range of its first feature in rows (n, F); the other
    features stay at their mean. The grey marks are the rows' own values, at random."""
    groups = ranker.config.groups
    figure = Figure(figsize=(3.2 * _COLUMNS, 2.4 * math.ceil(len(groups) / _COLUMNS)), layout="constrained")
    panels = figure.subplots(math.ceil(len(groups) / _COLUMNS), _COLUMNS, squeeze=False).ravel()
    middle, column = rows.mean(axis=0), 0
    some = rows[np.random.default_rng(0).permutation(len(rows))[:300]]
    for g, (name, features) in enumerate(groups):
        seen = rows[:, column]
        x = np.linspace(float(seen.min()), float(seen.max()), 60, dtype=np.float32)
        asked = np.repeat(middle[None].astype(np.float32), len(x), axis=0)
        asked[:, column] = x
        y = ranker.contributions(asked)[:, g]
        panels[g].plot(x, y, color=_INK)
        panels[g].plot(some[:, column], np.full(len(some), y.min()), "|", color="grey", alpha=0.4)
        panels[g].set_title(name, fontsize=9)
        panels[g].set_xlabel(features[0].split("/")[-1], fontsize=8)
        column += len(features)
    for panel in panels[len(groups) :]:
        panel.set_axis_off()
    return figure

"""Pictures for a run: matplotlib figures, drawn without a display."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import matplotlib as mpl

mpl.use("Agg")

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from training.calibrate import Reliability
from training.metrics import Estimate

INK = "#1f4e79"


def new_axes(title: str, x: str, y: str) -> tuple[Figure, Axes]:
    figure = Figure(figsize=(6.4, 4.2), layout="constrained")
    axes = figure.subplots()
    axes.set(title=title, xlabel=x, ylabel=y)
    axes.spines[["top", "right"]].set_visible(False)
    axes.grid(alpha=0.25)
    return figure, axes


def loss_curve(loss: Sequence[float], monitor: Sequence[float], name: str) -> Figure:
    figure, axes = new_axes("Training", "epoch", "sampled softmax loss")
    epochs = range(1, len(loss) + 1)
    axes.plot(epochs, loss, color=INK, label="training loss")
    right = axes.twinx()
    right.plot(range(1, len(monitor) + 1), monitor, color="#b35c00", label=f"validation {name}")
    right.set_ylabel(f"validation {name}")
    figure.legend(loc="outside lower center", ncols=2, frameon=False)
    return figure


def recall_curve(curves: Mapping[str, Sequence[float]], ks: Sequence[int]) -> Figure:
    figure, axes = new_axes("Recall@k on the test window", "k", "recall")
    for name, values in curves.items():
        axes.plot(ks, values, label=name, linewidth=2.4 if name == "two-tower" else 1.2)
    axes.legend(frameon=False, fontsize=8)
    return figure


def comparison(results: Mapping[str, Estimate], metric: str) -> Figure:
    """Means with 95 % intervals, best on top."""
    figure, axes = new_axes(f"{metric} on the test window, 95 % intervals", metric, "")
    ordered = sorted(results.items(), key=lambda item: item[1].mean)
    for row, (name, e) in enumerate(ordered):
        colour = "#b35c00" if name.startswith("two-tower") else INK
        axes.errorbar(
            e.mean, row, xerr=[[e.mean - e.low], [e.high - e.mean]], fmt="o", color=colour, capsize=3
        )
    axes.set_yticks(range(len(ordered)), [name for name, _ in ordered])
    return figure


def slices(results: Mapping[str, Estimate]) -> Figure:
    """One bar per slice with its 95 % interval and its n."""
    figure, axes = new_axes("Quality by slice, 95 % intervals", "", next(iter(results)).split("/")[0])
    for column, e in enumerate(results.values()):
        if e.n:
            error = [[e.mean - e.low], [e.high - e.mean]]
            axes.bar(column, e.mean, yerr=error, color=INK, capsize=4, width=0.6)
    labels = [f"{name.split('/')[1]}\nn = {e.n:,}" for name, e in results.items()]
    axes.set_xticks(range(len(labels)), labels)
    return figure


def differences(results: Mapping[str, Estimate], metric: str) -> Figure:
    """Differences with 95 % intervals, in the order given, the first on top; 0 is marked."""
    figure, axes = new_axes(f"{metric}, 95 % intervals", metric, "")
    axes.axvline(0.0, color="grey", linestyle="--", linewidth=1)
    for row, e in enumerate(results.values()):
        axes.errorbar(e.mean, row, xerr=[[e.mean - e.low], [e.high - e.mean]], fmt="o", color=INK, capsize=3)
    axes.set_yticks(range(len(results)), [f"{name} (n = {e.n:,})" for name, e in results.items()])
    axes.invert_yaxis()
    return figure


def reliability_diagram(r: Reliability, what: str = "") -> Figure:
    title = f"Reliability{' of ' if what else ''}{what} (ECE {r.ece:.3f}, n = {int(r.count.sum()):,})"
    figure, axes = new_axes(title, "promised", "observed")
    top = float(max(r.promised.max(), r.observed.max())) * 1.1
    axes.plot([0, top], [0, top], color="grey", linestyle="--", linewidth=1)
    axes.plot(r.promised, r.observed, "o-", color=INK)
    return figure

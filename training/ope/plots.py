"""Pictures of off-policy estimates: every seed's interval against the truth."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import matplotlib as mpl

mpl.use("Agg")

from matplotlib.figure import Figure

_INK, _MISS = "#1f4e79", "#b35c00"


def coverage_plot(intervals: Mapping[str, Sequence[tuple[float, float, float, float]]], title: str) -> Figure:
    """One panel per estimator; per seed (estimate, low, high, truth), drawn relative to the truth."""
    figure = Figure(figsize=(4.2 * len(intervals), 4.2), layout="constrained")
    panels = figure.subplots(1, len(intervals), squeeze=False, sharey=True)[0]
    for axes, (name, rows) in zip(panels, intervals.items(), strict=True):
        hit = [low <= truth <= high for _, low, high, truth in rows]
        for place, ((value, low, high, truth), inside) in enumerate(zip(rows, hit, strict=True)):
            colour = _INK if inside else _MISS
            axes.plot([place, place], [low - truth, high - truth], color=colour, linewidth=1)
            axes.plot(place, value - truth, ".", color=colour, markersize=3)
        axes.axhline(0.0, color="grey", linewidth=1, linestyle="--")
        axes.set(title=f"{name}: {sum(hit)} of {len(rows)} cover", xlabel="seed")
        axes.spines[["top", "right"]].set_visible(False)
    panels[0].set_ylabel("estimate - truth, acts a page")
    figure.suptitle(f"{title}: 95 % intervals against the simulator's truth")
    return figure

"""Pictures of a snapshot and of its features."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping

import numpy as np
import numpy.typing as npt
import pyarrow as pa
from matplotlib.figure import Figure

from features.records import POSITIVE_KINDS
from training.impressions import Shown
from training.market import MarketConfig
from training.plots import INK, new_axes

_WARM = "#b35c00"
_COLOURS = {"impression": "grey", "view": INK, "save": "#2e7d32", "apply": _WARM, "dismiss": "#b3261e"}
_MOST_RANKS = 20


def events_per_day(events: pa.Table, boundaries: Mapping[str, int] | None = None) -> Figure:
    """Events of each kind by day, on a log scale; `boundaries` (name -> microseconds) as vertical lines."""
    figure, axes = new_axes("Events per day (simulated market: synthetic data)", "", "events")
    kind = np.array(events["kind"].to_pylist())
    day = events["at"].cast(pa.int64()).to_numpy() // 86_400_000_000
    for name, colour in _COLOURS.items():
        days, count = np.unique(day[kind == name], return_counts=True)
        axes.plot(days.astype("datetime64[D]"), count, color=colour, label=name)
    for name, at in (boundaries or {}).items():
        on = np.datetime64(at // 86_400_000_000, "D")
        axes.axvline(on, color="black", linestyle=":", linewidth=1)  # type: ignore[arg-type]
        axes.text(on, 1.1, name, fontsize=8, rotation=90, ha="right")  # type: ignore[arg-type]
    axes.set_yscale("log")
    axes.tick_params(axis="x", labelsize=8, rotation=30)
    axes.legend(frameon=False, fontsize=8, ncols=3)
    return figure


def acted_by_rank(shown: Shown) -> Figure:
    """How often the posting at each rank was opened, saved or applied to, with 95 % normal intervals."""
    figure, axes = new_axes("Acts by rank (synthetic data)", "rank", "share acted on")
    ranks = np.arange(1, min(int(shown.rank.max()), _MOST_RANKS) + 1)
    count = np.array([(shown.rank == r).sum() for r in ranks])
    share = np.array(
        [shown.label[shown.rank == r].mean() if n else 0.0 for r, n in zip(ranks, count, strict=True)]
    )
    error = 1.96 * np.sqrt(share * (1 - share) / np.maximum(count, 1))
    axes.errorbar(ranks, share, yerr=error, fmt="o-", color=INK, capsize=2)
    axes.set_ylim(bottom=0.0)
    return figure


def acts(shown: Shown) -> dict[str, int]:
    """How many impressions were answered by which strongest act."""
    found = Counter(shown.act.tolist())
    return {"nothing": found[-1]} | {kind: found[k] for k, kind in enumerate(POSITIVE_KINDS)}


def histogram(values: npt.ArrayLike, title: str, x: str) -> Figure:
    figure, axes = new_axes(title, x, "count")
    axes.hist(np.asarray(values), bins=30, color=INK)
    return figure


def bars(
    values: Mapping[str, float], title: str, x: str, *, start: float = 0.0, end: float | None = None
) -> Figure:
    """Horizontal bars from `start`, the first on top."""
    figure, axes = new_axes(title, x, "")
    figure.set_size_inches(6.4, max(2.4, 0.24 * len(values) + 1.2))
    height = np.array(list(values.values())) - start
    axes.barh(range(len(values)), height, left=start, color=INK)
    axes.set_yticks(range(len(values)), list(values), fontsize=8)
    axes.set_xlim(start, end)
    axes.invert_yaxis()
    return figure


def true_examination(config: MarketConfig, ranks: int = _MOST_RANKS) -> npt.NDArray[np.float64]:
    """(ranks,) the chance that a simulated seeker looks at a rank: known to the simulator alone."""
    return np.arange(1, ranks + 1, dtype=np.float64) ** -config.preferences.examination_power

"""`ope`: do off-policy intervals cover the truth? Simulated markets, where the true value is known.

Protocol: one market per seed. The log is what a random 150 of its 1,000 seekers were shown; the truth is the
target's exact expected reward per page over the pages of *all* seekers ("coverage"), and over the logged
pages alone ("coverage, own pages"; the interval is made for the former, so it is a little wide there).
Targets rank by the expected utility with a lasting error of .8, so they are good but not perfect. Nothing
the estimators see comes from the oracle except that score: examination is estimated from the log.

Beside them: what the logged policy earned, IPS that takes the conditional propensities for marginal ones,
and the reward model alone (direct method).
"""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from rich.console import Console
from rich.table import Table

from training.benchmarks.report import Meter, write_whole
from training.market.config import MarketConfig
from training.metrics import estimate
from training.ope.evaluate import ESTIMATORS, evaluate_policy
from training.ope.intervals import PolicyValue
from training.ope.pages import F64, I64
from training.ope.simulated import SimulatedLog, simulate
from training.ope.targets import EpsilonGreedy, PlackettLuce, SequentialPolicy
from training.progress import say, track
from training.tracking import NullRun, Run

NAME = "ope"
MODEL_ERROR = 0.8
#: Draws per page for the target's marginals: fewer for the truth, which averages over far more pages.
_DRAWS, _TRUTH_DRAWS = 16, 4
BASELINES = ("logged policy", "IPS, marginal", "direct method")


@dataclass(frozen=True)
class Trial:
    """One target on one seed: estimates, and the truth over all pages and over the logged ones."""

    seed: int
    policy: str
    truth: float
    truth_logged: float
    values: Mapping[str, PolicyValue]
    effective_pages: float
    largest_weight: float
    power: float


@dataclass(frozen=True)
class Summary:
    """Over the seeds of one target and one estimator; intervals of the bias by bootstrap over seeds."""

    coverage: float
    coverage_logged: float
    bias: float
    bias_low: float
    bias_high: float
    rmse: float
    width: float


def market_config(seed: int, *, seekers: int = 1_000) -> MarketConfig:
    return MarketConfig.small(seed=seed, seekers=seekers, postings=250, days=40, sessions=5.0)


def targets(seed: int, draws: int) -> tuple[SequentialPolicy, ...]:
    return PlackettLuce(1.0, draws=draws, seed=seed), EpsilonGreedy(0.2, draws=draws, seed=seed)


def trials(seed: int, *, seekers: int = 1_000, sample: int = 150) -> list[Trial]:
    """Every target on the market of one seed. Deterministic."""
    log = simulate(market_config(seed, seekers=seekers))
    scores = log.scores(MODEL_ERROR, seed)
    users = np.unique(log.pages.user)
    chosen = np.random.default_rng(seed).choice(users, min(sample, len(users)), replace=False)
    rows = np.flatnonzero(np.isin(log.pages.user, chosen))
    pairs = zip(targets(seed, _DRAWS), targets(seed + 1, _TRUTH_DRAWS), strict=True)
    return [_trial(log, scores, rows, policy, other, seed) for policy, other in pairs]


def _trial(
    log: SimulatedLog, scores: F64, rows: I64, policy: SequentialPolicy, truth: SequentialPolicy, seed: int
) -> Trial:
    true = log.true_values(truth, scores)
    found = evaluate_policy(log.pages.take(rows), log.candidates(scores, rows), policy, seed=seed)
    values = found.values | dict(zip(BASELINES, (found.logged, found.marginal, found.direct), strict=True))
    seen = found.overlap
    return Trial(
        seed,
        policy.name,
        float(true.mean()),
        float(true[rows].mean()),
        values,
        seen.effective_pages,
        seen.largest_weight,
        found.power,
    )


def summarise(of: Sequence[Trial], estimator: str) -> Summary:
    values = [t.values[estimator] for t in of]
    error = np.array([v.value - t.truth for v, t in zip(values, of, strict=True)])
    bias = estimate(error)
    pairs = list(zip(values, of, strict=True))
    return Summary(
        coverage=float(np.mean([v.low <= t.truth <= v.high for v, t in pairs])),
        coverage_logged=float(np.mean([v.low <= t.truth_logged <= v.high for v, t in pairs])),
        bias=bias.mean,
        bias_low=bias.low,
        bias_high=bias.high,
        rmse=float(np.sqrt((error**2).mean())),
        width=float(np.mean([v.high - v.low for v in values])),
    )


def run(
    *,
    seeds: int = 100,
    seed: int = 0,
    json_out: Path | None = None,
    run: Run | None = None,
    seekers: int = 1_000,
    sample: int = 150,
) -> dict[str, dict[str, Summary]]:
    """Seeds seed..seed + seeds - 1; prints the table. Returns summaries by target and estimator."""
    meter = Meter()
    numbers = track(range(seed, seed + seeds), seeds, "markets")
    everything = [t for s in numbers for t in trials(s, seekers=seekers, sample=sample)]
    names = tuple(dict.fromkeys(t.policy for t in everything))
    groups = {name: [t for t in everything if t.policy == name] for name in names}
    summaries = {
        name: {e: summarise(group, e) for e in (*ESTIMATORS, *BASELINES)} for name, group in groups.items()
    }
    console = Console(file=sys.stdout, width=None if sys.stdout.isatty() else 150)
    for name, group in groups.items():
        console.print(_table(name, group, summaries[name]))
    say(f"{meter.seconds():.0f} s, peak {meter.peak_mb():.0f} MB")
    text = json.dumps(_document(groups, summaries, meter), indent=1)
    if json_out is not None:
        write_whole(json_out, text)
    _track(run or NullRun(), groups, summaries, seed, text)
    return summaries


def _table(name: str, group: Sequence[Trial], rows: Mapping[str, Summary]) -> Table:
    truth = np.mean([t.truth for t in group])
    pages = np.mean([t.effective_pages for t in group])
    weight = max(t.largest_weight for t in group)
    title = (
        f"{name}: true value {truth:.3f} acts a page, {len(group)} seeds, effective pages {pages:.0f}, "
        f"largest weight {weight:.0f}"
    )
    table = Table(title=title, title_justify="left")
    for column in ("estimator", "coverage", "coverage, own pages", "bias [95 %]", "RMSE", "interval width"):
        table.add_column(column, justify="left" if column == "estimator" else "right")
    for label, s in rows.items():
        bias = f"{s.bias:+.3f} [{s.bias_low:+.3f}, {s.bias_high:+.3f}]"
        cells = (f"{s.coverage:.2f}", f"{s.coverage_logged:.2f}", bias, f"{s.rmse:.3f}", f"{s.width:.3f}")
        table.add_row(label, *cells, style="dim" if label in BASELINES else "bold")
    return table


def _figures(
    summaries: Mapping[str, Mapping[str, Summary]], labels: Sequence[str]
) -> dict[str, dict[str, float]]:
    out: dict[str, dict[str, float]] = {}
    for policy, rows in summaries.items():
        for label in labels:
            s = rows[label]
            figures = {
                "coverage": s.coverage,
                "coverage_own_pages": s.coverage_logged,
                "bias": s.bias,
                "rmse": s.rmse,
                "width": s.width,
            }
            out.setdefault(label, {}).update({f"{k}/{policy}": v for k, v in figures.items()})
    return out


def _document(
    groups: Mapping[str, Sequence[Trial]], summaries: Mapping[str, Mapping[str, Summary]], meter: Meter
) -> dict[str, object]:
    ours = _figures(summaries, tuple(ESTIMATORS))
    return {
        "benchmark": NAME,
        "seeds": len(next(iter(groups.values()))),
        "metrics": {f"{label}/{k}": v for label, row in ours.items() for k, v in row.items()},
        "baselines": _figures(summaries, BASELINES),
        "trials": {
            policy: [
                {
                    "seed": t.seed,
                    "truth": t.truth,
                    "power": t.power,
                    "effective_pages": t.effective_pages,
                    **{name: [v.value, v.low, v.high] for name, v in t.values.items()},
                }
                for t in group
            ]
            for policy, group in groups.items()
        },
        "seconds": round(meter.seconds(), 1),
        "peak_mb": round(meter.peak_mb(), 1),
    }


def _track(
    run: Run,
    groups: Mapping[str, Sequence[Trial]],
    summaries: Mapping[str, Mapping[str, Summary]],
    seed: int,
    text: str,
) -> None:
    from training.ope.plots import coverage_plot

    run.params({"first_seed": seed, "seeds": len(next(iter(groups.values()))), "model_error": MODEL_ERROR})
    for label, figures in _figures(summaries, (*ESTIMATORS, *BASELINES)).items():
        run.metrics({f"{label}/{k}": v for k, v in figures.items()})
    run.text(text, f"{NAME}.json")
    for policy, group in groups.items():
        intervals = {
            name: [(t.values[name].value, t.values[name].low, t.values[name].high, t.truth) for t in group]
            for name in ESTIMATORS
        }
        run.figure(coverage_plot(intervals, policy), f"coverage-{policy.replace(' ', '-')}.png")

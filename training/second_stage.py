"""The second stage of a snapshot, from impressions to a judged ranker: rows, fit, calibration, intervals."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import numpy.typing as npt
from rich.table import Table

from models.bundle import ModelBundle
from models.fit import FitModel
from models.intervals import Intervals
from models.match import INTERVALS_INTEREST, RANKER, MatchModel
from models.ranker import Ranker
from training import plots, ranker_plots
from training.corpus import Corpus
from training.evaluate import METRICS, window_task
from training.fit_weights import fit_figures
from training.gates import SecondStageEvidence, page_milliseconds
from training.impressions import Shown, read_shown
from training.interest import Interest, InterestQuality, calibrate, judge
from training.intervals import Coverage, coverage, fit_intervals
from training.job_columns import corpus_columns
from training.market_truth import MarketTruth
from training.progress import say
from training.ranker import RankerTraining, fit_ranker
from training.ranker_data import PairFeatures, columns_of, ranker_config, shown_features
from training.ranking import LIKENESS, TOWERS, Candidates, Comparison, Score, compare, find_candidates
from training.ranking import RANKER as OURS
from training.tracking import Run

F32 = npt.NDArray[np.float32]
F64 = npt.NDArray[np.float64]
I64 = npt.NDArray[np.int64]
ORACLE = "the truth's own order"


@dataclass(frozen=True)
class RankerRecipe:
    """How much is read of each window: impressions to learn from and to judge by, people to rank for."""

    train_rows: int = 130_000
    check_rows: int = 50_000
    users: int = 3_000
    candidates: int = 200
    hidden: int = 32
    training: RankerTraining = field(default_factory=lambda: RankerTraining(learning_rate=2e-3, patience=6))


def demo() -> RankerRecipe:
    return RankerRecipe()


def debug() -> RankerRecipe:
    quick = RankerTraining(epochs=3, batch_rows=256)
    return RankerRecipe(2_000, 1_000, 50, 50, hidden=4, training=quick)


def large() -> RankerRecipe:
    return RankerRecipe(train_rows=400_000, check_rows=150_000, users=5_000)


RECIPES: dict[str, Callable[[], RankerRecipe]] = {f.__name__: f for f in (demo, debug, large)}


@dataclass(frozen=True)
class Window:
    """Impressions of one window and their features (n, CROSS_FEATURE_ORDER)."""

    shown: Shown
    x: F32

    @classmethod
    def of(cls, features: PairFeatures, shown: Shown, rows: int) -> Window:
        part = shown.sample(rows)
        return cls(part, shown_features(features, part))


@dataclass(frozen=True)
class SecondStage:
    """The trained ranker with its calibration and intervals, and how it did on the test window."""

    ranker: Ranker
    interest: Interest
    intervals: Intervals
    quality: InterestQuality
    coverage: Coverage | None
    comparison: Comparison
    synthetic: bool
    sample: F32  # rows for pictures

    def save(self, folder: Path) -> None:
        self.ranker.save(folder / RANKER)
        self.interest.save(folder)
        self.intervals.save(folder / INTERVALS_INTEREST)

    def match_model(self, fit: FitModel, fit_intervals: Intervals) -> MatchModel:
        """Everything the two numbers need, as one."""
        scale, shift = self.interest.scale, self.interest.shift
        return MatchModel(fit, self.ranker, fit_intervals, self.intervals, scale, shift)

    def evidence(self, model: MatchModel) -> SecondStageEvidence:
        """What the gates judge, with the figures of the tracked fit from its card."""
        ours, towers = (self.comparison.results[k].estimate("NDCG@10") for k in (OURS, TOWERS))
        fit_ece, fit_coverage = fit_figures()
        return SecondStageEvidence(
            ndcg=ours.mean,
            ndcg_low=ours.low,
            towers_ndcg=towers.mean,
            towers_ndcg_high=towers.high,
            ece=self.quality.everywhere.ece,
            ece_first=self.quality.first.ece,
            ece_first_chance=self.quality.chance,
            coverage=0.0 if self.coverage is None else self.coverage.inside.mean,
            groups=0 if self.coverage is None else self.coverage.inside.n,
            fit_ece=fit_ece,
            fit_coverage=fit_coverage,
            page_ms=page_milliseconds(model),
        )

    def table(self) -> Table:
        label = " (simulated market: synthetic data)" if self.synthetic else ""
        title = f"Second stage, test window: {len(self.comparison.task):,} seekers{label}"
        true = self.comparison.true_estimates()
        columns = (*METRICS, "true NDCG@10") if true else METRICS
        table = Table("", *columns, title=title, title_justify="left", min_width=150)
        for name, result in self.comparison.results.items():
            judged = [str(true[name])] if true else []
            table.add_row(name, *(str(result.estimate(m)) for m in METRICS), *judged)
        return table

    def log(self, run: Run) -> None:
        run.metrics(self.comparison.metrics() | self.quality.metrics())
        if self.coverage is not None:
            inside = self.coverage.inside
            figures = {"coverage": inside.mean, "groups": inside.n, "width": self.coverage.width}
            run.metrics({f"ranker/interval_{k}": float(v) for k, v in figures.items()})
        run.figure(plots.comparison(self.comparison.estimates(), "NDCG@10"), "plots/ranker/comparison.png")
        run.figure(plots.reliability_diagram(self.quality.everywhere), "plots/ranker/reliability.png")
        run.figure(plots.reliability_diagram(self.quality.first), "plots/ranker/reliability_first.png")
        curve = ranker_plots.examination_curve(self.interest.examination)
        run.figure(curve, "plots/ranker/examination.png")
        run.figure(ranker_plots.shapes(self.ranker, self.sample), "plots/ranker/shapes.png")


def train_second_stage(
    corpus: Corpus,
    bundle: ModelBundle,
    cache: Path,
    recipe: RankerRecipe,
    market: Path | None = None,
) -> SecondStage:
    """Learns from impressions before the validation window, stops and calibrates on that window, and is
    judged on the test window. `cache` keeps the postings' columns. With `market`, the simulated market that
    the snapshot was made of, the truth judges too.

    Raises RankerError or ValueError if a window has no impressions with a rank, or only one outcome.
    """
    split = corpus.split
    features = PairFeatures(corpus, bundle, corpus_columns(corpus, cache))
    shown = read_shown(corpus)
    say(f"ranker: {len(shown):,} impressions")
    past = Window.of(features, shown.between(split.start, split.validation), recipe.train_rows)
    near = Window.of(features, shown.between(split.validation, split.test), recipe.check_rows)
    last = Window.of(features, shown.between(split.test, split.end + 1), recipe.check_rows)
    ranker, interest = fit_interest(past, near, recipe)
    likeness, _ = fit_interest(past, near, recipe, groups=frozenset({"likeness"}))
    task = window_task(corpus, split.test, split.end + 1, max_users=recipe.users)
    comparison = _compare(
        find_candidates(features, task, recipe.candidates),
        {OURS: ranker, LIKENESS: likeness},
        None if market is None else MarketTruth.of(market, corpus),
    )
    intervals, held = _intervals(interest, ranker, near, last)
    return SecondStage(
        ranker=ranker,
        interest=interest,
        intervals=intervals,
        quality=judge(interest, ranker.logit(last.x), last.shown.label, last.shown.rank),
        coverage=held,
        comparison=comparison,
        synthetic=corpus.synthetic,
        sample=past.x[:5_000],
    )


def _compare(candidates: Candidates, rankers: dict[str, Ranker], truth: MarketTruth | None) -> Comparison:
    if truth is None:
        return compare(candidates, rankers)
    at = candidates.task.at
    best: dict[str, Score] = {ORACLE: lambda user, jobs: truth.utility(user, jobs, at)}
    return compare(candidates, rankers, best, lambda user, jobs: truth.chance(user, jobs, at))


def fit_interest(
    past: Window, near: Window, recipe: RankerRecipe, groups: frozenset[str] | None = None
) -> tuple[Ranker, Interest]:
    """A ranker (of some groups of features only) and its calibration."""
    config = ranker_config(recipe.hidden, groups)
    x = np.concatenate([past.x, near.x])[:, columns_of(config)]
    ranker, examination = fit_ranker(
        np.ascontiguousarray(x),
        np.concatenate([past.shown.label, near.shown.label]),
        config=config,
        rank=np.concatenate([past.shown.rank, near.shown.rank]),
        validation=np.arange(len(x)) >= len(past.x),
        training=recipe.training,
    )
    logit = ranker.logit(np.ascontiguousarray(x[len(past.x) :]))
    return ranker, calibrate(logit, near.shown.label, near.shown.rank, examination)


def _intervals(
    interest: Interest, ranker: Ranker, near: Window, last: Window
) -> tuple[Intervals, Coverage | None]:
    """Made on the validation window, checked on the test window; from 0 to 1 where people are too few."""

    def asked(window: Window) -> tuple[F64, I64, I64]:
        shown = window.shown
        return interest.shown(ranker.logit(window.x), shown.rank), shown.label, shown.user

    try:
        intervals = fit_intervals(*asked(near))
        return intervals, coverage(intervals, *asked(last))
    except ValueError as error:
        say(f"intervals of interest say 0 to 1: {error}")
        return Intervals(), None

"""`jobviews`: real job views, US 2014-15. The last job of each user is found among all others by content.

Protocol: repeat views dropped; views in order of their start; users with two jobs or more; the last job is
the target; all jobs minus those the user saw before are ranked; ties count half. Users with one job are
cold: nothing but what they stated in their profile before that view is known of them; they are reported
apart. The job id is no feature. Towers and behaviour baselines see others' views only from before the
target (towers and ranker: before the target's block, see jobviews_towers.py and jobviews_ranker.py).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import platformdirs

from models.encoder import SentenceEncoder, export_encoder
from training import baselines as b
from training.baselines_logistic import LogisticContent
from training.benchmarks import jobviews_data as data_files
from training.benchmarks.jobviews_data import JobViews, last_of_each, load_jobviews
from training.benchmarks.jobviews_fields import JobFields
from training.benchmarks.jobviews_pairs import PairFeatures
from training.benchmarks.jobviews_promises import promises
from training.benchmarks.jobviews_ranker import (
    COLD_GROUPS,
    EVERY_GROUP,
    Ranked,
    RankRecipe,
    questions,
    walk,
    within,
)
from training.benchmarks.jobviews_towers import Recipe, Setting, untrained, walk_forward
from training.benchmarks.report import (
    BenchmarkReport,
    Meter,
    Slice,
    as_command,
    estimates,
    finish,
    require_files,
)
from training.metrics import Estimate, rank_metrics, score_ranks
from training.progress import say
from training.tracking import Run

F32 = npt.NDArray[np.float32]
F64 = npt.NDArray[np.float64]
I64 = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]
Encode = Callable[[Sequence[str]], F32]
#: How many of the towers' jobs the product hands to its ranker.
CANDIDATES = 200
FILES = (data_files.VIEWS, data_files.WISHES, data_files.WORK)


def run(
    data: Path,
    *,
    json_out: Path | None = None,
    seed: int = 0,
    run: Run | None = None,
    encode: Encode | None = None,
    recipe: Recipe | None = None,
    rank_recipe: RankRecipe | None = None,
) -> BenchmarkReport:
    """Scores the test targets once and reports. Raises BenchmarkDataError if files are missing."""
    require_files(data, FILES)
    meter = Meter()
    views = load_jobviews(data)
    recipe = recipe or Recipe()
    if encode is None:
        folder = export_encoder(Path(platformdirs.user_cache_dir("jobpilot")) / "encoder")
        encode = SentenceEncoder(folder).encode
    targets = last_of_each(views.events, views.users, at_least=1)
    setting = _setting(views, encode, targets, recipe, seed)
    known = np.setdiff1d(np.arange(len(views.events)), targets)
    say(f"jobviews: {len(views.jobs):,} jobs, {views.users:,} users, {len(views.events):,} views")
    towers = walk_forward(setting, known, targets)
    ours = target_ranks(views, targets, towers)
    others = {"two towers, untrained": target_ranks(views, targets, untrained(setting, targets))}
    for baseline, rows in _baselines(views, targets, known, encode, seed):
        say(f"jobviews: {baseline.name}")
        scores = np.zeros((len(targets), len(views.jobs)), np.float32)
        scores[rows] = baseline.score(views.events.user[targets[rows]])
        others[baseline.name] = target_ranks(views, targets, scores)
    second = _second_stage(setting, encode, targets, rank_recipe or RankRecipe())
    stated = (setting.users_at_target.dense["tabular"][views.events.user[targets]] == 0).any(1)
    slices = _slices(views, stated, targets, ours, others)
    slices += _ranked_slices(
        slices, views, second, stated[np.isin(targets, second.cold.rows)], targets, towers
    )
    params = {"seed": seed, "blocks": recipe.blocks, **recipe.train.model_dump()}
    params |= {f"ranker/{k}": v for k, v in asdict(second.recipe).items()}
    kept = promises(second.warm, views.events.job[second.warm.rows], seed)
    report = BenchmarkReport(
        "jobviews",
        slices,
        params,
        meter.seconds(),
        meter.peak_mb(),
        figures=second.validation | {f"ECE_{name}": p.found.ece for name, p in kept.items()},
        tables=tuple(p.table() for p in kept.values()),
    )
    return finish(report, json_out, run)


@dataclass(frozen=True)
class SecondStage:
    """Every target ranked by what was fitted before it. `validation`: how views before the last fared, which
    is what the recipe was chosen by."""

    recipe: RankRecipe
    warm: Ranked
    cold: Ranked
    validation: dict[str, float]


def _second_stage(setting: Setting, encode: Encode, targets: I64, recipe: RankRecipe) -> SecondStage:
    pairs, events = PairFeatures(setting.views, encode), setting.views.events
    warm, checks = walk(setting, pairs, questions(setting, targets, cold=False), recipe, EVERY_GROUP)
    figures = rank_metrics(score_ranks(checks.logits, events.job[checks.rows]))
    validation = {f"{name}_ranked_validation": float(v.mean()) for name, v in figures.items()}
    cold, _ = walk(setting, pairs, questions(setting, targets, cold=True), recipe, COLD_GROUPS)
    return SecondStage(recipe, warm, cold, validation)


def _setting(views: JobViews, encode: Encode, targets: I64, recipe: Recipe, seed: int) -> Setting:
    say("jobviews: reading titles, places and companies")
    fields = JobFields(views.jobs, encode)
    first, at = user_moments(views, targets)
    return Setting(
        views,
        fields,
        fields.job_inputs(),
        fields.user_inputs(views.wishes, views.work, first),
        fields.user_inputs(views.wishes, views.work, at),
        recipe,
        seed,
    )


def user_moments(views: JobViews, targets: I64) -> tuple[I64, I64]:
    """(users,) microseconds of each user's first view, and of the user's target (0 where there is none)."""
    first = np.full(views.users, np.iinfo(np.int64).max, np.int64)
    np.minimum.at(first, views.events.user, views.events.at)
    at = np.zeros(views.users, np.int64)
    at[views.events.user[targets]] = views.events.at[targets]
    return first, at


def target_ranks(views: JobViews, targets: I64, scores: F32) -> F64:
    """Rank of each target among all jobs the user had not seen before it. `scores` is overwritten."""
    events = views.events
    by_user = np.argsort(events.user, kind="stable")  # inside a user still by time
    starts = np.searchsorted(events.user[by_user], np.arange(views.users + 1))
    for row, target in enumerate(targets):
        own = by_user[starts[events.user[target]] : starts[events.user[target] + 1]]
        scores[row, events.job[own[events.at[own] < events.at[target]]]] = -np.inf
    return score_ranks(scores, events.job[targets])


def _baselines(
    views: JobViews, targets: I64, known: I64, encode: Encode, seed: int
) -> list[tuple[b.Baseline, I64]]:
    """Each with the target rows it is asked for: those that rank by a past are spared the cold users."""
    events, users, jobs = views.events, views.users, len(views.jobs)
    past, (_, at) = events.take(known), user_moments(views, targets)
    everybody = np.arange(len(targets))
    warm = np.flatnonzero(np.bincount(events.user, minlength=users)[events.user[targets]] > 1)
    full = [f"{j.title} {j.company} {j.city} {j.state} {j.industry}" for j in views.jobs]
    texts, keys = _matches(views)
    matches: dict[str, Any] = {"texts": texts, "keys": keys, "at": at, "seed": seed}
    every = b.past_matrix(past, users, jobs)
    last = b.past_matrix(past, users, jobs, last_only=True)
    stated = [
        " ".join(f"{s.position} {s.city} {s.state}" for s in (*w, *e) if s.at < moment)
        for w, e, moment in zip(views.wishes, views.work, at, strict=True)
    ]
    return [
        (b.Random(jobs, seed), everybody),
        (b.Popularity(events, jobs, at), everybody),
        (b.ItemKnn(past, users, jobs), warm),
        (b.Als(past, users, jobs, factors=64, seed=seed), warm),
        (b.MeanVector(encode(full), past=every, name="sentence vectors, history"), warm),
        (b.TfidfContent(full, past=last, name="TF-IDF, last job"), warm),
        (b.TfidfContent(full, past=every, name="TF-IDF, history"), warm),
        (b.TfidfContent(full, profile_texts=stated, name="TF-IDF, stated"), everybody),
        (LogisticContent(past, users, **matches), warm),
        (LogisticContent(past, users, **matches, behaviour=True, others=events), warm),
    ]


def _matches(views: JobViews) -> tuple[dict[str, list[str]], dict[str, list[str]]]:
    """What the logistic baselines compare: texts by TF-IDF, keys for equality."""
    texts = {
        "title": [j.title for j in views.jobs],
        "company": [j.company for j in views.jobs],
        "place": [f"{j.city} {j.state}" for j in views.jobs],
    }
    keys = {
        "company": [j.company.casefold() for j in views.jobs],
        "city": [f"{j.city}, {j.state}".casefold() if j.city else "" for j in views.jobs],
        "state": [j.state for j in views.jobs],
    }
    return texts, keys


def _slices(
    views: JobViews, stated: Bools, targets: I64, ours: F64, others: dict[str, F64]
) -> tuple[Slice, ...]:
    user = views.events.user[targets]
    warm = np.bincount(views.events.user, minlength=views.users)[user] > 1

    def part(title: str, rows: npt.NDArray[np.bool_], suffix: str, labels: list[str]) -> Slice:
        def figures(ranks: F64) -> dict[str, Estimate]:
            return estimates(rank_metrics(ranks[rows]))

        table = {label: figures(others[label]) for label in labels}
        return Slice(title, int(rows.sum()), figures(ours), table, suffix=suffix)

    everything = [label for label in others if label != "TF-IDF, stated"]
    cold = ["random", "popularity", "TF-IDF, stated", "two towers, untrained"]
    return (
        part("jobviews: users with a past", warm, "", everything),
        part("jobviews: cold users who stated a wish or a job", ~warm & stated, "_cold_stated", cold),
        part("jobviews: all cold users (one view)", ~warm, "_cold", cold),
    )


def _ranked_slices(
    slices: tuple[Slice, ...],
    views: JobViews,
    second: SecondStage,
    stated: Bools,
    targets: I64,
    towers: F32,
) -> tuple[Slice, ...]:
    """The same users as `slices`: towers and baselines in one table with the ranker. `stated` (cold targets,)
    marks users who stated something; `towers` (targets, jobs) is -inf for jobs seen before."""
    job = views.events.job
    warm = estimates(rank_metrics(score_ranks(second.warm.logits, job[second.warm.rows])))
    of_warm = towers[np.isin(targets, second.warm.rows)]
    first = within(second.warm, of_warm, CANDIDATES)
    shortlisted = estimates(rank_metrics(score_ranks(first, job[second.warm.rows])))
    cold_ranks = score_ranks(second.cold.logits, job[second.cold.rows])
    cold = [estimates(rank_metrics(cold_ranks[rows])) for rows in (stated, np.ones_like(stated))]
    ours = (warm, *cold)
    out = []
    for part, figures in zip(slices, ours, strict=True):
        table = {part.label: part.ours, **part.baselines}
        if part.suffix == "":
            table[f"ranker over the towers' first {CANDIDATES}"] = shortlisted
        title, suffix = f"{part.title}, ranked", f"{part.suffix}_ranked"
        out.append(Slice(title, part.users, figures, table, suffix=suffix, label="ranker"))
    return tuple(out)


main = as_command(run, __doc__)

if __name__ == "__main__":
    main()

"""`jobpilot-ml`: the data scientist's commands. An error is one line and exit code 1, misuse is 2."""

from __future__ import annotations

import importlib
import json
import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

# Before torch and numpy are imported: two OpenMP threads stall each other on a busy two-core machine.
os.environ.setdefault("OMP_NUM_THREADS", "1")

import typer

from training.progress import say
from training.settings import TrainingSettings

if TYPE_CHECKING:
    from training.config import TrainConfig
    from training.release import Registry

#: What a user can mend. By name: importing them all would cost every command ten seconds.
USER_ERRORS = frozenset(
    "SnapshotError BundleError JobIndexError RecallTooLowError IndexCorruptError EncoderMismatchError "
    "ReleaseError CorpusError PipelineError SplitError StoreError SkillSpanError AdapterError "
    "LinkerError TaxonomySourcesError BenchmarkDataError AuditSetError OpeError OverlapError".split()
)

#: Name -> module of training.benchmarks whose `run` it is.
BENCHMARKS = {
    "jobviews": "jobviews",
    "gowalla": "gowalla",
    "skillspan": "skillspan",
    "posting-roles": "posting_roles",
    "summaries": "summaries",
    "esco-linking": "esco_linking",
    "docx": "docx",
    "resume-files": "resume_files",
    "titles": "titles",
    "melo": "melo",
    "resume-category": "resume_category",
    "match-trust": "match_trust",
}
#: Those that make their own data, from simulated markets.
SIMULATED = {"ope": "ope"}

app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    help="JobPilot's training side.",
)
Snapshot = Annotated[str | None, typer.Option(help="id of a snapshot; default: the newest")]
Recipe = Annotated[str, typer.Option(help="demo, debug or large")]
Json = Annotated[Path | None, typer.Option("--json", help="also write the figures to this file")]


@contextmanager
def one_line() -> Iterator[None]:
    """Turns what a user can mend into one line and exit code 1; a bug keeps its traceback."""
    try:
        yield
    except Exception as error:
        if type(error).__name__ not in USER_ERRORS:
            raise
        say(f"error: {error}")
        raise typer.Exit(1) from None
    except KeyboardInterrupt:
        say("stopped; `jobpilot-ml train --resume` goes on from the last epoch")
        raise typer.Exit(130) from None


@app.command()
def market(
    out: Annotated[Path, typer.Option(help="folder to write")],
    preset: Annotated[str, typer.Option(help="small, demo or large")] = "demo",
    seed: int = 7,
    end: Annotated[
        datetime | None, typer.Option(formats=["%Y-%m-%d"], help="last day of the log, UTC")
    ] = None,
) -> None:
    """Generate the simulated job market (synthetic data) as Parquet."""
    from training.market import MarketConfig, generate

    presets = {"small": MarketConfig.small, "demo": MarketConfig.demo, "large": MarketConfig.large}
    if preset not in presets:
        say(f"error: no preset {preset}; there are {', '.join(presets)}")
        raise typer.Exit(2)
    changes = {"end": end.replace(tzinfo=UTC)} if end else {}
    generate(presets[preset](seed, **changes), out)


@app.command()
def snapshot(
    market: Annotated[Path | None, typer.Option(help="a simulated market instead of the database")] = None,
) -> None:
    """Freeze the database's record views (or a market folder) as Parquet."""
    from features.snapshot import snapshot_from_market
    from training.pipeline import snapshot_step

    settings = TrainingSettings()
    with one_line():
        folder = (
            snapshot_from_market(market, settings.snapshots) if market else snapshot_step(settings).snapshot
        )
        say(f"snapshot {folder.name}")


@app.command()
def features(snapshot: Snapshot = None) -> None:
    """Load Feast's offline and online stores from a snapshot."""
    from training.pipeline import features_step, open_workspace

    with one_line():
        features_step(open_workspace(TrainingSettings(), snapshot))


@app.command()
def train(
    recipe: Recipe = "demo",
    snapshot: Snapshot = None,
    epochs: Annotated[int | None, typer.Option(help="instead of the recipe's")] = None,
    seed: int | None = None,
    resume: Annotated[bool, typer.Option(help="go on from the last checkpoint")] = False,
) -> None:
    """Train the two towers on a snapshot."""
    from training.pipeline import open_workspace, train_step

    with one_line():
        train_step(open_workspace(TrainingSettings(), snapshot), _config(recipe, epochs, seed), resume=resume)


@app.command()
def evaluate(snapshot: Snapshot = None, json_out: Json = None) -> None:
    """Compare the trained towers with every baseline on the test window, and calibrate."""
    from training.pipeline import evaluate_step, open_workspace

    with one_line():
        report = evaluate_step(open_workspace(TrainingSettings(), snapshot))
        _show(report.table())
        if json_out:
            means = {name: result.means() for name, result in report.results.items()}
            json_out.write_text(json.dumps(means, indent=1))


@app.command()
def rank(
    recipe: Recipe = "demo",
    snapshot: Snapshot = None,
    market: Annotated[
        Path | None, typer.Option(help="the simulated market the snapshot is of: the truth judges too")
    ] = None,
) -> None:
    """Train, calibrate and judge the second stage: the ranker of the towers' candidates."""
    from training.pipeline import open_workspace, rank_step
    from training.second_stage import RECIPES

    with one_line():
        work = open_workspace(TrainingSettings(), snapshot)
        _show(rank_step(work, RECIPES[recipe](), market=market).table())


@app.command()
def train_fit(
    out: Annotated[Path, typer.Option(help="folder of the weights")] = Path("data/matching/fit"),
    work: Annotated[Path, typer.Option(help="folder of the simulated markets")] = Path("data/work/fit"),
) -> None:
    """Fit, calibrate and judge `fit` on three simulated markets (synthetic data)."""
    from training.fit import make_fit
    from training.tracking import start_run

    settings = TrainingSettings()
    uri, artifacts = settings.tracking_uri, settings.artifacts
    with one_line(), start_run("jobpilot/calibration", uri=uri, artifacts=artifacts) as run:
        report = make_fit(out, work)
        report.log(run)
        typer.echo(json.dumps(report.document(), indent=1))


@app.command()
def index(snapshot: Snapshot = None) -> None:
    """Build the vector index of the open postings and measure its recall."""
    from training.pipeline import index_step, open_workspace

    with one_line():
        index_step(open_workspace(TrainingSettings(), snapshot))


@app.command()
def release(
    snapshot: Snapshot = None,
    promote: Annotated[bool, typer.Option(help="make it champion if the gates pass")] = True,
) -> None:
    """Write a release and register it; it becomes champion only if every gate passes."""
    from training.pipeline import open_workspace, release_step

    with one_line():
        release_step(open_workspace(TrainingSettings(), snapshot), promote=promote)


@app.command()
def pipeline(
    recipe: Recipe = "demo",
    epochs: Annotated[int | None, typer.Option(help="instead of the recipe's")] = None,
    seed: int | None = None,
) -> None:
    """snapshot, features, train, evaluate, rank, index, release: all of it, in one MLflow run."""
    from training import pipeline as steps
    from training.second_stage import RECIPES as SECOND_STAGES

    with one_line():
        work = steps.snapshot_step(TrainingSettings())
        steps.features_step(work)
        steps.train_step(work, _config(recipe, epochs, seed))
        _show(steps.evaluate_step(work).table())
        _show(steps.rank_step(work, SECOND_STAGES[recipe]()).table())
        steps.index_step(work)
        steps.release_step(work)


@app.command()
def promote(
    release_id: str,
    force: Annotated[bool, typer.Option("--force", help="although a gate failed")] = False,
) -> None:
    """Make a release the champion by hand."""
    with one_line():
        _registry().promote(release_id, force=force)
        say(f"release {release_id} is the champion")


@app.command()
def challenge(
    release_id: Annotated[str | None, typer.Argument(help="nothing ends the challenge")] = None,
    share: Annotated[float, typer.Option(help="of people who meet it")] = 0.1,
    split: Annotated[bool, typer.Option("--split", help="alone, not drafted with the champion")] = False,
) -> None:
    """Try a release on a share of people beside the champion, by interleaving or by a split."""
    from models.release import Challenger

    with one_line():
        mode: Any = "split" if split else "interleave"
        _registry().challenge(Challenger(release_id, share, mode) if release_id else None)
        say(f"{release_id} challenges, {mode}, {share:.0%} of people" if release_id else "nobody challenges")


@app.command()
def compare(
    a: Annotated[str, typer.Argument(help="a release, the champion say")],
    b: Annotated[str, typer.Argument(help="another, the challenger say")],
    snapshot: Snapshot = None,
    user: Annotated[int | None, typer.Option(help="also what changes for this person")] = None,
) -> None:
    """Two releases on the test window of one snapshot: overall, by slice, and person by person."""
    from models.release import read_release, release_folder
    from training.compare import compare_releases
    from training.pipeline import open_workspace
    from training.text_cache import CachedEncoder
    from training.tracking import start_run

    settings = TrainingSettings()
    with one_line():
        work = open_workspace(settings, snapshot)
        one, other = (read_release(release_folder(settings.releases, r)) for r in (a, b))
        sentences = settings.data_dir / "cache" / "sentences.sqlite"
        folder = settings.work / "compare" / work.snapshot.name
        found = compare_releases(
            one, other, work.snapshot, folder, lambda bundle: CachedEncoder(bundle.encoder, sentences)
        )
        uri, artifacts = settings.tracking_uri, settings.artifacts
        with start_run("jobpilot/bundle-eval", uri=uri, artifacts=artifacts) as run:
            found.log(run, folder)
        for table in found.tables():
            _show(table)
        if user is not None:
            typer.echo(json.dumps(found.person(user), indent=1))


@app.command()
def rollback() -> None:
    """Go back to the previous champion."""
    with one_line():
        say(f"release {_registry().rollback()} is the champion again")


@app.command()
def status() -> None:
    """What answers now, and which releases there are."""
    with one_line():
        typer.echo(json.dumps(_registry().status(), indent=1, default=str))


@app.command()
def audit(
    release_id: Annotated[str, typer.Argument(help="a release, or a folder that holds one")],
    out: Annotated[Path | None, typer.Option(help="also write tables, page and pictures here")] = None,
    people: Annotated[int, typer.Option(help="size of the synthetic audit set")] = 3_000,
    edited: Annotated[int, typer.Option(help="people whose resumes are edited")] = 200,
) -> None:
    """Bias audit (form of NYC Local Law 144) and invariance tests; exit code 1 if a gate fails."""
    from training.audit import run as audits
    from training.tracking import start_run

    settings = TrainingSettings()
    with (
        one_line(),
        start_run(audits.EXPERIMENT, uri=settings.tracking_uri, artifacts=settings.artifacts) as run,
    ):
        release, done = audits.audit_release(
            settings.releases, release_id, settings.data_dir / "audit", people=people, edited=edited
        )
        title = f"Bias audit of release {release}"
        run.tags({"release_id": release})
        audits.log(done, run, title)
        if out:
            audits.write(done, out, title)
        for line in done.lines():
            say(line)
    if not done.passed:
        raise typer.Exit(1)


@app.command()
def train_tagger(
    data: Annotated[Path, typer.Option(help="folder of SkillSpan's files")],
    out: Annotated[Path, typer.Option(help="folder to write")] = Path("data/language/skill_tagger"),
    recipe: Annotated[str, typer.Option(help="full or debug")] = "full",
    seed: int | None = None,
) -> None:
    """Train the tagger of skill and knowledge spans; writes adapters, calibration and a card."""
    from training.language.tagger import train_step
    from training.language.tagger_config import RECIPES
    from training.tracking import start_run

    if recipe not in RECIPES:
        say(f"error: no recipe {recipe}; there are {', '.join(RECIPES)}")
        raise typer.Exit(2)
    config = RECIPES[recipe]().model_copy(update={} if seed is None else {"seed": seed})
    settings = TrainingSettings()
    uri, artifacts = settings.tracking_uri, settings.artifacts
    with one_line(), start_run("jobpilot/skill-tagger", uri=uri, artifacts=artifacts) as run:
        train_step(data, out, config, settings.encoder_source, run)


@app.command()
def train_linker(
    taxonomy: Annotated[Path, typer.Option(help="folder of the unpacked taxonomy packages")],
    out: Annotated[Path, typer.Option(help="folder to write")] = Path("data/language/skill_linker"),
    seed: int = 0,
) -> None:
    """Train the skill linker on ESCO's names and definitions; writes adapters, a reranker and a card."""
    from training.language.linker import LinkerTrainConfig
    from training.language.linker_train import train_linker as train
    from training.tracking import start_run

    settings = TrainingSettings()
    uri, artifacts = settings.tracking_uri, settings.artifacts
    with one_line(), start_run("jobpilot/skill-linker", uri=uri, artifacts=artifacts) as run:
        figures = train(taxonomy, out, LinkerTrainConfig(seed=seed), run, source=settings.encoder_source)
        say(" ".join(f"{name} {value}" for name, value in figures.items()))


@app.command()
def benchmark(
    name: Annotated[str, typer.Argument(help=", ".join([*BENCHMARKS, *SIMULATED]))],
    data: Annotated[Path | None, typer.Option(help="folder of the benchmark's files")] = None,
    json_out: Json = None,
    seed: int = 0,
    seeds: Annotated[int, typer.Option(min=1, help="simulated markets, for those that make them")] = 100,
) -> None:
    """Run a benchmark on public data, or on simulated markets, and print its table beside the baselines."""
    from training.tracking import start_run

    if name in SIMULATED:
        _simulated_benchmark(name, seeds, seed, json_out)
        return
    if name not in BENCHMARKS:
        say(f"error: no benchmark {name}; there are {', '.join([*BENCHMARKS, *SIMULATED])}")
        raise typer.Exit(2)
    if data is None:
        say(f"error: {name} needs --data, the folder of its files")
        raise typer.Exit(2)
    if not data.is_dir():
        say(f"skipped: {data} is not there (data/README.md says where the files come from)")
        raise typer.Exit(2)
    settings = TrainingSettings()
    run_benchmark: Callable[..., object] = importlib.import_module(
        f"training.benchmarks.{BENCHMARKS[name]}"
    ).run
    experiment = f"jobpilot/benchmark-{name}"
    with one_line(), start_run(experiment, uri=settings.tracking_uri, artifacts=settings.artifacts) as run:
        run_benchmark(data, json_out=json_out, seed=seed, run=run)


def _simulated_benchmark(name: str, seeds: int, seed: int, json_out: Path | None) -> None:
    from training.tracking import start_run

    settings = TrainingSettings()
    measure: Callable[..., object] = importlib.import_module(f"training.benchmarks.{SIMULATED[name]}").run
    uri, artifacts = settings.tracking_uri, settings.artifacts
    with one_line(), start_run(f"jobpilot/{name}", uri=uri, artifacts=artifacts) as run:
        measure(seeds=seeds, seed=seed, json_out=json_out, run=run)


@app.command()
def ope(
    release: Annotated[str | None, typer.Argument(help="the challenger: a release id")] = None,
    scores: Annotated[Path | None, typer.Option(help="or a Parquet file of user_id, job_id, score")] = None,
    snapshot: Snapshot = None,
    temperature: Annotated[float, typer.Option(help="softmax over scores divided by this")] = 0.05,
    epsilon: Annotated[float | None, typer.Option(help="instead: best first, at random this often")] = None,
    power: Annotated[float | None, typer.Option(help="of examination; default: from the log")] = None,
    logged_by: Annotated[str | None, typer.Option(help="release whose pages count; default: most")] = None,
    pages: Annotated[int, typer.Option(min=1, help="at most this many, drawn at random")] = 2_000,
    seed: int = 0,
    json_out: Json = None,
) -> None:
    """Estimate what a challenger would have earned on logged pages: IPS, SNIPS and doubly robust."""
    from training.ope.command import Options, run_ope
    from training.pipeline import open_workspace
    from training.tracking import start_run

    settings = TrainingSettings()
    uri, artifacts = settings.tracking_uri, settings.artifacts
    options = Options(release, scores, temperature, epsilon, power, logged_by, pages, seed)
    with one_line():
        work = open_workspace(settings, snapshot)
        with start_run("jobpilot/ope", uri=uri, artifacts=artifacts) as run:
            run_ope(settings, work.snapshot, options, run, json_out)


@app.command()
def train_titles(
    taxonomy: Annotated[Path, typer.Option(help="folder of taxonomy_esco_tabiya and taxonomy_onet27")],
    out: Annotated[Path, typer.Option(help="folder to write")] = Path("data/language/occupations"),
    seed: int = 0,
) -> None:
    """Teach the linker of titles the names of occupations; writes a projection, weights and a card."""
    import platformdirs

    from models.encoder import SentenceEncoder, export_encoder
    from training.language import titles
    from training.language.contrastive import ProjectionConfig
    from training.tracking import start_run

    settings = TrainingSettings()
    uri, artifacts = settings.tracking_uri, settings.artifacts
    with one_line(), start_run("jobpilot/occupations", uri=uri, artifacts=artifacts) as run:
        folder = Path(platformdirs.user_cache_dir("jobpilot")) / "encoder"
        encoder = SentenceEncoder(
            export_encoder(folder, settings.encoder_source), threads=2, cache_size=titles.CACHED_NAMES
        )
        figures = titles.train_titles(taxonomy, out, encoder.encode, ProjectionConfig(seed=seed), run)
        say(", ".join(f"{name} {value:.4g}" for name, value in figures.items()))


@app.command()
def train_roles(
    snapshot: Snapshot = None,
    out: Annotated[Path | None, typer.Option(help="folder of the weights; default: the tracked one")] = None,
) -> None:
    """Teach what passages of postings are for, from the headings of a snapshot's postings."""
    from training.language import roles
    from training.pipeline import open_workspace

    with one_line():
        roles.train_from(open_workspace(TrainingSettings(), snapshot), out or roles.TRACKED)


def _config(recipe: str, epochs: int | None, seed: int | None) -> TrainConfig:
    from training.recipes import RECIPES

    if recipe not in RECIPES:
        say(f"error: no recipe {recipe}; there are {', '.join(RECIPES)}")
        raise typer.Exit(2)
    changes = {k: v for k, v in {"epochs": epochs, "seed": seed}.items() if v is not None}
    return RECIPES[recipe]().model_copy(update=changes)


def _registry() -> Registry:
    from training.release import Registry

    settings = TrainingSettings()
    return Registry(settings.releases, settings.tracking_uri)


def _show(table: object) -> None:
    from rich.console import Console

    console = Console(file=sys.stdout)
    # the table is wide: in a log nothing wraps it
    (console if console.is_terminal else Console(file=sys.stdout, width=180)).print(table)


def main() -> None:
    app()

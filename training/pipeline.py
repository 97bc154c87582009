"""snapshot -> features -> train -> evaluate -> rank -> index -> release: steps over one workspace.

A workspace is data/work/<snapshot id>/. Every step reads what the step before left there, so the steps run
together (`jobpilot-ml pipeline`) or one by one, in one MLflow run either way.
"""

from __future__ import annotations

import json
import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import torch

from features.snapshot import latest_snapshot, read_manifest, take_snapshot
from features.store import BehaviourStore
from models.bundle import MATCH, ModelBundle
from models.encoder import SentenceEncoder, export_encoder
from models.index import JobIndex
from models.match import digest
from models.recipes import tower_config_for
from models.release import Release
from models.two_tower import TwoTower
from training import plots
from training.audit.run import audit_gates
from training.build_index import build_index
from training.config import TrainConfig
from training.corpus import Corpus, build_corpus
from training.evaluate import quality, rank_by_index, table_lookup, task_users, window_task
from training.fit_weights import load_fit
from training.gates import Evidence, gates
from training.language.pack import language_weights, pack_language
from training.progress import say
from training.publish import publish
from training.release import Registry
from training.report import Report, evaluate_all
from training.second_stage import RankerRecipe, SecondStage, train_second_stage
from training.settings import TrainingSettings
from training.text_cache import CachedEncoder
from training.tracking import Run, start_run
from training.train import Trainer

EXPERIMENT = "jobpilot/two-tower"
THREADS = 2


class PipelineError(RuntimeError):
    """A step lacks what the step before should have left; the message names the command to run."""


@dataclass(frozen=True)
class Workspace:
    """Paths of one snapshot's training."""

    settings: TrainingSettings
    snapshot: Path

    @property
    def folder(self) -> Path:
        return self.settings.work / self.snapshot.name

    @property
    def bundle(self) -> Path:
        return self.folder / "bundle"

    @property
    def index(self) -> Path:
        return self.folder / "index"

    @property
    def match(self) -> Path:
        return self.folder / "match"

    @property
    def evidence(self) -> Path:
        return self.folder / "evidence.json"

    def encoder(self) -> CachedEncoder:
        folder = export_encoder(self.settings.data_dir / "encoder", self.settings.encoder_source)
        encoder = SentenceEncoder(folder, threads=THREADS, cache_size=1)
        return CachedEncoder(encoder, self.settings.data_dir / "cache" / "sentences.sqlite")

    def corpus(self) -> Corpus:
        return build_corpus(self.snapshot, self.folder / "corpus", self.encoder())

    def load_bundle(self) -> ModelBundle:
        if not self.bundle.is_dir():
            raise PipelineError(f"{self.snapshot.name} has no trained bundle: run `jobpilot-ml train`")
        return ModelBundle.load(self.bundle, threads=THREADS)

    def load_evidence(self) -> Evidence:
        if not self.evidence.is_file():
            raise PipelineError(f"{self.snapshot.name} was not evaluated: run `jobpilot-ml evaluate`")
        return Evidence.from_dict(json.loads(self.evidence.read_text()))

    @contextmanager
    def run(self, *, fresh: bool = False) -> Iterator[Run]:
        """The MLflow run of this workspace; `fresh` begins a new one."""
        path = self.folder / "run.json"
        known = None if fresh or not path.is_file() else json.loads(path.read_text())["run_id"]
        manifest = read_manifest(self.snapshot)
        tags = {"data_snapshot": manifest.id, "synthetic": str(manifest.synthetic).lower()}
        uri, artifacts = self.settings.tracking_uri, self.settings.artifacts
        with start_run(EXPERIMENT, uri=uri, artifacts=artifacts, tags=tags, run_id=known or None) as run:
            self.folder.mkdir(parents=True, exist_ok=True)
            path.write_text(json.dumps({"run_id": run.run_id}))
            yield run


def open_workspace(settings: TrainingSettings, snapshot: str | None = None) -> Workspace:
    """The named snapshot's workspace, or the newest one's. Raises PipelineError if there is none."""
    folder = settings.snapshots / snapshot if snapshot else latest_snapshot(settings.snapshots)
    if folder is None or not folder.is_dir():
        raise PipelineError("there is no snapshot: run `jobpilot-ml snapshot`")
    return Workspace(settings, folder)


# -- steps ---------------------------------------------------------------------------------------------


def snapshot_step(settings: TrainingSettings) -> Workspace:
    if settings.database_url is None:
        raise PipelineError("DATABASE_URL is not set: a snapshot is taken from the app's database")
    say("snapshot: reading the database's record views")
    return Workspace(settings, take_snapshot(settings.database_url, settings.snapshots))


def features_step(work: Workspace) -> None:
    """Fills Feast's offline store from the snapshot and its online store from that."""
    if work.settings.database_url is None:
        raise PipelineError("DATABASE_URL is not set: Feast's stores live in the database")
    say("features: loading Feast's offline and online stores")
    store = BehaviourStore(work.settings.database_url)
    store.apply()
    store.load_offline(work.snapshot)
    store.materialize()


def train_step(work: Workspace, config: TrainConfig, *, resume: bool = False) -> None:
    torch.set_num_threads(config.threads)
    with work.run(fresh=not resume) as run:
        encoder = work.encoder()
        corpus = work.corpus()
        manifest = read_manifest(work.snapshot)
        run.params({**config.model_dump(), "jobs": len(corpus.jobs), "users": len(corpus.users)})
        run.dataset("snapshot", manifest.id, str(work.snapshot), "training")
        torch.manual_seed(config.seed)
        tower_config = tower_config_for(
            corpus.transform,
            hidden=config.hidden,
            dropout=config.dropout,
            residual=config.residual,
            seed=config.seed,
        )
        trainer = Trainer(config, corpus.train_data(config.history_size), TwoTower(tower_config))
        validation = window_task(corpus, corpus.split.validation, corpus.split.test, max_users=1500)
        curve = _Curve(run, config.monitor)

        def held_out() -> dict[str, float]:
            bundle = ModelBundle(corpus.transform, encoder.encoder, trainer.towers)
            table = bundle.embed_job_inputs(corpus.jobs)
            asked = task_users(corpus, validation, config.history_size)
            users = bundle.embed_user_inputs(asked, table_lookup(table))
            return quality(rank_by_index(table, users, validation), validation).means()

        size = f"{len(trainer.data.examples):,} examples, {len(corpus.jobs):,} postings"
        say(f"training: {size}, recipe {config.recipe}")
        result = trainer.fit(held_out, curve, checkpoint=work.folder / "checkpoint", resume=resume)
        run.metrics({"train/seconds": result.seconds, "train/best_epoch": result.best_epoch})
        run.figure(plots.loss_curve(curve.loss, curve.monitored, config.monitor), "plots/training.png")
        run.text(config.model_dump_json(indent=1), "config.json")
        bundle = ModelBundle(corpus.transform, encoder.encoder, trainer.towers.cpu())
        bundle.save(work.bundle)
        run.tags({"encoder_version": bundle.encoder_version, "recipe": config.recipe})


def evaluate_step(work: Workspace) -> Report:
    """Test-window quality beside all baselines, and the calibration, which is saved with the bundle."""
    with work.run() as run:
        corpus, bundle = work.corpus(), work.load_bundle()
        say("evaluation: the model and its baselines on the test window")
        report = evaluate_all(bundle, corpus)
        bundle.calibration = report.calibration
        bundle.save(work.bundle)
        report.log(run)
        work.evidence.write_text(json.dumps(asdict(report.evidence()), indent=1))
    return report


def rank_step(work: Workspace, recipe: RankerRecipe, *, market: Path | None = None) -> SecondStage:
    """Trains, calibrates and judges the ranker of the towers' candidates; the bundle gets it with `fit`."""
    torch.set_num_threads(1)
    with work.run() as run:
        corpus, bundle = work.corpus(), work.load_bundle()
        say("ranker: learning from what people did with the postings they were shown")
        stage = train_second_stage(corpus, bundle, work.folder / "columns", recipe, market)
        bundle.match = stage.match_model(*load_fit())
        bundle.save(work.bundle)
        evidence = replace(work.load_evidence(), second=stage.evidence(bundle.match))
        work.evidence.write_text(json.dumps(asdict(evidence), indent=1))
        stage.save(work.match)
        stage.log(run)
        run.artifact(work.bundle / MATCH, "match")
        run.tags({"match_version": digest(work.bundle / MATCH)})
    return stage


def index_step(work: Workspace) -> None:
    with work.run() as run:
        corpus, bundle = work.corpus(), work.load_bundle()
        say("index: building and comparing with exact search")
        task = window_task(corpus, corpus.split.test, corpus.split.end + 1, max_users=500)
        table = bundle.embed_job_inputs(corpus.jobs)
        history_size = corpus.transform.config.history
        queries = bundle.embed_user_inputs(task_users(corpus, task, history_size), table_lookup(table))
        index, recall = build_index(bundle, corpus, queries)
        shutil.rmtree(work.index, ignore_errors=True)
        index.save(work.index)
        run.text(json.dumps(recall.to_dict(), indent=1), "index/recall.json")
        run.metrics({"index/recall@100": recall.lowest.recall, "index/jobs": len(index)})
        evidence = work.load_evidence()
        work.evidence.write_text(json.dumps(asdict(evidence.with_recall(recall.lowest.recall)), indent=1))


def release_step(work: Workspace, *, promote: bool = True) -> Release:
    """Publishes the release; it becomes champion only if every gate passes."""
    with work.run() as run:
        corpus, bundle = work.corpus(), work.load_bundle()
        index = JobIndex.load(work.index, encoder_version=bundle.encoder_version)
        evidence = work.load_evidence()
        registry = Registry(work.settings.releases, work.settings.tracking_uri)
        release_id = time.strftime("%Y%m%d-%H%M%S", time.gmtime()) + f"-{bundle.encoder_version[:6]}"
        language = pack_language(
            language_weights(),
            work.settings.data_dir / "cache" / "language",
            bundle.transform.taxonomy,
            bundle.transform.gazetteer,
            bundle.encoder,
            work.settings.encoder_source,
        )
        release = publish(work.settings.releases, release_id, bundle, index, corpus, evidence, language)
        audit_folder, people = work.settings.data_dir / "audit", work.settings.audit_people
        verdict = [*gates(evidence, release), *audit_gates(bundle, audit_folder, run, people)]
        registry.register(release, run.run_id, verdict)
        run.artifact(release.folder / "bundle", "bundle")
        for gate in verdict:
            say(f"gate {gate.name}: {'pass' if gate.passed else 'FAIL'} ({gate.detail})")
        run.tags({"release_id": release_id} | {f"gate.{g.name}": str(g.passed) for g in verdict})
        if promote and all(g.passed for g in verdict):
            registry.promote(release_id)
            say(f"release {release_id} is the champion")
        else:
            say(f"release {release_id} is registered, the champion stays")
    return release


# -- helpers -------------------------------------------------------------------------------------------


class _Curve:
    """Passes metrics on to the run and keeps them for the plot."""

    def __init__(self, run: Run, monitor: str) -> None:
        self._run, self._key = run, f"validation/{monitor}"
        self.loss: list[float] = []
        self.monitored: list[float] = []

    def metrics(self, values: dict[str, float], step: int) -> None:
        self.loss.append(values["train/loss"])
        if self._key in values:
            self.monitored.append(values[self._key])
        self._run.metrics(values, step)
        shown = ", ".join(f"{k.split('/')[1]} {v:.4f}" for k, v in values.items())
        say(f"  epoch {step}: {shown}")

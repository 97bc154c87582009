"""The one small simulated market that all notebooks look at: snapshot, trained bundle, two releases.

    <folder>/stamp.json   what made it; another market or other code makes it anew
             market/ snapshots/ work/ releases/{champion,challenger}/ ...   as in a data folder

The folder is $NOTEBOOK_DATA, else one in the user's cache. No database; everything in it is synthetic.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cached_property, lru_cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import platformdirs
from matplotlib.figure import Figure
from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]

from features.snapshot import latest_snapshot, snapshot_from_market
from models.bundle import ModelBundle
from models.index import JobIndex
from models.release import Release, read_release
from training.corpus import Corpus
from training.fit_weights import load_fit
from training.job_columns import corpus_columns
from training.market import MarketConfig, generate
from training.pipeline import (
    PipelineError,
    Workspace,
    evaluate_step,
    index_step,
    rank_step,
    train_step,
)
from training.progress import say
from training.publish import publish
from training.ranker import RankerTraining
from training.ranker_data import PairFeatures
from training.recipes import debug
from training.second_stage import RankerRecipe, train_second_stage
from training.settings import TrainingSettings
from training.tracking import Run

VARIABLE = "NOTEBOOK_DATA"
#: A seed that taught nothing: the weights of `fit` come from the markets 7, 8 and 9 (training/fit.py).
MARKET = MarketConfig.small(21, seekers=160, sessions=18.0)
CHAMPION, CHALLENGER = "champion", "challenger"
#: Of the audit set, which the audit notebook makes: enough to show the tables, far too few to judge by.
AUDIT_PEOPLE = 200
RECIPES = {
    CHAMPION: RankerRecipe(
        12_000,
        6_000,
        100,
        50,
        hidden=8,
        training=RankerTraining(epochs=8, batch_rows=256, learning_rate=2e-3),
    ),
    CHALLENGER: RankerRecipe(
        2_000, 2_000, 60, 50, hidden=4, training=RankerTraining(epochs=2, batch_rows=256)
    ),
}
_ROOT = Path(__file__).resolve().parents[1]
_STAMP = "stamp.json"
_PARTS = ("market", "snapshots", "work", "releases", "cache", "audit")


@dataclass
class KeptRun:
    """Passes everything on to a run, and keeps the figures to be looked at."""

    run: Run
    figures: dict[str, Figure] = field(default_factory=dict)
    run_id: str = field(init=False)

    def __post_init__(self) -> None:
        self.run_id = self.run.run_id

    def figure(self, figure: Figure, name: str) -> None:
        self.figures[name] = figure
        self.run.figure(figure, name)

    def metrics(self, values: Mapping[str, float], step: int = 0) -> None:
        self.run.metrics(values, step)

    def params(self, values: Mapping[str, object]) -> None:
        self.run.params(values)

    def tags(self, values: Mapping[str, str]) -> None:
        self.run.tags(values)

    def artifact(self, path: Path, folder: str | None = None) -> None:
        self.run.artifact(path, folder)

    def text(self, content: str, name: str) -> None:
        self.run.text(content, name)

    def dataset(self, name: str, digest: str, source: str, role: str) -> None:
        self.run.dataset(name, digest, source, role)


@dataclass(frozen=True)
class KeptWorkspace(Workspace):
    """A workspace whose steps leave their figures behind, by artifact name."""

    figures: dict[str, Figure] = field(default_factory=dict)
    _opened: dict[str, Any] = field(default_factory=dict)

    def corpus(self) -> Corpus:
        """Opened once: it does not change."""
        if "corpus" not in self._opened:
            self._opened["corpus"] = super().corpus()
        corpus: Corpus = self._opened["corpus"]
        return corpus

    def load_bundle(self) -> ModelBundle:
        """Loaded once for each training: steps save what they add to it."""
        trained = json.loads((self.bundle / "bundle.json").read_text())["encoder_version"]
        if trained not in self._opened:
            self._opened[trained] = super().load_bundle()
        bundle: ModelBundle = self._opened[trained]
        return bundle

    @contextmanager
    def run(self, *, fresh: bool = False) -> Iterator[Run]:
        """On one thread of BLAS: `implicit`, a baseline, warns of any more."""
        with threadpool_limits(1, "blas"), super().run(fresh=fresh) as run:
            yield KeptRun(run, self.figures)


@dataclass(frozen=True)
class NotebookData:
    """Read only: what is loaded is loaded once."""

    folder: Path

    @property
    def config(self) -> MarketConfig:
        return MARKET

    @cached_property
    def work(self) -> KeptWorkspace:
        return _workspace(self.folder)

    @property
    def snapshot(self) -> Path:
        return self.work.snapshot

    @cached_property
    def corpus(self) -> Corpus:
        return self.work.corpus()

    @cached_property
    def bundle(self) -> ModelBundle:
        return self.work.load_bundle()

    @cached_property
    def features(self) -> PairFeatures:
        """Cross features of any person, moment and postings."""
        columns = corpus_columns(self.corpus, self.work.folder / "columns")
        return PairFeatures(self.corpus, self.bundle, columns)

    def release(self, name: str) -> Release:
        """CHAMPION or CHALLENGER: the same towers, rankers of two recipes. Raises ReleaseError."""
        return read_release(self.work.settings.releases / name)

    @contextmanager
    def copy(self) -> Iterator[KeptWorkspace]:
        """A copy to train in, gone afterwards. MLflow logs it if MLFLOW_TRACKING_URI is set; what it keeps as
        files stays here."""
        with TemporaryDirectory(prefix="notebook-") as name:
            (self.folder / "mlruns").mkdir(exist_ok=True)
            (Path(name) / "mlruns").symlink_to(self.folder / "mlruns")
            for part in ("snapshots", "work", "encoder", "cache"):
                shutil.copytree(self.folder / part, Path(name) / part)
            yield _workspace(Path(name), os.environ.get("MLFLOW_TRACKING_URI"))


def notebook_data(folder: Path | None = None) -> NotebookData:
    """Opens the data, after making them if there are none of this code and market (a minute)."""
    folder = (folder or _default_folder()).resolve()
    stamp: dict[str, Any] = {"market": MARKET.model_dump(mode="json"), "code": _code_digest()}
    path = folder / _STAMP
    if not path.is_file() or json.loads(path.read_text()) != stamp:
        _make(folder)
        path.write_text(json.dumps(stamp, indent=1))
    return _data(folder)


@lru_cache(1)
def _data(folder: Path) -> NotebookData:
    return NotebookData(folder)


def _default_folder() -> Path:
    named = os.environ.get(VARIABLE)
    return Path(named) if named else Path(platformdirs.user_cache_dir("jobpilot")) / "notebooks"


@lru_cache(1)
def _code_digest() -> str:
    """Of all code that could make other data; pictures and tests cannot."""
    out = hashlib.sha256()
    paths = (
        path for package in ("features", "models", "training") for path in (_ROOT / package).rglob("*.py")
    )
    for path in sorted(p for p in paths if "tests" not in p.parts and not p.stem.endswith("plots")):
        out.update(path.relative_to(_ROOT).as_posix().encode() + b"\0" + path.read_bytes())
    return out.hexdigest()[:16]


def _workspace(folder: Path, tracking_uri: str | None = None) -> KeptWorkspace:
    settings = TrainingSettings(data_dir=folder, database_url=None, mlflow_tracking_uri=tracking_uri or None)
    snapshot = latest_snapshot(settings.snapshots)
    if snapshot is None:
        raise PipelineError(f"{folder} holds no snapshot")
    return KeptWorkspace(settings, snapshot)


# -- making --------------------------------------------------------------------------------------------


def _make(folder: Path) -> None:
    """What an older call made is thrown away, but for the exported encoder. Raises PipelineError if the
    folder holds what is not ours: somebody's data folder is no place for notebooks."""
    parts = [folder / name for name in _PARTS]
    if not (folder / _STAMP).is_file() and any(part.exists() for part in parts):
        raise PipelineError(f"{folder} holds other data: name an empty folder in {VARIABLE}")
    say(f"notebooks: making a small simulated market in {folder} (synthetic)")
    folder.mkdir(parents=True, exist_ok=True)
    (folder / _STAMP).write_text("{}")
    for part in parts:
        shutil.rmtree(part, ignore_errors=True)
    generate(MARKET, folder / "market")
    snapshot_from_market(folder / "market", folder / "snapshots")
    work = _workspace(folder)
    train_step(work, debug())
    evaluate_step(work)
    rank_step(work, RECIPES[CHAMPION])
    index_step(work)
    _release_both(NotebookData(folder))


def _release_both(data: NotebookData) -> None:
    """Without gates: towers trained for seconds would pass none, and nothing serves these releases."""
    work, corpus, bundle = data.work, data.corpus, data.bundle
    index = JobIndex.load(work.index, encoder_version=bundle.encoder_version)
    releases, evidence = work.settings.releases, work.load_evidence()
    publish(releases, CHAMPION, bundle, index, corpus, evidence)
    stage = train_second_stage(corpus, bundle, work.folder / "columns", RECIPES[CHALLENGER])
    bundle.match = stage.match_model(*load_fit())
    publish(releases, CHALLENGER, bundle, index, corpus, evidence)

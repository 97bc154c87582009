"""`jobpilot-ml ope`: what a challenger would have earned on the pages that a snapshot logged."""

from __future__ import annotations

import json
import sys
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from rich.console import Console
from rich.table import Table

from features.records import POSITIVE_KINDS
from features.snapshot import read_events
from models.release import read_release, release_folder
from training.benchmarks.report import write_whole
from training.config import SplitConfig
from training.ope.challenger import FileScores, TowerScores, candidates_of
from training.ope.evaluate import Evaluation, evaluate_policy
from training.ope.pages import I64, OpeError
from training.ope.snapshot_log import SnapshotLog, read_log
from training.ope.targets import EpsilonGreedy, PlackettLuce, TargetPolicy
from training.progress import say
from training.settings import TrainingSettings
from training.split import split_by_time
from training.tracking import Run


@dataclass(frozen=True)
class Options:
    """What is asked: exactly one of `release` and `scores`; one of `temperature` and `epsilon` decides."""

    release: str | None = None
    scores: Path | None = None
    temperature: float = 0.05
    epsilon: float | None = None
    power: float | None = None
    logged_by: str | None = None
    pages: int = 2_000
    seed: int = 0

    def policy(self) -> TargetPolicy:
        if self.epsilon is not None:
            return EpsilonGreedy(self.epsilon, seed=self.seed)
        return PlackettLuce(self.temperature, seed=self.seed)


def run_ope(
    settings: TrainingSettings, snapshot: Path, options: Options, run: Run, json_out: Path | None = None
) -> Evaluation:
    """Prints the table. Pages are those of the snapshot's test window, on which nothing was trained.

    Raises OpeError (no such pages, bad options), OverlapError, ReleaseError, SnapshotError, SplitError.
    """
    if (options.release is None) == (options.scores is None):
        raise OpeError("name a release or give --scores, one of the two")
    since = _test_window(snapshot)
    log = read_log(snapshot, since=since, release_id=options.logged_by, most=options.pages, seed=options.seed)
    scores: FileScores | TowerScores
    if options.scores is not None:
        scores = FileScores(options.scores, log)
    else:
        release = read_release(release_folder(settings.releases, str(options.release)))
        if release.snapshot_id != snapshot.name:
            say(
                f"note: {release.release_id} was trained on {release.snapshot_id}, perhaps on these pages too"
            )
        cache = settings.data_dir / "cache" / "sentences.sqlite"
        scores = TowerScores(release.load_bundle(), snapshot, cache, log)
    found = evaluate_policy(
        log.pages, candidates_of(log, scores), options.policy(), power=options.power, seed=options.seed
    )
    _report(found, log, options, since, run, json_out)
    return found


def _test_window(snapshot: Path) -> int:
    events = read_events(snapshot)
    positive = events.filter(pc.is_in(events["kind"], value_set=pa.array(POSITIVE_KINDS)))
    at: I64 = np.array(positive["at"].cast(pa.timestamp("us", "UTC")).cast(pa.int64()).to_numpy(), np.int64)
    return split_by_time(at, SplitConfig()).test


def _report(
    found: Evaluation, log: SnapshotLog, options: Options, since: int, run: Run, json_out: Path | None
) -> None:
    name = options.release or str(options.scores)
    Console(file=sys.stdout, width=None if sys.stdout.isatty() else 130).print(
        _table(found, log, name, since)
    )
    values = {"logged": found.logged, **found.values}
    document = {
        "challenger": name,
        "policy": found.policy,
        "logged_by": log.release_id,
        "acts_per_page": {label: asdict(value) for label, value in values.items()},
        "overlap": asdict(found.overlap),
        "examination_power": found.power,
    }
    text = json.dumps(document, indent=1)
    if json_out is not None:
        write_whole(json_out, text)
    run.params({"challenger": name, "policy": found.policy, "logged_by": log.release_id})
    for label, value in values.items():
        run.metrics({f"{label}/{part}": getattr(value, part) for part in ("value", "low", "high")})
    run.metrics({f"overlap/{part}": value for part, value in asdict(found.overlap).items()})
    run.text(text, "ope.json")


def _table(found: Evaluation, log: SnapshotLog, name: str, since: int) -> Table:
    seen = found.overlap
    day = datetime.fromtimestamp(since / 1e6, UTC).date().isoformat()
    table = Table(
        title=f"acts (view, save, apply) a page, from {day}: {seen.pages:,} pages of {seen.users:,} users",
        caption=f"effective pages {seen.effective_pages:.0f}, largest weight {seen.largest_weight:.0f}, "
        f"covered {seen.covered:.0%}, examination ~ rank ** -{found.power:.2f}; 95 % intervals over users",
        title_justify="left",
        caption_justify="left",
    )
    for column in ("policy", "estimate", "value", "95 % interval"):
        table.add_column(column, justify="right" if column == "value" else "left")
    logged = found.logged
    rows = [(log.release_id, "logged", logged)]
    rows += [(f"{name} ({found.policy})", label, value) for label, value in found.values.items()]
    for policy, label, value in rows:
        table.add_row(policy, label, f"{value.value:.4f}", f"[{value.low:.4f}, {value.high:.4f}]")
    return table

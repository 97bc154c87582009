"""One audit: a synthetic audit set, its tables, the invariance tests, two gates, and one MLflow run."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from models.bundle import ModelBundle
from models.release import MANIFEST, read_release, release_folder
from training.audit import report
from training.audit.audit_set import (
    SEED,
    AuditSet,
    AuditSetError,
    make_audit_set,
    read_audit_set,
    with_resumes,
    write_audit_set,
)
from training.audit.invariance import Change, broken, invariance
from training.audit.ll144 import Table, Verdict, audit_tables, gate
from training.audit.scores import KINDS, Scorer, in_batches
from training.progress import say
from training.release import Gate
from training.tracking import Run

EXPERIMENT = "jobpilot/bias-audit"
PEOPLE = 3_000
EDITED = 200
#: The audit that every release goes through is smaller than the command's: one in so many is edited.
PEOPLE_PER_EDITED = 20


@dataclass(frozen=True)
class Audit:
    """`bias` and `invariance` are gates: a release that fails one is not fit to be champion."""

    people: int
    tables: tuple[Table, ...]
    changes: tuple[Change, ...]
    bias: Verdict
    invariance: Verdict

    @property
    def passed(self) -> bool:
        return self.bias.passed and self.invariance.passed

    def lines(self) -> list[str]:
        gates = (("bias", self.bias), ("invariance", self.invariance))
        return [f"gate {name}: {'pass' if v.passed else 'FAIL'} ({v.detail})" for name, v in gates]

    def document(self) -> dict[str, object]:
        return {
            "synthetic": True,
            "people": self.people,
            "gates": {"bias": asdict(self.bias), "invariance": asdict(self.invariance)},
            "tables": [asdict(table) for table in self.tables],
            "invariance": [asdict(change) for change in self.changes],
        }


def audit(score: Scorer, people: AuditSet, *, edited: int = EDITED) -> Audit:
    """Tables over everybody, edits over the first `edited` people with a resume."""
    scores = in_batches(score, people.users, people.jobs)
    tables = tuple(
        table for kind in KINDS for table in audit_tables(kind, scores.of(kind), people.sex, people.race)
    )
    rows = with_resumes(people.users)[:edited]
    changes = invariance(score, [people.users[i] for i in rows], [people.jobs[i] for i in rows])
    scored = [table for table in tables if table.people]
    return Audit(len(people), tables, changes, gate(scored), _held(changes))


def _held(changes: Sequence[Change]) -> Verdict:
    found = broken(changes)
    if found:
        told = "; ".join(
            f"{c.edit} moves {c.score} of {c.changed} pairs by up to {c.largest:.2g}" for c in found
        )
        return Verdict(False, told[:400])
    pairs = sum(change.scored for change in changes)
    return Verdict(pairs > 0, f"{len(changes)} tests over {pairs:,} scored pairs, nothing moved")


def load_or_make(folder: Path, people: int = PEOPLE, seed: int = SEED) -> AuditSet:
    """The audit set of `folder`, made there if there is none of this size. Raises AuditSetError."""
    try:
        found = read_audit_set(folder)
    except AuditSetError:
        if any(folder.glob("*.csv")):
            raise  # it is there, and something is wrong with it
        found = None
    if found is None or len(found) != people:
        say(f"audit set: inventing {people:,} people")
        write_audit_set(make_audit_set(people, seed), folder, seed)
        found = read_audit_set(folder)
    return found


def audit_release(
    releases: Path, release: str, folder: Path, *, people: int = PEOPLE, edited: int = EDITED
) -> tuple[str, Audit]:
    """(release id, audit) of a release by id or by folder.

    Raises ReleaseError, BundleError or AuditSetError.
    """
    from training.audit.scorer import BundleScorer

    place = Path(release)
    found = read_release(place if (place / MANIFEST).is_file() else release_folder(releases, release))
    score = BundleScorer(found.load_bundle(threads=1))
    return found.release_id, audit(score, load_or_make(folder, people), edited=edited)


def audit_gates(bundle: ModelBundle, folder: Path, run: Run, size: int) -> list[Gate]:
    """The two gates of a bundle about to be released, on `size` people; tables go into the run."""
    from training.audit.scorer import BundleScorer

    people = load_or_make(folder / f"people-{size}", size)
    done = audit(BundleScorer(bundle), people, edited=size // PEOPLE_PER_EDITED)
    log(done, run, "Bias audit")
    verdicts = (("bias", done.bias), ("invariance", done.invariance))
    return [Gate(name, verdict.passed, verdict.detail) for name, verdict in verdicts]


def log(done: Audit, run: Run, title: str) -> None:
    """Figures, tables, the page and the pictures into an MLflow run."""
    run.params({"people": done.people, "synthetic": True})
    run.tags({"gate.bias": str(done.bias.passed), "gate.invariance": str(done.invariance.passed)})
    for table in done.tables:
        ratios = [row.ratio for row in table.compared if row.ratio is not None]
        if ratios:
            run.metrics({f"impact/{table.score}/{table.by}": min(ratios)})
    run.metrics({f"invariance/{c.edit}/{c.score}": c.largest for c in done.changes})
    run.text(report.tables_csv(done.tables), "audit/tables.csv")
    run.text(report.changes_csv(done.changes), "audit/invariance.csv")
    run.text(report.page(title, done.tables, done.changes, done.lines()), "audit/report.html")
    run.text(json.dumps(done.document(), indent=1), "audit/audit.json")
    for name, figure in report.figures(done.tables):
        run.figure(figure, f"audit/{name}")


def write(done: Audit, folder: Path, title: str) -> None:
    """The same files into a folder."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "tables.csv").write_text(report.tables_csv(done.tables), "utf-8")
    (folder / "invariance.csv").write_text(report.changes_csv(done.changes), "utf-8")
    (folder / "report.html").write_text(report.page(title, done.tables, done.changes, done.lines()), "utf-8")
    (folder / "audit.json").write_text(json.dumps(done.document(), indent=1), "utf-8")
    for name, figure in report.figures(done.tables):
        figure.savefig(folder / name)

from __future__ import annotations

import stat
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from features.records import JobRecord, UserRecord
from models.fit import FitModel
from models.testing import tiny_bundle
from training.audit import challenger, report
from training.audit.audit_set import (
    ATTRIBUTES,
    AuditSet,
    AuditSetError,
    make_audit_set,
    read_audit_set,
    with_resumes,
    write_audit_set,
)
from training.audit.edits import PROTECTED, STUFFING
from training.audit.invariance import broken, invariance
from training.audit.ll144 import audit_tables, gate, ratio_interval
from training.audit.run import audit, load_or_make, write
from training.audit.scorer import BundleScorer
from training.audit.scores import Scores

TRACKED_FIT = Path(__file__).resolve().parents[2] / "data" / "matching" / "fit" / "fit.json"


def merit(users: Sequence[UserRecord], jobs: Sequence[JobRecord]) -> Scores:
    """A fair stand-in that is quick: it reads stated skills and years, and nothing else."""
    shared = [len({*u.skills} & {*j.skills}) for u, j in zip(users, jobs, strict=True)]
    logit = np.array([s + 0.05 * (u.experience_years or 0.0) for s, u in zip(shared, users, strict=True)])
    p = 1 / (1 + np.exp(1.0 - logit))
    return Scores(p, p / 2)


@pytest.fixture(scope="module")
def people() -> AuditSet:
    return make_audit_set(900, seed=3)


@pytest.fixture(scope="module")
def bundle_scorer() -> BundleScorer:
    return BundleScorer(tiny_bundle(), FitModel.load(TRACKED_FIT))


def pairs(people: AuditSet, n: int) -> tuple[list[UserRecord], list[JobRecord]]:
    rows = with_resumes(people.users)[:n]
    return [people.users[i] for i in rows], [people.jobs[i] for i in rows]


# -- invariance ----------------------------------------------------------------------------------------


def test_the_product_is_invariant(people: AuditSet, bundle_scorer: BundleScorer) -> None:
    users, jobs = pairs(people, 12)
    changes = invariance(bundle_scorer, users, jobs)
    assert {c.edit for c in changes} == {*PROTECTED, *STUFFING}
    assert broken(changes) == []
    assert sum(c.scored for c in changes if c.score == "fit") > 100


@pytest.mark.parametrize("edit", [*PROTECTED, *STUFFING])
def test_every_edit_changes_the_resume(people: AuditSet, edit: str) -> None:
    rng = np.random.default_rng(0)
    for user, job in zip(*pairs(people, 5), strict=True):
        before, after = (PROTECTED | STUFFING)[edit](user, job, rng)
        assert before != after


def test_a_model_that_reads_names_is_not_invariant(people: AuditSet) -> None:
    users, jobs = pairs(people, 40)
    found = broken(invariance(challenger.against_women(merit), users, jobs))
    assert {c.edit for c in found} >= {"name"}
    assert max(c.largest for c in found) > 0.01


def test_a_model_that_counts_words_rewards_stuffing(people: AuditSet) -> None:
    def longest(users: Sequence[UserRecord], jobs: Sequence[JobRecord]) -> Scores:
        p = np.array([1 - 1 / (2 + len(u.resume_text)) for u in users])
        return Scores(p, p)

    found = broken(invariance(longest, *pairs(people, 5), protected={}))
    assert {c.edit for c in found} == {*STUFFING}


def test_a_number_that_vanishes_is_a_change(people: AuditSet) -> None:
    def shy(users: Sequence[UserRecord], jobs: Sequence[JobRecord]) -> Scores:
        p = np.array([np.nan if "leave" in u.resume_text else 0.5 for u in users])
        return Scores(p, np.full(len(users), np.nan))

    edits = {"leave": lambda u, j, rng: (u, replace(u, resume_text=f"{u.resume_text} on leave"))}
    fit, interest = invariance(shy, *pairs(people, 4), protected=edits, stuffing={})
    assert (fit.changed, fit.largest) == (4, 1.0)
    assert (interest.changed, interest.scored) == (0, 0)


# -- tables --------------------------------------------------------------------------------------------


def test_tables_by_hand() -> None:
    """Worked out on paper: 10 men of whom 6, and 10 women of whom 3 lie above the median."""
    values = np.array([*[0.9] * 6, *[0.1] * 4, *[0.9] * 3, *[0.1] * 7, np.nan, 0.1])
    sex = [*["Male"] * 10, *["Female"] * 10, "Male", "Unknown"]
    table = audit_tables("fit", values, sex, ["White"] * 22)[0]
    assert (table.median, table.people, table.unknown, table.unscored) == (0.1, 21, 1, 1)
    female, male = table.rows
    assert (female.rate, male.rate, male.ratio) == (0.3, 0.6, 1.0)
    assert female.ratio == pytest.approx(0.5)
    assert (female.below_four_fifths, male.below_four_fifths) == (True, False)
    assert (female.low or 1.0) < 0.5 < (female.high or 0.0)


def test_small_categories_are_listed_and_not_compared() -> None:
    race = [*["White"] * 99, "Asian"]
    table = audit_tables("fit", np.linspace(0, 1, 100), ["Male"] * 100, race)[1]
    asian, white = table.rows
    assert (asian.small, asian.ratio) == (True, None)
    assert white.ratio == 1.0


def test_ties_at_the_median_give_nobody_a_rate() -> None:
    table = audit_tables("fit", np.full(20, 0.5), ["Male", "Female"] * 10, ["White"] * 20)[0]
    assert [row.rate for row in table.rows] == [0.0, 0.0]
    assert not gate([table]).passed  # nothing could be compared


def test_the_interval_of_a_ratio_covers_it() -> None:
    rng, covered = np.random.default_rng(0), 0
    for _ in range(400):
        low, high = ratio_interval(rng.binomial(200, 0.4), 200, rng.binomial(300, 0.5), 300)
        covered += low <= 0.8 <= high
    assert 0.92 <= covered / 400 <= 0.98


def test_intersections_leave_out_whoever_is_half_unknown() -> None:
    sex, race = ["Male", "Unknown", "Female"] * 10, ["White", "White", "Asian"] * 10
    table = audit_tables("fit", np.linspace(0, 1, 30), sex, race)[2]
    assert [row.category for row in table.rows] == ["Female, Asian", "Male, White"]
    assert table.unknown == 10


# -- the gate ------------------------------------------------------------------------------------------


def test_a_fair_model_passes_and_biased_ones_are_blocked(people: AuditSet) -> None:
    assert _bias(merit, people)[0]
    for biased in (
        challenger.against_women(merit),
        challenger.against_names(merit),
        challenger.against_schools(merit),
    ):
        passed, detail = _bias(biased, people)
        assert not passed
        assert "impact ratio below 0.8" in detail


def _bias(score: object, people: AuditSet) -> tuple[bool, str]:
    done = audit(score, people, edited=3)  # type: ignore[arg-type]
    return done.bias.passed, done.bias.detail


# -- the audit set -------------------------------------------------------------------------------------


def test_attributes_are_kept_apart_and_closed(people: AuditSet, tmp_path: Path) -> None:
    write_audit_set(people, tmp_path / "set", seed=3)
    path = tmp_path / "set" / ATTRIBUTES
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    again = read_audit_set(tmp_path / "set")
    assert (again.sex, again.race, again.users) == (people.sex, people.race, people.users)
    open_to_all = (tmp_path / "set" / "applications.jsonl").read_text()
    assert not any(word in open_to_all for word in ("Hispanic or Latino", '"Female"', '"sex"'))
    path.chmod(0o644)
    with pytest.raises(AuditSetError, match="can be read by others"):
        load_or_make(tmp_path / "set", 900)


def test_attributes_have_nothing_to_do_with_merit(people: AuditSet) -> None:
    fit = merit(people.users, people.jobs).fit
    women = np.array([sex == "Female" for sex in people.sex])
    gap = abs(fit[women].mean() - fit[~women].mean())
    assert gap < 4 * fit.std() / np.sqrt(women.sum())
    assert {"Unknown", "Asian", "White"} <= set(people.race)


def test_a_report_says_what_it_is(people: AuditSet, tmp_path: Path) -> None:
    done = audit(merit, people, edited=3)
    write(done, tmp_path / "out", "Bias audit of release <x>")
    page = (tmp_path / "out" / "report.html").read_text()
    assert "Bias audit of release &lt;x&gt;" in page
    assert "every person is invented" in page
    assert page.count("<table>") == 7
    lines = (tmp_path / "out" / "tables.csv").read_text().splitlines()
    assert lines[0].split(",") == list(report.TABLE_COLUMNS)
    assert (tmp_path / "out" / "fit-sex.png").stat().st_size > 1_000

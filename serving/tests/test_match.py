"""The two numbers as the serving layer gives them: their ledgers add up, their promises hold when they are
made true, and what a receipt keeps gives the same numbers to the last bit."""

from __future__ import annotations

import math
import random
from datetime import UTC, datetime
from pathlib import Path

import pytest

from models.bundle import ModelBundle
from serving.behaviour import GuardedBehaviour, MemoryBehaviour
from serving.engine import Engine
from serving.errors import ReleaseGoneError, SnapshotRefusedError
from serving.match_schemas import Counterfactual, Match, ReplayRequest, Snapshot
from serving.recommender import Recommender
from serving.replay import ReplayDesk
from serving.schemas import (
    Filters,
    HistoryItem,
    JobDocument,
    RecommendRequest,
    ScoreRequest,
    UserDocument,
    WhyNotRequest,
)
from serving.tests.conftest import load_first

NOW = datetime(2026, 3, 1, tzinfo=UTC)
POSTING = JobDocument(
    job_id=900,
    title="Data Engineer",
    description=(
        "What you will do\n- Build pipelines with Apache Spark.\n\n"
        "Requirements\n- 4+ years of experience with Python\n- Kafka\n- PostgreSQL\n- Bachelor's degree\n\n"
        "Nice to have\n- Kubernetes\n"
    ),
    location="Berlin",
    salary_max=90_000,
    currency="EUR",
)
SEEKER = UserDocument(
    user_id=7,
    desired_title="Data Engineer",
    resume_text="I wrote Python for a bank.\nI kept PostgreSQL running.",
    skills=("Python",),
    location="Berlin",
    experience_years=3,
)


@pytest.fixture(scope="module")
def engine(written: Path, bundle: ModelBundle) -> Engine:
    return load_first(written, bundle)


@pytest.fixture
def recommender() -> Recommender:
    return Recommender(GuardedBehaviour(MemoryBehaviour()), epsilon=0.0, draw=random.Random(0))


def score(
    recommender: Recommender, engine: Engine, user: UserDocument = SEEKER, job: JobDocument = POSTING
) -> Match:
    request = ScoreRequest(user=user, jobs=(job,), counterfactuals=10, snapshots=True)
    match = recommender.score(engine, request, NOW).items[0].match
    assert match is not None
    return match


def fit(match: Match) -> float:
    assert match.fit is not None
    return match.fit.value


def test_ledgers_add_up_to_the_numbers(recommender: Recommender, engine: Engine) -> None:
    match = score(recommender, engine)
    assert match.fit is not None
    assert match.interest is not None
    assert [ledger.number for ledger in match.ledgers] == ["fit", "interest"]
    for ledger, number in zip(match.ledgers, (match.fit, match.interest), strict=True):
        assert math.fsum(row.contribution for row in ledger.rows) == pytest.approx(ledger.logit, abs=1e-9)
        assert 1 / (1 + math.exp(-ledger.logit)) == pytest.approx(number.value, abs=1e-12)
        assert number.low <= number.value <= number.high


def test_rows_point_at_the_words_that_ask_and_that_answer(recommender: Recommender, engine: Engine) -> None:
    rows = {row.label: row for row in score(recommender, engine).ledgers[0].rows}
    python = rows["Python"]
    assert python.status == "met"
    span = python.posting[0]
    assert POSTING.description[span.start : span.end] == "Python"
    resume = next(shown for shown in python.person if shown.source == "resume")
    assert SEEKER.resume_text[resume.start : resume.end] == "Python"
    kafka = rows["Apache Kafka"]
    assert (kafka.status, kafka.contribution, kafka.person) == ("missing", 0.0, ())
    assert kafka.loss > rows["Kubernetes"].loss > 0
    assert rows["4 years of experience, you have 3"].status == "missing"


def test_taking_the_cited_words_away_takes_their_share_away(recommender: Recommender, engine: Engine) -> None:
    whole = score(recommender, engine).ledgers[0]
    worth = next(row.contribution for row in whole.rows if row.label == "PostgreSQL")
    shorter = SEEKER.model_copy(update={"resume_text": SEEKER.resume_text.replace("PostgreSQL", "")})
    assert score(recommender, engine, shorter).ledgers[0].logit == pytest.approx(
        whole.logit - worth, abs=1e-9
    )
    elsewhere = SEEKER.model_copy(update={"resume_text": SEEKER.resume_text.replace(" running", "")})
    assert score(recommender, engine, elsewhere).ledgers[0].logit == whole.logit


def applied(user: UserDocument, edit: Counterfactual) -> UserDocument:
    kind, value = edit.edit.kind, edit.edit.value
    if kind == "years":
        return user.model_copy(update={"experience_years": float(value)})
    if kind == "degree":
        return user.model_copy(update={"resume_text": f"{user.resume_text}\n{value.capitalize()}'s degree"})
    return user.model_copy(update={"skills": (*user.skills, value)})


def test_a_promise_made_true_gives_exactly_the_promised_number(
    recommender: Recommender, engine: Engine
) -> None:
    match = score(recommender, engine)
    told = {(c.edit.kind, c.edit.value) for c in match.counterfactuals}
    assert {("add_skill", "Apache Kafka"), ("years", "4"), ("degree", "bachelor")} <= told
    for promise in match.counterfactuals:
        assert promise.fit_before == fit(match) < promise.fit_after
        after = score(recommender, engine, applied(SEEKER, promise))
        assert fit(after) == promise.fit_after


def test_postings_that_newly_pass_are_counted_among_the_open_ones(
    recommender: Recommender, engine: Engine
) -> None:
    user = SEEKER.model_copy(update={"skills": (), "resume_text": "I sell shoes and hats."})
    request = ScoreRequest(user=user, job_ids=(1, 2), counterfactuals=5, bar=0.2)
    answer = recommender.score(engine, request, NOW)
    by_id = {item.job_id: item.match for item in answer.items}
    first = by_id[1]
    assert first is not None
    python = next(c for c in first.counterfactuals if c.edit.value == "Python")
    assert python.bar == 0.2
    passes = [
        j
        for j in (1, 2, 3, 4, 5)
        if _passes(recommender, engine, applied(user, python), j)
        and not _passes(recommender, engine, user, j)
    ]
    assert python.more_jobs == len(passes)


def _passes(recommender: Recommender, engine: Engine, user: UserDocument, job_id: int) -> bool:
    match = recommender.score(engine, ScoreRequest(user=user, job_ids=(job_id,)), NOW).items[0].match
    assert match is not None
    return match.fit is not None and match.fit.value >= 0.2


def test_what_a_person_adds_never_lowers_fit(recommender: Recommender, engine: Engine) -> None:
    known: tuple[str, ...] = ()
    before = 0.0
    for skill in ("Kafka", "Python", "Kubernetes", "Cooking", "PostgreSQL", "Apache Spark"):
        known = (*known, skill)
        now = fit(
            score(recommender, engine, SEEKER.model_copy(update={"skills": known, "resume_text": "I work."}))
        )
        assert now >= before
        before = now


def test_too_little_to_compare_is_said_not_guessed(recommender: Recommender, engine: Engine) -> None:
    vague = JobDocument(job_id=901, title="Helper wanted", description="Call us.")
    match = score(recommender, engine, job=vague)
    assert match.fit is None
    assert match.abstained == {"fit": "posting_says_too_little"}
    assert match.interest is not None
    nobody = score(recommender, engine, UserDocument(user_id=0))
    assert nobody.fit is None
    assert nobody.interest is None
    assert nobody.abstained["interest"] == "profile_says_too_little"
    assert nobody.ledgers == ()
    past = (HistoryItem(job_id=2, kind="save", at=datetime(2026, 2, 1, tzinfo=UTC)),)
    assert score(recommender, engine, UserDocument(user_id=0, history=past)).interest is not None


def test_a_posting_scores_the_same_alone_and_in_company(recommender: Recommender, engine: Engine) -> None:
    together = recommender.score(engine, ScoreRequest(user=SEEKER, job_ids=(1, 2, 3, 4, 5)), NOW)
    for item in together.items:
        alone = recommender.score(engine, ScoreRequest(user=SEEKER, job_ids=(item.job_id,)), NOW)
        assert alone.items[0].match == item.match


def test_a_page_is_in_the_order_of_interest_and_says_so_shortly(
    recommender: Recommender, engine: Engine
) -> None:
    page = recommender.recommend(engine, RecommendRequest(user=SEEKER, limit=5), NOW)
    scores = [item.score for item in page.items]
    assert scores == sorted(scores, reverse=True)
    for item in page.items:
        assert item.match is not None
        assert item.match.interest is None or item.match.interest.value == item.score
        for ledger in item.match.ledgers:
            assert math.fsum(r.contribution for r in ledger.rows) == pytest.approx(ledger.logit, abs=1e-9)
            assert len(ledger.rows) <= 6
    bare = recommender.recommend(engine, RecommendRequest(user=SEEKER, limit=5, explain=False), NOW)
    assert all(item.match is not None and item.match.ledgers == () for item in bare.items)


def test_fresh_postings_rise_when_asked_for(recommender: Recommender, engine: Engine) -> None:
    """Tiny postings have no date, so none loses anything: the order stays."""
    plain = recommender.recommend(engine, RecommendRequest(user=SEEKER, limit=5), NOW)
    fresh = recommender.recommend(engine, RecommendRequest(user=SEEKER, limit=5, freshness=2.0), NOW)
    assert [i.job_id for i in plain.items] == [i.job_id for i in fresh.items]


# -- why not -----------------------------------------------------------------------------------------------


def ask(recommender: Recommender, engine: Engine, **changes: object) -> tuple[str, str]:
    request = WhyNotRequest.model_validate({"user": SEEKER, "job_id": 3, "limit": 2} | changes)
    answer = recommender.why_not(engine, request, NOW)
    return answer.stopped_at, answer.steps[-1].would_help


def test_why_not_names_the_stage(recommender: Recommender, engine: Engine) -> None:
    assert ask(recommender, engine, job_id=999)[0] == "unknown"
    assert ask(recommender, engine, exclude=(3,))[0] == "dismissed"
    stage, helps = ask(recommender, engine, filters=Filters(remote=("remote",), countries=("GB",)))
    assert (stage, helps) == ("filters", "without the filter on kind of remote work")
    page = recommender.recommend(engine, RecommendRequest(user=SEEKER, limit=2), NOW)
    shown = [item.job_id for item in page.items]
    for job_id in (1, 2, 3, 4, 5):
        stopped, _ = ask(recommender, engine, job_id=job_id)
        assert (stopped == "shown") == (job_id in shown)
        assert stopped in ("shown", "ranking", "diversity")


# -- replay ------------------------------------------------------------------------------------------------


def test_what_a_receipt_keeps_gives_the_same_numbers_with_any_stored_release(
    recommender: Recommender, engine: Engine, written: Path
) -> None:
    answer = recommender.score(engine, ScoreRequest(user=SEEKER, job_ids=(1, 2, 3), snapshots=True), NOW)
    kept = [item.match for item in answer.items]
    snapshots = tuple(m.snapshot for m in kept if m is not None and m.snapshot is not None)
    assert len(snapshots) == 3
    desk = ReplayDesk(written)
    for snapshot, match in zip(snapshots, kept, strict=True):
        parsed = Snapshot.model_validate_json(snapshot.model_dump_json())
        again = desk.replay(ReplayRequest(release_id="first", snapshots=(parsed,))).matches[0]
        assert match is not None
        assert (again.fit, again.interest) == (match.fit, match.interest)
    other = desk.replay(ReplayRequest(release_id="second", snapshots=snapshots)).matches
    assert [m.interest for m in other] != [m.interest for m in kept if m is not None]


def test_a_release_that_is_gone_or_a_foreign_snapshot_is_refused(written: Path) -> None:
    desk = ReplayDesk(written)
    with pytest.raises(ReleaseGoneError, match="cannot be replayed"):
        desk.replay(ReplayRequest(release_id="third", snapshots=(Snapshot(),)))
    with pytest.raises(SnapshotRefusedError, match="other figures"):
        desk.replay(ReplayRequest(release_id="first", snapshots=(Snapshot(interest=[1.0]),)))

from __future__ import annotations

import random
from collections.abc import Callable
from copy import copy
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pytest

from features.records import InteractionRecord
from models.bundle import ModelBundle
from models.facts import content_hash
from serving.behaviour import GuardedBehaviour, MemoryBehaviour
from serving.engine import Engine
from serving.errors import UnknownJobError, UnknownPlaceError
from serving.journal import MemoryJournal, Posting
from serving.recommender import Recommender
from serving.schemas import (
    Filters,
    HistoryItem,
    JobDocument,
    Reason,
    RecommendRequest,
    ScoreRequest,
    SimilarRequest,
    UserDocument,
)
from serving.tests.conftest import job, load_first

NOW = datetime(2026, 3, 1, tzinfo=UTC)
USER = UserDocument(user_id=7, desired_title="Data Engineer", skills=("Python", "AWS"), location="Berlin")


@pytest.fixture(scope="module")
def engine(written: Path, bundle: ModelBundle) -> Engine:
    """The five tiny postings and forty more of one company."""
    engine = load_first(written, bundle)
    journal = MemoryJournal()
    more = [job(100 + i, title=f"Data Engineer {i}", location="Berlin") for i in range(40)]
    journal.upsert([Posting(j, content_hash(j)) for j in more], "v")
    engine.catch_up(journal)
    return engine


@pytest.fixture
def behaviour() -> MemoryBehaviour:
    return MemoryBehaviour()


@pytest.fixture
def recommender(behaviour: MemoryBehaviour) -> Recommender:
    return Recommender(GuardedBehaviour(behaviour), epsilon=0.0, draw=random.Random(0))


def event(job_id: int, kind: str, days_ago: float = 1.0) -> HistoryItem:
    return HistoryItem(job_id=job_id, kind=kind, at=NOW - timedelta(days=days_ago))  # type: ignore[arg-type]


Ids = Callable[..., list[int]]


@pytest.fixture
def ids(recommender: Recommender, engine: Engine) -> Ids:
    def recommend(user: UserDocument = USER, **arguments: object) -> list[int]:
        request = RecommendRequest(user=user, **{"limit": 45, **arguments})  # type: ignore[arg-type]
        return [item.job_id for item in recommender.recommend(engine, request, NOW).items]

    return recommend


def test_without_a_second_stage_the_order_is_that_of_the_vectors(
    recommender: Recommender, written: Path, bundle: ModelBundle
) -> None:
    first_stage = copy(bundle)
    first_stage.match = None
    engine = load_first(written, first_stage)
    answer = recommender.recommend(engine, RecommendRequest(user=USER, limit=3), NOW)
    assert answer.release_id == "first"
    assert list(answer.stages_ms) == ["behaviour", "encode", "search", "rank", "explain"]
    user = recommender.embed_users(engine, [USER], NOW)[0]
    ids = engine.index.ids()
    similarity = dict(
        zip(ids.tolist(), engine.index.vectors(ids)[1] @ np.array(user, np.float32), strict=True)
    )
    for rank, item in enumerate(answer.items, 1):
        assert (item.rank, item.propensity) == (rank, 1.0)
        assert item.similarity == pytest.approx(similarity[item.job_id], abs=1e-6)
        assert item.score == pytest.approx(float(engine.bundle.calibration.probability(item.similarity)))
    assert answer.items[0].similarity == pytest.approx(max(similarity.values()), abs=1e-6)


def test_the_same_request_gets_the_same_answer(ids: Ids) -> None:
    assert ids() == ids()
    assert sorted(ids()) == [1, 2, 3, 4, 5, *range(100, 140)]


def test_excluded_and_dismissed_postings_never_appear(ids: Ids, behaviour: MemoryBehaviour) -> None:
    behaviour.push([InteractionRecord(7, 100, "dismiss", NOW - timedelta(days=3))])
    user = USER.model_copy(update={"history": (event(101, "dismiss"), event(103, "view"))})
    left = ids(user, exclude=(102, 999))
    assert not {100, 101, 102} & set(left)
    assert {103, 104} <= set(left)


def test_interest_changes_the_ranking(ids: Ids, behaviour: MemoryBehaviour) -> None:
    cold = UserDocument(user_id=8)
    before = ids(cold)
    behaviour.push([InteractionRecord(8, 3, kind, NOW - timedelta(hours=1)) for kind in ("view", "apply")])
    after = ids(cold)
    assert after.index(3) < before.index(3) or after[0] == 3
    assert after != before
    sent = UserDocument(user_id=9, history=(event(3, "view", 1 / 24), event(3, "apply", 1 / 24)))
    assert ids(sent) == after  # the same history, from the request instead of the store


def test_an_event_known_twice_counts_once(
    recommender: Recommender, engine: Engine, behaviour: MemoryBehaviour
) -> None:
    user = USER.model_copy(update={"history": (event(3, "save"),)})
    once = recommender.embed_users(engine, [user], NOW)
    behaviour.push([InteractionRecord(7, 3, "save", NOW - timedelta(days=1))])
    assert recommender.embed_users(engine, [user], NOW) == once


def test_an_empty_user_is_answered(ids: Ids) -> None:
    assert len(ids(UserDocument(user_id=1))) == 45


def test_filters_are_hard(ids: Ids) -> None:
    assert ids(filters=Filters(remote=("remote",))) == [4]
    assert ids(filters=Filters(countries=("gb",))) == [3]
    assert ids(filters=Filters(near="Leeds", radius_km=100)) == [3]
    assert ids(filters=Filters(near="Potsdam", radius_km=5)) == []
    assert set(ids(filters=Filters(near="Potsdam", radius_km=60))) == {1, 2, *range(100, 140)}
    assert ids(filters=Filters(salary_min=10_000)) == []
    with pytest.raises(UnknownPlaceError, match="Nowhereville"):
        ids(filters=Filters(near="Nowhereville-upon-Nothing"))


def test_one_company_does_not_fill_the_page(engine: Engine, recommender: Recommender) -> None:
    answer = recommender.recommend(engine, RecommendRequest(user=USER, limit=12), NOW)
    assert sum(item.job_id >= 100 for item in answer.items[:8]) == 3
    assert all(item.job_id >= 100 for item in answer.items[8:])  # nobody else is left
    assert [i.rank for i in answer.items] == list(range(1, 13))


def test_exploration_is_logged_with_its_chance(engine: Engine, behaviour: MemoryBehaviour) -> None:
    draw = random.Random(2)
    recommender = Recommender(GuardedBehaviour(behaviour), epsilon=0.5, draw=draw)
    request = RecommendRequest(user=USER, limit=5)
    pages = [recommender.recommend(engine, request, NOW).items for _ in range(60)]
    propensities = sorted({item.propensity for page in pages for item in page})
    assert propensities == pytest.approx([0.5 / 3 / 15, 1 - 0.5 / 3, 1.0])


def test_reasons_are_true(engine: Engine, recommender: Recommender) -> None:
    user = USER.model_copy(update={"remote": "remote", "history": (event(1, "save"),)})
    answer = recommender.score(engine, ScoreRequest(user=user, job_ids=(1, 2, 4)), NOW)
    by_id = {item.job_id: item.reasons for item in answer.items}
    assert {r.detail for r in by_id[1] if r.kind == "skill"} == {"Python", "Amazon Web Services"}
    assert "PostgreSQL" in {r.detail for r in by_id[1] if r.kind == "missing_skill"}
    assert Reason(kind="place", detail="Berlin, DE") in by_id[1]
    assert Reason(kind="title", detail="data engineer") in by_id[2]
    assert Reason(kind="remote", detail="remote") in by_id[4]
    assert not [r for r in by_id[4] if r.kind in ("place", "skill")]
    assert not [r for r in by_id[1] if r.kind == "history"]  # a posting is not its own reason
    cold = recommender.score(engine, ScoreRequest(user=UserDocument(user_id=1), job_ids=(1,)), NOW)
    assert cold.items[0].reasons == ()


def test_a_saved_posting_is_named_where_another_is_like_it(engine: Engine, recommender: Recommender) -> None:
    user = UserDocument(user_id=1, history=(event(100, "save"), event(3, "view")))
    items = recommender.score(engine, ScoreRequest(user=user, job_ids=(101, 5)), NOW).items
    by_id = {item.job_id: item.reasons for item in items}
    assert by_id[101] == (Reason(kind="history", detail="saved: Data Engineer 0"),)
    vectors = engine.index.vectors([5, 3, 100])[1]
    alike = float(np.max(vectors[1:] @ vectors[0])) >= 0.6
    assert bool(by_id[5]) == alike


def test_score_knows_stored_and_sent_postings(
    engine: Engine, recommender: Recommender, bundle: ModelBundle
) -> None:
    sent = JobDocument(job_id=1, title="Pastry Chef", location="Leeds, UK", job_type="unheard-of")
    request = ScoreRequest(user=USER, job_ids=(2, 77, 1, 2), jobs=(sent,))
    answer = recommender.score(engine, request, NOW)
    assert answer.unknown_job_ids == (77,)
    assert [i.rank for i in answer.items] == [1, 2, 3]
    assert sorted(i.job_id for i in answer.items) == [1, 1, 2]
    assert [i.score for i in answer.items] == sorted((i.score for i in answer.items), reverse=True)
    alone = recommender.score(engine, ScoreRequest(user=USER, jobs=(sent,)), NOW).items[0]
    among = [i.similarity for i in answer.items if i.job_id == 1]
    assert min(abs(alone.similarity - s) for s in among) < 1e-6
    nothing = recommender.score(engine, ScoreRequest(user=USER), NOW)
    assert (nothing.items, nothing.unknown_job_ids) == ((), ())


def test_similar_postings_without_the_posting_itself(engine: Engine, recommender: Recommender) -> None:
    items = recommender.similar(engine, SimilarRequest(job_id=2, limit=4)).items
    assert len(items) == 4
    assert 2 not in [i.job_id for i in items]
    everything = engine.index.vectors(engine.index.ids())[1] @ engine.index.vectors([2])[1][0]
    assert items[0].similarity == pytest.approx(float(np.sort(everything)[-2]), abs=1e-6)
    with pytest.raises(UnknownJobError, match="77"):
        recommender.similar(engine, SimilarRequest(job_id=77))


def test_a_store_that_is_down_costs_no_answer(engine: Engine, caplog: pytest.LogCaptureFixture) -> None:
    class Down(MemoryBehaviour):
        calls = 0

        def online(self, user_ids: object) -> dict[int, object]:  # type: ignore[override]
            self.calls += 1
            raise RuntimeError("the feature store's database did not answer")

    down = Down()
    recommender = Recommender(GuardedBehaviour(down), epsilon=0.0, draw=random.Random(0))
    for _ in range(3):
        assert recommender.recommend(engine, RecommendRequest(user=USER, limit=3), NOW).items
    assert down.calls == 1  # and not asked again at once
    assert "did not answer" in caplog.text

"""A challenger beside the champion: who meets it, what is logged, and that it takes nothing down."""

from __future__ import annotations

import random
from datetime import UTC, datetime
from pathlib import Path

import pytest

from models.bundle import ModelBundle
from models.release import CHALLENGER, Challenger, ReleaseError, challenger, set_challenger
from serving.behaviour import GuardedBehaviour, MemoryBehaviour
from serving.engine import Engine
from serving.experiment import INTERLEAVED, Experiment, meets
from serving.journal import MemoryJournal
from serving.recommender import Recommender
from serving.schemas import RecommendRequest, RecommendResponse, UserDocument
from serving.tests.conftest import load_first

NOW = datetime(2026, 3, 1, tzinfo=UTC)


@pytest.fixture(scope="module")
def engine(written: Path, bundle: ModelBundle) -> Engine:
    return load_first(written, bundle)


@pytest.fixture
def experiment(releases: Path) -> Experiment:
    return Experiment(releases, MemoryJournal(), seconds=60.0)


def recommend(engine: Engine, request: RecommendRequest) -> RecommendResponse:
    recommender = Recommender(GuardedBehaviour(MemoryBehaviour()), epsilon=0.0, draw=random.Random(0))
    return recommender.recommend(engine, request, NOW)


def page(user_id: int) -> RecommendRequest:
    return RecommendRequest(user=UserDocument(user_id=user_id, skills=("Python",)), limit=4)


def ask(experiment: Experiment, engine: Engine, user_id: int) -> RecommendResponse:
    return experiment.answer(engine, page(user_id), recommend, random.Random(user_id))


def test_the_share_of_people_is_kept_and_everybody_stays_on_their_side() -> None:
    named = Challenger("second", 0.25)
    chosen = [user for user in range(4_000) if meets(user, named)]
    assert 0.22 < len(chosen) / 4_000 < 0.28
    assert chosen == [user for user in range(4_000) if meets(user, named)]
    assert chosen != [user for user in range(4_000) if meets(user, Challenger("third", 0.25))]
    assert set(chosen) <= {user for user in range(4_000) if meets(user, Challenger("second", 0.5))}


def test_without_a_challenger_the_champion_answers(experiment: Experiment, engine: Engine) -> None:
    experiment.look()
    answer = ask(experiment, engine, 1)
    assert (answer.release_id, answer.items) == ("first", recommend(engine, page(1)).items)
    assert all(item.release_id == "" for item in answer.items)


def test_a_split_answers_its_share_with_the_challenger_alone(
    experiment: Experiment, engine: Engine, releases: Path
) -> None:
    named = Challenger("second", 0.5, "split")
    set_challenger(releases, named)
    experiment.look()
    for user in range(12):
        assert ask(experiment, engine, user).release_id == ("second" if meets(user, named) else "first")
    set_challenger(releases, None)
    experiment.look()
    assert {ask(experiment, engine, user).release_id for user in range(12)} == {"first"}


def test_an_interleaved_page_holds_picks_of_both_and_says_whose(
    experiment: Experiment, engine: Engine, releases: Path
) -> None:
    set_challenger(releases, Challenger("second", 1.0, "interleave"))
    experiment.look()
    teams = set()
    for user in range(8):
        answer = ask(experiment, engine, user)
        ids = [item.job_id for item in answer.items]
        assert len(ids) == len(set(ids)) == 4
        assert [item.rank for item in answer.items] == [1, 2, 3, 4]
        assert {item.propensity for item in answer.items} == {1.0}
        teams |= {item.release_id for item in answer.items}
        assert sum(item.release_id.endswith("first") for item in answer.items) == 2
    assert teams == {f"{INTERLEAVED}first", f"{INTERLEAVED}second"}


def test_a_challenger_that_cannot_be_loaded_challenges_nobody(
    experiment: Experiment, engine: Engine, releases: Path
) -> None:
    (releases / "second" / "jobs.parquet").unlink()
    set_challenger(releases, Challenger("second", 1.0))
    experiment.look()
    assert ask(experiment, engine, 1).release_id == "first"
    (releases / CHALLENGER).write_text("nonsense")
    experiment.look()
    assert ask(experiment, engine, 1).release_id == "first"


def test_a_challenger_must_exist_and_meet_a_share(releases: Path) -> None:
    assert challenger(releases) is None
    with pytest.raises(ReleaseError, match="no release third"):
        set_challenger(releases, Challenger("third", 0.1))
    with pytest.raises(ReleaseError, match="a share in"):
        Challenger("second", 1.5)
    set_challenger(releases, Challenger("second", 0.1, "split"))
    assert challenger(releases) == Challenger("second", 0.1, "split")

"""Interleaving end to end: serving's draft, training's credit and test, on the simulated market."""

from __future__ import annotations

from collections import Counter
from random import Random

import numpy as np
import pytest

from serving.interleave import Pick, team_draft
from training.market import MarketConfig
from training.ope.interleaving import credit, preference, simulated_preference
from training.ope.simulated import SimulatedLog, simulate


@pytest.fixture(scope="module")
def log() -> SimulatedLog:
    return simulate(MarketConfig.small(seed=5, postings=200, seekers=250, days=30, sessions=5.0))


def test_both_teams_pick_their_best_not_yet_picked() -> None:
    picks = team_draft([1, 2, 3], [1, 4, 2], 4, Random(3))
    assert picks[0].job_id == 1
    assert len({pick.job_id for pick in picks}) == 4
    for first in (0, 2):  # each round has one pick of either team
        assert {pick.team for pick in picks[first : first + 2]} == {"A", "B"}
    # what a team picks second is the best of its ranking that was left
    left = {"A": [2, 3, 4], "B": [4, 2]}[picks[1].team]
    assert picks[1].job_id == left[0]


def test_the_same_random_state_gives_the_same_list() -> None:
    rankings = [list(range(30)), list(range(29, -1, -1))]
    lists = [team_draft(*rankings, 20, Random(seed)) for seed in (1, 1, 2)]
    assert lists[0] == lists[1]
    assert lists[0] != lists[2]


def test_a_ranking_that_ends_leaves_the_rest_to_the_other() -> None:
    picks = team_draft([1], [1, 2, 3, 4], 10, Random(0))
    assert [pick.job_id for pick in picks] == [1, 2, 3, 4]
    assert {pick.team for pick in picks[1:]} == {"B"}
    assert team_draft([], [], 5, Random(0)) == []
    assert team_draft([1, 2], [3], 0, Random(0)) == []
    with pytest.raises(ValueError, match="ranking B"):
        team_draft([1], [2, 2], 2, Random(0))


def test_either_team_is_first_equally_often() -> None:
    random = Random(8)
    first = Counter(team_draft([1, 2], [1, 2], 2, random)[0].team for _ in range(4000))
    assert abs(first["A"] - 2000) < 4 * np.sqrt(1000)


def test_acts_are_credited_to_who_picked() -> None:
    shown = [Pick(7, "A"), Pick(8, "B"), Pick(9, "A")]
    assert credit(shown, {7: 1.0, 8: 2.0, 9: 0.5, 99: 5.0}) == (1.5, 2.0)
    with pytest.raises(ValueError, match="'C'"):
        credit([(1, "C")], {})


def test_the_sign_test_counts_users() -> None:
    pages = [(1, 1.0, 0.0), (1, 0.0, 2.0), (2, 1.0, 0.0), (3, 1.0, 1.0)]
    found = preference(pages)
    assert (found.a, found.b, found.ties) == (1, 1, 1)
    assert found.p_value == 1.0
    nine = preference([(user, 1.0, 0.0) for user in range(9)] + [(9, 0.0, 1.0)])
    assert nine.share == 0.9
    assert nine.p_value == pytest.approx(2 * 11 / 1024)
    assert (nine.low, nine.high) == pytest.approx((0.5958, 0.9821), abs=1e-4)
    nobody = preference([])
    assert (nobody.share, nobody.low, nobody.high, nobody.p_value) == (0.5, 0.0, 1.0, 1.0)


def test_equal_rankers_are_not_told_apart(log: SimulatedLog) -> None:
    """Of 20 comparisons of a ranker with itself, at 5 % more than four would be a sign of unfairness."""
    scores = log.scores(0.8, 1)
    found = [simulated_preference(log, scores, scores, team_draft, seed=seed) for seed in range(20)]
    assert sum(one.p_value < 0.05 for one in found) <= 4
    wins, losses = sum(one.a for one in found), sum(one.b for one in found)
    assert abs(wins - losses) < 4 * np.sqrt(wins + losses)


def test_the_better_ranker_wins(log: SimulatedLog) -> None:
    good, poor = log.scores(0.5, 1), log.scores(4.0, 2)
    found = simulated_preference(log, good, poor, team_draft)
    assert found.low > 0.5
    assert found.p_value < 0.001
    other = simulated_preference(log, poor, good, team_draft)
    assert other.high < 0.5

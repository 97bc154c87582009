"""The simulated behaviour: valid propensities, position bias, and actions that follow the true utility."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow.parquet as pq
import pytest

from training.market import MarketConfig, Oracle, Policy, Preferences, generate, true_utility
from training.market.behaviour import Behaviour, examination
from training.market.policy import SESSION_DAYS
from training.market.postings import PostingTable, iter_facts
from training.market.preference import PreferenceModel
from training.market.seekers import SeekerTable, iter_seekers
from training.market.world import World

CONFIG = MarketConfig.small()
#: Everything is shown at random and much is liked: the conditions under which effects can be read off.
EXPERIMENT = MarketConfig.small(
    sessions=40.0,
    policy=Policy(popularity=0.0, content=0.0, uniform=1.0),
    preferences=Preferences(view_threshold=-1.0, view_slope=1.0),
)


def read(folder: Path, name: str) -> pd.DataFrame:
    return pq.read_table(folder / f"{name}.parquet").to_pandas()


@pytest.fixture(scope="module")
def market(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("market")
    generate(CONFIG, out, progress=False)
    return out


@pytest.fixture(scope="module")
def events(market: Path) -> pd.DataFrame:
    return read(market, "events")


@pytest.fixture(scope="module")
def experiment(tmp_path_factory: pytest.TempPathFactory) -> pd.DataFrame:
    """One row per impression of the uniform policy, with `viewed`."""
    out = tmp_path_factory.mktemp("experiment")
    generate(EXPERIMENT, out, progress=False)
    return with_views(read(out, "events"))


def with_views(events: pd.DataFrame) -> pd.DataFrame:
    shown = events[events["kind"] == "impression"]
    viewed = events.loc[events["kind"] == "view", ["session_id", "job_id"]].assign(viewed=True)
    shown = shown.merge(viewed, on=["session_id", "job_id"], how="left")
    return shown.assign(viewed=shown["viewed"].notna())


def tables(config: MarketConfig) -> tuple[World, SeekerTable, PostingTable]:
    world = World(config)
    seekers = SeekerTable.collect(world, iter_seekers(world))
    return world, seekers, PostingTable.collect(world, iter_facts(world))


# -- the log is consistent --------------------------------------------------------------------------
def test_events_are_in_order_and_have_ids_of_their_own(events: pd.DataFrame) -> None:
    assert events["at"].is_monotonic_increasing
    assert events["event_id"].is_unique
    assert (
        events["event_id"]
        .str.fullmatch(r"[0-9a-f]{8}-[0-9a-f]{4}-8[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}")
        .all()
    )
    assert set(events["kind"]) == {"impression", "view", "save", "apply", "dismiss"}
    assert events["at"].between(CONFIG.start, CONFIG.end).all()
    assert (events["release_id"] == "market-policy-v1").all()


def test_no_event_before_a_posting_opens_or_after_it_closes(market: Path, events: pd.DataFrame) -> None:
    joined = events.merge(read(market, "postings"), on="job_id", how="left")
    assert (joined["at"] > joined["posted_at"]).all()
    assert (joined["at"] < joined["closed_at"]).all()


def test_nobody_acts_before_having_an_account(market: Path, events: pd.DataFrame) -> None:
    joined = events.merge(read(market, "seekers"), on="user_id", how="left")
    assert (joined["at"] > joined["created_at"]).all()


def test_actions_follow_an_impression_and_a_view(events: pd.DataFrame) -> None:
    wide = events.pivot_table(index=["session_id", "job_id"], columns="kind", values="at", aggfunc="min")
    counts = events.groupby(["session_id", "job_id", "kind"]).size()
    assert (counts == 1).all()
    assert wide["impression"].notna().all()
    for deeper in ("save", "apply"):
        acted = wide[wide[deeper].notna()]
        assert len(acted) > 50
        assert (acted["view"] < acted[deeper]).all()
    assert wide.loc[wide["dismiss"].notna(), "view"].isna().all()
    viewed = wide[wide["view"].notna()]
    assert (viewed["impression"] < viewed["view"]).all()


def test_a_posting_applied_for_or_dismissed_is_not_shown_again(events: pd.DataFrame) -> None:
    over = events[events["kind"].isin(["apply", "dismiss"])].groupby(["user_id", "job_id"])["at"].min()
    shown = events[events["kind"] == "impression"].groupby(["user_id", "job_id"])["at"].max()
    both = pd.concat([over.rename("over"), shown.rename("shown")], axis=1).dropna()
    assert len(both) == len(over) > 200
    assert (both["shown"] < both["over"]).all()


def test_a_session_shows_ranks_from_one_without_gaps(events: pd.DataFrame) -> None:
    shown = events[events["kind"] == "impression"].groupby("session_id")["rank"]
    assert (shown.min() == 1).all()
    assert (shown.max() == shown.size()).all()
    assert (shown.nunique() == shown.size()).all()


# -- propensities -----------------------------------------------------------------------------------
def test_propensities_reproduce_how_often_a_posting_is_shown() -> None:
    world, seekers, postings = tables(CONFIG)
    policy = Behaviour(world, seekers, postings).policy
    pool = np.flatnonzero((postings.posted < 20) & (postings.closed > 21)).astype(np.int64)
    views, sessions, random = np.arange(len(pool)) % 5.0, 30_000, np.random.default_rng(1)
    parts = []
    for _ in range(sessions // 1000):
        users, at, free = (
            np.zeros(1000, dtype=np.int64),
            np.full(1000, 20.5),
            np.zeros((1000, len(pool)), dtype=bool),
        )
        shown = policy.propose(random, users, at, pool, views, free)
        first = shown.rank == 1
        parts.append(pd.DataFrame({"job": shown.job[first], "propensity": shown.propensity[first]}))
    seen = pd.concat(parts).groupby("job")["propensity"].agg(["mean", "size", "std"])
    assert len(seen) == len(pool)
    assert seen["std"].max() < 1e-12  # the same session: one propensity for each posting
    assert seen["mean"].sum() == pytest.approx(1.0, abs=1e-9)
    error = np.sqrt(seen["mean"] * (1 - seen["mean"]) / sessions)
    assert ((seen["size"] / sessions - seen["mean"]).abs() < 5 * error).all()


@pytest.mark.parametrize("pool", [4096, 50])
def test_inverse_propensities_count_what_could_have_been_shown(pool: int, tmp_path: Path) -> None:
    config = MarketConfig.small(policy=Policy(candidate_pool=pool), sessions=20.0)
    generate(config, tmp_path, progress=False)
    events, postings = read(tmp_path, "events"), read(tmp_path, "postings")
    first = events[(events["kind"] == "impression") & (events["rank"] == 1)]
    assert first["propensity"].between(0, 1, inclusive="neither").all()
    eligible = _eligible(first, events, postings)
    ratio = 1.0 / first["propensity"].to_numpy() / eligible
    assert ratio.mean() == pytest.approx(1.0, abs=4 * ratio.std() / len(ratio) ** 0.5)
    assert ratio.std() / len(ratio) ** 0.5 < 0.1  # tight enough to notice a wrong factor


def _eligible(first: pd.DataFrame, events: pd.DataFrame, postings: pd.DataFrame) -> np.ndarray:
    """For each session, postings open throughout and not yet applied for or dismissed by its seeker."""
    over = events[events["kind"].isin(["apply", "dismiss"])]
    done = dict(iter(over.groupby("user_id")))
    last = pd.Timedelta(days=SESSION_DAYS)
    counts = []
    for user, at in zip(first["user_id"], first["at"], strict=True):
        ids = postings.loc[(postings["posted_at"] < at) & (postings["closed_at"] > at + last), "job_id"]
        rows = done.get(user)
        gone = set() if rows is None else set(rows.loc[rows["at"] < at, "job_id"])
        counts.append(len(set(ids) - gone))
    return np.array(counts, dtype=float)


def test_the_uniform_policy_logs_uniform_propensities(experiment: pd.DataFrame) -> None:
    assert (experiment["propensity"] > 0).all()
    within = experiment.groupby("session_id")
    # 1/n, 1/(n-1), ... : the inverse falls by exactly one from rank to rank.
    inverse = 1.0 / experiment["propensity"] + experiment["rank"]
    assert inverse.groupby(experiment["session_id"]).agg(np.ptp).max() < 1e-6
    assert within.size().min() >= 1


# -- effects ----------------------------------------------------------------------------------------
def test_position_bias_follows_the_documented_curve(experiment: pd.DataFrame) -> None:
    by_rank = experiment.groupby("rank")["viewed"].agg(["mean", "size"]).loc[1:10]
    curve = examination(by_rank.index.to_numpy(dtype=np.int64), EXPERIMENT.preferences.examination_power)
    top = by_rank["mean"] @ by_rank["size"] / (curve @ by_rank["size"])  # view rate if always examined
    error = np.sqrt(top * curve * (1 - top * curve) / by_rank["size"])
    assert ((by_rank["mean"] - top * curve).abs() < 4 * error).all()
    assert by_rank["mean"].loc[1] > 1.5 * by_rank["mean"].loc[10]


def test_the_view_rate_rises_with_the_true_utility(experiment: pd.DataFrame) -> None:
    oracle = Oracle(EXPERIMENT)
    middle = EXPERIMENT.start + (EXPERIMENT.end - EXPERIMENT.start) / 2
    utility = oracle.utility(experiment["user_id"].to_numpy(), experiment["job_id"].to_numpy(), middle)
    decile = pd.qcut(utility, 10, labels=False)
    rate = experiment.groupby(decile)["viewed"].mean().to_numpy()
    assert (np.diff(rate) > 0).all(), rate
    assert rate[-1] > 5 * rate[0]


def test_the_logged_policy_shows_better_postings_than_chance(events: pd.DataFrame) -> None:
    oracle = Oracle(CONFIG)
    shown = events[events["kind"] == "impression"]
    users = shown["user_id"].to_numpy()
    chosen = oracle.utility(users, shown["job_id"].to_numpy(), CONFIG.end)
    random = oracle.utility(
        users, np.random.default_rng(0).permutation(shown["job_id"].to_numpy()), CONFIG.end
    )
    assert chosen.mean() > random.mean() + 1.0


def test_popular_postings_are_shown_more_than_others() -> None:
    world, seekers, postings = tables(
        MarketConfig.small(policy=Policy(popularity=0.9, content=0.0, uniform=0.1))
    )
    policy = Behaviour(world, seekers, postings).policy
    pool = np.flatnonzero((postings.posted < 20) & (postings.closed > 21)).astype(np.int64)
    views = np.zeros(len(pool))
    views[:3] = 200.0
    free = np.zeros((500, len(pool)), dtype=bool)
    users, at = np.zeros(500, dtype=np.int64), np.full(500, 20.5)
    shown = policy.propose(np.random.default_rng(2), users, at, pool, views, free)
    top = np.isin(shown.job[shown.rank == 1], pool[:3])
    assert top.mean() > 0.3 > 3 / len(pool)


# -- the preference model ---------------------------------------------------------------------------
@pytest.fixture(scope="module")
def model() -> PreferenceModel:
    return PreferenceModel(*tables(MarketConfig.small(seekers=400)))


def test_noise_is_standard_and_stays_with_the_pair(model: PreferenceModel) -> None:
    users, jobs = (grid.ravel() for grid in np.meshgrid(np.arange(400), np.arange(300), indexing="ij"))
    noise = model.noise(users, jobs)
    assert np.array_equal(noise, model.noise(users, jobs))
    assert noise.std() == pytest.approx(model.weights.noise, rel=0.02)
    assert abs(noise.mean()) < 0.01
    by_user = noise.reshape(400, 300)
    correlation = np.corrcoef(by_user[:40])[np.triu_indices(40, 1)]
    assert np.abs(correlation).max() < 5 / 300**0.5  # pairs are independent of each other


def test_knowing_every_demanded_skill_is_full_coverage(model: PreferenceModel) -> None:
    rows = np.arange(300)
    assert model.coverage(np.zeros(300, dtype=np.int64), rows).max() <= 1.0 + 1e-6
    model.seekers.known[0] = 1.0
    assert model.coverage(np.zeros(300, dtype=np.int64), rows) == pytest.approx(np.ones(300), abs=1e-6)


def test_utility_falls_with_age_and_rises_with_views(model: PreferenceModel) -> None:
    users, jobs = np.arange(300), np.arange(300)
    posted = model.postings.posted
    fresh, stale = model.utility(users, jobs, posted), model.utility(users, jobs, posted + 30)
    on_site = model.postings.mode == 0
    wishes = model.seekers.remote[:300] == 3  # no wish: the drift of remote work plays no part
    assert (fresh - stale)[on_site & wishes] == pytest.approx(model.weights.freshness)
    assert (model.utility(users, jobs, posted, np.full(300, 9.0)) > fresh).all()


def test_distance_costs_nothing_when_the_work_is_remote(model: PreferenceModel) -> None:
    remote = np.flatnonzero(model.postings.mode == 2)
    cost = model._place(np.zeros(len(remote), dtype=np.int64), remote)
    assert set(np.round(cost, 9)) <= {0.0, -model.weights.abroad}


def test_the_oracle_agrees_by_id_and_refuses_ids_outside_the_market() -> None:
    users, jobs = np.array([1, 2, 3]), np.array([3, 2, 1])
    oracle = Oracle(CONFIG)
    expected = oracle.model.utility(users - 1, jobs - 1, np.full(3, float(CONFIG.days)))
    assert true_utility(CONFIG, users, jobs, CONFIG.end) == pytest.approx(expected)
    noisy = oracle.utility(users, jobs, CONFIG.end, noise=True)
    assert noisy - expected == pytest.approx(oracle.model.noise(users - 1, jobs - 1))
    with pytest.raises(IndexError):
        oracle.utility(np.array([0]), np.array([1]), CONFIG.end)
    with pytest.raises(IndexError):
        oracle.utility(np.array([1]), np.array([CONFIG.postings + 1]), CONFIG.end)

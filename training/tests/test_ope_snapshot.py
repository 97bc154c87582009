"""`jobpilot-ml ope`: pages, candidates and rewards of a snapshot, and the table of a challenger."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from typer.testing import CliRunner

from features.behaviour import from_us, states_at
from features.snapshot import interactions, read_events, read_jobs, read_users, snapshot_from_market
from models.testing import tiny_bundle, tiny_release
from training.cli import app
from training.market import POLICY_RELEASE_ID, MarketConfig, generate
from training.ope.challenger import FileScores, TowerScores, candidates_of
from training.ope.pages import OpeError
from training.ope.simulated import SimulatedLog, simulate
from training.ope.snapshot_log import SnapshotLog, read_log

CONFIG = MarketConfig.small(seed=11, postings=150, seekers=250, days=30, sessions=6.0)


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("ope")
    generate(CONFIG, folder / "market", progress=False)
    snapshot_from_market(folder / "market", folder / "snapshots")
    return folder


@pytest.fixture(scope="module")
def snapshot(data: Path) -> Path:
    return next(path.parent for path in (data / "snapshots").glob("*/manifest.json"))


@pytest.fixture(scope="module")
def log(snapshot: Path) -> SnapshotLog:
    return read_log(snapshot, since=0, most=100_000)


@pytest.fixture(scope="module")
def simulated() -> SimulatedLog:
    return simulate(CONFIG)


def page_keys(user: np.ndarray, at: np.ndarray) -> dict[tuple[int, int], int]:
    return {key: row for row, key in enumerate(zip(user.tolist(), at.tolist(), strict=True))}


def test_pages_are_those_the_market_logged(log: SnapshotLog, simulated: SimulatedLog) -> None:
    """The same columns, propensities and acts as the simulator's own log, but for its last day."""
    start = int(CONFIG.start.timestamp()) * 1_000_000
    moments = start + np.rint(simulated.at * 86_400e6).astype(np.int64)
    theirs = page_keys(simulated.pages.user + 1, moments)
    ours = page_keys(log.user_ids, log.at)
    assert 0.9 * len(theirs) < len(ours) <= len(theirs)
    assert ours.keys() <= theirs.keys()
    for key, row in ours.items():
        other = theirs[key]
        shown = simulated.pages.shown[other]
        assert (log.pages.shown[row] == shown).all()
        jobs = simulated.jobs[other, simulated.pages.column[other][shown]] + 1
        assert (log.job_ids[log.pages.column[row][shown]] == jobs).all()
        assert log.pages.propensity[row] == pytest.approx(simulated.pages.propensity[other])
    rows = np.array([theirs[key] for key in ours])
    # an act on a second look at the same posting may belong to either page
    assert log.pages.reward.sum() == pytest.approx(simulated.pages.reward[rows].sum(), rel=0.02)


def test_candidates_are_what_could_have_been_shown(log: SnapshotLog, simulated: SimulatedLog) -> None:
    rows = np.arange(len(log.pages))
    eligible = log.eligible(rows)
    shown = log.pages.shown
    assert eligible[rows[:, None].repeat(10, 1)[shown], log.pages.column[shown]].all()
    start = int(CONFIG.start.timestamp()) * 1_000_000
    theirs = page_keys(simulated.pages.user + 1, start + np.rint(simulated.at * 86_400e6).astype(np.int64))
    order = np.array([theirs[key] for key in page_keys(log.user_ids, log.at)])
    # the market hides what closes within the session, which a snapshot cannot know
    assert eligible.sum() == pytest.approx(simulated.eligible[order].sum(), rel=0.01)
    views = log.views_before(rows)
    assert (views[np.argmin(log.at)] == 0).all()
    assert views[np.argmax(log.at)].max() > np.log(3)
    assert log.age_months(rows).max() <= 6.0


def scores_file(path: Path, log: SnapshotLog, users: int | None = None) -> Path:
    people = np.unique(log.user_ids)[:users]
    jobs = log.job_ids
    random = np.random.default_rng(0)
    table = {
        "user_id": np.repeat(people, len(jobs)),
        "job_id": np.tile(jobs, len(people)),
        "score": random.normal(size=len(people) * len(jobs)),
    }
    pq.write_table(pa.table(table), path)
    return path


def test_scores_of_a_file(tmp_path: Path, log: SnapshotLog) -> None:
    path = scores_file(tmp_path / "scores.parquet", log, users=5)
    scores = FileScores(path, log)
    table = pq.read_table(path).to_pydict()
    lookup = dict(zip(zip(table["user_id"], table["job_id"], strict=True), table["score"], strict=True))
    rows = np.arange(len(log.pages))
    found = scores(rows)
    for row in (0, len(rows) // 2, len(rows) - 1):
        wanted = [lookup.get((log.user_ids[row], job), -np.inf) for job in log.job_ids]
        assert (found[row] == wanted).all()
    candidates = candidates_of(log, scores)
    available = candidates.scores(rows)
    assert (np.isfinite(available) == (log.eligible(rows) & np.isfinite(found))).all()
    assert np.isfinite(candidates.features(rows)).all()
    twice = pa.concat_tables([pq.read_table(path), pq.read_table(path).slice(0, 1)])
    pq.write_table(twice, path)
    with pytest.raises(OpeError, match="twice"):
        FileScores(path, log)
    with pytest.raises(OpeError, match="no Parquet file"):
        FileScores(tmp_path / "none.parquet", log)


def test_only_what_is_there_can_be_asked_for(snapshot: Path) -> None:
    with pytest.raises(
        OpeError, match=f"no page of release other in this period; there are {POLICY_RELEASE_ID}"
    ):
        read_log(snapshot, since=0, release_id="other")
    with pytest.raises(OpeError, match="no impression"):
        read_log(snapshot, since=2**60)


def test_the_command_prints_a_table(
    data: Path, log: SnapshotLog, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DATA_DIR", str(data))
    monkeypatch.delenv("DATABASE_URL", raising=False)
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)
    path, out = scores_file(tmp_path / "scores.parquet", log), tmp_path / "ope.json"
    command = ["ope", "--scores", str(path), "--temperature", "2", "--pages", "500", "--json", str(out)]
    answer = CliRunner().invoke(app, command)
    assert answer.exit_code == 0, answer.output
    for word in (POLICY_RELEASE_ID, "IPS", "SNIPS", "DR", "effective pages"):
        assert word in answer.output
    document = json.loads(out.read_text())
    assert document["logged_by"] == POLICY_RELEASE_ID
    values = document["acts_per_page"]
    # scores at random are worse than what was logged
    assert values["DR"]["high"] < values["logged"]["value"]
    assert 0.9 < document["overlap"]["covered"] < 1.1
    neither = CliRunner().invoke(app, ["ope"])
    assert neither.exit_code == 1
    assert "name a release or give --scores" in neither.output


# -- a release as challenger ---------------------------------------------------------------------------


@pytest.fixture(scope="module")
def little(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data folder with few texts to encode: a snapshot and an untrained release."""
    folder = tmp_path_factory.mktemp("little")
    config = MarketConfig.small(seed=2, companies=10, postings=60, seekers=50, days=30, sessions=12.0)
    generate(config, folder / "market", progress=False)
    snapshot_from_market(folder / "market", folder / "snapshots")
    tiny_release(folder / "releases", "tiny", tiny_bundle())
    return folder


def test_towers_see_a_user_as_of_the_page(little: Path) -> None:
    """The same vector as the serving side computes from the record and its history at that moment."""
    bundle = tiny_bundle()
    (snapshot,) = (little / "snapshots").iterdir()
    log = read_log(snapshot, since=0)
    scores = TowerScores(bundle, snapshot, little / "cache" / "sentences.sqlite", log)
    row = int(np.argmax(log.at))
    page = (int(log.user_ids[row]), from_us(int(log.at[row])))
    (found,) = states_at(interactions(read_events(snapshot)), [page])
    assert found.state.history
    (user,) = (one for one in read_users(snapshot) if one.user_id == page[0])
    jobs = bundle.encode_jobs(list(read_jobs(snapshot)))

    def look_up(ids: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        return np.ones(len(ids), bool), jobs[np.searchsorted(log.job_ids, ids)]

    vector = bundle.encode_users([replace(user, history=found.state.history)], look_up, page[1])
    assert scores(np.array([row]))[0] == pytest.approx((vector @ jobs.T)[0], abs=1e-4)
    before = bundle.encode_users([user], look_up, page[1])
    assert np.abs(before - vector).max() > 1e-4


def test_a_release_is_evaluated(little: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DATA_DIR", str(little))
    monkeypatch.delenv("DATABASE_URL", raising=False)
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "")
    out = tmp_path / "ope.json"
    answer = CliRunner().invoke(app, ["ope", "tiny", "--temperature", "1", "--json", str(out)])
    assert answer.exit_code == 0, answer.output
    assert "was trained on test, perhaps on these pages too" in answer.output
    document = json.loads(out.read_text())
    assert document["challenger"] == "tiny"
    for value in document["acts_per_page"].values():
        assert value["low"] <= value["value"] <= value["high"]
    unknown = CliRunner().invoke(app, ["ope", "../tiny"])
    assert unknown.exit_code == 1

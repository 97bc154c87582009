"""The protocols on invented files in the benchmarks' own formats; the real data never enters the tests."""

from __future__ import annotations

import csv
import dataclasses
import gzip
import json
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest

from training.baselines import Popularity
from training.benchmarks import gowalla, jobviews
from training.benchmarks.jobviews_data import JobRow, Stated, last_of_each, load_jobviews
from training.benchmarks.jobviews_fields import JobFields
from training.benchmarks.jobviews_pairs import NAMED, Moment, PairFeatures
from training.benchmarks.jobviews_places import us_places
from training.benchmarks.jobviews_promises import promises
from training.benchmarks.jobviews_ranker import Questions, Ranked, RankRecipe, within
from training.benchmarks.jobviews_towers import Recipe
from training.benchmarks.report import BenchmarkDataError, Slice, estimates, write_whole
from training.config import TrainConfig
from training.metrics import Estimate
from training.ranker import RankerTraining
from training.tracking import NullRun

VIEW_COLUMNS = "Applicant.ID Job.ID Title Position Company City State.Code Industry View.Start".split()
CITIES = [("Chicago", "IL"), ("Evanston", "IL"), ("Boston", "MA"), ("Cambridge", "MA")]


class Recorder(NullRun):
    def __init__(self) -> None:
        self.values: dict[str, float] = {}
        self.texts: dict[str, str] = {}

    def metrics(self, values: object, step: int = 0) -> None:
        self.values.update(values)  # type: ignore[call-overload]

    def text(self, content: str, name: str) -> None:
        self.texts[name] = content


def letters(texts: Sequence[str]) -> npt.NDArray[np.float32]:
    """Stands for the sentence encoder: unit vectors of letter counts, zeros for an empty text."""
    out = np.zeros((len(texts), 384), np.float32)
    for i, text in enumerate(texts):
        for c in text.lower():
            out[i, ord(c) % 384] += 1
    return out / np.maximum(np.linalg.norm(out, axis=1, keepdims=True), 1e-9)


def write_csv(path: Path, columns: Sequence[str], rows: Sequence[Sequence[object]]) -> None:
    with gzip.open(path, "wt", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(columns)
        writer.writerows(rows)


def view(user: int, job: int, at: str, place: tuple[str, str] = ("Chicago", "IL")) -> list[object]:
    return [user, job, f"Role {job} @ Firm", f"Role {job % 5}", f"Firm {job % 3}", *place, "NA", at]


def write_jobviews(folder: Path, views: Sequence[Sequence[object]]) -> None:
    write_csv(folder / "Job_Views.csv.gz", VIEW_COLUMNS, views)
    stated = [[1, "cook", "2014-01-01 00:00:00 UTC"], [1, "baker", "2016-01-01 00:00:00 UTC"]]
    write_csv(
        folder / "Positions_Of_Interest.csv.gz",
        ["Applicant.ID", "Position.Of.Interest", "Created.At"],
        stated,
    )
    columns = ["Applicant.ID", "Position.Name", "City", "State.Code", "Created.At"]
    work = [
        [900, "clerk", "Boston", "MA", "2014-01-01 00:00:00 UTC"],
        [99, "x", "", "", "2014-01-01 00:00:00 UTC"],
    ]
    write_csv(folder / "Experience.csv.gz", columns, work)


def a_town_market(folder: Path) -> None:
    """30 users with four views each in their own town, and user 900 with one view and a stated job."""
    rng = np.random.default_rng(0)
    views = []
    for u in range(1, 31):
        place = u % 4
        for step, job in enumerate(rng.permutation(10)[:4]):
            views.append(
                view(u, int(job) * 4 + place, f"2014-12-{step + 1:02d} 10:00:{u:02d} UTC", CITIES[place])
            )
    views.append(view(900, 2, "2014-12-20 10:00:00 UTC", CITIES[2]))
    write_jobviews(folder, views)


# -- jobviews --------------------------------------------------------------------------------------------


def test_jobviews_drops_repeats_and_sorts_by_start(tmp_path: Path) -> None:
    rows = [
        view(7, 30, "2014-12-03 10:00:00 UTC"),
        view(7, 10, "2014-12-01 10:00:00 UTC"),
        view(7, 10, "2014-12-09 10:00:00 UTC"),  # a repeat: the first view counts
        view(5, 20, "2014-12-03 10:00:00 UTC"),  # the same second as the first row, later in the file
    ]
    write_jobviews(tmp_path, rows)
    data = load_jobviews(tmp_path)
    assert data.users == 2
    assert [(int(u), int(j)) for u, j in zip(data.events.user, data.events.job, strict=True)] == [
        (1, 0),
        (1, 2),
        (0, 1),
    ]
    assert (np.diff(data.events.at) > 0).all()
    assert data.jobs[2] == JobRow("Role 0", "Firm 0", "Chicago", "IL", "")


def test_jobviews_names_the_missing_column_and_the_bad_time(tmp_path: Path) -> None:
    write_jobviews(tmp_path, [view(1, 1, "yesterday")])
    with pytest.raises(ValueError, match=r"Job_Views.*yesterday"):
        load_jobviews(tmp_path)
    write_csv(tmp_path / "Job_Views.csv.gz", ["Applicant.ID", "Job.ID"], [[1, 1]])
    with pytest.raises(ValueError, match=r"no column View\.Start"):
        load_jobviews(tmp_path)


def test_the_last_job_is_the_target_and_seen_jobs_are_no_candidates(tmp_path: Path) -> None:
    days = [view(1, j, f"2014-12-0{d} 10:00:00 UTC") for d, j in ((1, 10), (2, 20), (3, 30))]
    other = [view(2, 40, "2014-12-05 10:00:00 UTC"), view(2, 30, "2014-12-06 10:00:00 UTC")]
    write_jobviews(tmp_path, [*days, *other, view(3, 50, "2014-12-07 10:00:00 UTC")])
    data = load_jobviews(tmp_path)
    warm = last_of_each(data.events, data.users, at_least=2)
    assert data.events.job[warm].tolist() == [2, 2]
    assert data.events.job[last_of_each(data.events, data.users, at_least=3, back=1)].tolist() == [1]
    # user 1: jobs 0 and 1 were seen, so nothing but jobs 3 and 4 competes with 2; ties count half
    scores = np.array([[9, 9, 1, 1, 0], [9, 1, 1, 9, 1]], np.float32)
    assert jobviews.target_ranks(data, warm, scores).tolist() == [1.5, 3.0]


def test_stated_facts_count_only_from_before_the_moment() -> None:
    fields = JobFields([JobRow("Baker", "A", "Boston", "MA", ""), JobRow("Cook", "B", "", "", "")], letters)
    wishes = ((Stated(5, "cook"), Stated(20, "baker")),)
    work = ((Stated(10, "waiter", "Boston", "MA"),),)
    early, late = (fields.user_inputs(wishes, work, np.array([t])) for t in (10, 30))
    np.testing.assert_array_equal(early.dense["title_text"], letters(["cook"]))
    np.testing.assert_array_equal(late.dense["title_text"], letters(["cook, baker"]))
    assert not early.dense["geo"].any()
    assert early.dense["tabular"].tolist() == [[0, 1]]
    assert late.dense["tabular"].tolist() == [[0, 0]]
    jobs = fields.job_inputs()
    assert float(late.dense["geo"][0] @ jobs.dense["geo"][0]) == pytest.approx(1.0, abs=1e-5)
    assert "job" not in {*jobs.dense, *jobs.bags}


def test_places_know_small_towns_saints_and_fall_back_on_the_state() -> None:
    places = us_places()
    chicago, evanston, boston = places("Chicago", "IL"), places("EVANSTON", "IL"), places("Boston", "MA")
    assert chicago is not None
    assert evanston is not None
    assert boston is not None
    assert abs((chicago.lat or 0) - (evanston.lat or 0)) < 0.3 < abs((chicago.lon or 0) - (boston.lon or 0))
    assert places("Saint Louis", "MO") == places("St. Louis", "MO")
    nowhere = places("No Such Place At All", "IL")
    assert nowhere is not None
    assert nowhere.city == ""
    assert places("Chicago", "XX") is None


QUICK = TrainConfig(
    epochs=2,
    batch_size=8,
    uniform_negatives=16,
    hard_negatives=0,
    log_q=False,
    monitor="last",
    residual=False,
)


def test_jobviews_end_to_end(tmp_path: Path) -> None:
    a_town_market(tmp_path)
    tracked = Recorder()
    recipe = Recipe(blocks=2, train=QUICK)
    out = tmp_path / "out" / "jobviews.json"
    ranker = RankRecipe(first_block=12, negatives=12, training=RankerTraining(epochs=12, learning_rate=0.02))
    report = jobviews.run(
        tmp_path, json_out=out, encode=letters, recipe=recipe, rank_recipe=ranker, run=tracked
    )
    document = json.loads(out.read_text())
    assert document["benchmark"] == "jobviews"
    assert set(document) >= {"metrics", "baselines", "seconds", "peak_mb"}
    assert [s.users for s in report.slices] == [30, 1, 1] * 2
    assert document["metrics"]["HR@10_ranked"] > 0.9
    assert {"NDCG@10_ranked", "MRR_ranked", "HR@10_cold_ranked", "ECE_list"} <= set(document["metrics"])
    assert document["baselines"]["two towers"]["HR@10_ranked"] == document["metrics"]["HR@10"]
    assert "HR@10_ranked_validation" in document["metrics"]
    # everybody stays in one of four towns, so content must find most targets among the 7 left there
    assert document["metrics"]["HR@10"] > 0.9 > document["baselines"]["random"]["HR@10"]
    assert document["metrics"]["HR@10_cold_stated"] == 1.0  # user 900 stated a job in the target's town
    assert {"logistic content + popularity", "TF-IDF, history", "item-kNN"} <= set(document["baselines"])
    assert tracked.values["HR@10"] == document["metrics"]["HR@10"]
    assert json.loads(tracked.texts["jobviews.json"]) == document


def test_pairs_know_nothing_of_what_came_later_and_not_the_job_id(tmp_path: Path) -> None:
    a_town_market(tmp_path)
    data = load_jobviews(tmp_path)
    row = 60
    moment = Moment(int(data.events.user[row]), int(data.events.at[row]))
    nothing = np.zeros(len(data.jobs), np.float32)
    rows = PairFeatures(data, letters)(moment, nothing)
    assert rows.shape == (len(data.jobs), sum(len(features) for _, features in NAMED))
    assert np.isfinite(rows).all()
    past = dataclasses.replace(data, events=data.events.take(np.arange(row)))
    np.testing.assert_array_equal(PairFeatures(past, letters)(moment, nothing), rows)
    # the same jobs under other numbers have the same figures
    order = np.random.default_rng(3).permutation(len(data.jobs))
    place = np.argsort(order)
    events = dataclasses.replace(data.events, job=place[data.events.job])
    shuffled = dataclasses.replace(data, jobs=tuple(data.jobs[i] for i in order), events=events)
    np.testing.assert_allclose(PairFeatures(shuffled, letters)(moment, nothing), rows[order], atol=1e-5)


def test_blocks_are_cut_where_there_is_more_to_learn_from() -> None:
    learn = np.arange(40) % 2 == 0
    blocks = Questions(np.arange(40), learn, learn).blocks(RankRecipe(first_block=5, growth=1.0))
    assert np.concatenate(blocks).tolist() == list(range(40))
    # before a block, 5, 10 views and so on can be learned from
    assert [int(learn[: b[0]].sum()) for b in blocks] == [0, 5, 10]


def test_the_ranker_reorders_only_what_the_towers_hand_on() -> None:
    towers = np.array([[0.9, 0.8, 0.1, -np.inf]], np.float32)
    ranked = Ranked(np.array([0]), np.array([[1.0, 2.0, 9.0, -np.inf]], np.float32))
    assert np.argsort(-within(ranked, towers, 2)[0]).tolist() == [1, 0, 2, 3]
    assert np.argsort(-within(ranked, towers, 4)[0]).tolist() == [2, 1, 0, 3]


def test_kept_promises_look_like_a_perfect_models_and_bold_ones_do_not() -> None:
    rng = np.random.default_rng(0)
    logits = rng.normal(size=(3000, 40)) * 2
    job = (logits + rng.gumbel(size=logits.shape)).argmax(1)
    rows = np.arange(3000)
    kept = promises(Ranked(rows, logits.astype(np.float32)), job)
    assert (kept["list"].n, kept["job"].n) == (3000, 30_000)
    assert kept["list"].found.ece < 2 * kept["list"].expected_ece
    bold = promises(Ranked(rows, (3 * logits).astype(np.float32)), job)
    assert bold["job"].found.ece > 5 * bold["job"].expected_ece


# -- gowalla ---------------------------------------------------------------------------------------------


def write_gowalla(folder: Path) -> None:
    """Two communities of 20 users and 15 items; each user's part is split, user 40 has no test part."""
    rng = np.random.default_rng(1)
    train, test = [], []
    for u in range(40):
        items = rng.permutation(15)[:9] + 15 * (u // 20)
        train.append(" ".join(map(str, [u, *items[:6]])))
        test.append(" ".join(map(str, [u, *items[6:]])))
    train.append("40 0 1")
    for name, lines in ((gowalla.TRAIN, train), (gowalla.TEST, test)):
        with gzip.open(folder / name, "wt") as file:
            file.write("\n".join(lines) + "\n")


def test_gowalla_ranks_everything_but_the_training_part(tmp_path: Path) -> None:
    write_gowalla(tmp_path)
    data = gowalla.load_gowalla(tmp_path)
    assert (data.users, data.items, len(data.events)) == (41, 30, 40 * 6 + 2)
    top = gowalla.baseline_top(data, Popularity(data.events, data.items))
    for u in range(data.users):
        mine = set(data.events.job[data.events.user == u].tolist())
        ranked = top[u][top[u] >= 0].tolist()
        assert len(ranked) == len(set(ranked)) == gowalla.K
        assert not mine & set(ranked)
    counts = np.bincount(data.events.job, minlength=data.items)
    assert (np.diff(counts[top[0]]) <= 0).all()


def test_gowalla_quality_skips_users_without_a_test_part() -> None:
    top = np.array([[3, 1], [5, 6], [7, -1]])
    values = gowalla.quality(top, [{1, 9}, set(), {7}])
    assert values["Recall@20"].tolist() == [0.5, 1.0]
    second_of_two = (1 / np.log2(3)) / (1 + 1 / np.log2(3))
    np.testing.assert_allclose(values["NDCG@20"], [second_of_two, 1.0])


def test_spectral_start_gives_unit_items_and_finds_the_community(tmp_path: Path) -> None:
    write_gowalla(tmp_path)
    data = gowalla.load_gowalla(tmp_path)
    users, items = gowalla.embed(data, gowalla.start(data, gowalla.Recipe(), 0), 0)
    np.testing.assert_allclose(np.linalg.norm(items, axis=1), 1, atol=1e-5)
    scores = users[:20] @ items.T
    assert scores[:, :15].mean() > scores[:, 15:].mean() + 0.1


def test_gowalla_end_to_end(tmp_path: Path) -> None:
    write_gowalla(tmp_path)
    changes = {"epochs": 20, "batch_size": 64, "learning_rate": 1e-4, "embedding_learning_rate": 0.02}
    recipe = gowalla.Recipe(train=QUICK.model_copy(update=changes))
    gowalla.run(tmp_path, json_out=tmp_path / "g.json", recipe=recipe)
    document = json.loads((tmp_path / "g.json").read_text())
    # 9 unseen items of one's own community and 15 others: 20 places hold the test part if the former lead
    assert document["metrics"]["Recall@20"] > 0.95
    assert set(document["baselines"]) >= {"popularity", "item-kNN, cosine", "iALS-256", "GF-CF"}
    assert document["published"]["LightGCN"]["Recall@20"] == 0.1824
    assert document["users"] == {"gowalla: full ranking of unseen items": 40}


def test_gowalla_names_the_bad_line(tmp_path: Path) -> None:
    write_gowalla(tmp_path)
    with gzip.open(tmp_path / gowalla.TRAIN, "at") as file:
        file.write("41 x\n")
    with pytest.raises(ValueError, match=r"line 42"):
        gowalla.load_gowalla(tmp_path)


# -- both ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("module", [jobviews, gowalla])
def test_absent_files_are_one_line_and_exit_2(
    module: object, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(BenchmarkDataError, match="lacks"):
        module.run(tmp_path)  # type: ignore[attr-defined]
    monkeypatch.setattr("sys.argv", ["benchmark", "--data", str(tmp_path / "absent")])
    with pytest.raises(SystemExit) as stopped:
        module.main()  # type: ignore[attr-defined]
    assert stopped.value.code == 2
    error = capsys.readouterr().err
    assert error.startswith("skipped: ")
    assert error.count("\n") == 1


def test_intervals_only_where_users_are_few() -> None:
    few = estimates({"HR@10": np.tile([0.0, 1.0], 50)})["HR@10"]
    assert few.low < few.mean == 0.5 < few.high
    many = estimates({"HR@10": np.tile([0.0, 1.0], 5_000)})["HR@10"]
    assert many == Estimate(0.5, 0.5, 0.5, 10_000)
    assert "intervals" not in str(Slice("t", 10_000, {"HR@10": many}, {}).table().title)


def test_a_report_is_written_whole(tmp_path: Path) -> None:
    target = tmp_path / "a" / "b.json"
    write_whole(target, "{}")
    write_whole(target, '{"x": 1}')
    assert target.read_text() == '{"x": 1}'
    assert [p.name for p in target.parent.iterdir()] == ["b.json"]

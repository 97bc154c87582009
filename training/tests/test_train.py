from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

from features.inputs import Bag, Inputs
from models.two_tower import TowerConfig, TwoTower
from training.collator import Collator
from training.config import SplitConfig, TrainConfig
from training.dataset import Events, PassedOver, PastOfEvents, TrainData
from training.losses import sampled_softmax
from training.sampler import BatchSampler
from training.split import SplitError, split_by_time
from training.tracking import NullRun
from training.train import Trainer

USERS, JOBS, TASTES = 60, 40, 4
TOWERS = TowerConfig({}, {}, {"user": USERS, "job": JOBS}, ("user",), ("job",), residual=False, dropout=0.0)
CONFIG = TrainConfig(
    epochs=4, batch_size=64, uniform_negatives=16, embedding_learning_rate=0.02, warmup_steps=3, patience=9
)


def one_each(n: int) -> Bag:
    return Bag(np.arange(n), np.arange(n + 1), np.ones(n, np.float32))


def market(seed: int = 0) -> TrainData:
    """Users and jobs have a taste; users act on jobs of their own taste."""
    rng = np.random.default_rng(seed)
    user = rng.integers(0, USERS, 1200)
    job = rng.integers(0, JOBS // TASTES, 1200) * TASTES + user % TASTES
    events = Events(user, job, np.zeros(1200, np.int64), np.arange(1200) * 3_600_000_000)
    return TrainData(
        Inputs(bags={"job": one_each(JOBS)}),
        Inputs(bags={"user": one_each(USERS)}),
        events,
        PastOfEvents(events, events.user, events.at, 5),
        np.ones(1200, np.float32),
        PassedOver(np.arange(USERS) % JOBS, np.arange(USERS + 1)),
    )


def precision(towers: TwoTower) -> float:
    from models.batch import to_batch

    data = market()
    with torch.inference_mode():
        jobs = towers.eval().embed_jobs(to_batch(data.jobs))
        last = np.array([np.flatnonzero(data.examples.user == u)[-1] for u in range(USERS)])
        users = data.users.with_history(data.history.take(last))
        vectors = towers.embed_users(to_batch(users, np.arange(JOBS)), jobs)
    best = (vectors @ jobs.T).argmax(1).numpy()
    return float((best % TASTES == np.arange(USERS) % TASTES).mean())


def trainer(config: TrainConfig = CONFIG, towers: TowerConfig = TOWERS) -> Trainer:
    return Trainer(config, market(), TwoTower(towers))


def test_training_learns_what_there_is_to_learn() -> None:
    t = trainer()
    result = t.fit(lambda: {"NDCG@10": precision(t.towers)}, NullRun())
    assert result.best["NDCG@10"] > 0.9
    assert precision(t.towers) == result.best["NDCG@10"]  # the best weights are left in the towers


def test_same_seed_same_weights_and_another_seed_others() -> None:
    runs = [trainer(CONFIG.model_copy(update={"seed": s, "epochs": 2})) for s in (1, 1, 2)]
    for t in runs:
        t.fit(lambda: {"NDCG@10": 0.0}, NullRun())
    a, b, c = (torch.cat([p.flatten() for p in t.towers.parameters()]) for t in runs)
    assert torch.equal(a, b)
    assert not torch.equal(a, c)


@pytest.mark.parametrize("sparse", [False, True])
def test_a_resumed_run_is_the_same_run(tmp_path: Path, sparse: bool) -> None:
    from dataclasses import replace

    shape = replace(TOWERS, sparse=sparse, dropout=0.2, residual=True)
    values = iter(range(100))

    def rising() -> dict[str, float]:
        return {"NDCG@10": float(next(values))}

    whole = trainer(towers=shape)
    whole.fit(rising, NullRun())
    first = trainer(towers=shape)
    interrupted = iter(range(2))

    def stop_after_two() -> dict[str, float]:
        try:
            return {"NDCG@10": float(next(interrupted))}
        except StopIteration:
            raise KeyboardInterrupt from None

    with pytest.raises(KeyboardInterrupt):
        first.fit(stop_after_two, NullRun(), checkpoint=tmp_path / "c")
    second = trainer(towers=shape)
    second.fit(rising, NullRun(), checkpoint=tmp_path / "c", resume=True)
    for key, value in whole.towers.state_dict().items():
        assert torch.equal(value, second.towers.state_dict()[key]), key


def test_a_checkpoint_of_another_configuration_is_refused(tmp_path: Path) -> None:
    trainer(CONFIG.model_copy(update={"epochs": 1})).fit(
        lambda: {"NDCG@10": 0.0}, NullRun(), checkpoint=tmp_path / "c"
    )
    with pytest.raises(ValueError, match="another configuration"):
        trainer().fit(lambda: {"NDCG@10": 0.0}, NullRun(), checkpoint=tmp_path / "c", resume=True)


def test_early_stopping_waits_for_its_patience() -> None:
    t = trainer(CONFIG.model_copy(update={"epochs": 50, "patience": 2}))
    scores = iter([0.5, 0.7, 0.6, 0.6, 0.9])
    result = t.fit(lambda: {"NDCG@10": next(scores)}, NullRun())
    assert (result.epochs, result.best_epoch) == (4, 2)


def test_no_user_meets_an_own_positive_as_a_negative() -> None:
    data = market()
    sampler = BatchSampler(data, 64, 16, 1, seed=0)
    draw = next(sampler.epoch(0))
    batch = Collator(data, sampler.log_q, CONFIG)(draw)
    examples = data.examples.take(draw.examples)
    columns = np.unique(np.concatenate([examples.job, draw.uniform]))
    own = {(int(u), int(j)) for u, j in zip(data.examples.user, data.examples.job, strict=True)}
    expected = [[(int(u), int(j)) in own for j in columns] for u in examples.user]
    assert batch.excluded.tolist() == expected
    assert columns[batch.target.numpy()].tolist() == examples.job.tolist()


def test_loss_is_cross_entropy_when_nothing_needs_correcting() -> None:
    torch.manual_seed(0)
    users = torch.nn.functional.normalize(torch.randn(3, 8), dim=-1)
    jobs = torch.nn.functional.normalize(torch.randn(5, 8), dim=-1)
    target = torch.tensor([0, 4, 2])
    plain = sampled_softmax(
        users, jobs, target,
        temperature=torch.tensor(0.1), log_q=None, excluded=torch.zeros(3, 5, dtype=torch.bool),
    )  # fmt: skip
    assert plain == pytest.approx(float(torch.nn.functional.cross_entropy(users @ jobs.T / 0.1, target)))


def test_log_q_makes_popular_columns_weaker_negatives() -> None:
    users, jobs = torch.tensor([[1.0, 0.0]]), torch.tensor([[0.6, 0.8], [0.6, -0.8]])
    common = {"temperature": torch.tensor(1.0), "excluded": torch.zeros(1, 2, dtype=torch.bool)}
    target = torch.tensor([0])
    even = sampled_softmax(users, jobs, target, log_q=torch.tensor([0.0, 0.0]), **common)
    rival_is_popular = sampled_softmax(users, jobs, target, log_q=torch.tensor([0.0, 2.0]), **common)
    assert rival_is_popular < even


def test_histories_hold_nothing_at_or_after_their_moment() -> None:
    data = market()
    rows = np.arange(len(data.examples))
    history = data.history.take(rows)
    assert (history.age_days[history.job_ids >= 0] > 0).all()
    for row in (5, 300, 1199):
        u, at = data.examples.user[row], data.examples.at[row]
        past = data.examples.job[(data.examples.user == u) & (data.examples.at < at)][-5:]
        assert history.job_ids[row][history.job_ids[row] >= 0].tolist() == past.tolist()


def test_the_split_keeps_the_future_out() -> None:
    at = np.sort(np.random.default_rng(0).integers(0, 10**9, 1000))
    split = split_by_time(at, SplitConfig())
    assert split.start < split.validation < split.test < split.end
    assert ((at >= split.test).sum(), (at < split.validation).sum()) == (100, 800)
    with pytest.raises(SplitError, match="not older"):
        split.check(at)


@pytest.mark.parametrize("at", [np.zeros(10, np.int64), np.zeros(100, np.int64)])
def test_a_split_that_cannot_be_is_refused(at: np.ndarray) -> None:
    with pytest.raises(SplitError):
        split_by_time(at, SplitConfig())


def test_a_misspelt_setting_is_refused() -> None:
    with pytest.raises(ValueError, match="learning_rat"):
        TrainConfig(learning_rat=1.0)  # type: ignore[call-arg]

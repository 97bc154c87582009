"""`gowalla`: check-ins, not jobs: our towers, trainer, index and metrics on a set with published figures.

Protocol (the split of NGCF and LightGCN): every item outside a user's training part is ranked; Recall@20 and
NDCG@20 over all users with a test part. Ids are the only features: a bag per user, a bag per item, and the
user's history pooled over item vectors.
"""

from __future__ import annotations

import gzip
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import numpy.typing as npt
import torch

from features.inputs import Bag, Inputs
from models.batch import to_batch
from models.index import JobIndex
from models.two_tower import DIM, TowerConfig, TwoTower
from training import baselines as b
from training.benchmarks.report import (
    BenchmarkReport,
    Meter,
    Slice,
    as_command,
    estimates,
    finish,
    require_files,
)
from training.config import TrainConfig
from training.dataset import Events, TrainData, WholeProfile
from training.metrics import hits, ndcg_at, recall_at
from training.progress import say, track
from training.tracking import NullRun, Run
from training.train import Trainer

F32 = npt.NDArray[np.float32]
F64 = npt.NDArray[np.float64]
I64 = npt.NDArray[np.int64]
TRAIN, TEST = "train.txt.gz", "test.txt.gz"
VERSION = "gowalla"
K = 20
BLOCK = 500
#: Longest history read when ranking; a longer one is represented by a window of it.
PROFILE = 200
#: Figures of others on this split, not measured here: LightGCN's repository (3 layers), UltraGCN's paper.
PUBLISHED = {
    "LightGCN": {"Recall@20": 0.1824, "NDCG@20": 0.1547},
    "UltraGCN": {"Recall@20": 0.1862, "NDCG@20": 0.1580},
}


@dataclass(frozen=True)
class Recipe:
    """Chosen on a tenth of the training part held out. `spread` is the power of an item's degree that its
    vector's length starts with; the temperature stays near its start, because left free it falls and the
    towers learn the training part by heart. The log-Q correction keeps popularity in the scores, which
    in-batch negatives alone take out."""

    spread: float = 0.5
    train: TrainConfig = field(
        default_factory=lambda: TrainConfig(
            recipe="gowalla",
            epochs=5,
            batch_size=2048,
            uniform_negatives=1024,
            hard_negatives=0,
            learning_rate=1e-4,
            embedding_learning_rate=3e-3,
            weight_decay=0.0,
            warmup_steps=50,
            temperature=0.07,
            log_q=True,
            history_dropout=0.0,
            history_size=20,
            monitor="last",
            residual=False,
        )
    )


@dataclass(frozen=True)
class CheckIns:
    """Training pairs, and each user's test items as sets."""

    users: int
    items: int
    events: Events
    test: list[set[int]]


def load_gowalla(folder: Path) -> CheckIns:
    """Raises ValueError, naming the file and line, where a line is not `user item item ...`."""
    train, test = _lines(folder / TRAIN), _lines(folder / TEST)
    user = np.repeat(np.array([u for u, _ in train], np.int64), [len(i) for _, i in train])
    item = np.array([i for _, items in train for i in items], np.int64)
    users = 1 + max(u for u, _ in train + test)
    items = 1 + max(max(i, default=0) for _, i in train + test)
    nothing = np.zeros(len(user), np.int64)
    held = dict(test)
    return CheckIns(
        users,
        items,
        Events(user, item, nothing, nothing),
        [set(held.get(u, ())) for u in range(users)],
    )


def _lines(path: Path) -> list[tuple[int, list[int]]]:
    out = []
    with gzip.open(path, "rt") as file:
        for number, line in enumerate(file, 1):
            parts = line.split()
            if not all(p.isdecimal() for p in parts):
                raise ValueError(f"{path}, line {number}: not a list of ids")
            if parts:
                out.append((int(parts[0]), [int(p) for p in parts[1:]]))
    if not out:
        raise ValueError(f"{path} is empty")
    return out


# -- towers ------------------------------------------------------------------------------------------------


def start(data: CheckIns, recipe: Recipe, seed: int) -> TwoTower:
    """Towers whose ids begin at the leading singular vectors of the degree-normalised interactions.

    An item's first 255 numbers are its spectral direction, as long as a power of its degree; the last one
    fills the vector up to length 1, so the length, and with it popularity, survives normalisation. A user
    begins at the mean direction of the history, with the opposite of the history's mean last number.
    """
    config = TowerConfig(
        {}, {}, {"item": data.items, "user": data.users}, ("user",), ("item",), sparse=True, residual=False
    )
    towers = TwoTower(config)
    past = b.interactions(data.events, data.users, data.items)
    rank = min(DIM - 1, min(past.shape) - 1)
    _, _, vt = b.truncated_svd(b.degree_normalised(past), rank, seed)
    direction = np.zeros((data.items, DIM - 1), np.float32)
    direction[:, :rank] = _unit(vt.T)
    degree = np.maximum(np.asarray(past.sum(0)).ravel(), 1.0)[:, None]
    lengths = degree**recipe.spread
    items = direction * np.minimum(lengths / np.quantile(lengths, 0.999), 1.0)
    last = np.sqrt(np.maximum(1.0 - (items**2).sum(1, keepdims=True), 0.0))
    size = np.maximum(np.asarray(past.sum(1)), 1.0)
    users = np.concatenate([_unit(past @ direction), -(past @ last) / size], 1)
    with torch.no_grad():
        _weight(towers, "item").copy_(torch.from_numpy(np.concatenate([items, last], 1).astype(np.float32)))
        _weight(towers, "user").copy_(torch.from_numpy(users.astype(np.float32)))
        for decay in (towers.pool.decay, towers.pool.rank_decay):
            decay.fill_(-20.0)  # the data has no order: every part of a history counts the same
    return towers


def _weight(towers: TwoTower, name: str) -> torch.Tensor:
    weight = towers.projections.bags[name].weight
    assert isinstance(weight, torch.Tensor)  # noqa: S101  (for the type checker)
    return weight


def _unit(rows: F32) -> F32:
    return np.asarray(rows / np.maximum(np.linalg.norm(rows, axis=1, keepdims=True), 1e-9), np.float32)


def _ids(n: int) -> Bag:
    return Bag(np.arange(n), np.arange(n + 1), np.ones(n, np.float32))


def fit(data: CheckIns, towers: TwoTower, recipe: Recipe, seed: int, run: Run) -> None:
    """Trains for exactly the recipe's epochs; nothing held out is looked at."""
    config = recipe.train.model_copy(update={"seed": seed})
    events = data.events
    history = WholeProfile(events, events.user, events.job, config.history_size, seed)
    examples = TrainData(
        Inputs(bags={"item": _ids(data.items)}),
        Inputs(bags={"user": _ids(data.users)}),
        events,
        history,
        np.ones(len(events), np.float32),
    )
    torch.set_num_threads(config.threads)
    trainer = Trainer(config, examples, towers)
    trainer.fit(lambda: {"last": float(trainer.epoch)}, run)


def embed(data: CheckIns, towers: TwoTower, seed: int) -> tuple[F32, F32]:
    """Unit vectors of users (users, 256) and items (items, 256)."""
    everything = np.arange(data.users)
    profile = WholeProfile(data.events, everything, np.full(data.users, -1), PROFILE, seed)
    ids, rows = Inputs(bags={"user": _ids(data.users)}), []
    towers.eval()
    with torch.no_grad():
        items = towers.embed_jobs(to_batch(Inputs(bags={"item": _ids(data.items)})))
        for first in range(0, data.users, BLOCK):
            block = everything[first : first + BLOCK]
            batch = to_batch(ids.take(block).with_history(profile.take(block)), np.arange(data.items))
            rows.append(towers.embed_users(batch, items))
    return torch.cat(rows).numpy(), items.numpy()


# -- evaluation --------------------------------------------------------------------------------------------


def towers_top(data: CheckIns, towers: TwoTower, seed: int) -> I64:
    """(users, K) items outside the training part, best first, by exact search in the product's index."""
    users, items = embed(data, towers, seed)
    index = JobIndex.build(items, np.arange(data.items), encoder_version=VERSION, kind="exact")
    counts = np.bincount(data.events.user, minlength=data.users)
    past = b.interactions(data.events, data.users, data.items)
    order = np.argsort(counts, kind="stable")  # users of one block know about equally many items
    top = np.full((data.users, K), -1, np.int64)
    blocks = range(0, data.users, BLOCK)
    for first in track(blocks, len(blocks), "ranking"):
        rows = order[first : first + BLOCK]
        k = min(K + int(counts[rows].max()), data.items)
        _, found = index.search(users[rows], k, encoder_version=VERSION)
        for row, ids in zip(rows, found, strict=True):
            seen = past.indices[past.indptr[row] : past.indptr[row + 1]]
            unseen = ids[~np.isin(ids, seen)][:K]
            top[row, : len(unseen)] = unseen
    return top


def baseline_top(data: CheckIns, baseline: b.Baseline) -> I64:
    """(users, K) items outside the training part, best first; ties go to the lower id."""
    past = b.interactions(data.events, data.users, data.items)
    top = np.full((data.users, K), -1, np.int64)
    blocks = range(0, data.users, BLOCK)
    k = min(K, data.items)
    for first in track(blocks, len(blocks), baseline.name):
        rows = np.arange(first, min(first + BLOCK, data.users))
        scores = baseline.score(rows)
        scores[past[rows].nonzero()] = -np.inf
        found = np.sort(np.argpartition(scores, -k, 1)[:, -k:], 1)
        own = np.take_along_axis(scores, found, 1)
        best = np.argsort(-own, 1, kind="stable")
        ids = np.take_along_axis(found, best, 1)
        top[rows, :k] = np.where(np.isfinite(np.take_along_axis(own, best, 1)), ids, -1)
    return top


def quality(top: I64, test: list[set[int]]) -> dict[str, F64]:
    """Per user with a test part; `top` (users, K) is -1 padded."""
    rows = np.flatnonzero([len(t) > 0 for t in test])
    relevant = [test[r] for r in rows]
    sizes = np.array([len(t) for t in relevant], np.int64)
    hit = hits(top[rows], relevant)
    return {f"Recall@{K}": recall_at(hit, sizes, K), f"NDCG@{K}": ndcg_at(hit, sizes, K)}


def _baselines(data: CheckIns, seed: int) -> Iterator[b.Baseline]:
    """One at a time: each holds matrices of some hundred megabytes. Settings as best on a held-out tenth."""
    shape = (data.users, data.items)
    makers: tuple[Callable[[], b.Baseline], ...] = (
        lambda: b.Popularity(data.events, data.items),
        lambda: b.ItemKnn(data.events, *shape, name="item-kNN, cosine"),
        lambda: b.ItemKnn(
            data.events, *shape, item_power=0.25, user_power=0.5, name="item-kNN, degrees damped"
        ),
        lambda: b.Als(data.events, *shape, factors=256, alpha=40.0, regularization=10.0, seed=seed),
        lambda: b.SpectralFilter(data.events, *shape, seed=seed),
    )
    for make in makers:
        yield make()


def run(
    data: Path,
    *,
    json_out: Path | None = None,
    seed: int = 0,
    run: Run | None = None,
    recipe: Recipe | None = None,
) -> BenchmarkReport:
    """Trains on the training part, scores the test part once, reports. Raises BenchmarkDataError."""
    require_files(data, (TRAIN, TEST))
    meter, recipe = Meter(), recipe or Recipe()
    check_ins = load_gowalla(data)
    say(f"gowalla: {check_ins.users:,} users, {check_ins.items:,} items, {len(check_ins.events):,} pairs")
    towers = start(check_ins, recipe, seed)
    untrained = quality(towers_top(check_ins, towers, seed), check_ins.test)
    training = Meter()
    fit(check_ins, towers, recipe, seed, run or NullRun())
    seconds = training.seconds()
    ours = quality(towers_top(check_ins, towers, seed), check_ins.test)
    others = {}
    for baseline in _baselines(check_ins, seed):
        others[baseline.name] = estimates(quality(baseline_top(check_ins, baseline), check_ins.test))
    others["two towers, spectral start only"] = estimates(untrained)
    n = len(ours[f"Recall@{K}"])
    part = Slice("gowalla: full ranking of unseen items", n, estimates(ours), others, PUBLISHED)
    params = {
        "seed": seed,
        "spread": recipe.spread,
        "training_seconds": round(seconds),
        **recipe.train.model_dump(),
    }
    report = BenchmarkReport("gowalla", (part,), params, meter.seconds(), meter.peak_mb())
    return finish(report, json_out, run)


main = as_command(run, __doc__)

if __name__ == "__main__":
    main()

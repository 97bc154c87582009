"""Two towers on `jobviews`, fitted walk-forward: what ranks a target was trained on earlier events only."""

from __future__ import annotations

import math
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt
import torch

from features.inputs import Inputs
from models.batch import to_batch
from models.index import JobIndex
from models.two_tower import TowerConfig, TwoTower
from training.benchmarks.jobviews_data import JobViews
from training.benchmarks.jobviews_fields import JOB_FIELDS, JobFields
from training.config import TrainConfig
from training.dataset import Events, HistorySource, PastOfEvents, TrainData, WholeProfile
from training.train import Trainer

F32 = npt.NDArray[np.float32]
I64 = npt.NDArray[np.int64]
VERSION = "jobviews"

#: Start of each field's weight in the dot product, from a conditional logit over the unprojected field
#: similarities on the validation targets. Training moves them.
FIELD_WEIGHTS = {
    "title_text": 2.0,
    "terms": 0.4,
    "geo": 8.0,
    "city": 1.0,
    "state": 2.0,
    "company": 1.2,
    "company_terms": 0.5,
    "industry": 0.5,
}


@dataclass(frozen=True)
class Recipe:
    """Everything that was chosen on the validation targets."""

    blocks: int = 4
    whole_profile: bool = True
    learn_projections: bool = False
    train: TrainConfig = field(
        default_factory=lambda: TrainConfig(
            recipe="jobviews",
            epochs=6,
            batch_size=256,
            uniform_negatives=3000,
            hard_negatives=0,
            learning_rate=1e-2,
            embedding_learning_rate=2e-3,
            weight_decay=0.0,
            warmup_steps=10,
            temperature=0.08,
            log_q=False,
            history_dropout=0.1,
            history_size=10,
            monitor="last",
            residual=False,
        )
    )


class _Nowhere:
    def metrics(self, values: dict[str, float], step: int) -> None: ...


def start(config: TowerConfig) -> TwoTower:
    """Untrained towers whose gates already carry the field weights."""
    towers = TwoTower(config)
    weights = torch.tensor([FIELD_WEIGHTS[f] for f in JOB_FIELDS])
    with torch.no_grad():
        towers.job.gate_bias.copy_(torch.log(torch.expm1(weights.sqrt())))
        shared = [math.log(math.expm1(math.sqrt(FIELD_WEIGHTS[f]))) for f in config.user_fields]
        towers.user.gate_bias[:-1] = torch.tensor(shared)
        towers.user.gate_bias[-1] = 4.0  # a past, where there is one, says more than a profile
    return towers


@dataclass(frozen=True)
class Setting:
    """What does not change between blocks. `users_at_start` is for training rows (facts stated before the
    first view), `users_at_target` for the rows that are ranked."""

    views: JobViews
    fields: JobFields
    jobs: Inputs
    users_at_start: Inputs
    users_at_target: Inputs
    recipe: Recipe
    seed: int


def walk_forward(setting: Setting, known: I64, targets: I64) -> F32:
    """(targets, jobs) similarities; `known` and `targets` are rows of the events, targets ascending in time.

    The targets are cut into blocks of equal size; each block is ranked by towers trained on the known events
    before its first target, so the weights hold no behaviour from after the moment that is judged.
    """
    events = setting.views.events
    out = np.zeros((len(targets), len(setting.jobs)), np.float32)
    for block in np.array_split(np.arange(len(targets)), setting.recipe.blocks):
        if not len(block):
            continue
        before = events.at[targets[block[0]]]
        towers = trained(setting, events.take(known[events.at[known] < before]))
        out[block] = similarities(setting, towers, events.take(targets[block]), setting.users_at_target)
    return out


def untrained(setting: Setting, targets: I64) -> F32:
    """(targets, jobs) similarities of towers that hold only the start weights of their fields."""
    return similarities(
        setting, untrained_towers(setting), setting.views.events.take(targets), setting.users_at_target
    )


def untrained_towers(setting: Setting) -> TwoTower:
    train = setting.recipe.train
    config = setting.fields.tower_config(residual=train.residual, dropout=train.dropout, seed=setting.seed)
    return start(config).eval()


def trained(setting: Setting, past: Events) -> TwoTower:
    """Towers fitted on `past`; the untrained ones where it holds too little to fill a batch."""
    config, recipe = setting.recipe.train.model_copy(update={"seed": setting.seed}), setting.recipe
    towers = untrained_towers(setting)
    # 3,000 examples cannot improve 6 million numbers: what is learned is how much each field counts
    towers.projections.requires_grad_(recipe.learn_projections)
    twice = np.bincount(past.user, minlength=setting.views.users)[past.user] > 1
    examples = past.take(np.flatnonzero(twice))
    if len(examples) < config.batch_size:
        return towers
    history: HistorySource
    if recipe.whole_profile:
        history = WholeProfile(past, examples.user, examples.job, config.history_size, setting.seed)
    else:
        history = PastOfEvents(past, examples.user, examples.at, config.history_size)
    weight = np.ones(len(examples), np.float32)
    data = TrainData(setting.jobs, setting.users_at_start, examples, history, weight)
    torch.set_num_threads(config.threads)
    trainer = Trainer(config, data, towers)
    # the number of epochs was chosen on the validation targets: the last weights are the ones to keep
    trainer.fit(lambda: {"last": float(trainer.epoch)}, _Nowhere())
    return towers.eval()


def similarities(setting: Setting, towers: TwoTower, targets: Events, users: Inputs) -> F32:
    """(targets, jobs) through the exact index, like the product; a user of whom nothing is known scores 0
    everywhere. `users` has a row for each user of the data."""
    history = PastOfEvents(setting.views.events, targets.user, targets.at, 50)
    asking = users.take(targets.user).with_history(history.take(np.arange(len(targets))))
    with torch.no_grad():
        jobs = towers.embed_jobs(to_batch(setting.jobs))  # (jobs, 256)
        queries = towers.embed_users(to_batch(asking, np.arange(len(setting.jobs))), jobs).numpy()
    index = JobIndex.build(jobs.numpy(), np.arange(len(jobs)), encoder_version=VERSION, kind="exact")
    out = np.zeros((len(targets), len(jobs)), np.float32)
    real = np.flatnonzero(np.linalg.norm(queries, axis=1) > 0.5)
    scores, ids = index.search(queries[real], len(jobs), encoder_version=VERSION)
    np.put_along_axis(rows := np.zeros_like(scores), ids, scores, 1)
    out[real] = rows
    return out

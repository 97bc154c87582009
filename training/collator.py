"""A draw of rows -> tensors, through the same `to_batch` that serving uses."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import torch

from features.inputs import History, Inputs
from models.batch import Batch, to_batch
from training.config import TrainConfig
from training.dataset import TrainData
from training.sampler import Draw

I64 = npt.NDArray[np.int64]


@dataclass
class TrainBatch:
    """`jobs` holds every job the step needs once; the other members point into it by row."""

    users: Batch
    jobs: Batch
    columns: torch.Tensor  # (m,) rows of `jobs` that are candidates in the softmax
    target: torch.Tensor  # (b,) column of each user's positive
    log_q: torch.Tensor  # (m,)
    excluded: torch.Tensor  # (b, m) bool
    hard: torch.Tensor  # (b, h) rows of `jobs`, -1 where missing
    weight: torch.Tensor  # (b,)


class Collator:
    def __init__(self, data: TrainData, log_q: npt.NDArray[np.float32], config: TrainConfig) -> None:
        self._data, self._log_q, self._seed = data, log_q, config.seed
        self._dropout = config.history_dropout
        self._thin = config.thin_profiles if data.thin_users is not None else 0.0
        self._rng = np.random.default_rng((config.seed, 0))
        order = np.lexsort((data.examples.job, data.examples.user))
        self._owned = data.examples.job[order]  # jobs of user u: from _starts[u] to _starts[u + 1]
        self._starts = np.searchsorted(data.examples.user[order], np.arange(len(data.users) + 1))

    def reseed(self, epoch: int) -> None:
        """Makes an epoch's draws independent of what ran before it, so that a resumed run is the same run."""
        self._rng = np.random.default_rng((self._seed, epoch))

    def __call__(self, draw: Draw) -> TrainBatch:
        examples = self._data.examples.take(draw.examples)
        history = self._drop(self._data.history.take(draw.examples))
        columns = np.unique(np.concatenate([examples.job, draw.uniform]))
        needed = np.unique(
            np.concatenate([columns, draw.hard[draw.hard >= 0], history.job_ids[history.job_ids >= 0]])
        )
        users = self._profiles(examples.user).with_history(history)
        return TrainBatch(
            users=to_batch(users, needed),
            jobs=to_batch(self._data.jobs.take(needed)),
            columns=torch.from_numpy(np.searchsorted(needed, columns)),
            target=torch.from_numpy(np.searchsorted(columns, examples.job)),
            log_q=torch.from_numpy(self._log_q[columns]),
            excluded=torch.from_numpy(self._already_taken(examples.user, columns)),
            hard=torch.from_numpy(np.where(draw.hard >= 0, np.searchsorted(needed, draw.hard), -1)),
            weight=torch.from_numpy(self._data.weight[draw.examples]),
        )

    def _profiles(self, rows: I64) -> Inputs:
        """Some users by their thin profile: a newcomer who states skills and a place is then no stranger."""
        thin = self._rng.random(len(rows)) < self._thin
        if self._data.thin_users is None or not thin.any():
            return self._data.users.take(rows)
        if thin.all():
            return self._data.thin_users.take(rows)
        parts = [self._data.users.take(rows[~thin]), self._data.thin_users.take(rows[thin])]
        back = np.argsort(np.concatenate([np.flatnonzero(~thin), np.flatnonzero(thin)]))
        return Inputs.concat(parts).take(back)

    def _drop(self, history: History) -> History:
        """Hides some users' whole past, so that the towers also learn to work without one."""
        if self._dropout == 0.0:
            return history
        hidden = self._rng.random((len(history), 1)) < self._dropout
        return History(np.where(hidden, -1, history.job_ids), history.kinds, history.age_days)

    def _already_taken(self, users: I64, columns: I64) -> npt.NDArray[np.bool_]:
        """(b, m) True where the job is one of the user's own positives, which is no negative."""
        # Marks what each user owns instead of looking every pair up: the work is the size of the profiles,
        # not users times columns, which was a third of a step with 3,000 columns.
        column_of = np.full(len(self._data.jobs), -1, np.int64)
        column_of[columns] = np.arange(len(columns))
        lengths = self._starts[users + 1] - self._starts[users]
        row = np.repeat(np.arange(len(users)), lengths)
        first = np.repeat(self._starts[users] - np.cumsum(lengths) + lengths, lengths)
        column = column_of[self._owned[first + np.arange(len(row))]]
        taken = np.zeros((len(users), len(columns)), bool)
        taken[row[column >= 0], column[column >= 0]] = True
        return taken

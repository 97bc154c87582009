"""The training loop, readable top to bottom."""

from __future__ import annotations

import math
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import torch

from models.two_tower import TwoTower
from training.checkpoint import load_checkpoint, save_checkpoint
from training.collator import Collator, TrainBatch
from training.config import TrainConfig
from training.dataset import Evaluate, TrainData
from training.losses import sampled_softmax
from training.progress import track
from training.sampler import BatchSampler


class Run(Protocol):
    """Where numbers go: an MLflow run or nowhere (tracking.py)."""

    def metrics(self, values: dict[str, float], step: int) -> None: ...


@dataclass
class TrainResult:
    best: dict[str, float]
    best_epoch: int
    epochs: int
    seconds: float
    steps: int


class Trainer:
    """Owns the optimisation state; `fit` runs the epochs and leaves the best weights in `towers`."""

    def __init__(self, config: TrainConfig, data: TrainData, towers: TwoTower) -> None:
        self.config, self.data = config, data
        self.device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
        self.towers = towers.to(self.device)
        self.log_temperature = torch.nn.Parameter(
            torch.tensor(math.log(config.temperature), device=self.device)
        )
        self.sampler = BatchSampler(
            data, config.batch_size, config.uniform_negatives, config.hard_negatives, config.seed
        )
        self.collator = Collator(data, self.sampler.log_q, config)
        self.optimizers = self._optimizers()
        self.epoch = 0
        self.step = 0
        self.best: dict[str, float] = {}
        self.best_epoch = -1

    def _optimizers(self) -> list[torch.optim.Optimizer]:
        c = self.config
        bags = list(self.towers.projections.bags.parameters())
        known = {id(p) for p in bags}
        rest = [p for p in self.towers.parameters() if id(p) not in known]
        dense_groups: list[dict[str, object]] = [
            {"params": rest, "lr": c.learning_rate, "weight_decay": c.weight_decay},
            {"params": [self.log_temperature], "lr": c.learning_rate, "weight_decay": 0.0},
        ]
        if not self.towers.config.sparse:
            dense_groups.append({"params": bags, "lr": c.embedding_learning_rate, "weight_decay": 0.0})
            return [torch.optim.AdamW(dense_groups)]
        return [torch.optim.AdamW(dense_groups), torch.optim.SparseAdam(bags, lr=c.embedding_learning_rate)]

    # -- one step ------------------------------------------------------------------------------------

    def loss(self, batch: TrainBatch) -> torch.Tensor:
        vectors = self.towers.embed_jobs(batch.jobs.to(self.device))  # (needed, 256)
        users = self.towers.embed_users(batch.users.to(self.device), vectors)  # (b, 256)
        hard_rows = batch.hard.to(self.device)
        hard = (users.unsqueeze(1) * vectors[hard_rows.clamp(min=0)]).sum(-1)  # (b, h)
        temperature = self.log_temperature.exp()
        return sampled_softmax(
            users,
            vectors[batch.columns.to(self.device)],
            batch.target.to(self.device),
            temperature=temperature,
            log_q=batch.log_q.to(self.device) if self.config.log_q else None,
            excluded=batch.excluded.to(self.device),
            weight=batch.weight.to(self.device),
            # a missing hard negative must not count: its logit becomes -inf
            hard=hard.masked_fill(hard_rows < 0, -torch.inf),
        )

    def _update(self, batch: TrainBatch) -> float:
        for optimizer in self.optimizers:
            optimizer.zero_grad(set_to_none=True)
            for group in optimizer.param_groups:
                group["lr"] = group.setdefault("base_lr", group["lr"]) * self._rate()
        loss = self.loss(batch)
        loss.backward()  # type: ignore[no-untyped-call]
        for optimizer in self.optimizers:
            optimizer.step()
        with torch.no_grad():
            self.log_temperature.clamp_(math.log(0.01), math.log(0.5))
        self.step += 1
        return float(loss.detach())

    def _rate(self) -> float:
        """Linear warm-up, then half a cosine down to a tenth (Loshchilov and Hutter 2017)."""
        warm = min(1.0, (self.step + 1) / max(self.config.warmup_steps, 1))
        done = min(1.0, self.step / max(len(self.sampler) * self.config.epochs, 1))
        return warm * (0.1 + 0.45 * (1.0 + math.cos(math.pi * done)))

    # -- all steps -----------------------------------------------------------------------------------

    def fit(
        self, evaluate: Evaluate, run: Run, *, checkpoint: Path | None = None, resume: bool = False
    ) -> TrainResult:
        """Trains until the epochs are used up or `patience` evaluations brought nothing.

        With `checkpoint`, the state is written there after each epoch (and on Ctrl-C); `resume` continues
        from it and gives the same weights as a run that was never interrupted.
        """
        started = time.perf_counter()
        best_weights = {k: v.detach().clone() for k, v in self.towers.state_dict().items()}
        if resume and checkpoint is not None and checkpoint.is_dir():
            best_weights = load_checkpoint(checkpoint, self)
        while self.epoch < self.config.epochs and not self._exhausted():
            train_loss = self._run_epoch()
            self.epoch += 1
            values = {"train/loss": train_loss, "train/temperature": math.exp(self.log_temperature.item())}
            if self.epoch % self.config.evaluate_every == 0 or self.epoch == self.config.epochs:
                self.towers.eval()
                held_out = evaluate()
                values |= {f"validation/{k}": v for k, v in held_out.items()}
                if not self.best or held_out[self.config.monitor] > self.best[self.config.monitor]:
                    self.best, self.best_epoch = held_out, self.epoch
                    best_weights = {k: v.detach().clone() for k, v in self.towers.state_dict().items()}
            run.metrics(values, step=self.epoch)
            if checkpoint is not None:
                save_checkpoint(checkpoint, self, best_weights)
        self.towers.load_state_dict(best_weights)
        self.towers.eval()
        seconds = time.perf_counter() - started
        return TrainResult(self.best, self.best_epoch, self.epoch, seconds, self.step)

    def _exhausted(self) -> bool:
        return self.best_epoch >= 0 and (
            self.epoch - self.best_epoch >= self.config.patience * self.config.evaluate_every
        )

    def _run_epoch(self) -> float:
        torch.manual_seed(self.config.seed * 1_000 + self.epoch)  # dropout: same masks after a resume
        self.collator.reseed(self.epoch)
        self.towers.train()
        total = 0.0
        draws = self.sampler.epoch(self.epoch)
        for draw in track(draws, len(self.sampler), f"epoch {self.epoch + 1}/{self.config.epochs}"):
            total += self._update(self.collator(draw))
        return total / len(self.sampler)

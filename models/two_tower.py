"""The two towers: fields of a user or a job -> a 256-d unit vector (Yi et al. 2019, "Sampling-bias-corrected
neural modeling for large corpus item recommendations", for the family).

Each field (title text, skills, place, ...) has one projection that both towers share, so equal facts land
on equal vectors before anything is learned; untrained, the dot product already is a sum of field
similarities. Learning then sets, per tower, how much each field counts given the tabular features (a remote
job opens the gate of place less) and adds a residual for what fields say together. A user's history is
pooled over the *job tower's own output*, so a new job can be learned from without retraining.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import nn
from torch.nn import functional as F

from models.batch import Batch, HistoryBatch

DIM = 256
KINDS = 3  # view, save, apply


@dataclass(frozen=True)
class TowerConfig:
    """Which fields exist and how wide they are; saved with the weights."""

    job_dense: dict[str, int]  # includes "tabular" where there are tabular features
    user_dense: dict[str, int]
    bags: dict[str, int]
    user_fields: tuple[str, ...]  # shared fields the user side has; history is always there
    job_fields: tuple[str, ...]
    hidden: int = 256
    dropout: float = 0.1
    sparse: bool = False  # sparse gradients for the bags: for id fields of very many values
    residual: bool = True
    seed: int = 0


class FieldProjections(nn.Module):
    """Every shared field -> (n, 256). Random projections preserve dot products (Johnson-Lindenstrauss)."""

    def __init__(self, config: TowerConfig) -> None:
        super().__init__()
        widths = {**config.user_dense, **config.job_dense}
        widths.pop("tabular", None)
        self.dense = nn.ModuleDict({k: nn.Linear(w, DIM, bias=False) for k, w in sorted(widths.items())})
        self.bags = nn.ModuleDict(
            {
                k: nn.EmbeddingBag(n, DIM, mode="sum", sparse=config.sparse)
                for k, n in sorted(config.bags.items())
            }
        )
        for parameter in self.parameters():
            nn.init.normal_(parameter, std=DIM**-0.5)

    def forward(self, batch: Batch, fields: tuple[str, ...]) -> torch.Tensor:
        out = []
        for name in fields:
            if name in self.dense:
                out.append(self.dense[name](batch.dense[name]))
            else:
                bag = batch.bags[name]
                out.append(self.bags[name](bag.ids, bag.offsets, per_sample_weights=bag.weights))
        return torch.stack(out, 1)  # (n, fields, 256)


class Tower(nn.Module):
    """Gated sum of fields plus residual, L2-normalised. `extra` is one more field given as vectors."""

    def __init__(self, config: TowerConfig, fields: tuple[str, ...], tabular: int, extra: bool) -> None:
        super().__init__()
        self.fields = fields
        self.extra = extra
        gates = len(fields) + extra
        context = tabular + extra  # + 1: the size of the history
        self.gate_bias = nn.Parameter(torch.full((gates,), 0.55))  # softplus(0.55) is about 1
        self.gate_weight = nn.Parameter(torch.zeros(gates, context)) if context else None
        self.tabular = nn.Linear(tabular, DIM, bias=False) if tabular else None
        if self.tabular is not None:
            nn.init.normal_(self.tabular.weight, std=0.02)
        last = nn.Linear(config.hidden, DIM)
        nn.init.zeros_(last.weight)
        nn.init.zeros_(last.bias)
        self.residual = nn.Sequential(
            nn.LayerNorm(DIM), nn.Linear(DIM, config.hidden), nn.GELU(), nn.Dropout(config.dropout), last
        )
        self.use_residual = config.residual

    def forward(
        self, fields: torch.Tensor, tabular: torch.Tensor, extra: torch.Tensor | None, size: torch.Tensor
    ) -> torch.Tensor:
        logits = self.gate_bias.expand(len(fields), -1)
        if self.gate_weight is not None:
            logits = logits + torch.cat([tabular, size], 1) @ self.gate_weight.T
        gates = F.softplus(logits)  # (n, gates)
        parts = torch.cat([fields, extra.unsqueeze(1)], 1) if extra is not None else fields
        z = (gates.unsqueeze(-1) * parts).sum(1)  # (n, 256)
        if self.tabular is not None:
            z = z + self.tabular(tabular)
        if self.use_residual:
            z = z + self.residual(z)
        return F.normalize(z, dim=-1, eps=1e-6)


class HistoryPool(nn.Module):
    """Weighted mean of past job vectors; the weight depends on the kind of interaction and on its age."""

    def __init__(self) -> None:
        super().__init__()
        self.kind = nn.Parameter(torch.tensor([0.0, 0.7, 1.1]))  # log weights of view, save, apply
        self.decay = nn.Parameter(torch.tensor(-3.0))  # softplus(-3) per day: a half-life of 14 days
        self.rank_decay = nn.Parameter(torch.tensor(-2.0))  # per step back in order

    def forward(self, vectors: torch.Tensor, history: HistoryBatch) -> tuple[torch.Tensor, torch.Tensor]:
        """vectors (jobs, 256) -> pooled (n, 256), log1p(size) (n, 1)."""
        steps = torch.arange(history.mask.shape[1] - 1, -1, -1, device=vectors.device)
        log_weight = (
            self.kind[history.kinds]
            - F.softplus(self.decay) * history.age_days
            - F.softplus(self.rank_decay) * steps
        )
        log_weight = log_weight.masked_fill(~history.mask, -torch.inf)
        empty = ~history.mask.any(1, keepdim=True)
        weight = torch.softmax(log_weight.masked_fill(empty, 0.0), 1) * history.mask  # (n, H)
        # one fused gather and sum: no (n, H, 256) intermediate in either direction
        pooled = F.embedding_bag(history.vectors_of, vectors, per_sample_weights=weight, mode="sum")
        return pooled, torch.log1p(history.mask.sum(1, keepdim=True).float())


class TwoTower(nn.Module):
    def __init__(self, config: TowerConfig) -> None:
        super().__init__()
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(config.seed)
            self.config = config
            self.projections = FieldProjections(config)
            self.job = Tower(config, config.job_fields, config.job_dense.get("tabular", 0), extra=False)
            self.user = Tower(config, config.user_fields, config.user_dense.get("tabular", 0), extra=True)
            self.pool = HistoryPool()

    def embed_jobs(self, batch: Batch) -> torch.Tensor:
        """(n, 256), unit rows."""
        nothing = self.pool.kind.new_zeros(batch.size, 0)
        fields = self.projections(batch, self.config.job_fields)
        out: torch.Tensor = self.job(fields, batch.dense.get("tabular", nothing), None, nothing)
        return out

    def embed_users(self, batch: Batch, job_vectors: torch.Tensor) -> torch.Tensor:
        """(n, 256), unit rows. `job_vectors` (jobs, 256) is what `batch.history.vectors_of` points into."""
        assert batch.history is not None  # noqa: S101  (a programming error, never an input error)
        nothing = self.pool.kind.new_zeros(batch.size, 0)
        if len(job_vectors) == 0:
            job_vectors = self.pool.kind.new_zeros(1, DIM)
        pooled, size = self.pool(job_vectors, batch.history)
        if self.config.user_fields:
            fields = self.projections(batch, self.config.user_fields)
        else:
            fields = pooled.new_zeros(batch.size, 0, DIM)
        out: torch.Tensor = self.user(fields, batch.dense.get("tabular", nothing), pooled, size)
        return out

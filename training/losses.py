"""The retrieval loss: a softmax over a batch's jobs, corrected for how they were sampled."""

from __future__ import annotations

import torch
from torch.nn import functional as F


def sampled_softmax(
    users: torch.Tensor,
    jobs: torch.Tensor,
    target: torch.Tensor,
    *,
    temperature: torch.Tensor,
    log_q: torch.Tensor | None,
    excluded: torch.Tensor,
    weight: torch.Tensor | None = None,
    hard: torch.Tensor | None = None,
) -> torch.Tensor:
    """Mean cross-entropy of each user's own job among all jobs of the batch.

    users (b, 256), jobs (m, 256) unit rows; target (b,) column of each user's positive; log_q (m,) log
    expected count of each column in a batch (Yi et al. 2019, with in-batch and uniform negatives mixed as in
    Yang et al. 2020); excluded (b, m) True where a column must not count as a negative; weight (b,) of each
    example; hard (b, h) extra columns' similarities for that user only, uncorrected. Returns a scalar.
    """
    logits = (users / temperature) @ jobs.T  # (b, m); divided while it is still (b, 256)
    if log_q is not None:
        logits = logits - log_q
    rows = torch.arange(len(users), device=users.device)
    keep = excluded.clone()
    keep[rows, target] = False  # never mask the positive itself
    logits = logits.masked_fill(keep, -torch.inf)
    if hard is not None and hard.shape[1]:
        # A hard negative stands for itself alone: correct it as often as its user's positive is corrected.
        offset = log_q[target].unsqueeze(1) if log_q is not None else 0.0
        logits = torch.cat([logits, hard / temperature - offset], 1)
    loss = F.cross_entropy(logits, target, reduction="none")
    return loss.mean() if weight is None else (loss * weight).sum() / weight.sum()

"""How common occupations are in a source, from its unlabelled titles."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

F32 = npt.NDArray[np.float32]
#: Every occupation counts as if it had been seen this often, so that none is impossible.
PSEUDO_COUNT = 0.3


def estimate_prior(logits: Sequence[F32], rounds: int) -> F32:
    """Batches of (n, occupations) -> (occupations,) logarithms of shares.

    Expectation maximisation over class shares alone (Saerens, Latinne and Decaestecker 2002). Its fixed
    point gives everything to a few occupations where the logits are unsure, so it stops after `rounds`.
    """
    size = logits[0].shape[1]
    share = np.full(size, 1.0 / size)
    likelihood = [np.exp(part - part.max(1, keepdims=True)) for part in logits]
    titles = sum(len(part) for part in logits)
    for _ in range(rounds):
        counts = np.full(size, PSEUDO_COUNT)
        for part in likelihood:
            posterior = part * share
            counts += (posterior / posterior.sum(1, keepdims=True)).sum(0)
        share = counts / (titles + PSEUDO_COUNT * size)
    return np.asarray(np.log(share), np.float32)

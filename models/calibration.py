"""Similarity -> probability of engagement (Platt scaling; Platt 1999)."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

F32 = npt.NDArray[np.float32]


@dataclass(frozen=True)
class Calibration:
    """p = sigmoid(slope * similarity + intercept). `event` says in words what p is the probability of."""

    slope: float = 5.0
    intercept: float = -3.0
    event: str = "uncalibrated"

    def probability(self, similarity: npt.ArrayLike) -> F32:
        z = self.slope * np.asarray(similarity, np.float64) + self.intercept
        return (1.0 / (1.0 + np.exp(-z))).astype(np.float32)

"""A task's own view of the shared sentence vectors: a low-rank residual map, trained apart from the encoder.

y = normalise(x + gelu(x A) B) with A (384, r), B (r, 384). B starts at zero, so that an untrained map is the
encoder itself (the residual adapter of Houlsby et al. 2019, arXiv:1902.00751, put after the pooling). The
encoder runs once for every task; a task adds a few hundred kilobytes and microseconds, and is trained on
vectors in memory: minutes on one core, where deltas inside the encoder take hours.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
from scipy.special import erf

F32 = npt.NDArray[np.float32]
Encode = Callable[[Sequence[str]], F32]
FILE = "projection.safetensors"


class ProjectionError(ValueError):
    """The file is no projection, or not finite."""


@dataclass(frozen=True)
class Projection:
    """`down` (width, r) and `up` (r, width), rounded to float16 as the file keeps them."""

    down: F32
    up: F32

    def __post_init__(self) -> None:
        for name in ("down", "up"):
            rounded = getattr(self, name).astype(np.float16).astype(np.float32)
            object.__setattr__(self, name, rounded)
        if self.down.ndim != 2 or self.down.shape != self.up.shape[::-1]:
            raise ProjectionError(f"{self.down.shape} and {self.up.shape} do not fit together")
        if not (np.isfinite(self.down).all() and np.isfinite(self.up).all()):
            raise ProjectionError("not finite in float16")

    @classmethod
    def identity(cls, width: int) -> Projection:
        return cls(np.zeros((width, 1), np.float32), np.zeros((1, width), np.float32))

    def __call__(self, vectors: F32) -> F32:
        """(n, width) -> (n, width) unit rows; a row of zeros (an empty text) stays zero."""
        hidden = vectors @ self.down
        hidden *= 0.5 * (1.0 + erf(hidden * np.float32(0.5**0.5)))
        moved = vectors + hidden @ self.up
        return np.asarray(moved / np.maximum(np.linalg.norm(moved, axis=1, keepdims=True), 1e-9), np.float32)

    def digest(self) -> str:
        return hashlib.sha256(self.down.tobytes() + self.up.tobytes()).hexdigest()[:16]

    def save(self, folder: Path) -> None:
        from safetensors.numpy import save_file

        folder.mkdir(parents=True, exist_ok=True)
        halves = {"down": self.down.astype(np.float16), "up": self.up.astype(np.float16)}
        save_file(halves, folder / FILE)

    @classmethod
    def load(cls, folder: Path) -> Projection:
        """Raises ProjectionError if the file is missing or damaged."""
        from safetensors import SafetensorError
        from safetensors.numpy import load_file

        try:
            tensors = load_file(folder / FILE)
            return cls(tensors["down"].astype(np.float32), tensors["up"].astype(np.float32))
        except (OSError, KeyError, SafetensorError) as error:
            raise ProjectionError(f"{folder / FILE} is no whole projection: {error}") from error

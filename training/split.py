"""Time-based split. The past trains, the near past chooses, the newest reports."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from training.config import SplitConfig

I64 = npt.NDArray[np.int64]


class SplitError(ValueError):
    """The events do not cover enough time, or a split would let the future into training."""


@dataclass(frozen=True)
class Split:
    """Boundaries in microseconds UTC: train < validation <= t < test <= t <= end."""

    start: int
    validation: int
    test: int
    end: int

    def check(self, train_at: I64) -> None:
        """Raises SplitError if a training event is not strictly before validation."""
        if len(train_at) and int(train_at.max()) >= self.validation:
            raise SplitError("a training event is not older than the validation window")


def split_by_time(at: I64, config: SplitConfig) -> Split:
    """Boundaries at quantiles of the events' times, so that every window has its share of events.

    Raises SplitError if there are too few events to hold any back.
    """
    if len(at) < 50:
        raise SplitError(f"{len(at)} interactions are too few to train on: at least 50 are needed")
    ordered = np.sort(at)
    held_back = config.validation_share + config.test_share
    validation = int(ordered[int(len(ordered) * (1 - held_back))])
    test = int(ordered[int(len(ordered) * (1 - config.test_share))])
    if not int(ordered[0]) < validation < test <= int(ordered[-1]):
        raise SplitError("the interactions do not spread over time: no window can be held back")
    return Split(int(ordered[0]), validation, test, int(ordered[-1]))

"""Logged pages as arrays: who was shown what, where, with which probability, and what followed."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

F64 = npt.NDArray[np.float64]
I64 = npt.NDArray[np.int64]
Mask = npt.NDArray[np.bool_]


class OpeError(ValueError):
    """A target policy cannot be evaluated on this log; the message says why."""


class OverlapError(OpeError):
    """The target puts mass where the logging policy put none: no estimate of its value is identified."""


@dataclass(frozen=True)
class LoggedPages:
    """n pages with up to K logged slots each, chosen from up to m candidates.

    user (n,): the unit of resampling. column (n, K): position of the posting shown at rank k + 1 among the
    page's candidates, -1 where the page is shorter. propensity (n, K): the logging policy's probability of
    this posting at this rank *given the postings above it*. reward (n, K): what followed, e.g. the number
    of positive acts. Raises OpeError for a propensity outside (0, 1].
    """

    user: I64
    column: I64
    propensity: F64
    reward: F64

    def __post_init__(self) -> None:
        logged = self.propensity[self.shown]
        if logged.size == 0:
            raise OpeError("the log holds no page")
        if not (np.isfinite(logged).all() and logged.min() > 0 and logged.max() <= 1):
            raise OverlapError("every logged propensity must lie in (0, 1]; this log has others")

    @property
    def shown(self) -> Mask:
        """(n, K) True where a posting stood."""
        return self.column >= 0

    @property
    def slots(self) -> int:
        return int(self.column.shape[1])

    def __len__(self) -> int:
        return len(self.column)

    def take(self, rows: I64) -> LoggedPages:
        return LoggedPages(self.user[rows], self.column[rows], self.propensity[rows], self.reward[rows])


def examination_curve(power: float, slots: int) -> F64:
    """(slots,) relative chance that rank 1..slots is looked at: rank ** -power, 1 at the top."""
    return np.arange(1, slots + 1, dtype=np.float64) ** -power

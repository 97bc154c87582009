"""A 90 % interval around a probability, with a meaning that can be checked.

"Among 20 postings shown to one person with this number, the share in which the event happens lies between
`low` and `high`, for nine people of ten." It is as wide as people and chance make it: made by split conformal
prediction on held-out people (Papadopoulos et al. 2002), band by band of the probability.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from itertools import pairwise
from pathlib import Path

import numpy as np
import numpy.typing as npt

F64 = npt.NDArray[np.float64]
LEVEL = 0.9
#: How many postings of one person the statement is about; fewer than FEWEST say too little to be checked.
POSTINGS, FEWEST = 20, 8
MEANING = (
    f"among {POSTINGS} postings shown to one person with this number, the share in which the event happens "
    "lies in the interval for nine people of ten"
)


@dataclass(frozen=True)
class Intervals:
    """Band b of probabilities is [edges[b], edges[b + 1]); `centre` is its mean promise, `below` (at most 0)
    and `above` (at least 0) are how far the observed share strays from what was promised.

    Raises ValueError if the parts do not fit each other.
    """

    edges: tuple[float, ...] = (0.0, 1.0)
    centre: tuple[float, ...] = (0.5,)
    below: tuple[float, ...] = (-1.0,)
    above: tuple[float, ...] = (1.0,)

    def __post_init__(self) -> None:
        count = len(self.centre)
        rising = all(b > a for part in (self.edges, self.centre) for a, b in pairwise(part))
        fits = (len(self.edges), len(self.below), len(self.above)) == (count + 1, count, count)
        sides = max(self.below, default=1.0) <= 0.0 <= min(self.above, default=-1.0)
        if not (count and rising and fits and sides):
            raise ValueError("intervals need rising bands, each with a distance below and one above")

    def of(self, probability: npt.ArrayLike) -> tuple[F64, F64]:
        """(n,) -> low (n,), high (n,) in [0, 1]; distances are interpolated between the bands' centres.

        A value does not depend on the values beside it, to the last bit.
        """
        p = np.asarray(probability, np.float64)
        low = p + np.interp(p, self.centre, self.below)
        high = p + np.interp(p, self.centre, self.above)
        return np.clip(low, 0.0, 1.0), np.clip(high, 0.0, 1.0)

    def band(self, probability: npt.ArrayLike) -> npt.NDArray[np.int64]:
        """(n,) the band of each probability."""
        inner = np.array(self.edges[1:-1])
        return np.searchsorted(inner, np.asarray(probability, np.float64), side="right").astype(np.int64)

    def save(self, path: Path) -> None:
        path.write_text(json.dumps({"level": LEVEL, "meaning": MEANING, **asdict(self)}, indent=1))

    @classmethod
    def load(cls, path: Path) -> Intervals:
        """Raises ValueError if the file holds no intervals of this level, OSError if there is none."""
        raw = json.loads(path.read_text())
        try:
            if raw["level"] != LEVEL:
                raise ValueError(f"{path} holds intervals of another level than {LEVEL}")
            parts = (tuple(map(float, raw[name])) for name in ("edges", "centre", "below", "above"))
            return cls(*parts)
        except (KeyError, TypeError) as error:
            raise ValueError(f"{path} holds no intervals: {error}") from error

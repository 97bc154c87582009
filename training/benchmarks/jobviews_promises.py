"""Does the ranker keep its promises on `jobviews`? P(this is the next job), among all jobs not yet viewed."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from rich.table import Table
from scipy.special import softmax

from training.benchmarks.jobviews_ranker import Ranked
from training.calibrate import Reliability, reliability

F32 = npt.NDArray[np.float32]
F64 = npt.NDArray[np.float64]
I64 = npt.NDArray[np.int64]
FIRST = 10
SIMULATIONS = 200


@dataclass(frozen=True)
class Promise:
    """`expected_ece` is what a perfectly calibrated model would show on as few cases: labels drawn from the
    promised probabilities themselves, the mean of `SIMULATIONS` draws."""

    event: str
    n: int
    found: Reliability
    expected_ece: float

    def table(self) -> Table:
        title = (
            f"jobviews: P({self.event}), n = {self.n:,}, ECE {self.found.ece:.4f} "
            f"(a perfect model: {self.expected_ece:.4f}), Brier {self.found.brier:.4f}"
        )
        table = Table("promised", "observed", "cases", title=title, title_justify="left", min_width=120)
        for promised, observed, count in zip(
            self.found.promised, self.found.observed, self.found.count, strict=True
        ):
            table.add_row(f"{promised:.3f}", f"{observed:.3f}", f"{count:,}")
        return table


def promises(ranked: Ranked, job: I64, seed: int = 0) -> dict[str, Promise]:
    """`job` (rows,) is the next job. "list": the next job is among the ten put first. "job": each of these
    ten is it."""
    probability = softmax(ranked.logits.astype(np.float64), axis=1)
    top = np.argpartition(-probability, FIRST - 1, axis=1)[:, :FIRST]
    of_top, hit = np.take_along_axis(probability, top, axis=1), top == job[:, None]
    rng = np.random.default_rng(seed)
    # one draw of the next job a list: of its ten at most one can be it
    draws = [rng.random((len(job), 1)) for _ in range(SIMULATIONS)]
    bounds = np.cumsum(of_top, axis=1)
    drawn = [(u < bounds) & (u >= bounds - of_top) for u in draws]
    whole = np.minimum(of_top.sum(1), 1.0)
    return {
        "list": _promise(
            f"the next job is among the first {FIRST}", whole, hit.any(1), [d.any(1) for d in drawn]
        ),
        "job": _promise(
            f"this is the next job, for each of the first {FIRST}",
            of_top.ravel(),
            hit.ravel(),
            [d.ravel() for d in drawn],
        ),
    }


def _promise(
    event: str, probability: F64, happened: npt.NDArray[np.bool_], drawn: list[npt.NDArray[np.bool_]]
) -> Promise:
    p = probability.astype(np.float32)
    expected = float(np.mean([reliability(p, d.astype(np.int64)).ece for d in drawn]))
    return Promise(event, len(p), reliability(p, happened.astype(np.int64)), expected)

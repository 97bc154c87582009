"""What a simulated market knows of a pair and no log can tell: would the person act, if they looked.

A log shows acts only on what its policy chose to show, so a ranking that resembles the policy looks better
in it than it is (exposure bias; Schnabel et al. 2016, "Recommendations as treatments"). The truth judges
rankings without it. Synthetic by construction, for analysis only: nothing is trained or tuned on it.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import numpy.typing as npt
from scipy.special import expit

from training.corpus import Corpus
from training.market import MarketConfig, Oracle

F64 = npt.NDArray[np.float64]
I64 = npt.NDArray[np.int64]


@dataclass(frozen=True)
class MarketTruth:
    """Users and jobs are rows of a corpus made of this market; `at` is in microseconds UTC."""

    oracle: Oracle

    @classmethod
    def of(cls, market: Path, corpus: Corpus) -> MarketTruth:
        """Raises ValueError if the corpus is not a snapshot of the market in the folder `market`."""
        manifest = json.loads((market / "manifest.json").read_text())
        config = MarketConfig.model_validate(manifest["config"])
        sizes = (config.postings, config.seekers)
        for ids, size in zip((corpus.job_ids, corpus.user_ids), sizes, strict=True):
            if not np.array_equal(ids, np.arange(1, size + 1)):
                raise ValueError(f"the snapshot's ids are not those of the market in {market}")
        return cls(Oracle(config))

    def utility(self, user: int, jobs: I64, at: int) -> F64:
        """(n,) expected utility, without the noise that no model can know."""
        return self.oracle.utility(np.full(len(jobs), user + 1), jobs + 1, _moment(at))

    def chance(self, user: int, jobs: I64, at: int) -> F64:
        """(n,) P(opens the posting | looks at it), the lasting noise of the pair included; recent views of
        others, a small part of the utility, are left out."""
        wish = self.oracle.config.preferences
        felt = self.oracle.utility(np.full(len(jobs), user + 1), jobs + 1, _moment(at), noise=True)
        return np.asarray(expit(wish.view_slope * (felt - wish.view_threshold)), np.float64)


def _moment(at: int) -> datetime:
    return datetime.fromtimestamp(at / 1e6, UTC)

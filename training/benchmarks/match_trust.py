"""`match-trust`: whether a match score keeps what it promises, on pairs of a snapshot's seekers and postings.

Additivity: a ledger sums to its logit. Deletion: taking the cited words out of the profile moves the logit by
what their rows were worth; taking other words out moves nothing. Counterfactuals: the changed profile, read
anew, gets the promised number. Monotonicity: adding a skill that the posting asks for never lowers fit.
Nothing here is fitted, so there is nothing to beat: the goals are 0, and 10 % for deletions.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import numpy.typing as npt

from features.transform import FeatureTransform
from models.match import MatchModel
from training import trust
from training.benchmarks.report import (
    BenchmarkReport,
    Meter,
    Slice,
    as_command,
    estimates,
    finish,
    require_files,
)
from training.fit_weights import load_fit
from training.progress import say, track
from training.tracking import Run

F64 = npt.NDArray[np.float64]
PAIRS, ADDITIONS = 1_000, 10_000
WITHIN = 0.10
NOTHING = 1e-9


def run(
    data: Path,
    *,
    json_out: Path | None = None,
    seed: int = 0,
    run: Run | None = None,
    pairs: int = PAIRS,
    added: int = ADDITIONS,
    bundle: Path | None = None,
) -> BenchmarkReport:
    """`bundle` is a folder with a match model, whose interest is checked too; else the tracked fit alone."""
    require_files(data, ("jobs.parquet", "users.parquet"))
    meter, rng = Meter(), np.random.default_rng(seed)
    whole = None if bundle is None else MatchModel.load(bundle)
    model = load_fit()[0] if whole is None else whole.fit
    reader = trust.Reader(FeatureTransform(), model)
    say("match-trust: reading postings and seekers")
    drawn = trust.draw_pairs(data, reader, pairs, rng)
    taken = list(trust.deletions(drawn, reader, rng))
    changes = trust.additions(drawn, reader, added, rng, lambda r: track(r, len(r), "adding skills"))
    values = {
        "fit: |sum of ledger - logit|": trust.sum_errors(drawn, reader),
        "deleted what was cited: |moved - promised| / promised": np.array([d.off for d in taken]),
        "deleted what was not cited: |moved|": trust.irrelevant_deletions(drawn, reader, rng),
        "change made: |logit - promised|": trust.promise_errors(drawn, reader),
        "asked-for skill added: fall of the logit": np.maximum(-changes, 0.0),
    }
    if whole is not None:
        values["interest: |sum of ledger - logit|"] = trust.interest_sum_errors(whole, pairs, rng)
    slices = tuple(_slice(name, errors) for name, errors in values.items())
    params = {"seed": seed, "pairs": pairs, "additions": added, "data": data.name}
    report = BenchmarkReport("match-trust", slices, params, meter.seconds(), meter.peak_mb())
    return finish(report, json_out, run)


def _slice(name: str, errors: F64) -> Slice:
    figures = {
        "largest": np.array([errors.max(initial=0.0)]),
        "share_above_1e-6": (errors > 1e-6).astype(np.float64),
        "share_within_10_percent": (errors <= WITHIN).astype(np.float64),
    }
    suffix = "/" + name.replace(" ", "_")
    return Slice(name, len(errors), estimates(figures), {}, suffix=suffix, label="ours")


main = as_command(run, __doc__)

if __name__ == "__main__":
    main()

"""`posting-roles`: what a passage of a real posting is there for, with its heading hidden.

Protocol: postings of a snapshot; a passage under a heading that names a role is labelled by that heading
(weak labels: nobody checked them by hand); a fifth of the companies is held out; accuracy and F1 of each
role on their passages. Nothing was tuned on the held-out companies but the form of the inputs.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt
import platformdirs
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression

from features.headings import ROLES
from models.encoder import SentenceEncoder, export_encoder
from models.sentence_roles import DENSE
from training.benchmarks.report import BenchmarkReport, Meter, Slice, estimates, finish, require_files
from training.language.roles import (
    REGULARISATION,
    RoleExamples,
    collect_examples,
    split_by_company,
    spread,
    train_roles,
)
from training.metrics import Estimate
from training.progress import say
from training.tracking import Run

F64 = npt.NDArray[np.float64]
I64 = npt.NDArray[np.int64]
PASSAGES = 15_000
HELD_OUT = 0.2


def run(
    data: Path, *, json_out: Path | None = None, seed: int = 0, run: Run | None = None, limit: int = PASSAGES
) -> BenchmarkReport:
    """`data` is a snapshot folder with real postings. Raises BenchmarkDataError if it is none."""
    require_files(data, ("jobs.parquet",))
    meter = Meter()
    encoder = default_encoder()
    say(f"posting-roles: reading at most {limit:,} labelled passages")
    examples = collect_examples(spread(data), encoder.encode, limit)
    train, held = split_by_company(examples, HELD_OUT, seed)
    say(f"posting-roles: {len(train.texts):,} to learn from, {len(held.texts):,} held out")
    ours = train_roles(train).from_inputs(held.inputs).argmax(1)
    others = {name: figures(guess(train, held), held.roles) for name, guess in BASELINES.items()}
    params = {"seed": seed, "limit": limit, "regularisation": REGULARISATION, "data": data.name}
    slices = (
        Slice(
            "posting-roles: held-out companies",
            len(held.texts),
            figures(ours, held.roles),
            others,
            label="vectors in context + words",
        ),
    )
    report = BenchmarkReport("posting-roles", slices, params, meter.seconds(), meter.peak_mb())
    return finish(report, json_out, run)


def default_encoder() -> SentenceEncoder:
    """The packaged encoder, exported once per machine; nothing is cached, so that times are true."""
    folder = export_encoder(Path(platformdirs.user_cache_dir("jobpilot")) / "encoder")
    return SentenceEncoder(folder)


def figures(guess: I64, truth: I64) -> dict[str, Estimate]:
    """Accuracy; and per role the F1 of its passages, whose mean is macro_F1, without intervals."""
    out = estimates({"accuracy": (guess == truth).astype(np.float64)})
    scores = [f1(guess == at, truth == at) for at in range(len(ROLES))]
    named = [("macro_F1", float(np.mean(scores)))]
    named += [(f"F1_{role}", score) for role, score in zip(ROLES, scores, strict=True)]
    out |= {name: Estimate(value, value, value, len(truth)) for name, value in named}
    return out


def f1(guess: npt.NDArray[np.bool_], truth: npt.NDArray[np.bool_]) -> float:
    both = int((guess & truth).sum())
    return 2 * both / max(1, int(guess.sum()) + int(truth.sum()))


def _majority(train: RoleExamples, held: RoleExamples) -> I64:
    return np.full(len(held.roles), np.bincount(train.roles).argmax(), np.int64)


def _words(train: RoleExamples, held: RoleExamples) -> I64:
    words = TfidfVectorizer(ngram_range=(1, 2), sublinear_tf=True, min_df=2)
    model = LogisticRegression(C=10, max_iter=500, class_weight="balanced")
    model.fit(words.fit_transform(train.texts), train.roles)
    return np.asarray(model.predict(words.transform(held.texts)), np.int64)


def _vectors(train: RoleExamples, held: RoleExamples) -> I64:
    alone: Sequence[int] = [*range(384), *range(3 * 384, DENSE)]
    model = LogisticRegression(C=1, max_iter=500, class_weight="balanced")
    model.fit(train.inputs[:, alone], train.roles)
    return np.asarray(model.predict(held.inputs[:, alone]), np.int64)


BASELINES: dict[str, Callable[[RoleExamples, RoleExamples], I64]] = {
    "the most frequent role": _majority,
    "TF-IDF of words and pairs + logistic": _words,
    "its own sentence vector + logistic": _vectors,
}

"""`titles`: vacancy titles -> ESCO occupation (evaluation data of JobBERT, Decorte et al. 2021).

Protocol: all ESCO 1.1.1 occupations are ranked for each title whose md5 is odd; micro MRR and R@1/5/10, ties
count half. *zero-shot* sees no labelled title of this source; *supervised* learns from the titles whose md5
is even. ESCO is read from the folder beside (`taxonomy_esco_tabiya`). Nothing is fitted on the odd half: the
projection and the zero-shot weights come from taxonomies alone (card.json), the odds of occupations from the
even titles without their labels, the supervised weights from the even half, each title judged as if it were
not there.
"""

from __future__ import annotations

import argparse
import csv
import gzip
import hashlib
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import platformdirs

from models.encoder import SentenceEncoder, export_encoder
from models.occupations import Fusion, OccupationLinker
from models.occupations_evidence import Encode, Examples
from models.projection import Projection
from models.tfidf import Tfidf, TfidfConfig
from training.benchmarks.report import (
    BenchmarkDataError,
    BenchmarkReport,
    Meter,
    Slice,
    estimates,
    finish,
    require_files,
)
from training.language.titles import esco_linker, tracked
from training.language.titles_data import NamedOccupation, read_esco
from training.language.titles_fusion import Candidates, candidates, fit_fusion
from training.metrics import score_ranks
from training.progress import say
from training.tracking import Run

F32 = npt.NDArray[np.float32]
F64 = npt.NDArray[np.float64]
I64 = npt.NDArray[np.int64]
FILES = ("titles.csv.gz",)
_BATCH = 128
#: Round numbers that did well on the labels of the even half: not strictly zero-shot, so only shown.
CHOSEN = Fusion()
_TIMED = 300
#: On the other half of the source (titles.test.csv), as the papers report them.
PUBLISHED = {
    "MiniLM (other half)": {"MRR": 0.326},
    "JobBERT (other half)": {"MRR": 0.309},
    "JobBERT-v2 (other half)": {"MRR": 0.390},
}


@dataclass(frozen=True)
class Labelled:
    """Titles and the rows of their occupations."""

    titles: list[str]
    target: I64

    def __len__(self) -> int:
        return len(self.titles)


def run(
    data: Path,
    *,
    json_out: Path | None = None,
    seed: int = 0,
    run: Run | None = None,
    encode: Encode | None = None,
    trained: tuple[Projection, Fusion] | None = None,
) -> BenchmarkReport:
    """Scores the odd half once per method. Raises BenchmarkDataError if files are missing."""
    require_files(data, FILES)
    meter, esco = Meter(), read_esco(data.parent)
    even, odd = load_titles(data, esco)
    say(f"titles: {len(esco):,} occupations, {len(even):,} titles to learn from, {len(odd):,} to rank for")
    if encode is None:
        folder = export_encoder(Path(platformdirs.user_cache_dir("jobpilot")) / "encoder")
        encode = SentenceEncoder(folder, cache_size=100_000).encode
    projection, fusion = trained or tracked()
    linker = esco_linker(esco, encode, projection, fusion)
    plain = esco_linker(esco, encode, None, Fusion({"vector_best": 1.0}))
    linker = linker.with_prior(even.titles)  # their labels are not looked at
    zero, zero_rows = _zero_shot(linker, plain, esco, odd)
    say("titles: learning from the even half")
    supervised = learn(linker.without_prior(), even, seed)
    ours, facts = _judged(supervised, odd)
    nearest = {
        f"char TF-IDF, {name}": neighbour_ranks(even, odd, len(esco), vote=vote)
        for name, vote in (("nearest labelled title", False), ("vote of 100 nearest", True))
    }
    slices = (
        _slice("titles: zero-shot", zero, zero_rows, ""),
        _slice("titles: supervised", ours, {"zero-shot ours": zero, **nearest}, "_supervised"),
    )
    params = {"seed": seed, **facts, "titles/s, 1 thread": _speed(linker, odd), **supervised.fusion.weights}
    return finish(BenchmarkReport("titles", slices, params, meter.seconds(), meter.peak_mb()), json_out, run)


def load_titles(data: Path, esco: Sequence[NamedOccupation]) -> tuple[Labelled, Labelled]:
    """(even, odd) by the md5 of the title; titles of occupations that ESCO 1.1.1 dropped are left out."""
    row = {o.id: i for i, o in enumerate(esco)}
    halves: tuple[list[tuple[str, int]], list[tuple[str, int]]] = ([], [])
    with gzip.open(data / FILES[0], "rt", newline="") as file:
        for line in csv.DictReader(file):
            title, target = line["vacancyTitle"], row.get(line["conceptUri"])
            if target is not None:
                digest = hashlib.md5(title.encode(), usedforsecurity=False).hexdigest()
                halves[int(digest, 16) % 2].append((title, target))
    even, odd = (Labelled([t for t, _ in half], np.array([i for _, i in half], np.int64)) for half in halves)
    return even, odd


def learn(linker: OccupationLinker, known: Labelled, seed: int) -> OccupationLinker:
    """Labelled titles become examples; the weights are fitted on what each gets from all the others."""
    ids = [linker.occupations[i].id for i in known.target]
    taught = linker.with_examples(known.titles, ids, linker.fusion)
    if taught.examples is None:
        raise BenchmarkDataError("there is no title to learn from")
    fusion = fit_fusion(_left_out(taught, taught.examples, known), taught.columns, seed)
    return taught.weighed(fusion)


def _left_out(taught: OccupationLinker, examples: Examples, known: Labelled) -> Candidates:
    parts = []
    for start in range(0, len(known), _BATCH):
        at = np.arange(start, min(start + _BATCH, len(known)))
        forms = taught.form_evidence([known.titles[i] for i in at])
        both = np.concatenate([forms, examples.evidence_without(at)], axis=2)
        parts.append(candidates(both, known.target[at], limit=40).rows)
    return Candidates(np.concatenate(parts))


def _zero_shot(
    linker: OccupationLinker, plain: OccupationLinker, esco: Sequence[NamedOccupation], odd: Labelled
) -> tuple[F64, dict[str, F64]]:
    """Ranks of ours, and of each baseline by name."""
    say("titles: zero-shot")
    bare = linker.without_prior()
    rows = {
        "char TF-IDF + synonyms": ranks(lambda t: _weighed(plain, t, "lexical_best"), odd),
        "MiniLM, label alone": ranks(_label_scores(plain, esco), odd),
        "MiniLM, nearest synonym": ranks(lambda t: _weighed(plain, t, "vector_best"), odd),
        "ours, moved vectors alone": ranks(lambda t: _weighed(linker, t, "moved_profile"), odd),
        "ours, no unlabelled titles": ranks(bare.logits, odd),
        "ours, weights chosen on the even half": ranks(linker.weighed(CHOSEN).logits, odd),
    }
    return ranks(linker.logits, odd), rows


def _weighed(linker: OccupationLinker, titles: Sequence[str], column: str) -> F32:
    return np.ascontiguousarray(linker.evidence(titles)[:, :, linker.columns.index(column)])


def _label_scores(plain: OccupationLinker, esco: Sequence[NamedOccupation]) -> Callable[[Sequence[str]], F32]:
    labels = plain.encode([o.names[0] for o in esco])
    return lambda titles: np.asarray(plain.encode(titles) @ labels.T, np.float32)


def ranks(score: Callable[[Sequence[str]], F32], titles: Labelled) -> F64:
    parts = [
        score_ranks(score(titles.titles[a : a + _BATCH]), titles.target[a : a + _BATCH])
        for a in range(0, len(titles), _BATCH)
    ]
    return np.concatenate(parts)


def _judged(linker: OccupationLinker, odd: Labelled) -> tuple[F64, dict[str, object]]:
    """Ranks, and how much the confidence of the first answer is worth."""
    found, confidence = [], []
    for a in range(0, len(odd), _BATCH):
        logits = linker.logits(odd.titles[a : a + _BATCH])
        found.append(score_ranks(logits, odd.target[a : a + _BATCH]))
        shifted = np.exp(logits - logits.max(1, keepdims=True))
        confidence.append(linker.fusion.confidence(1 / shifted.sum(1)))
    at, sure = np.concatenate(found), np.concatenate(confidence)
    right = at <= 1
    bins = np.minimum((sure * 10).astype(int), 9)
    gaps = [abs(sure[bins == b].mean() - right[bins == b].mean()) * (bins == b).mean() for b in set(bins)]
    known = sure >= linker.fusion.unknown
    return at, {
        "expected calibration error": round(float(sum(gaps)), 4),
        "known": round(float(known.mean()), 4),
        "R@1 where known": round(float(right[known].mean()), 4),
    }


def neighbour_ranks(even: Labelled, odd: Labelled, occupations: int, *, vote: bool) -> F64:
    """Baseline: labelled titles by char TF-IDF; an occupation scores its nearest title, or a weighed vote."""
    table = Tfidf.fit(even.titles, TfidfConfig("char", 2, 5))
    by_gram = table.transform(even.titles).T.tocsr()

    k = min(100, len(even)) if vote else len(even)

    def score(titles: Sequence[str]) -> F32:
        similarity = (table.transform(titles) @ by_gram).toarray()
        out = np.zeros((len(titles), occupations), np.float32)
        for row, near in enumerate(np.argpartition(-similarity, k - 1, axis=1)[:, :k]):
            if vote:
                np.add.at(out[row], even.target[near], similarity[row, near] ** 4)
            else:
                np.maximum.at(out[row], even.target[near], similarity[row, near])
        return out

    return ranks(score, odd)


def _speed(linker: OccupationLinker, odd: Labelled) -> float:
    """Titles a second from text to matches; digits make them new to every cache."""
    fresh = [f"{title} {i}x" for i, title in enumerate(odd.titles[:_TIMED])]
    started = time.perf_counter()
    linker.read(fresh)
    return round(len(fresh) / (time.perf_counter() - started), 1)


def _slice(title: str, ours: F64, rows: dict[str, F64], suffix: str) -> Slice:
    return Slice(
        title,
        len(ours),
        estimates(_figures(ours)),
        {name: estimates(_figures(row)) for name, row in rows.items()},
        PUBLISHED if not suffix else {},
        suffix,
        label="ours",
    )


def _figures(at: F64) -> dict[str, F64]:
    return {"MRR": 1 / at, **{f"R@{k}": (at <= k).astype(np.float64) for k in (1, 5, 10)}}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--json", type=Path, default=None)
    parser.add_argument("--seed", type=int, default=0)
    arguments = parser.parse_args()
    try:
        run(arguments.data, json_out=arguments.json, seed=arguments.seed)
    except BenchmarkDataError as e:
        say(f"skipped: {e}")
        sys.exit(2)


if __name__ == "__main__":
    main()

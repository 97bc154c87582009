"""The skill linker's reranker: what a score is worth, and from where on it is believed.

Fitted on sentences about skills that took no part in training the encoder, against the candidates that
evidence puts first; names that such a sentence uses are not among the skill's names then. For a quarter of
the sentences the skills they mention are taken off the list, so that "none of these" is learned too. Half of
the skills fit the regression, the other half the threshold of refusal and the figures.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
from sklearn.linear_model import LogisticRegression

from models.linker import Reranker
from models.linker_evidence import COLUMNS
from training.language.linker_data import HeldOut
from training.language.linker_sentences import Query, SentenceMaker

F32 = npt.NDArray[np.float32]
Columns = Callable[[Sequence[str]], F32]
CANDIDATES = 30
_ABSENT_SHARE = 0.25
_BATCH = 16


@dataclass(frozen=True)
class Pairs:
    """Candidates of queries: `x` (n, columns), `y` (n,) whether meant, `query` (n,) whose candidate,
    `absent` (queries,) whether the meant skills were taken off the list."""

    x: F32
    y: npt.NDArray[np.bool_]
    query: npt.NDArray[np.int64]
    absent: npt.NDArray[np.bool_]


def held_sentences(data: HeldOut, n: int, seed: int, half: int, definitions: float) -> list[Query]:
    """`n` sentences of skills that took no part in training; `half` (0 or 1) draws from every second only.

    Most mentions are clauses of definitions: postings share fewer words with labels than aliases do.
    """
    chosen = sorted(data.away)[half::2]
    name_of = {position: name for name, position in data.queries}
    skills = [replace(s, names=(name_of.get(i, s.label), s.label)) for i, s in enumerate(data.kept)]
    others = frozenset(range(len(skills))) - frozenset(chosen)
    return SentenceMaker(skills, seed, others, definitions=definitions).draw(n)


def candidate_pairs(
    queries: Sequence[Query], columns: Columns, same: Callable[[int], F32], seed: int
) -> Pairs:
    """`same(skill)` (skills,) cosines of labels: what means nearly what a sentence says is no candidate."""
    random = np.random.default_rng(seed)
    absent = random.random(len(queries)) < _ABSENT_SHARE
    parts: list[tuple[F32, npt.NDArray[np.bool_]]] = []
    for start in range(0, len(queries), _BATCH):
        batch = queries[start : start + _BATCH]
        found = columns([q.text for q in batch])
        for row, query in enumerate(batch):
            gone = bool(absent[start + row])
            parts.append(_pairs_of(query, found[:, row], same, absent=gone))
    owner = np.repeat(np.arange(len(parts)), [len(y) for _, y in parts])
    return Pairs(np.concatenate([x for x, _ in parts]), np.concatenate([y for _, y in parts]), owner, absent)


def _pairs_of(
    query: Query, columns: F32, same: Callable[[int], F32], *, absent: bool
) -> tuple[F32, npt.NDArray[np.bool_]]:
    """columns (kinds, skills) of one query."""
    meant = list(query.skills)
    cheap = columns.sum(0)  # every kind of evidence counts the same
    for skill in meant:
        cheap = np.where(same(skill) > 0.85, -np.inf, cheap)
    cheap[meant] = -np.inf
    others = np.argsort(-cheap, kind="stable")[:CANDIDATES]
    rows = others if absent else np.concatenate([meant, others])
    y = np.zeros(len(rows), np.bool_)
    y[: 0 if absent else len(meant)] = True
    return columns[:, rows].T.astype(np.float32), y


def fit_reranker(pairs: Pairs, columns: Sequence[str]) -> Reranker:
    """Logistic regression over the sum of these kinds of evidence; deterministic.

    A weight for each kind fits made sentences better and ranks real ones worse: which words a posting shares
    with a label is just what made sentences cannot tell.
    """
    used = [COLUMNS.index(name) for name in columns]
    model = LogisticRegression(C=10.0, max_iter=2_000).fit(pairs.x[:, used].sum(1, keepdims=True), pairs.y)
    weight = round(float(model.coef_[0, 0]), 4)
    return Reranker(dict.fromkeys(columns, weight), round(float(model.intercept_[0]), 4))


def with_refusal(reranker: Reranker, pairs: Pairs) -> tuple[Reranker, dict[str, float]]:
    """The threshold on the best candidate's confidence that gives the best F1, and what it gives.

    A query is answered rightly if its best candidate is meant and believed; precision is over believed
    ones, recall over queries whose skills are on the list.
    """
    logits = reranker.logits(pairs.x.T)
    confidence = 1.0 / (1.0 + np.exp(-logits.astype(np.float64)))
    n = len(pairs.absent)
    best = np.zeros(n)
    right = np.zeros(n, np.bool_)
    for query in range(n):
        rows = np.flatnonzero(pairs.query == query)
        top = rows[int(np.argmax(confidence[rows]))]
        best[query], right[query] = confidence[top], pairs.y[top]
    grid = np.round(np.arange(0.05, 0.96, 0.01), 2)
    scored = [(_f1(best >= t, right, ~pairs.absent), float(t)) for t in grid]
    (f1, precision, recall), threshold = max(scored, key=lambda one: one[0][0])
    figures = {
        "refuse": threshold,
        "link_f1": f1,
        "link_precision": precision,
        "link_recall": recall,
        "absent_refused": float((best < threshold)[pairs.absent].mean()),
        "top1": float(right[~pairs.absent].mean()),
        "calibration_error": calibration_error(confidence, pairs.y),
    }
    return replace(reranker, refuse=threshold), figures


def _f1(
    believed: npt.NDArray[np.bool_], right: npt.NDArray[np.bool_], present: npt.NDArray[np.bool_]
) -> tuple[float, float, float]:
    good = float((believed & right).sum())
    precision = good / max(float(believed.sum()), 1.0)
    recall = good / max(float(present.sum()), 1.0)
    return 2 * precision * recall / max(precision + recall, 1e-9), precision, recall


def calibration_error(confidence: npt.NDArray[np.float64], y: npt.NDArray[np.bool_], bins: int = 10) -> float:
    """Expected calibration error over equal-width bins (Naeini et al. 2015)."""
    place = np.minimum((confidence * bins).astype(int), bins - 1)
    total = 0.0
    for b in range(bins):
        rows = place == b
        if rows.any():
            total += float(rows.mean()) * abs(float(confidence[rows].mean()) - float(y[rows].mean()))
    return total

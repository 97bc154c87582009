"""Fits `models.classifier.TextClassifier`: a one-vs-rest linear SVM whose
temperature is fitted on scores of documents it has not seen (inner folds)."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
from scipy.optimize import minimize_scalar
from sklearn.model_selection import StratifiedKFold
from sklearn.svm import LinearSVC

from models.classifier import RESUME_VIEWS, Encode, TextClassifier, View, ViewReader, softmax

F32 = npt.NDArray[np.float32]
I64 = npt.NDArray[np.int64]
_INNER_FOLDS = 3


def fit_classifier(
    texts: Sequence[str],
    labels: Sequence[str],
    *,
    views: Sequence[View] = RESUME_VIEWS,
    encode: Encode | None = None,
    cost: float = 1.0,
    calibrate: bool = True,
    seed: int = 0,
) -> TextClassifier:
    """Deterministic. Raises ValueError with fewer than two categories."""
    names, target = np.unique(np.asarray(labels), return_inverse=True)
    if len(names) < 2:
        raise ValueError("a classifier needs two categories or more")
    reader = ViewReader.fit(texts, views, encode)
    rows = reader.rows(texts)
    weights, bias = _fit(rows, target, cost, seed)
    scale = _temperature(rows, target, cost, seed) if calibrate else 1.0
    return TextClassifier([str(n) for n in names], reader, weights, bias, scale)


def _fit(rows: object, target: I64, cost: float, seed: int) -> tuple[F32, F32]:
    """(classes, features) and (classes,); two classes are written as two opposite rows."""
    model = LinearSVC(C=cost, random_state=seed).fit(rows, target)
    weights, bias = model.coef_.astype(np.float32), model.intercept_.astype(np.float32)
    if len(weights) == 1:
        return np.vstack([-weights, weights]), np.concatenate([-bias, bias])
    return weights, bias


def _temperature(rows: object, target: I64, cost: float, seed: int) -> float:
    """The scale of the scores with the least log loss on held-out folds; 1 if a class is too rare to fold."""
    if np.bincount(target).min() < _INNER_FOLDS:
        return 1.0
    scores = np.zeros((len(target), int(target.max()) + 1), np.float32)
    folds = StratifiedKFold(_INNER_FOLDS, shuffle=True, random_state=seed)
    for train, test in folds.split(np.zeros(len(target)), target):
        weights, bias = _fit(rows[train], target[train], cost, seed)  # type: ignore[index]
        scores[test] = rows[test] @ weights.T + bias  # type: ignore[index]
    found = minimize_scalar(
        lambda scale: _log_loss(np.float32(scale) * scores, target), bounds=(0.1, 50), method="bounded"
    )
    return float(found.x)


def _log_loss(scores: F32, target: I64) -> float:
    chosen = softmax(scores)[np.arange(len(target)), target]
    return float(-np.log(np.maximum(chosen, 1e-9)).mean())

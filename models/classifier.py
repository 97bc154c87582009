"""Document -> category: a linear model over several views of one text (resume or posting).

A view is a part of the document (its first line, its head, all of it) as TF-IDF rows, or, for the head, a
sentence vector. Scores are sums of each view's dot products plus a bias; probabilities are their softmax at
a fitted temperature (Guo et al. 2017, arXiv:1706.04599). `training/language/classifier.py` fits the weights;
here is only what answering needs, and how it is saved: JSON, .npy and safetensors.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np
import numpy.typing as npt
from scipy import sparse

from models.tfidf import Csr, Tfidf, TfidfConfig, TfidfError

F32 = npt.NDArray[np.float32]
Encode = Callable[[Sequence[str]], F32]
FORMAT = 1
MAX_CHARS = 60_000


class ClassifierError(ValueError):
    """The folder is no saved classifier, or one that needs an encoder was given none."""


@dataclass(frozen=True, slots=True)
class View:
    """`part` of the text, at most `chars` of it; `tfidf` None means the encoder's vector."""

    name: str
    part: Literal["first_line", "whole"]
    chars: int
    tfidf: TfidfConfig | None

    def cut(self, text: str) -> str:
        text = text[:MAX_CHARS].strip()
        if self.part == "first_line":
            text = text.split("\n", 1)[0]
        return text[: self.chars]


RESUME_VIEWS = (
    View("headline", "first_line", 120, TfidfConfig("char", 2, 5)),
    View("head", "whole", 600, TfidfConfig("char", 2, 5, min_texts=2)),
    View("words", "whole", MAX_CHARS, TfidfConfig("word", 1, 1, min_texts=2)),
    View("letters", "whole", MAX_CHARS, TfidfConfig("char", 3, 5, min_texts=4, max_terms=60_000)),
)


@dataclass(frozen=True, slots=True)
class Prediction:
    label: str
    probability: float


class ViewReader:
    """Texts -> one row of features, the views side by side; fitted on training texts."""

    def __init__(self, views: Sequence[View], tables: dict[str, Tfidf], encode: Encode | None) -> None:
        self.views, self.tables, self.encode = tuple(views), tables, encode
        if encode is None and any(view.tfidf is None for view in views):
            raise ClassifierError("a view reads sentence vectors, but there is no encoder")

    @classmethod
    def fit(cls, texts: Sequence[str], views: Sequence[View], encode: Encode | None = None) -> ViewReader:
        tables = {v.name: Tfidf.fit([v.cut(t) for t in texts], v.tfidf) for v in views if v.tfidf}
        return cls(views, tables, encode)

    def rows(self, texts: Sequence[str]) -> Csr:
        """(n, features) float32 CSR."""
        parts = [self._part(view, [view.cut(t) for t in texts]) for view in self.views]
        return sparse.hstack(parts, format="csr", dtype=np.float32)

    def _part(self, view: View, texts: Sequence[str]) -> Csr:
        if view.tfidf is None:
            assert self.encode is not None  # noqa: S101  (refused above)
            return sparse.csr_matrix(self.encode(texts))
        return self.tables[view.name].transform(texts)


class TextClassifier:
    """`weights` (classes, features) and `bias` (classes,) in the order of `labels`."""

    def __init__(
        self, labels: Sequence[str], reader: ViewReader, weights: F32, bias: F32, scale: float = 1.0
    ) -> None:
        self.labels, self.reader, self.scale = tuple(labels), reader, scale
        self.weights = weights.astype(np.float16).astype(np.float32)  # what a file keeps
        self.bias = bias.astype(np.float32)

    def scores(self, texts: Sequence[str]) -> F32:
        """(n, classes) float32."""
        return np.asarray(self.reader.rows(texts) @ self.weights.T + self.bias, np.float32)

    def probabilities(self, texts: Sequence[str]) -> F32:
        """(n, classes), rows sum to 1."""
        return softmax(self.scale * self.scores(texts))

    def predict(self, texts: Sequence[str], k: int = 3) -> list[list[Prediction]]:
        """The k likeliest categories of each text; none for a blank one."""
        out = []
        for text, row in zip(texts, self.probabilities(texts), strict=True):
            best = np.argsort(-row, kind="stable")[: k if text.strip() else 0]
            out.append([Prediction(self.labels[i], float(row[i])) for i in best])
        return out

    def save(self, folder: Path) -> None:
        """The manifest last: a half-written folder does not load."""
        from safetensors.numpy import save_file

        folder.mkdir(parents=True, exist_ok=True)
        for name, table in self.reader.tables.items():
            table.save(folder, name)
        tensors: dict[str, Any] = {"weights": self.weights.astype(np.float16), "bias": self.bias}
        save_file(tensors, folder / "classifier.safetensors")
        views = [asdict(view) for view in self.reader.views]
        document = {"format": FORMAT, "labels": self.labels, "views": views, "scale": self.scale}
        (folder / "classifier.json").write_text(json.dumps(document, ensure_ascii=False))

    @classmethod
    def load(cls, folder: Path, encode: Encode | None = None) -> TextClassifier:
        """The same bits as were saved. Raises ClassifierError if a file is missing or damaged."""
        from safetensors import SafetensorError
        from safetensors.numpy import load_file

        try:
            document = json.loads((folder / "classifier.json").read_text())
            views = [_view(raw) for raw in document["views"]]
            tables = {v.name: Tfidf.load(folder, v.name) for v in views if v.tfidf}
            tensors = load_file(folder / "classifier.safetensors")
            weights, bias = tensors["weights"].astype(np.float32), tensors["bias"]
            _check_shape(document["labels"], tables, weights)
            reader = ViewReader(views, tables, encode)
            return cls(document["labels"], reader, weights, bias, float(document["scale"]))
        except (OSError, KeyError, TypeError, TfidfError, SafetensorError, json.JSONDecodeError) as error:
            raise ClassifierError(f"{folder} is no whole classifier: {error}") from error


def _view(raw: dict[str, object]) -> View:
    config = raw["tfidf"]
    table = TfidfConfig(**config) if isinstance(config, dict) else None
    return View(str(raw["name"]), raw["part"], int(str(raw["chars"])), table)  # type: ignore[arg-type]


def _check_shape(labels: Sequence[str], tables: dict[str, Tfidf], weights: F32) -> None:
    lexical = sum(len(table) for table in tables.values())
    if weights.shape[0] != len(labels) or weights.shape[1] < lexical:
        raise ClassifierError(f"weights {weights.shape} for {len(labels)} labels and {lexical} terms")


def softmax(scores: F32) -> F32:
    shifted = np.exp(scores - scores.max(1, keepdims=True))
    return np.asarray(shifted / shifted.sum(1, keepdims=True), np.float32)

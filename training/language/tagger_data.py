"""SkillSpan (Zhang et al. 2022; MIT): documents of sentences with two layers of BIO tags.

Files: `json/train.json.gz` and `json/dev.json.gz`: JSON lines of idx, tokens, tags_skill, tags_knowledge
and source.
"""

from __future__ import annotations

import gzip
import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby, pairwise
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import torch

from models.bio import BEGIN, INSIDE, OUTSIDE
from models.tagger import KINDS, Kind, shapes_around
from models.tagger_text import PieceReader, Word

I64 = npt.NDArray[np.int64]
IGNORED = -100
_TAGS = {"O": OUTSIDE, "B": BEGIN, "I": INSIDE}


class SkillSpanError(Exception):
    """A file is missing or a line of it is not what the format says; the message names the line."""


@dataclass(frozen=True, slots=True)
class Sentence:
    """`tags[kind][i]` belongs to `words[i]`."""

    words: tuple[str, ...]
    tags: dict[Kind, tuple[int, ...]]

    def as_words(self) -> list[Word]:
        """Positions are those in the words joined by blanks."""
        out, at = [], 0
        for word in self.words:
            out.append(Word(word, at, at + len(word)))
            at += len(word) + 1
        return out


@dataclass(frozen=True, slots=True)
class Document:
    source: str
    number: int
    sentences: tuple[Sentence, ...]

    def segments(self) -> list[list[Word]]:
        return [s.as_words() for s in self.sentences]


def read_documents(folder: Path, part: str) -> list[Document]:
    """`part` is train or dev. Raises SkillSpanError."""
    path = folder / "json" / f"{part}.json.gz"
    if not path.is_file():
        raise SkillSpanError(f"{folder} lacks json/{part}.json.gz")
    rows = [_row(line, f"{path.name} line {n}") for n, line in enumerate(_lines(path), 1)]
    groups = groupby(rows, key=lambda r: (r[0], r[1]))  # a document's sentences stand together
    return [Document(s, n, tuple(r[2] for r in rows)) for (s, n), rows in groups]


def split_documents(documents: Sequence[Document], share: float, seed: int) -> tuple[list[Document], ...]:
    """(kept, held out): `share` of each source's documents, at least one, drawn by `seed`."""
    rng = np.random.default_rng(seed)
    held: set[int] = set()
    for source in sorted({d.source for d in documents}):
        own = [i for i, d in enumerate(documents) if d.source == source]
        held |= {int(i) for i in rng.permutation(own)[: max(1, round(len(own) * share))]}
    kept = [d for i, d in enumerate(documents) if i not in held]
    return kept, [documents[i] for i in sorted(held)]


def by_sentence(documents: Iterable[Document]) -> list[Document]:
    """Each sentence as a document of its own: nothing around it is read."""
    return [Document(d.source, d.number, (s,)) for d in documents for s in d.sentences]


def by_source(documents: Iterable[Document]) -> dict[str, list[Document]]:
    """house and tech apart, in order of name."""
    found: dict[str, list[Document]] = {}
    for document in documents:
        found.setdefault(document.source, []).append(document)
    return dict(sorted(found.items()))


@dataclass(frozen=True, slots=True)
class Encoded:
    """A document in pieces: ids (n,), labels (n, kinds) at each word's first piece, shapes (n, 3)."""

    ids: I64
    labels: I64
    shapes: I64


def encode(document: Document, reader: PieceReader) -> Encoded:
    pieces = reader.read([s.words for s in document.sentences])
    labels = np.full((len(pieces.ids), len(KINDS)), IGNORED, np.int64)
    for row, kind in enumerate(KINDS):
        labels[pieces.first, row] = [t for s in document.sentences for t in s.tags[kind]]
    shapes = np.zeros((len(pieces.ids), 3), np.int64)
    shapes[pieces.first] = shapes_around([s.words for s in document.sentences])
    return Encoded(pieces.ids, labels, shapes)


@dataclass(frozen=True, slots=True)
class Batch:
    """ids, mask (b, t); labels (b, t, kinds), IGNORED where no word begins; shapes (b, t, 3)."""

    ids: torch.Tensor
    mask: torch.Tensor
    labels: torch.Tensor
    shapes: torch.Tensor


class WindowBatches:
    """Cuts documents anew each epoch, at another offset, so that no word always stands at an edge."""

    def __init__(self, documents: Sequence[Encoded], reader: PieceReader, size: int, batch: int) -> None:
        self._documents, self._reader, self._size, self._batch = documents, reader, size, batch

    def epoch(self, rng: np.random.Generator) -> list[Batch]:
        cuts = [cut for document in self._documents for cut in self._cut(document, rng)]
        # Alike in length, so that little is padding; batches in random order.
        order = sorted(rng.permutation(len(cuts)), key=lambda i: len(cuts[i].ids))
        chunks = [order[at : at + self._batch] for at in range(0, len(order), self._batch)]
        return [self._padded([cuts[i] for i in chunks[c]]) for c in rng.permutation(len(chunks))]

    def _cut(self, document: Encoded, rng: np.random.Generator) -> Iterator[Encoded]:
        n = len(document.ids)
        first = int(rng.integers(1, self._size + 1)) if n > self._size else n
        edges = [0, *range(first, n, self._size), n]
        for start, stop in pairwise(edges):
            part = slice(start, stop)
            if (document.labels[part] != IGNORED).any():
                yield Encoded(document.ids[part], document.labels[part], document.shapes[part])

    def _padded(self, cuts: Sequence[Encoded]) -> Batch:
        width = max(len(c.ids) for c in cuts) + 2
        ids = np.zeros((len(cuts), width), np.int64)
        mask = np.zeros((len(cuts), width), np.int64)
        labels = np.full((len(cuts), width, len(KINDS)), IGNORED, np.int64)
        shapes = np.zeros((len(cuts), width, 3), np.int64)
        for row, cut in enumerate(cuts):
            n = len(cut.ids)
            ids[row, : n + 2] = self._reader.framed(cut.ids)
            mask[row, : n + 2] = 1
            labels[row, 1 : n + 1] = cut.labels
            shapes[row, 1 : n + 1] = cut.shapes
        return Batch(*(torch.from_numpy(a) for a in (ids, mask, labels, shapes)))


def _lines(path: Path) -> Iterator[str]:
    with gzip.open(path, "rt", encoding="utf-8") as file:
        yield from file


def _row(line: str, where: str) -> tuple[str, int, Sentence]:
    try:
        raw: dict[str, Any] = json.loads(line)
        words = tuple(str(t) for t in raw["tokens"])
        tags: dict[Kind, tuple[int, ...]] = {k: tuple(_TAGS[t] for t in raw[f"tags_{k}"]) for k in KINDS}
        if any(len(t) != len(words) for t in tags.values()):
            raise ValueError("tags and tokens differ in number")
        return str(raw["source"]), int(raw["idx"]), Sentence(words, tags)
    except (ValueError, KeyError, TypeError) as error:
        raise SkillSpanError(f"{where}: {error!r}") from error

"""TF-IDF over word or character n-grams: texts -> sparse unit rows (Salton and Buckley 1988).

Character n-grams stay inside words (padded with one space on both sides), so that "developers" and
"developer" share most of their weight and word order does not matter. Frequencies are damped (1 + ln tf)
and inverse document frequencies smoothed (ln((1 + n) / (1 + df)) + 1). A vocabulary is a JSON list, the
frequencies one .npy file.
"""

from __future__ import annotations

import json
import math
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np
import numpy.typing as npt
from scipy import sparse

from features.taxonomy import tokens

F32 = npt.NDArray[np.float32]
Csr = Any  # scipy's matrices carry no types

#: What is read of one text; a resume of 30 pages has fewer.
MAX_CHARS = 100_000
_MAX_WORD = 40


class TfidfError(ValueError):
    """The files are no saved vocabulary, or do not fit together."""


@dataclass(frozen=True, slots=True)
class TfidfConfig:
    """n-grams of `low`..`high` words or characters that at least `min_texts` texts hold."""

    unit: Literal["word", "char"] = "char"
    low: int = 2
    high: int = 5
    min_texts: int = 1
    max_terms: int | None = None


class Tfidf:
    """Fitted once, then immutable."""

    def __init__(self, config: TfidfConfig, terms: Sequence[str], idf: F32) -> None:
        if len(terms) != len(idf) or len(set(terms)) != len(terms):
            raise TfidfError(f"{len(terms)} terms ({len(set(terms))} distinct) and {len(idf)} frequencies")
        self.config = config
        self.terms = tuple(terms)
        self.idf = idf
        self._row = {term: i for i, term in enumerate(self.terms)}

    def __len__(self) -> int:
        return len(self.terms)

    @classmethod
    def fit(cls, texts: Sequence[str], config: TfidfConfig | None = None) -> Tfidf:
        """Terms in alphabetical order; with `max_terms` the most frequent (by texts) are kept."""
        config = config or TfidfConfig()
        texts_with: Counter[str] = Counter()
        for text in texts:
            texts_with.update(set(_grams(text, config)))
        kept = [(term, n) for term, n in texts_with.items() if n >= config.min_texts]
        if config.max_terms is not None:
            kept = sorted(kept, key=lambda pair: (-pair[1], pair[0]))[: config.max_terms]
        kept.sort()
        idf = [math.log((1 + len(texts)) / (1 + n)) + 1.0 for _, n in kept]
        return cls(config, [term for term, _ in kept], np.array(idf, np.float32))

    def transform(self, texts: Sequence[str]) -> Csr:
        """(n, terms) float32 CSR with rows of length 1; a text without a known term is a row of zeros."""
        columns: list[npt.NDArray[np.int32]] = []
        values: list[F32] = []
        for text in texts:
            ids, counts = self._count(text)
            weights = (1.0 + np.log(counts)) * self.idf[ids]
            norm = float(np.sqrt(weights @ weights))
            columns.append(ids)
            values.append((weights / norm if norm else weights).astype(np.float32))
        starts = np.concatenate([[0], np.cumsum([len(c) for c in columns], dtype=np.int64)])
        data = np.concatenate(values) if values else np.zeros(0, np.float32)
        indices = np.concatenate(columns) if columns else np.zeros(0, np.int32)
        return sparse.csr_matrix((data, indices, starts), shape=(len(texts), len(self)), dtype=np.float32)

    def _count(self, text: str) -> tuple[npt.NDArray[np.int32], F32]:
        row = self._row
        counted = Counter(row[g] for g in _grams(text, self.config) if g in row)
        ids = np.array(sorted(counted), np.int32)
        return ids, np.array([counted[int(i)] for i in ids], np.float32)

    def save(self, folder: Path, name: str) -> None:
        """`<name>.json` (configuration and terms) and `<name>.npy` (inverse document frequencies)."""
        document = {"format": 1, "config": asdict(self.config), "terms": self.terms}
        (folder / f"{name}.json").write_text(json.dumps(document, ensure_ascii=False))
        np.save(folder / f"{name}.npy", self.idf, allow_pickle=False)

    @classmethod
    def load(cls, folder: Path, name: str) -> Tfidf:
        """Raises TfidfError if a file is missing or damaged."""
        try:
            document = json.loads((folder / f"{name}.json").read_text())
            idf = np.load(folder / f"{name}.npy", allow_pickle=False)
            return cls(TfidfConfig(**document["config"]), document["terms"], idf.astype(np.float32))
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise TfidfError(f"{folder}/{name} is no whole vocabulary: {error}") from error


def _grams(text: str, config: TfidfConfig) -> Iterator[str]:
    found = tokens(text[:MAX_CHARS])
    if config.unit == "word":
        return _word_grams(found, config.low, config.high)
    return _char_grams(found, config.low, config.high)


def _word_grams(found: list[str], low: int, high: int) -> Iterator[str]:
    for n in range(low, high + 1):
        for start in range(len(found) - n + 1):
            yield " ".join(found[start : start + n])


def _char_grams(found: list[str], low: int, high: int) -> Iterator[str]:
    for word in found:
        padded = f" {word[:_MAX_WORD]} "
        for n in range(low, high + 1):
            for start in range(max(len(padded) - n + 1, 1)):
                yield padded[start : start + n]

"""What a tagger must beat: a gazetteer of our taxonomy, the spans seen in training, a linear tagger."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
from scipy.sparse import csr_matrix
from sklearn.feature_extraction import FeatureHasher
from sklearn.linear_model import SGDClassifier

from features.skills import SkillMatcher
from features.taxonomy import Taxonomy
from models.bio import decode, spans
from models.tagger import KINDS
from training.language.span_metrics import SpanKey
from training.language.tagger_data import Document, Sentence

F32 = npt.NDArray[np.float32]
_HASHES = 2**20
_LONGEST = 12


def sentences(documents: Sequence[Document]) -> list[Sentence]:
    return [s for d in documents for s in d.sentences]


class Gazetteer:
    """`SkillMatcher` over the taxonomy: a technology or a field of knowledge is `knowledge`."""

    name = "gazetteer: our taxonomy"

    def __init__(self, taxonomy: Taxonomy) -> None:
        self._matcher = SkillMatcher(taxonomy)
        self._kinds = {s.id: "skill" if s.type == "skill" else "knowledge" for s in taxonomy.skills}

    def find(self, sentence: Sentence) -> set[SpanKey]:
        words = sentence.as_words()
        first = {w.start: i for i, w in enumerate(words)}
        last = {w.end: i + 1 for i, w in enumerate(words)}
        return {
            (self._kinds[m.skill_id], first[m.start], last[m.end])
            for m in self._matcher.find(" ".join(sentence.words))
            if m.start in first and m.end in last
        }


class SeenSpans:
    """Every phrase that was a span in training more often than not, longest match first."""

    name = "gazetteer: spans of the training part"

    def __init__(self, train: Sequence[Sentence]) -> None:
        self._known = {kind: _phrases(train, row) for row, kind in enumerate(KINDS)}

    def find(self, sentence: Sentence) -> set[SpanKey]:
        words = [w.lower() for w in sentence.words]
        found: set[SpanKey] = set()
        for kind, known in self._known.items():
            at = 0
            while at < len(words):
                sizes = range(min(_LONGEST, len(words) - at), 0, -1)
                size = next((n for n in sizes if tuple(words[at : at + n]) in known), 0)
                if size:
                    found.add((kind, at, at + size))
                at += size or 1
        return found


class LinearTagger:
    """Logistic regression over hand-made features of a word and its neighbours, decoded as consistent BIO."""

    name = "logistic tagger, hand-made features"

    def __init__(self, train: Sequence[Sentence], seed: int = 0) -> None:
        self._hasher = FeatureHasher(_HASHES, input_type="string", alternate_sign=False)
        x = self._features(train)
        self._models = []
        for kind in KINDS:
            y = np.array([t for s in train for t in s.tags[kind]], np.int64)
            model = SGDClassifier(loss="log_loss", alpha=3e-6, max_iter=30, random_state=seed, average=True)
            self._models.append(model.fit(x, y))

    def find_all(self, given: Sequence[Sentence]) -> list[set[SpanKey]]:
        found: list[set[SpanKey]] = [set() for _ in given]
        x = self._features(given)
        for kind, model in zip(KINDS, self._models, strict=True):
            log_p = _three(model.predict_proba(x), model.classes_)
            at = 0
            for own, sentence in zip(found, given, strict=True):
                rows = log_p[at : at + len(sentence.words)]
                own |= {(kind, a, b) for a, b in spans(decode(rows))}
                at += len(sentence.words)
        return found

    def _features(self, given: Sequence[Sentence]) -> csr_matrix:
        return self._hasher.transform(_features(s.words, i) for s in given for i in range(len(s.words)))


def _phrases(train: Sequence[Sentence], row: int) -> set[tuple[str, ...]]:
    inside: dict[tuple[str, ...], int] = {}
    for sentence in train:
        for start, end in spans(sentence.tags[KINDS[row]]):
            phrase = tuple(w.lower() for w in sentence.words[start:end])
            inside[phrase] = inside.get(phrase, 0) + 1
    seen = dict.fromkeys(inside, 0)
    for sentence in train:
        words = [w.lower() for w in sentence.words]
        for start in range(len(words)):
            for end in range(start + 1, min(start + _LONGEST, len(words)) + 1):
                phrase = tuple(words[start:end])
                if phrase in seen:
                    seen[phrase] += 1
    return {phrase for phrase, count in inside.items() if 2 * count > seen[phrase]}


def _features(words: Sequence[str], at: int) -> list[str]:
    """Words and word pairs around, prefixes and suffixes, letter shape."""
    around = [words[i].lower() if 0 <= i < len(words) else "-" for i in range(at - 3, at + 4)]
    word = words[at]
    shape = "".join("X" if c.isupper() else "d" if c.isdigit() else "x" if c.isalpha() else c for c in word)
    shape = "".join(c for i, c in enumerate(shape) if i == 0 or shape[i - 1] != c)
    out = [f"{i}={w}" for i, w in enumerate(around)]
    out += [f"{i}+={around[i]} {around[i + 1]}" for i in range(1, 5)]
    out += [f"s{n}={around[3][-n:]}" for n in (2, 3, 4)] + [f"p{n}={around[3][:n]}" for n in (2, 3)]
    out += [f"s-1={around[2][-3:]}", f"s+1={around[4][-3:]}", f"shape={shape}", f"first={at == 0}"]
    return out


def _three(p: npt.NDArray[np.float64], classes: npt.NDArray[np.int64]) -> F32:
    """(words, 3) log-probabilities, even where training lacked a tag."""
    out = np.full((len(p), 3), 1e-12)
    out[:, classes] = np.maximum(p, 1e-12)
    return np.asarray(np.log(out), np.float32)

"""What speaks for a skill, given a text: one column of numbers per kind of evidence.

Columns of `Names.columns`, each (texts, skills) float32 in about [0, 1]:

    sentence    cosine of the text's mean vector and the label's
    phrase      cosine of the label and the text's phrase nearest to it, each phrase read by itself
    chars       cosine of character n-grams, the best of the skill's names
    covered     share of a name's words, by inverse document frequency squared, that the text holds; best name
    covered_chars  the same for character n-grams: endings do not matter
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy import sparse

from features.taxonomy import Skill, normalise, without_qualifier
from models.linker_encoder import Encode
from models.linker_windows import LONGEST, phrases
from models.tfidf import Csr, Tfidf, TfidfConfig

F32 = npt.NDArray[np.float32]
I64 = npt.NDArray[np.int64]
COLUMNS = (
    "sentence",
    "phrase",
    "chars",
    "covered",
    "covered_chars",
)
_LEXICAL = ("chars", "covered", "covered_chars")
_CHARS = TfidfConfig(unit="char", low=3, high=5, min_texts=2)
_WORDS = TfidfConfig(unit="word", low=1, high=1)


@dataclass(frozen=True, slots=True)
class Named:
    """A whole text that is a name: whose, and whether it is the label."""

    skill: int
    is_label: bool


class Names:
    """Names of the target skills and what is computed from them; `vectors` (skills, width) unit rows."""

    def __init__(self, skills: Sequence[Skill], vectors: F32) -> None:
        self.skills = tuple(skills)
        self.vectors = vectors
        texts = [list(dict.fromkeys(skill.forms)) for skill in skills]
        sizes = np.array([len(t) for t in texts], np.int64)
        self._starts = np.concatenate([[0], np.cumsum(sizes)[:-1]]).astype(np.int64)
        every = [name for names in texts for name in names]
        self._chars, self._words = Tfidf.fit(every, _CHARS), Tfidf.fit(every, _WORDS)
        chars, words = self._chars.transform(every), self._words.transform(every)
        # (terms, names), so that a text touches only the names that share a term with it.
        self._char_rows: Csr = chars.T.tocsr()
        self._char_mass: Csr = chars.multiply(chars).T.tocsr()
        self._word_mass: Csr = words.multiply(words).T.tocsr()
        self._owners = self._owners_of(texts)

    def __len__(self) -> int:
        return len(self.skills)

    def _owners_of(self, texts: Sequence[Sequence[str]]) -> dict[str, tuple[Named, ...]]:
        found: dict[str, dict[int, bool]] = {}
        for position, names in enumerate(texts):
            label = self.skills[position].label
            labels = {normalise(label), normalise(without_qualifier(label))}
            for key in map(normalise, names):
                if key:
                    found.setdefault(key, {}).setdefault(position, key in labels)
        return {key: tuple(Named(*item) for item in who.items()) for key, who in found.items()}

    def named(self, text: str) -> tuple[Named, ...]:
        """Skills of which the whole text is a name, whatever its case and punctuation."""
        return self._owners.get(normalise(text[:400]), ())

    def columns(self, texts: Sequence[str], encode: Encode, kinds: Collection[str] = COLUMNS) -> F32:
        """(len(COLUMNS), texts, skills); a column is a function of its own text alone.

        Kinds of evidence that are not asked for are zeros.
        """
        out = np.zeros((len(COLUMNS), len(texts), len(self)), np.float32)
        by_kind = dict(zip(COLUMNS, out, strict=True))
        whole = [encode([text]) @ self.vectors.T for text in texts]  # one by one: the same sums in any batch
        for row, (text, scores) in enumerate(zip(texts, whole, strict=True)):
            if "sentence" in kinds:
                by_kind["sentence"][row] = scores[0]
            if "phrase" in kinds:
                by_kind["phrase"][row] = self._phrases(text, scores[0], encode)
        self._lexical(texts, {kind: by_kind[kind] for kind in _LEXICAL if kind in kinds})
        return out

    def _phrases(self, text: str, whole: F32, encode: Encode) -> F32:
        """(skills,) the best phrase's cosine; a text as short as a phrase is its own."""
        read = phrases(text) if len(text.split()) > LONGEST else []
        if not read:
            return whole
        found: F32 = (encode(read) @ self.vectors.T).max(0)
        return found

    def _lexical(self, texts: Sequence[str], out: Mapping[str, F32]) -> None:
        """Writes each asked kind's (texts, skills): the best of a skill's names."""
        chars, words = self._chars.transform(texts), self._words.transform(texts)
        for kind, target in out.items():
            query, rows = {
                "chars": (chars, self._char_rows),
                "covered": (_present(words), self._word_mass),
                "covered_chars": (_present(chars), self._char_mass),
            }[kind]
            target[:] = np.maximum.reduceat((query @ rows).toarray(), self._starts, axis=1)


def _present(rows: Csr) -> Csr:
    return sparse.csr_matrix((np.ones_like(rows.data), rows.indices, rows.indptr), shape=rows.shape)

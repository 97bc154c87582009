"""Text as the skill tagger reads it: segments of words, word pieces, overlapping windows.

Words follow the token style of SkillSpan (Zhang et al. 2022): a comma is no word, brackets and full stops
stand alone, other punctuation stays with its word. A piece [SEP] closes each segment (a line or a sentence).
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

I64 = npt.NDArray[np.int64]
#: Word pieces of one window, [CLS] and [SEP] not counted, and by how much the next one starts later.
WINDOW, STRIDE = 126, 84
#: More pieces of one "word" say nothing about it: it is an address, a hash or noise.
MAX_WORD_PIECES = 12
SHAPES = 8
#: A full stop behind a single letter ("e.g.", "J. Smith") ends no sentence.
_SEGMENT_END = re.compile(
    r"[\r\n\v\f\x85\u2028\u2029]+|(?<=[.!?])(?<![ .(][A-Za-z]\.)[ \t\xa0]+(?=[A-Z\d•*–-])"
)
_WORD = re.compile(r"[()\[\]{}\"“”„|•·*]|[^\s,()\[\]{}\"“”„|•·*]+")
_EDGES = re.compile(r"^[^\w#.+]*(.*?)[^\w#+]*$", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Word:
    """`text` is what the model reads; the source's [start, end) leaves out punctuation at the edges.

    `after_comma`: a comma stood between the word before and this one.
    """

    text: str
    start: int
    end: int
    after_comma: bool = False


def read_segments(text: str) -> list[list[Word]]:
    """Lines and sentences in order, each with at least one word."""
    segments = [_words(text, start, end) for start, end in _segments(text)]
    return [s for s in segments if s]


def _segments(text: str) -> Iterator[tuple[int, int]]:
    start = 0
    for match in _SEGMENT_END.finditer(text):
        yield start, match.start()
        start = match.end()
    yield start, len(text)


def _words(text: str, start: int, end: int) -> list[Word]:
    found: list[Word] = []
    previous = start
    for match in _WORD.finditer(text, start, end):
        comma = bool(found) and "," in text[previous : match.start()]
        surface, at = match.group(), match.start()
        stop = len(surface) > 1 and surface.endswith(".") and not surface.endswith("..")
        body = surface[:-1] if stop else surface
        core = _EDGES.match(body)
        inner = (core.start(1), core.end(1)) if core and core.group(1) else (0, len(body))
        found.append(Word(body, at + inner[0], at + inner[1], comma))
        if stop:
            found.append(Word(".", match.end() - 1, match.end()))
        previous = match.end()
    return found


def shapes(words: Sequence[str]) -> list[int]:
    """One of `SHAPES` letter shapes per word of a segment: the encoder itself reads lower case only."""
    return [_shape(word, first=at == 0) for at, word in enumerate(words)]


def _shape(word: str, *, first: bool) -> int:
    letters = [c for c in word if c.isalpha()]
    if not letters:
        return 6 if any(c.isdigit() for c in word) else 0
    if any(c.isdigit() for c in word):
        return 5
    upper = sum(c.isupper() for c in letters)
    if upper == 0:
        return 1
    if upper == len(letters) and len(letters) > 1:
        return 4
    if upper == 1 and letters[0].isupper():
        return 2 if first else 3
    return 7


@dataclass(frozen=True, slots=True)
class Pieces:
    """Piece ids of a text (n,) and, for each word, the position of its first piece (words,)."""

    ids: I64
    first: I64


class PieceReader:
    """Word pieces by the encoder's own tokenizer file."""

    def __init__(self, tokenizer_json: Path) -> None:
        from tokenizers import Tokenizer

        self._tokenizer = Tokenizer.from_file(str(tokenizer_json))
        self._tokenizer.no_padding()
        self._tokenizer.no_truncation()
        vocabulary: dict[str, int] = self._tokenizer.get_vocab()
        self.cls, self.sep, self.unknown = (vocabulary[t] for t in ("[CLS]", "[SEP]", "[UNK]"))

    def read(self, segments: Sequence[Sequence[str]]) -> Pieces:
        ids: list[int] = []
        first: list[int] = []
        # A lone surrogate is no text to the tokenizer; positions are those of words, so "?" may stand for it.
        cut = [[w[:200].encode(errors="replace").decode() for w in words] for words in segments]
        for encoding, words in zip(self._encode(cut), cut, strict=True):
            pieces: list[list[int]] = [[] for _ in words]
            for piece, word in zip(encoding.ids, encoding.word_ids, strict=True):
                pieces[word].append(piece)
            for own in pieces:
                first.append(len(ids))
                ids.extend(own[:MAX_WORD_PIECES] or [self.unknown])
            ids.append(self.sep)
        return Pieces(np.array(ids, np.int64), np.array(first, np.int64))

    def _encode(self, segments: list[list[str]]) -> list[Any]:
        return list(self._tokenizer.encode_batch(segments, is_pretokenized=True, add_special_tokens=False))

    def framed(self, ids: I64) -> I64:
        """[CLS] pieces [SEP]."""
        return np.concatenate([[self.cls], ids, [self.sep]]).astype(np.int64)


@dataclass(frozen=True, slots=True)
class Window:
    """Pieces [start, stop) are read together; the answers for [own, own_stop) are taken from here."""

    start: int
    stop: int
    own: int
    own_stop: int


def windows(n: int, size: int = WINDOW, stride: int = STRIDE) -> list[Window]:
    """Covers n pieces; each is owned by one window, the one in which it stands farthest from an edge."""
    starts = [0] if n else []
    while starts and starts[-1] + size < n:
        starts.append(starts[-1] + stride)
    margin = (size - stride) // 2
    out = []
    for at, start in enumerate(starts):
        last = at == len(starts) - 1
        own = 0 if at == 0 else start + margin
        out.append(Window(start, min(start + size, n), own, n if last else start + stride + margin))
    return out

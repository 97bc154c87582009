"""Small steps shared by the normalisers of single-line fields."""

from __future__ import annotations

import re
import unicodedata

_SPACE = re.compile(r"\s+")
# Control characters (PostgreSQL refuses NUL), lone surrogates, and marks that only steer layout.
_UNPRINTABLE = re.compile(
    r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff\u200b-\u200f\u202a-\u202e\u2060-\u2064\ufeff\ufffe\uffff]"
)


def printable(text: str) -> str:
    """`text` in NFC without characters that cannot be stored or seen."""
    return _UNPRINTABLE.sub("", unicodedata.normalize("NFC", _UNPRINTABLE.sub("", text)))


def collapse(text: str) -> str:
    """One line: printable, every run of white space one space, ends stripped."""
    return _SPACE.sub(" ", printable(text)).strip()


def limit(text: str, characters: int) -> str:
    """At most `characters`, cut at a word where one ends in the last fifth. Idempotent."""
    if len(text) <= characters:
        return text
    cut = text[:characters]
    space = cut.rfind(" ", characters * 4 // 5)
    return (cut[:space] if space > 0 else cut).rstrip()


_LEFT_EDGES = " \t,;:|/–—-•·*_=~>&!\"“”'‘’`#+)"
_RIGHT_EDGES = " \t,;:|/–—-•·*_=~>&!\"“”'‘’`.("


def strip_edges(text: str) -> str:
    """Without separators at either end; ".NET", "C++" and "C#" stay whole."""
    bare = text.strip()
    while True:
        shorter = bare.lstrip(_LEFT_EDGES).rstrip(_RIGHT_EDGES)
        shorter = shorter if shorter[:4].upper() == ".NET" else shorter.lstrip(".")
        if shorter == bare:
            return bare
        bare = shorter

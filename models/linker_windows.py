"""The phrases of a sentence that may name a skill: runs of one to three words inside a clause.

A sentence names several skills and much else; its mean vector says what it is about as a whole. A phrase read
by itself says what that phrase means, so the best phrase for a label is evidence of its own kind.
"""

from __future__ import annotations

import re

LONGEST = 3
#: A sentence of 30 words has about 35 phrases; more are not read.
MOST = 96
_CLAUSE = re.compile(r"[,;:|()\[\]{}•*!?\n\r\t]|\s[-–—/]\s|\.\s")
#: A phrase that begins or ends with one of these says nothing that the phrase without it does not say.
_EDGES = frozenset(
    """
    a about across all also an and any are as at be been both but by can do does each for from had has have
    how if in including into is it its least may more most must not of on one or other our out over than that
    the their them then they this those through to under until up upon us was we well were what when where
    which while who whom will with within would you your
    """.split()
)


def phrases(text: str, longest: int = LONGEST, most: int = MOST) -> list[str]:
    """Distinct phrases, shorter ones first; those that fit are all there, the order of words kept."""
    clauses = [_words(clause) for clause in _CLAUSE.split(text)]
    found: dict[str, None] = {}
    for size in range(1, longest + 1):
        for words in clauses:
            for start in range(len(words) - size + 1):
                if words[start].lower() in _EDGES or words[start + size - 1].lower() in _EDGES:
                    continue
                found[" ".join(words[start : start + size])] = None
                if len(found) == most:
                    return list(found)
    return list(found)


def _words(clause: str) -> list[str]:
    stripped = (word.strip(".-/\"'“”‘’") for word in clause.split())
    return [word[:60] for word in stripped if word]

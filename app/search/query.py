"""What people type -> clauses: words, "phrases", beginnings*, -not, and `or` between two of them."""

from __future__ import annotations

import re

from app.search.engine import Clause, Unit

MAX_CLAUSES = 24
_PART = re.compile(r'(?P<minus>-)?(?:"(?P<phrase>[^"]*)"?|(?P<word>[^\s"]+))')
_TEXT = re.compile(r"\w")
_EDGES = ".,;:!?()[]{}<>|&/\\'’`~^%$@=_*-"
_OR, _AND = frozenset({"or", "|", "||"}), frozenset({"and", "&", "&&", "+"})
#: Left out unless nothing else is asked for. Not "it", which is a trade, nor "no" or "as" in names.
STOP_WORDS = frozenset("a an and are at be by for from in is of on or that the this to with".split())


def parse(text: str) -> tuple[Clause, ...]:
    """Never raises: what makes no sense is read as words."""
    clauses: list[Clause] = []
    joining = False
    for part in _PART.finditer(text):
        word = (part["word"] or "").lower()
        if word in _OR:
            joining = bool(clauses)
            continue
        if word in _AND:
            continue
        unit = _unit(part["phrase"], word)
        if unit is None:
            continue
        negative = bool(part["minus"])
        if joining and not negative and not clauses[-1].negative:
            clauses[-1] = Clause((*clauses[-1].units, unit))
        else:
            clauses.append(Clause((unit,), negative))
        joining = False
    return tuple(_without_stop_words(clauses)[:MAX_CLAUSES])


def _unit(phrase: str | None, word: str) -> Unit | None:
    if phrase is not None:
        words = tuple(word for word in map(_trimmed, phrase.lower().split()) if word)
        return Unit("phrase" if len(words) > 1 else "word", words) if words else None
    trimmed = _trimmed(word)
    if not trimmed:
        return None
    return Unit("prefix" if word.endswith("*") else "word", (trimmed,))


def _trimmed(word: str) -> str:
    """Without punctuation around it; "" when nothing is left. "c++", "c#" and ".net" stay what they are."""
    trimmed = word.rstrip(_EDGES)
    bare = trimmed.lstrip(_EDGES)
    if trimmed[-len(bare) - 1 : -len(bare)] == "." and bare[:1].isalpha():
        bare = "." + bare
    return bare if _TEXT.search(bare) else ""


def _without_stop_words(clauses: list[Clause]) -> list[Clause]:
    kept = [
        clause
        for clause in clauses
        if not all(unit.kind == "word" and unit.words[0] in STOP_WORDS for unit in clause.units)
    ]
    return kept or clauses

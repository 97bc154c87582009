"""What people type -> clauses: words, "phrases", beginnings*, -not, and `or` between two of them."""

from __future__ import annotations

import re

from app.search.engine import Clause, Unit

#: Parts of a query that are looked at, and of those the dear ones: further phrases are taken as words, and
#: further beginnings as whole words. Nobody who looks for work needs more, and each costs milliseconds.
MAX_PARTS, MAX_PHRASES, MAX_BEGINNINGS = 16, 3, 3
SHORTEST_BEGINNING = 2
_PART = re.compile(r'(?P<minus>-)?(?:"(?P<phrase>[^"]*)"?|(?P<word>[^\s"]+))')
_TEXT = re.compile(r"\w")
_EDGES = ".,;:!?()[]{}<>|&/\\'’`~^%$@=_*-"
_OR, _AND = frozenset({"or", "|", "||"}), frozenset({"and", "&", "&&", "+"})
#: Left out unless nothing else is asked for. Not "it", which is a trade, nor "no" or "as" in names.
STOP_WORDS = frozenset("a an and are at be by for from in is of on or that the this to with".split())


def parse(text: str) -> tuple[Clause, ...]:
    """Never raises: what makes no sense is read as words."""
    clauses: list[Clause] = []
    dear = {"phrase": MAX_PHRASES, "prefix": MAX_BEGINNINGS}
    joining, parts = False, 0
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
        parts += 1
        if parts > MAX_PARTS:
            break
        unit = _afforded(unit, dear)
        negative = bool(part["minus"])
        if joining and not negative and not clauses[-1].negative:
            clauses[-1] = Clause((*clauses[-1].units, unit))
        else:
            clauses.append(Clause((unit,), negative))
        joining = False
    return tuple(_without_stop_words(clauses))


def _afforded(unit: Unit, left: dict[str, int]) -> Unit:
    """The unit, or what is taken in its place when there were enough of its kind."""
    if unit.kind not in left:
        return unit
    left[unit.kind] -= 1
    if left[unit.kind] >= 0:
        return unit
    return Unit("all" if unit.kind == "phrase" else "word", unit.words)


def _unit(phrase: str | None, word: str) -> Unit | None:
    if phrase is not None:
        words = tuple(word for word in map(_trimmed, phrase.lower().split()) if word)
        return Unit("phrase" if len(words) > 1 else "word", words) if words else None
    trimmed = _trimmed(word)
    if not trimmed:
        return None
    begins = word.endswith("*") and len(trimmed) >= SHORTEST_BEGINNING
    return Unit("prefix" if begins else "word", (trimmed,))


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

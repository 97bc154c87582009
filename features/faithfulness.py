"""Does a text say only what its source says? The check that every generated sentence must pass.

Deterministic and strict: a number, a skill, a name or a word that changes the terms of an offer ("remote",
"visa", "not") that the source does not hold makes the sentence unfaithful. It cannot tell whether a sentence
says true things in a misleading order; it does tell when something was invented.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from features.skills import SkillMatcher

FactKind = Literal["number", "skill", "name", "term"]

_NUMBER = re.compile(r"(?<![\w.])[$€£]?(\d+(?:[.,]\d+)*)(?:\s?(k\b|%|m\b))?", re.IGNORECASE)
_UNITS = "zero one two three four five six seven eight nine ten eleven twelve".split()
_NUMBER_WORD = re.compile(rf"\b({'|'.join(_UNITS)})\b", re.IGNORECASE)
#: A capitalised word, or one with a capital or digit inside ("iOS", "GmbH", "3D").
_NAME = re.compile(r"\b(?:[A-ZÀ-ÞΑ-ΩА-Я][\w'’&.-]*\w|[a-z]+[A-Z]\w*|[A-ZÀ-ÞΑ-ΩА-Я])")
_WORD = re.compile(r"[^\W_]+(?:['’-][^\W_]+)*")
#: Capitalised only because a sentence begins with them.
_FUNCTION_WORDS = frozenset(
    """
    a an the this that these those it they you we he she i in on at for from with to of by as and or but if
    when where who what how why there here each every any all some more most both our your their its his her
    """.split()
)
#: Words that change what is offered or asked: each must be as often in the source as in the summary.
_TERMS = re.compile(
    r"\b(?:remote(?:ly)?|hybrid|on-?site|visa|sponsor\w*|relocat\w*|equity|stock|bonus\w*|salary|pension|"
    r"insurance|full[- ]time|part[- ]time|contract\w*|freelance|permanent|temporary|intern\w*|unpaid|paid|"
    r"degree|bachelor\w*|master'?s|phd|doctora\w*|mba|diploma|certif\w*|licen[cs]\w*|clearance|citizen\w*|"
    r"required|must|mandatory|optional|preferred|not|no|never|without|except|only|senior|junior|lead|"
    r"principal|entry[- ]level|manager|years?|months?|weeks?|days?|hours?)\b",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Unsupported:
    """`text[start:end] == surface` says something that the source does not."""

    kind: FactKind
    surface: str
    start: int
    end: int


class FaithfulnessChecker:
    """One source, any number of texts about it."""

    def __init__(self, source: str, matcher: SkillMatcher) -> None:
        self._matcher = matcher
        self._numbers = {value for value, _, _ in _numbers(source)}
        self._skills = {mention.skill_id for mention in matcher.find(source)}
        self._words = {_plain(word) for word in _WORD.findall(source)}
        self._names = {_plain(name) for name in _NAME.findall(source)} | self._words
        self._terms = Counter(_term(match.group()) for match in _TERMS.finditer(source))

    def unsupported(self, text: str) -> list[Unsupported]:
        """Everything in `text` that the source does not hold; [] for a faithful text."""
        found = [
            Unsupported("number", text[start:end], start, end)
            for value, start, end in _numbers(text)
            if value not in self._numbers
        ]
        found += [
            Unsupported("skill", mention.surface, mention.start, mention.end)
            for mention in self._matcher.find(text)
            if mention.skill_id not in self._skills
        ]
        found += self._new_names(text)
        found += self._new_terms(text)
        return sorted(found, key=lambda u: (u.start, u.kind))

    def _new_names(self, text: str) -> Iterator[Unsupported]:
        for match in _NAME.finditer(text):
            name = _plain(match.group())
            pieces = [_plain(piece) for piece in _WORD.findall(match.group())]
            if name in self._names or all(piece in self._words for piece in pieces):
                continue
            if not (_begins_sentence(text, match.start()) and name in _FUNCTION_WORDS):
                yield Unsupported("name", match.group(), match.start(), match.end())

    def _new_terms(self, text: str) -> Iterator[Unsupported]:
        left = Counter(self._terms)
        for match in _TERMS.finditer(text):
            term = _term(match.group())
            left[term] -= 1
            if left[term] < 0:
                yield Unsupported("term", match.group(), match.start(), match.end())


def _numbers(text: str) -> Iterator[tuple[float, int, int]]:
    """(value, start, end); "50k" is 50000, "1,200" is 1200 and "five" is 5."""
    for match in _NUMBER.finditer(text):
        value = _value(match.group(1))
        if value is not None:
            scale = {"k": 1e3, "m": 1e6}.get((match.group(2) or "").lower(), 1.0)
            yield value * scale, match.start(), match.end()
    for match in _NUMBER_WORD.finditer(text):
        yield float(_UNITS.index(match.group().lower())), match.start(), match.end()


def _value(digits: str) -> float | None:
    """Separators before groups of three are thousands; any other is a decimal point."""
    grouped = re.fullmatch(r"\d{1,3}(?:[.,]\d{3})+", digits)
    plain = re.sub(r"[.,]", "", digits) if grouped else digits.replace(",", ".")
    try:
        return float(plain)
    except ValueError:
        return None  # "1.2.3" is a version or an address, not a quantity


def _begins_sentence(text: str, at: int) -> bool:
    return re.search(r"[.!?:•\n]\s*$|^\W*$", text[:at]) is not None


def _plain(word: str) -> str:
    return word.lower().replace("’", "'").removesuffix("'s").strip(".-'")


def _term(word: str) -> str:
    """Plural and hyphen do not matter: "part-time" is "part time", "years" is "year"."""
    return re.sub(r"[\s-]", "", word.lower()).removesuffix("s")

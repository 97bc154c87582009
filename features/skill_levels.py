"""How well a skill is mastered, where a text says so: "advanced Python", "B2", "5 years of Java".

Words map to four grades; languages have the CEFR scale (Council of Europe 2001), with the words people use
for it ("fluent" is about C1, "native" C2). Years are kept as a number beside the grade that they suggest.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal

Level = Literal["basic", "intermediate", "advanced", "expert", "A1", "A2", "B1", "B2", "C1", "C2", ""]

_WORDS: dict[str, Level] = {
    **dict.fromkeys(
        "basic basics beginner elementary novice entry-level rudimentary introductory fundamental "
        "fundamentals familiar familiarity awareness exposure".split(),
        "basic",
    ),
    **dict.fromkeys(
        "intermediate working conversational competent moderate good solid".split(), "intermediate"
    ),
    **dict.fromkeys(
        "advanced strong proficient proficiency excellent extensive deep in-depth thorough profound fluent "
        "skilled comprehensive".split(),
        "advanced",
    ),
    **dict.fromkeys("expert expertise mastery master guru specialist native bilingual".split(), "expert"),
}  # fmt: skip
_LANGUAGE_WORDS: dict[str, Level] = {
    "native": "C2",
    "mother tongue": "C2",
    "bilingual": "C2",
    "fluent": "C1",
    "full professional": "C1",
    "professional working": "B2",
    "limited working": "B1",
    "conversational": "B1",
    "elementary": "A2",
}
_LANGUAGES = frozenset(
    """
    arabic bengali bulgarian catalan chinese croatian czech danish dutch english estonian farsi finnish french
    german greek hebrew hindi hungarian indonesian irish italian japanese korean latvian lithuanian malay
    mandarin cantonese norwegian persian polish portuguese punjabi romanian russian serbian slovak slovenian
    spanish swahili swedish tamil thai turkish ukrainian urdu vietnamese
    """.split()
)
_NUMBERS = dict(zip("one two three four five six seven eight nine ten".split(), range(1, 11), strict=True))
_CEFR = re.compile(r"(?<![A-Za-z0-9])([ABC][12])(?:\+|(?![A-Za-z0-9]))")
_YEARS = re.compile(
    rf"(?<![\d.,])(\d{{1,2}}(?:[.,]5)?|{'|'.join(_NUMBERS)})\s*(?:\+|-\s*\d{{1,2}}|–\s*\d{{1,2}}|to\s+\d{{1,2}})?"
    r"\s*\+?\s*(?:or\s+more\s+)?(?:years?|yrs?)(?![a-z])['’]?",
    re.IGNORECASE,
)
_WORD = re.compile(
    "|".join(
        sorted((rf"\b{re.escape(w)}\b" for w in (*_WORDS, *_LANGUAGE_WORDS)), key=lambda w: (-len(w), w))
    ),
    re.IGNORECASE,
)
#: How far from a skill a word about its level may stand, and what it may not stand behind.
_BEFORE, _AFTER = 48, 32
_STOP = re.compile(r"\.(?=\s|$)|[;!?\n•|]|,\s|\band\b|\bor\b|\bbut\b")
_YEARS_STOP = re.compile(r"\.(?=\s|$)|[;!?\n•|]")


@dataclass(frozen=True, slots=True)
class StatedLevel:
    """`level` may be "" where only years are stated; `text[start:end]` are the words that state it."""

    level: Level
    years: float | None
    start: int
    end: int


def find_level(text: str, start: int, end: int) -> StatedLevel | None:
    """The level stated for the skill at `text[start:end]`, or inside it; None where none is.

    Words count in the skill's own clause only: "advanced SQL, basic Python" gives each its own. Raises
    ValueError if the span lies outside the text.
    """
    if not 0 <= start <= end <= len(text):
        raise ValueError(f"span {start}:{end} of a text of {len(text)} characters")
    language = bool(_LANGUAGES & set(re.findall(r"[a-z]+", text[start:end].lower())))
    inside = _best(text, start, end, language)
    if inside:
        return inside
    low, high = _clause(text, start, end, _STOP)
    near = _best(text, low, start, language, last=True) or _best(text, end, high, language)
    if near and near.level:
        return near
    low, high = _clause(text, start, end, _YEARS_STOP)
    return _years(text, low, start, last=True) or _years(text, end, high) or near


def read_level(text: str) -> StatedLevel | None:
    """The first level that a short text states ("German (B2)", "advanced Excel")."""
    language = bool(_LANGUAGES & set(re.findall(r"[a-z]+", text[:500].lower())))
    return _best(text, 0, min(len(text), 500), language) or _years(text, 0, min(len(text), 500))


def _clause(text: str, start: int, end: int, stop: re.Pattern[str]) -> tuple[int, int]:
    low, high = max(0, start - _BEFORE), min(len(text), end + _AFTER)
    for match in stop.finditer(text, low, start):
        low = match.end()
    after = stop.search(text, end, high)
    return low, after.start() if after else high


def _best(text: str, low: int, high: int, language: bool, *, last: bool = False) -> StatedLevel | None:
    """The nearest statement in `text[low:high]`: the last before a skill, the first behind it."""
    found = [
        StatedLevel(match[1], None, match.start(), match.end())  # type: ignore[arg-type]
        for match in _CEFR.finditer(text, low, high)
    ]
    found = found or [_word(match, language) for match in _WORD.finditer(text, low, high)]
    return found[-1 if last else 0] if found else None


def _word(match: re.Match[str], language: bool) -> StatedLevel:
    word = match[0].lower()
    scale = (_LANGUAGE_WORDS, _WORDS) if language else (_WORDS, _LANGUAGE_WORDS)
    level = scale[0].get(word) or scale[1].get(word, "")
    return StatedLevel(level, None, match.start(), match.end())


def _years(text: str, low: int, high: int, *, last: bool = False) -> StatedLevel | None:
    found = list(_YEARS.finditer(text, low, high))
    if not found:
        return None
    match = found[-1 if last else 0]
    said = match[1].lower().replace(",", ".")
    years = float(_NUMBERS[said]) if said in _NUMBERS else float(said)
    return StatedLevel(grade_of_years(years), years, match.start(), match.end())


def grade_of_years(years: float) -> Level:
    """A rough reading, ours: under 1 basic, under 3 intermediate, under 7 advanced, then expert."""
    if years < 1:
        return "basic"
    if years < 3:
        return "intermediate"
    return "advanced" if years < 7 else "expert"

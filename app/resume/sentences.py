"""Text as sentences, and back: joining all of them gives the text again."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

#: An end, perhaps with what closes a quotation, before something that can begin a sentence.
_END = re.compile(r"[.!?…]+[\"'”’»)\]]*(?= +[\"'“‘«(\[]*[^\W_a-zß-öø-ÿα-ωа-яё])")
#: What a full stop follows without ending anything: initials and the usual abbreviations.
_NO_END = re.compile(
    r"(?:^|[\s(\"'])(?:[^\W\d_]|[^\W\d_]\.[^\W\d_]|dr|prof|mr|mrs|ms|st|inc|ltd|corp|co|dept|univ|approx|ca|cf|etc|"
    r"vs|no|nr|vol|fig|min|max|incl|excl|est|jr|sr|bsc|msc|ph\.d|m\.sc|b\.sc|ing|dipl|mio|mrd)\.$",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Sentence:
    """`paragraph` counts from 0."""

    text: str
    paragraph: int


def sentences(text: str) -> list[Sentence]:
    """Of text with single spaces and one line a paragraph (`document.paragraphs` makes it so)."""
    return [
        Sentence(sentence, number)
        for number, line in enumerate(text.split("\n"))
        for sentence in _of_line(line)
    ]


def _of_line(line: str) -> list[str]:
    found, start = [], 0
    for match in _END.finditer(line):
        if not _NO_END.search(line[start : match.end()]):
            found.append(line[start : match.end()])
            start = match.end() + 1
    return [*found, line[start:]]


def joined(kept: Iterable[Sentence]) -> str:
    text, paragraph = "", 0
    for sentence in kept:
        if text:
            text += " " if sentence.paragraph == paragraph else "\n"
        text += sentence.text
        paragraph = sentence.paragraph
    return text


def shortened(text: str, numbers: Iterable[int]) -> str:
    """Only the sentences with these numbers, from 0. Raises IndexError when there are not that many."""
    found = sentences(text)
    return joined(found[number] for number in numbers)

"""The last step in the child: clean lines, words that were divided at a line's end joined again, bullets "
"seen."""

from __future__ import annotations

import re
from collections.abc import Iterator

from features.resume.cleaning import BULLETS, clean
from features.resume.errors import TooLargeError
from features.resume.raw import RawLine

MAX_LINE_CHARS = 1_500
#: 20 pages of 150 lines are 3,000.
MAX_LINES = 4_000
_DIVIDED = re.compile(r"([^\W\d_]{2,})-$")
_WORD = re.compile(r"[^\W\d_]+(?:-[^\W\d_]+)*")
#: Before a hyphen these stay their own word: "self-motivated", "multi-level".
_PREFIXES = frozenset(
    "self non co multi cross pre post anti semi sub inter intra well high low long short full part real time "
    "end front back open client customer data team work on off in out up down hands face day year one two "
    "three four follow problem decision e ex vice cost user server state year term level".split()
)
_BULLET = re.compile(rf"(?:[{BULLETS}]|[-–—*+o](?=[ \t])|(?:Â|ï‚·)(?= ))[ \t]*")


def finished(lines: list[RawLine]) -> list[RawLine]:
    """Empty lines dropped; `bullet` set. Raises TooLargeError."""
    kept: list[RawLine] = []
    lone_bullet = False
    for line in (part for whole in lines for part in _short(whole)):
        text = clean(line.text)
        if text in BULLETS and len(text) == 1:  # the bullet stands on a line of its own, its text follows
            lone_bullet = True
            continue
        if not text:
            continue
        bullet = lone_bullet or line.bullet or bool(_BULLET.match(text))
        kept.append(line._replace(text=text, bullet=bullet))
        if len(kept) > MAX_LINES:
            raise TooLargeError("This document has far more lines than a resume; please shorten it.")
        lone_bullet = False
    return _joined(kept)


def _short(line: RawLine) -> Iterator[RawLine]:
    """A line longer than any page is wide is cut at spaces: what reads lines later may then take a time that
    grows with the square of their length."""
    text = line.text
    while len(text) > MAX_LINE_CHARS:
        cut = text.rfind(" ", MAX_LINE_CHARS // 2, MAX_LINE_CHARS)
        cut = cut if cut > 0 else MAX_LINE_CHARS
        yield line._replace(text=text[:cut])
        text = text[cut:]
        line = line._replace(gap=0.0, bullet=False)
    yield line._replace(text=text)


def _joined(lines: list[RawLine]) -> list[RawLine]:
    """ "develop-" + "ment of tools" -> "development" + "of tools"; words that keep their hyphen keep it."""
    known = {word.casefold() for line in lines for word in _WORD.findall(line.text)}
    out: list[RawLine] = []
    for line in lines:
        last = out[-1] if out else None
        divided = _DIVIDED.search(last.text) if last is not None and last.text.endswith("-") else None
        head = _WORD.match(line.text)
        if last is None or divided is None or head is None or not head.group()[0].islower():
            out.append(line)
            continue
        first, second = divided.group(1), head.group()
        stays = f"{first}-{second}".casefold() in known or (
            first.casefold() in _PREFIXES and (first + second).casefold() not in known
        )
        out[-1] = last._replace(text=last.text[: divided.start()] + first + ("-" if stays else "") + second)
        rest = line.text[head.end() :].strip()
        punctuation = re.match(r"[,.;:)]+", rest)
        if punctuation:
            out[-1] = out[-1]._replace(text=out[-1].text + punctuation.group())
            rest = rest[punctuation.end() :].strip()
        if rest:
            out.append(line._replace(text=rest))
    return out

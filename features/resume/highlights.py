"""The body of an entry -> its points: one for each bullet, or for each line that does not go on with the "
"last."""

from __future__ import annotations

import re

from features.resume.cleaning import BULLETS
from features.resume.records import Field, Line

MAX_POINTS = 60
_BULLET = re.compile(rf"(?:[{BULLETS}\-–—*+]|o(?= ))\s*")
#: A line this near to the longest of its body was broken by the page, not by the author.
_FULL = 0.86


def highlights(text: str, lines: list[Line]) -> tuple[Field[str], ...]:
    """`lines` are those of one entry below its head."""
    longest = max((line.end - line.start for line in lines), default=0)
    groups: list[list[Line]] = []
    for line in lines:
        if groups and _goes_on(text, groups[-1], line, longest):
            groups[-1].append(line)
        else:
            groups.append([line])
    return tuple(point for group in groups[:MAX_POINTS] if (point := _point(text, group)) is not None)


def _goes_on(text: str, group: list[Line], line: Line, longest: int) -> bool:
    last = group[-1]
    words, before = text[line.start : line.end], text[last.start : last.end]
    if line.bullet or line.gap >= 0.4:
        return False
    if words[:1].islower():
        return True
    if group[0].bullet and line.left > group[0].left + 0.003:
        return True  # a hanging indent
    full = last.end - last.start >= _FULL * longest and longest > 40
    return full and not before.rstrip().endswith((".", ";", ":", "!", "?"))


def _point(text: str, group: list[Line]) -> Field[str] | None:
    start, end = group[0].start, group[-1].end
    mark = _BULLET.match(text, start, end)
    start = mark.end() if mark else start
    value = " ".join(text[start:end].split())
    return Field(value, start, end, 0.9) if sum(char.isalpha() for char in value) > 2 else None

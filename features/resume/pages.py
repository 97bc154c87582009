"""Running headers and footers: lines that stand at the edge of several pages with the same words."""

from __future__ import annotations

import re
from collections import Counter
from typing import Protocol, TypeVar

#: Lines from the top or bottom of a page that may be running ones.
EDGE = 2
_DIGITS = re.compile(r"\d+")
_PAGE_NUMBER = re.compile(
    r"\W*(?:page|seite|p\.)?\s*\d{1,3}\s*(?:(?:/|of|von|de)\s*\d{1,3})?\W*"
    r"|.{0,60}\bpage\s+\d{1,3}(?:\s*(?:/|of)\s*\d{1,3})?\W*",
    re.IGNORECASE,
)


class HasText(Protocol):
    @property
    def text(self) -> str: ...


L = TypeVar("L", bound=HasText)


def drop_repeated(pages: list[list[L]]) -> tuple[list[list[L]], str]:
    """The pages without running lines (a header stays on the first page, where the name may stand in it) and
    without page numbers; and what was dropped, joined by spaces."""
    if len(pages) < 2:
        return pages, ""
    tops = _repeated(pages, top=True)
    bottoms = _repeated(pages, top=False)
    dropped: list[str] = []
    kept: list[list[L]] = []
    for number, page in enumerate(pages):
        out = []
        for i, line in enumerate(page):
            key = _key(line.text)
            at_top, at_bottom = i < EDGE, i >= len(page) - EDGE
            running = (at_top and key in tops and number > 0) or (at_bottom and key in bottoms)
            if running or ((at_top or at_bottom) and _PAGE_NUMBER.fullmatch(line.text)):
                dropped.append(line.text)
            else:
                out.append(line)
        kept.append(out)
    return kept, " ".join(dropped)


def _repeated(pages: list[list[L]], *, top: bool) -> set[str]:
    seen: Counter[str] = Counter()
    for page in pages:
        edge = page[:EDGE] if top else page[max(EDGE, len(page) - EDGE) :]
        seen.update({_key(line.text) for line in edge})
    return {key for key, count in seen.items() if count >= 2 and 2 * count > len(pages) and len(key) > 2}


def _key(text: str) -> str:
    return _DIGITS.sub("0", " ".join(text.casefold().split()))

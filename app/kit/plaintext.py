"""Text of people as plain text: no markup, no characters that do something."""

from __future__ import annotations

import html
import unicodedata

import nh3

_ROUNDS = 5
#: Marks that turn the direction of what follows (Trojan Source), and invisible ones.
_UNSEEN = dict.fromkeys([0x200B, 0x2060, 0xFEFF, *range(0x202A, 0x202F), *range(0x2066, 0x206A)])


def plain_text(text: str) -> str:
    """Without tags and control characters; "<3" and "R&D" stay. Applying it again changes nothing.

    Raises ValueError for NUL: no person writes it, so it is refused as everywhere else.
    """
    if "\x00" in text:
        raise ValueError("must not contain NUL characters")
    for _ in range(_ROUNDS):
        stripped = _strip(text)
        if stripped == text:
            return text
        text = stripped
    return _strip(text.replace("<", "").replace("&", ""))  # nested so deep that nobody meant it


def _strip(text: str) -> str:
    seen = "".join(c for c in text.translate(_UNSEEN) if c == "\n" or unicodedata.category(c) != "Cc")
    # the space: "</" at the very end is text to a parser, but would be a tag with whatever is put behind it
    return html.unescape(nh3.clean(f"{seen} ", tags=set())).strip()

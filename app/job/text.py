"""What people paste into a posting's fields, as text that is safe to store and to show."""

from __future__ import annotations

import re

import nh3

from app.ingestion.normalize.html import clean_html, tidy_paragraphs
from app.ingestion.normalize.text import collapse
from app.kit.ids import slugify

_BLOCKS = frozenset(
    "p div ul ol li dl dt dd br h1 h2 h3 h4 h5 h6 pre hr table tr td th blockquote section article "
    "header footer".split()
)
_DROPPED_WHOLE = frozenset(["script", "style", "template", "noscript", "iframe", "object", "svg", "math"])
_INLINE = "a|b|i|u|em|strong|span|code|font|html|head|body|img|video|audio|form|input|button|link|meta|base"
_LOOKS_LIKE_HTML = re.compile(
    rf"</?(?:{'|'.join(sorted(_BLOCKS | _DROPPED_WHOLE))}|{_INLINE})(?:[\s/][^<>]*)?/?>|<!--|<!doctype",
    re.IGNORECASE,
)
_PARAGRAPH = re.compile(r"<(?!br|hr)")


def safe_text(text: str) -> str:
    """HTML becomes its text, paragraphs and list items on lines of their own; plain text is tidied.

    Text that only has angle brackets in it ("C++, std::vector<int>") is kept as it is. Showing it is
    still for the reader to escape: text is text, `<` included.
    """
    if not _LOOKS_LIKE_HTML.search(text):
        return tidy_paragraphs(text)
    # nh3 parses as browsers do, so what only some parser takes for a tag does not pass
    structure = nh3.clean(text, tags=set(_BLOCKS), clean_content_tags=set(_DROPPED_WHOLE), attributes={})
    return clean_html(structure, keep_newlines=not _PARAGRAPH.search(structure))


def safe_line(text: str) -> str:
    """The same on one line."""
    return collapse(safe_text(text))


def tag_slug(name: str) -> str:
    """ "Node.js" -> "node-js", "C++" -> "c-plus-plus". Raises ValueError when nothing is left of it."""
    spelled = name.replace("+", " plus").replace("#", " sharp").replace("&", " and ")
    slug = slugify(spelled, limit=60)
    if slug == "x" and "x" not in name.lower():
        raise ValueError("a tag needs a letter or digit of the Latin alphabet")
    return slug

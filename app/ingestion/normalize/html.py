"""HTML -> text with paragraphs kept."""

from __future__ import annotations

import re

from selectolax.lexbor import LexborHTMLParser

from app.ingestion.normalize.text import printable

_PARAGRAPH, _LINE = "\ue000", "\ue001"  # private-use marks: no posting contains them after cleaning
_MARKS = re.compile(f"[{_PARAGRAPH}{_LINE}]")
_PARAGRAPH_TAGS = r"p|div|ul|ol|dl|h[1-6]|pre|table|blockquote|section|article|header|footer|hr|form|figure"
_PARAGRAPH_TAG = re.compile(rf"<(?=/?(?:{_PARAGRAPH_TAGS})[\s/>])", re.IGNORECASE)
_LINE_TAG = re.compile(r"<(?=(?:br|li|tr|dt|dd|option)[\s/>])", re.IGNORECASE)
_PRE = re.compile(r"(<pre[\s>].*?</pre>)", re.IGNORECASE | re.DOTALL)
_LOOKS_LIKE_HTML = re.compile(
    rf"</?(?:{_PARAGRAPH_TAGS}|a|b|i|u|em|strong|span|br|li|tr|td|th|code|font|html|body|img|script|style)(?:\s[^<>]*)?/?>",
    re.IGNORECASE,
)
_ENTITY = re.compile(r"&(?:[a-z]{2,8}|#\d{1,6}|#x[0-9a-f]{1,6});", re.IGNORECASE)
_SPACES = re.compile(r"[^\S\n]+")
_AROUND_NEWLINE = re.compile(r" ?\n ?")
_BLANK_LINES = re.compile(r"\n{3,}")
_UNSEEN = ["script", "style", "template", "noscript", "iframe", "object", "head", "title"]


def clean_html(markup: str, *, keep_newlines: bool = False) -> str:
    """Text of `markup`: paragraphs parted by a blank line, list items and breaks by one newline.

    Entities are decoded once ("&amp;lt;" becomes "&lt;"), scripts and styles dropped. A newline in the
    source is a space, as in a browser, unless `keep_newlines` (forums whose writers part lines by it).
    """
    source = _MARKS.sub("", printable(markup))
    if not keep_newlines:
        source = _join_source_lines(source)
    source = _LINE_TAG.sub(f"{_LINE}<", _PARAGRAPH_TAG.sub(f"{_PARAGRAPH}<", source))
    tree = LexborHTMLParser(f"<body>{source}</body>")
    tree.strip_tags(_UNSEEN)
    _spell_out_links(tree)
    text = tree.body.text(separator="", strip=False) if tree.body else ""
    return tidy_paragraphs(text.replace(_PARAGRAPH, "\n\n").replace(_LINE, "\n"))


def clean_text(text: str) -> str:
    """Plain text or HTML, whichever `text` is, as paragraphs."""
    if _LOOKS_LIKE_HTML.search(text):
        return clean_html(text)
    return (
        clean_html(text, keep_newlines=True)
        if _ENTITY.search(text) and "<" not in text
        else tidy_paragraphs(text)
    )


def tidy_paragraphs(text: str) -> str:
    """Printable, single spaces, at most one blank line, ends stripped. Idempotent."""
    lines = printable(text.replace("\r\n", "\n").replace("\r", "\n"))
    lines = _AROUND_NEWLINE.sub("\n", _SPACES.sub(" ", lines))
    return _BLANK_LINES.sub("\n\n", lines).strip()


def _join_source_lines(source: str) -> str:
    parts = _PRE.split(source)
    return "".join(part if part[:4].lower() == "<pre" else re.sub(r"\s+", " ", part) for part in parts)


def _spell_out_links(tree: LexborHTMLParser) -> None:
    """A link shown shortened ("https://example.org/jo...") is written in full: people need the address."""
    for link in tree.css("a"):
        shown, target = link.text().strip(), link.attributes.get("href") or ""
        if shown.endswith("...") and target.startswith(shown[:-3].split("://")[0]):
            link.replace_with(target)

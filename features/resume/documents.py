"""The child's answer -> ReadDocument. Everything is checked: the child read a stranger's file."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, cast

from features.resume.errors import MalformedFileError
from features.resume.records import Kind, Limits, Line, Notice, ReadDocument
from features.resume.rendered import render

KINDS = ("pdf", "docx", "txt", "json-resume", "linkedin")
MAX_LINES = 5_000
#: White space, in lines, that becomes an empty line in the text.
EMPTY_LINE = 0.6


def document_of(answer: Mapping[str, Any], limits: Limits) -> ReadDocument:
    """Raises MalformedFileError if the answer has not exactly the agreed shape."""
    try:
        raw = answer["document"]
        kind = raw["kind"]
        if kind not in KINDS:
            raise MalformedFileError
        notices = tuple(
            Notice(str(c)[:40], str(d)[:200], int(p), str(t)[:500]) for c, d, p, t in raw["notes"]
        )
        links = tuple(str(link)[:2048] for link in raw["links"][:100])
        held = {str(name): bool(value) for name, value in answer.get("held", {}).items()}
        structured = raw["structured"]
        if structured is not None and not isinstance(structured, dict):
            raise MalformedFileError
        text, lines = _assembled(raw["lines"]) if structured is None else (render(structured).text, ())
        pages = int(raw["pages"])
    except (KeyError, TypeError, ValueError, AttributeError):
        raise MalformedFileError from None
    if len(text) > limits.max_chars * 2 or len(lines) > MAX_LINES:
        raise MalformedFileError
    return ReadDocument(cast("Kind", kind), text, pages, lines, notices, links, structured, held)


def document_of_text(text: str, lines: list[Any]) -> ReadDocument:
    """For text that was pasted, not uploaded: the same lines, no child."""
    joined, found = _assembled(lines)
    return ReadDocument("txt", joined, 1, found)


def _assembled(raw: list[Any]) -> tuple[str, tuple[Line, ...]]:
    """Text and its lines; an empty line where the page had white space."""
    parts: list[str] = []
    lines: list[Line] = []
    at = 0
    for text, page, size, bold, gap, left, table, heading, bullet in raw[:MAX_LINES]:
        if not isinstance(text, str):
            raise MalformedFileError
        text = text.replace("\n", " ")
        if parts and (gap >= EMPTY_LINE or gap < 0):
            parts.append("\n")
            at += 1
        parts.append(text + "\n")
        lines.append(
            Line(
                at, at + len(text), int(page), float(size), bool(bold), float(gap), float(left),
                bool(bullet), bool(table), bool(heading),
            )
        )  # fmt: skip
        at += len(text) + 1
    return "".join(parts), tuple(lines)

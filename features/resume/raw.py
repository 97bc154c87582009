"""What the child hands back, before spans exist. Plain tuples: the child must start fast."""

from __future__ import annotations

from typing import Any, NamedTuple


class RawLine(NamedTuple):
    """Fields as in `records.Line`; `size` relative to the body's."""

    text: str
    page: int = 1
    size: float = 1.0
    bold: bool = False
    gap: float = 0.0
    left: float = 0.0
    table: bool = False
    heading: bool = False
    bullet: bool = False


class RawDocument(NamedTuple):
    """`notes` are (code, detail, page, text). `structured` is set for kinds that are data already; their
    `lines` are empty and the text is rendered by the parent."""

    kind: str
    lines: list[RawLine]
    pages: int
    notes: list[tuple[str, str, int, str]]
    links: list[str]
    structured: dict[str, Any] | None = None

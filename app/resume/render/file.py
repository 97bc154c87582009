"""A document as a file of the wanted format."""

from __future__ import annotations

import asyncio
import json
from dataclasses import dataclass
from functools import partial
from typing import Any, Literal

from app.errors import PayloadTooLargeError
from app.resume.document import SCHEMA, Document
from app.resume.pointers import without
from app.resume.render.docx import docx_bytes
from app.resume.render.markdown import markdown
from app.resume.render.outline import Outline, outline
from app.resume.render.text import plain
from app.resume.render.typst import Compiler, Paper, Template

Format = Literal["pdf", "docx", "json", "md", "txt"]
MEDIA_TYPES: dict[Format, str] = {
    "pdf": "application/pdf",
    "docx": "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
    "json": "application/json",
    "md": "text/markdown; charset=utf-8",
    "txt": "text/plain; charset=utf-8",
}
#: For what is made in a thread: nothing can stop it, but nobody waits for it any longer.
THREAD_S = 10.0


@dataclass(frozen=True, slots=True)
class File:
    """`pages` and `fill` (of the last page, 0..1) where the format has pages."""

    content: bytes
    media_type: str
    pages: int | None = None
    fill: float | None = None


async def render(
    compiler: Compiler, document: Document, kind: Format, template: Template, paper: Paper
) -> File:
    """Raises as `Compiler.compile`."""
    if kind == "pdf":
        pdf = await compiler.compile(outline(document), template, paper)
        return File(pdf.content, MEDIA_TYPES[kind], pages=pdf.pages, fill=pdf.fill)
    making = asyncio.to_thread(partial(_make, document, kind, template, paper))
    try:
        content = await asyncio.wait_for(making, THREAD_S)
    except TimeoutError:
        raise PayloadTooLargeError("the resume is too large to be printed") from None
    return File(content, MEDIA_TYPES[kind])


def _make(document: Document, kind: Format, template: Template, paper: Paper) -> bytes:
    if kind == "json":
        return json.dumps(standard(document), ensure_ascii=False, indent=2).encode()
    page: Outline = outline(document)
    if kind == "docx":
        return docx_bytes(page, template, paper)
    return (markdown(page) if kind == "md" else plain(page)).encode()


def standard(document: Document) -> dict[str, Any]:
    """JSON Resume 1.0.0 without what is hidden. Of our own block only the origins stay: they are what a
    reader of a tailored resume may check."""
    data: dict[str, Any] = {"$schema": SCHEMA} | document.json_data()
    ours = data.pop("x-jobpilot", {})
    data = without(data, frozenset(ours.get("hidden", ())))
    return data | ({"x-jobpilot": {"origins": ours["origins"]}} if "origins" in ours else {})

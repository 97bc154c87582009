"""PDF -> lines in reading order (pdfium); runs only in the confined child."""

from __future__ import annotations

import ctypes
from collections import Counter, defaultdict
from typing import Any

import pypdfium2.raw as pdfium  # type: ignore[import-untyped]

from features.resume.errors import (
    EncryptedFileError,
    MalformedFileError,
    NoTextError,
    TooLargeError,
    TooManyPagesError,
)
from features.resume.pages import drop_repeated
from features.resume.pdf_glyphs import PageGlyphs, page_glyphs
from features.resume.pdf_layout import Row, reading_order
from features.resume.pdf_words import middle, pieces
from features.resume.raw import RawDocument, RawLine

MAX_LINKS = 100
MAX_NOTED_CHARS = 500
#: Fewer letters than this on all pages together is a scan with a stamp, not a document.
MIN_LETTERS = 20


def read_pdf(data: bytes, limits: dict[str, Any]) -> RawDocument:
    """Raises EncryptedFileError, MalformedFileError, NoTextError, TooLargeError, TooManyPagesError."""
    document = _open(data)
    count = pdfium.FPDF_GetPageCount(document)
    if count <= 0:
        raise MalformedFileError
    if count > limits["max_pages"]:
        raise TooManyPagesError(
            f"This document has {count} pages, more than the {limits['max_pages']} a resume may have; "
            "please upload a shorter one."
        )
    pages: list[list[Row]] = []
    notes: list[tuple[str, str, int, str]] = []
    widths, links = [], []
    budget = {"objects": limits["max_objects"], "chars": limits["max_chars"]}
    for number in range(count):
        glyphs, found = _page(document, number, budget)
        pages.append(reading_order(pieces(glyphs.glyphs)))
        notes += _notes(glyphs, number + 1)
        widths.append(glyphs.width or 1.0)
        links += found
    return _document(pages, widths, notes, list(dict.fromkeys(links))[:MAX_LINKS])


def _open(data: bytes) -> Any:
    pdfium.FPDF_InitLibrary()
    document = pdfium.FPDF_LoadMemDocument64(data, len(data), None)
    if not document:
        error = pdfium.FPDF_GetLastError()
        if error in (pdfium.FPDF_ERR_PASSWORD, pdfium.FPDF_ERR_SECURITY):
            raise EncryptedFileError
        raise MalformedFileError
    return document


def _page(document: Any, number: int, budget: dict[str, int]) -> tuple[PageGlyphs, list[str]]:
    """Loads, reads and closes one page; what it costs is taken from the budget of the document."""
    page = pdfium.FPDF_LoadPage(document, number)
    if not page:
        raise MalformedFileError(f"Page {number + 1} of this PDF is damaged; please save it again and retry.")
    try:
        budget["objects"] -= pdfium.FPDFPage_CountObjects(page)
        if budget["objects"] < 0:
            raise TooLargeError("This PDF holds far more drawing than a resume; please export a simpler one.")
        textpage = pdfium.FPDFText_LoadPage(page)
        if not textpage:
            raise MalformedFileError
        try:
            budget["chars"] -= pdfium.FPDFText_CountChars(textpage)
            if budget["chars"] < 0:
                raise TooLargeError("This document holds far more text than a resume; please shorten it.")
            return page_glyphs(page, textpage), _links(document, page)
        finally:
            pdfium.FPDFText_ClosePage(textpage)
    finally:
        pdfium.FPDF_ClosePage(page)


def _links(document: Any, page: Any) -> list[str]:
    """The addresses behind link annotations."""
    found: list[str] = []
    position, link = ctypes.c_int(0), pdfium.FPDF_LINK()
    while len(found) < MAX_LINKS and pdfium.FPDFLink_Enumerate(page, position, link):
        action = pdfium.FPDFLink_GetAction(link)
        if not action or pdfium.FPDFAction_GetType(action) != pdfium.PDFACTION_URI:
            continue
        size = min(pdfium.FPDFAction_GetURIPath(document, action, None, 0), 2048)
        if size > 1:
            buffer = ctypes.create_string_buffer(size)
            pdfium.FPDFAction_GetURIPath(document, action, buffer, size)
            found.append(buffer.raw.split(b"\0", 1)[0].decode("utf-8", "replace"))
    return found


def _notes(glyphs: PageGlyphs, page: int) -> list[tuple[str, str, int, str]]:
    by_trick: dict[str, list[str]] = defaultdict(list)
    for trick, glyph in glyphs.hidden:
        by_trick[trick].append(glyph.char)
    notes = [
        ("hidden_text", trick, page, "".join(chars)[:MAX_NOTED_CHARS])
        for trick, chars in by_trick.items()
        if "".join(chars).strip()
    ]
    if glyphs.unmapped > 20:
        notes.append(("unmapped_characters", f"{glyphs.unmapped} letters have no meaning given", page, ""))
    return notes


def _document(
    pages: list[list[Row]], widths: list[float], notes: list[tuple[str, str, int, str]], links: list[str]
) -> RawDocument:
    pages, dropped = drop_repeated(pages)
    rows = [row for page in pages for row in page]
    if sum(char.isalpha() for row in rows for char in row.text) < MIN_LETTERS:
        raise NoTextError
    if dropped:
        notes.append(("repeated_lines", "running headers and footers left out", 0, dropped[:MAX_NOTED_CHARS]))
    body = _body_size(rows)
    lines = [
        RawLine(row.text, number, row.size / body, row.bold, _gap(row, body), row.x0 / width, row.table)
        for number, (page, width) in enumerate(zip(pages, widths, strict=True), 1)
        for row in page
    ]
    return RawDocument("pdf", lines, len(pages), notes, links)


def _gap(row: Row, body: float) -> float:
    return row.gap if row.gap < 0 else row.gap / (1.2 * body)


def _body_size(rows: list[Row]) -> float:
    sizes: Counter[float] = Counter()
    for row in rows:
        sizes[round(row.size * 2) / 2] += len(row.text)
    usual = max(sizes, key=sizes.__getitem__)
    return middle(r.size for r in rows if abs(r.size - usual) < 0.5) or 1.0

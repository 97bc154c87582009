"""Small files made from scratch for test suites: PDFs with given text at given places, DOCX packages, and the
means to build what no honest writer would."""

from __future__ import annotations

import io
import zipfile
import zlib
from collections.abc import Sequence
from typing import NamedTuple
from xml.sax.saxutils import escape

A4 = (595, 842)
_W = "http://schemas.openxmlformats.org/wordprocessingml/2006/main"
_TYPES = (
    '<?xml version="1.0"?><Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types">'
    '<Default Extension="xml" ContentType="application/xml"/>'
    '<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
    '<Override PartName="/word/document.xml" ContentType="application/vnd.openxmlformats-officedocument'
    '.wordprocessingml.document.main+xml"/></Types>'
)
_PAGE = b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 595 842]/Resources<</Font<</F1 3 0 R>>>>"
_RELS = (
    '<?xml version="1.0"?><Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships">'
    '<Relationship Id="r1" Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/'
    'officeDocument" Target="word/document.xml"/></Relationships>'
)


class Ink(NamedTuple):
    """A string at (x, y) points from the bottom left. `mode` 3 = invisible; `grey` 0 black .. 1 white."""

    x: float
    y: float
    text: str
    size: float = 10.0
    bold: bool = False
    mode: int = 0
    grey: float = 0.0


def pdf(pages: Sequence[Sequence[Ink]], before: bytes = b"") -> bytes:
    """A valid PDF in Helvetica (WinAnsi letters only). `before` is drawn under the text of each page."""
    objects: list[bytes] = [b"", b"", *(_font(name) for name in (b"Helvetica", b"Helvetica-Bold"))]
    kids = []
    for page in pages:
        content = zlib.compress(before + b"".join(_shown(ink) for ink in page))
        objects.append(_stream(content, b"/Filter/FlateDecode"))
        objects.append(
            b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 595 842]/Resources<</Font<</F1 3 0 R/F2 4 0 R>>>>"
            b"/Contents %d 0 R>>" % len(objects)
        )
        kids.append(len(objects))
    objects[0] = b"<</Type/Catalog/Pages 2 0 R>>"
    objects[1] = b"<</Type/Pages/Count %d/Kids[%s]>>" % (
        len(kids),
        b" ".join(b"%d 0 R" % kid for kid in kids),
    )
    return assembled(objects)


def lines_pdf(lines: Sequence[str], size: float = 10.0) -> bytes:
    """One page, one column."""
    return pdf([[Ink(50, 800 - 14 * i, line, size) for i, line in enumerate(lines) if line]])


def assembled(objects: Sequence[bytes], trailer: bytes = b"") -> bytes:
    """Objects 1.. with a cross-reference table; object 1 is the catalogue."""
    out = bytearray(b"%PDF-1.7\n")
    offsets = []
    for number, body in enumerate(objects, 1):
        offsets.append(len(out))
        out += b"%d 0 obj\n%s\nendobj\n" % (number, body)
    start = len(out)
    out += b"xref\n0 %d\n0000000000 65535 f \n" % (len(objects) + 1)
    out += b"".join(b"%010d 00000 n \n" % offset for offset in offsets)
    out += b"trailer\n<</Size %d/Root 1 0 R%s>>\nstartxref\n%d\n%%%%EOF\n" % (
        len(objects) + 1,
        trailer,
        start,
    )
    return bytes(out)


def one_page(content: bytes, filters: bytes = b"") -> bytes:
    """A PDF of one page whose content stream is exactly `content` behind `filters`."""
    return assembled(
        [
            b"<</Type/Catalog/Pages 2 0 R>>",
            b"<</Type/Pages/Count 1/Kids[4 0 R]>>",
            _font(b"Helvetica"),
            _PAGE + b"/Contents 5 0 R>>",
            _stream(content, filters),
        ]
    )


def _font(name: bytes) -> bytes:
    return b"<</Type/Font/Subtype/Type1/BaseFont/%s/Encoding/WinAnsiEncoding>>" % name


def _stream(content: bytes, more: bytes = b"") -> bytes:
    return b"<</Length %d%s>>stream\n%s\nendstream" % (len(content), more, content)


def _shown(ink: Ink) -> bytes:
    text = ink.text.encode("cp1252").replace(b"\\", b"\\\\").replace(b"(", b"\\(").replace(b")", b"\\)")
    return b"BT /F%d %.2f Tf %d Tr %.3f g %.2f %.2f Td (%s) Tj ET\n" % (
        2 if ink.bold else 1, ink.size, ink.mode, ink.grey, ink.x, ink.y, text,
    )  # fmt: skip


def paragraph(text: str, style: str = "", run: str = "") -> str:
    """WordprocessingML of a paragraph; `run` goes into its rPr; tabs become w:tab."""
    body = '</w:t><w:tab/><w:t xml:space="preserve">'.join(escape(part) for part in text.split("\t"))
    named = f'<w:pPr><w:pStyle w:val="{style}"/></w:pPr>' if style else ""
    look = f"<w:rPr>{run}</w:rPr>" if run else ""
    return f'<w:p>{named}<w:r>{look}<w:t xml:space="preserve">{body}</w:t></w:r></w:p>'


def docx(body: str, parts: dict[str, bytes] | None = None, prolog: str = '<?xml version="1.0"?>') -> bytes:
    """A DOCX whose body is this WordprocessingML; `parts` are added or replace."""
    document = f'{prolog}<w:document xmlns:w="{_W}"><w:body>{body}</w:body></w:document>'
    files = {"[Content_Types].xml": _TYPES, "_rels/.rels": _RELS, "word/document.xml": document}
    return zipped({**{name: text.encode() for name, text in files.items()}, **(parts or {})})


def zipped(files: dict[str, bytes]) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in files.items():
            archive.writestr(name, data)
    return out.getvalue()

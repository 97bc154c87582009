"""Files made to do harm, for test suites: bombs, loops, lies about sizes, ways out of an archive."""

from __future__ import annotations

import io
import struct
import zipfile
import zlib

from features.resume.testing import Ink, assembled, docx, lines_pdf, one_page, paragraph, pdf, zipped

LINES = ["Ann Example", "Experience", "Engineer, Acme Inc. 2015 - 2019", "Built bridges of steel and stone."]
HONEST_PDF = lines_pdf(LINES)
HONEST_DOCX = docx("".join(paragraph(line) for line in LINES))


def flate_bomb() -> bytes:
    """4 GB of spaces behind three filters, in a few kilobytes. A flushed block repeats as bytes."""
    packer = zlib.compressobj(9)
    head = packer.compress(b"") + packer.flush(zlib.Z_FULL_FLUSH)
    block = packer.compress(b" " * 2**24) + packer.flush(zlib.Z_FULL_FLUSH)
    once = head + block * 256 + packer.flush()
    return one_page(
        zlib.compress(zlib.compress(once, 9), 9), b"/Filter[/FlateDecode/FlateDecode/FlateDecode]"
    )


def nested_filters() -> bytes:
    data = b"BT /F1 10 Tf 50 700 Td (Hello World of resumes and jobs) Tj ET"
    for _ in range(60):
        data = zlib.compress(data)
    return one_page(data, b"/Filter[" + b"/FlateDecode" * 60 + b"]")


def many_objects() -> bytes:
    """A million strings on one page."""
    return one_page(zlib.compress(b"BT /F1 9 Tf (a) Tj ET\n" * 1_000_000, 9), b"/Filter/FlateDecode")


def million_objects() -> bytes:
    """An honest page beside an object stream of a million numbers and a cross-reference stream that lists
    them: 30 MB unpacked, a few kilobytes on disk."""
    count = 1_000_000
    table = b"".join(b"%d 0 " % number for number in range(8, 8 + count))
    stream = zlib.compress(table + b"1 ", 4)
    text = b"BT /F1 10 Tf 50 700 Td (Ann Example, engineer of bridges) Tj ET"
    bodies = [
        b"<</Type/Catalog/Pages 2 0 R>>",
        b"<</Type/Pages/Count 1/Kids[4 0 R]>>",
        b"<</Type/Font/Subtype/Type1/BaseFont/Helvetica/Encoding/WinAnsiEncoding>>",
        b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 595 842]/Resources<</Font<</F1 3 0 R>>>>/Contents 5 0 R>>",
        b"<</Length %d>>stream\n%s\nendstream" % (len(text), text),
        b"<</Type/ObjStm/N %d/First %d/Filter/FlateDecode/Length %d>>stream\n%s\nendstream"
        % (count, len(table), len(stream), stream),
    ]
    out, entries = bytearray(b"%PDF-1.7\n"), [(0, 0, 65535)]
    for number, body in enumerate(bodies, 1):
        entries.append((1, len(out), 0))
        out += b"%d 0 obj\n%s\nendobj\n" % (number, body)
    entries.append((1, len(out), 0))
    rows = b"".join(struct.pack(">BIH", *entry) for entry in entries)
    rows += struct.pack(">BIH", 2, 6, 0) * count
    packed = zlib.compress(rows, 4)
    size = 8 + count
    head = b"<</Type/XRef/Size %d/W[1 4 2]/Root 1 0 R/Filter/FlateDecode/Length %d>>" % (size, len(packed))
    start = len(out)
    return bytes(
        out + b"7 0 obj\n%s stream\n%s\nendstream\nendobj\nstartxref\n%d\n%%%%EOF\n" % (head, packed, start)
    )


def cyclic_xref() -> bytes:
    body = HONEST_PDF[: HONEST_PDF.rindex(b"trailer")]
    at = HONEST_PDF.rindex(b"xref\n0")
    return body + b"trailer\n<</Size 7/Root 1 0 R/Prev %d>>\nstartxref\n%d\n%%%%EOF" % (at, at)


def cyclic_pages() -> bytes:
    return assembled(
        [b"<</Type/Catalog/Pages 2 0 R>>", b"<</Type/Pages/Count 9/Kids[2 0 R 2 0 R]/Parent 2 0 R>>"]
    )


def encrypted_pdf() -> bytes:
    """RC4 40 bit with keys that no password opens."""
    trailer = b"/ID[<00><00>]/Encrypt<</Filter/Standard/V 1/R 2/P -4/O(%s)/U(%s)>>" % (b"o" * 32, b"u" * 32)
    plain = HONEST_PDF
    return plain.replace(b"/Root 1 0 R>>", b"/Root 1 0 R" + trailer + b">>")


def zip_bomb() -> bytes:
    return docx(paragraph("Engineer"), {"word/media/a.xml": b"\0" * 60_000_000})


def lying_zip() -> bytes:
    """The directory says 10 bytes, the stream holds 60 MB."""
    data = bytearray(docx("<w:p/>" + " " * 60_000_000))
    with zipfile.ZipFile(io.BytesIO(bytes(data))) as archive:
        size = archive.getinfo("word/document.xml").file_size
    return bytes(data).replace(size.to_bytes(4, "little"), (10).to_bytes(4, "little"))


def zip_slip() -> bytes:
    return docx(paragraph("Engineer"), {"../../etc/cron.d/x": b"* * * * * root true"})


def symlink_zip() -> bytes:
    out = io.BytesIO(HONEST_DOCX)
    with zipfile.ZipFile(out, "a") as archive:
        link = zipfile.ZipInfo("word/link.xml")
        link.external_attr = 0o120777 << 16
        archive.writestr(link, "/etc/passwd")
    return out.getvalue()


def many_entries() -> bytes:
    return zipped({f"word/{i}.xml": b"" for i in range(2_500)} | {"word/document.xml": b"<a/>"})


def xxe() -> bytes:
    prolog = '<?xml version="1.0"?><!DOCTYPE w [<!ENTITY x SYSTEM "file:///etc/passwd">]>'
    return docx("<w:p><w:r><w:t>&x;</w:t></w:r></w:p>", prolog=prolog)


def billion_laughs() -> bytes:
    entities = "".join(f'<!ENTITY a{i} "{f"&a{i - 1};" * 10}">' for i in range(1, 10))
    prolog = f'<?xml version="1.0"?><!DOCTYPE w [<!ENTITY a0 "ha">{entities}]>'
    return docx("<w:p><w:r><w:t>&a9;</w:t></w:r></w:p>", prolog=prolog)


def deep_xml() -> bytes:
    return docx("<w:sdt><w:sdtContent>" * 20_000 + "</w:sdtContent></w:sdt>" * 20_000)


def two_hundred_pages() -> bytes:
    return pdf([[Ink(50, 700, f"Page {i} of a very long life")] for i in range(200)])


def encrypted_docx() -> bytes:
    return (
        b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
        + b"\0" * 600
        + "EncryptedPackage".encode("utf-16-le")
        + b"\0" * 600
    )

"""What a file is, by its content. A name proves nothing and is only used to word messages.

The signature at byte 0 decides, and only the reader of that kind sees the file: a PDF with a ZIP behind it is
a PDF, a ZIP with a PDF in front of its entries is refused. Leading junk before "%PDF-", which some readers
accept within 1,024 bytes and which makes polyglots possible, is refused too.
"""

from __future__ import annotations

from features.resume.errors import EncryptedFileError, MalformedFileError, NoTextError, UnsupportedFileError

_OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_IMAGES = (b"\x89PNG", b"\xff\xd8\xff", b"GIF8", b"II*\x00", b"MM\x00*", b"BM", b"RIFF")
_BINARIES = (b"\x7fELF", b"MZ", b"\x1f\x8b", b"BZh", b"7z\xbc\xaf", b"Rar!", b"%!PS", b"\xca\xfe\xba\xbe")
_SPACE = b" \t\r\n"
_UTF16 = (b"\xff\xfe", b"\xfe\xff")


def kind_of(data: bytes) -> str:
    """ "pdf", "zip" (DOCX or LinkedIn: its entries tell), "json" or "txt". Raises ResumeError."""
    if not data.strip(_SPACE + b"\x00"):
        raise NoTextError("This file is empty; please choose another one.")
    if data.startswith(b"%PDF-"):
        return "pdf"
    if data.startswith(b"PK\x03\x04"):
        return "zip"
    if data.startswith(_OLE):
        raise _ole_error(data)
    if data.startswith(_IMAGES):
        raise NoTextError(
            "This is an image: no text was found, so please upload the document it was made from "
            "or run text recognition (OCR) on it first."
        )
    if data.startswith(_BINARIES) or data.startswith(b"PK"):
        raise UnsupportedFileError
    return _text_kind(data)


def _ole_error(data: bytes) -> Exception:
    """The container of old Word files and of encrypted new ones (stream names are UTF-16)."""
    if "EncryptedPackage".encode("utf-16-le") in data:
        return EncryptedFileError()
    return UnsupportedFileError(
        "This is a Word 97-2003 document (.doc); please save it as DOCX or PDF and upload that."
    )


def _text_kind(data: bytes) -> str:
    head = data[:4096]
    if b"%PDF-" in data[:1024]:
        raise MalformedFileError("This file hides a PDF behind other bytes; please export the PDF again.")
    if head.startswith(b"{\\rtf"):
        raise UnsupportedFileError("This is an RTF document; please save it as DOCX or PDF and upload that.")
    if not head.startswith(_UTF16) and b"\x00" in data:
        raise UnsupportedFileError
    start = head.removeprefix(b"\xef\xbb\xbf").lstrip(_SPACE)
    if start.startswith(b"{"):
        return "json"
    lowered = start[:200].lower()
    if lowered.startswith((b"<!doctype html", b"<html", b"<?xml", b"<svg")):
        raise UnsupportedFileError("This is a web page or XML; please save it as PDF and upload that.")
    return "txt"

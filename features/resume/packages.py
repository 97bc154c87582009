"""ZIP packages, checked before anything is unpacked: Word documents, LinkedIn exports. Confined child only.

Every part is read into memory with a bound; nothing is ever written, so a path that leaves the folder could
do no harm here, and is refused all the same.
"""

from __future__ import annotations

import io
import stat
import zipfile
import zlib
from typing import Any

from features.resume.docx_file import read_docx
from features.resume.errors import (
    EncryptedFileError,
    MalformedFileError,
    TooLargeError,
    UnsupportedFileError,
)
from features.resume.linkedin import EXPORT_FILES, read_linkedin
from features.resume.raw import RawDocument

_BROKEN = (zipfile.BadZipFile, zlib.error, EOFError, OSError, ValueError, NotImplementedError, KeyError)


class Package:
    """A checked archive. `read` raises TooLargeError, MalformedFileError; a missing part is b""."""

    def __init__(self, data: bytes, limits: dict[str, Any]) -> None:
        try:
            self._archive = zipfile.ZipFile(io.BytesIO(data))
        except _BROKEN:
            raise MalformedFileError from None
        self._left: int = limits["max_unpacked_bytes"]
        entries = self._archive.infolist()
        if len(entries) > limits["max_zip_entries"]:
            raise TooLargeError
        unpacked = sum(entry.file_size for entry in entries)
        if unpacked > self._left or unpacked > limits["max_zip_ratio"] * max(len(data), 20_000):
            raise TooLargeError
        for entry in entries:
            _check(entry)
        self.names = [entry.filename for entry in entries]
        if len(set(self.names)) != len(self.names):
            raise MalformedFileError("This file holds two parts of one name; please save it again and retry.")

    def read(self, name: str) -> bytes:
        if name not in self.names:
            return b""
        try:
            with self._archive.open(name) as part:
                data = part.read(self._left + 1)
        except RuntimeError:
            raise EncryptedFileError from None
        except _BROKEN:
            raise MalformedFileError from None
        self._left -= len(data)
        if self._left < 0:
            raise TooLargeError
        return data


def _check(entry: zipfile.ZipInfo) -> None:
    name = entry.filename.replace("\\", "/")
    if name.startswith("/") or ".." in name.split("/") or ":" in name.split("/")[0]:
        raise MalformedFileError("This file names parts outside itself; please save it again and retry.")
    if stat.S_ISLNK(entry.external_attr >> 16):
        raise MalformedFileError("This file holds links instead of content; please save it again and retry.")
    if entry.flag_bits & 0x1:
        raise EncryptedFileError


def read_package(data: bytes, limits: dict[str, Any]) -> RawDocument:
    """DOCX if it has a word/document.xml, a LinkedIn export if it has one of its tables. Raises "
    "ResumeError."""
    package = Package(data, limits)
    if "word/document.xml" in package.names:
        return read_docx(package, limits)
    tables = {name.rsplit("/", 1)[-1]: name for name in package.names}
    if EXPORT_FILES & tables.keys():
        return read_linkedin({file: package.read(name) for file, name in tables.items()}, limits)
    raise UnsupportedFileError(
        "This archive is neither a Word document nor a LinkedIn export; please upload the resume itself."
    )

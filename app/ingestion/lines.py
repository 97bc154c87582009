"""Files read line by line: plain or gzip, bounded memory, every line with its number."""

from __future__ import annotations

import gzip
import io
import zlib
from collections.abc import Iterator
from pathlib import Path
from types import TracebackType
from typing import BinaryIO, Self

from app.ingestion.errors import FileRefusedError
from app.ingestion.posting import Rejected

MAX_LINE = 1_048_576  # bytes, of one row
KEPT_OF_RAW = 2_000  # characters of a rejected row's text that are kept when it is too long
_GZIP_MAGIC = b"\x1f\x8b"
_BOM = b"\xef\xbb\xbf"


class InputFile:
    """A file open for reading. `position` and `size` count bytes as stored, for a progress bar.

    Raises FileRefusedError when it cannot be opened, and from `lines` when it ends in the middle
    (a damaged gzip).
    """

    def __init__(self, path: Path) -> None:
        try:
            self._raw: BinaryIO = path.open("rb")
            self.size = path.stat().st_size
            magic = self._raw.read(2)
            self._raw.seek(0)
        except OSError as error:
            raise FileRefusedError(f"{path}: {error.strerror or error}") from None
        self.path = path
        self._stream: BinaryIO | gzip.GzipFile | io.BufferedReader = self._raw
        if magic == _GZIP_MAGIC:
            self._stream = io.BufferedReader(gzip.GzipFile(fileobj=self._raw), 1 << 18)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stream.close()
        self._raw.close()

    @property
    def position(self) -> int:
        return 0 if self._raw.closed else self._raw.tell()

    def lines(self) -> Iterator[tuple[int, bytes] | Rejected]:
        """(number from 1, line without its end); a line over MAX_LINE bytes is a refusal."""
        number = 0
        while True:
            number += 1
            line = self._read_line(number)
            if not line:
                return
            if len(line) > MAX_LINE and not line.endswith(b"\n"):
                raw = line[:KEPT_OF_RAW].decode("utf-8", "replace")
                self._skip_line(number)
                yield Rejected(number, f"line is longer than {MAX_LINE} bytes", raw)
                continue
            yield number, (line.removeprefix(_BOM) if number == 1 else line).rstrip(b"\r\n")

    def read_whole(self, most: int) -> bytes:
        """Everything, if it is at most `most` bytes unpacked; else FileRefusedError."""
        try:
            self._stream.seek(0)
            content = self._stream.read(most + 1)
        except (OSError, EOFError, zlib.error) as error:
            raise FileRefusedError(f"{self.path}: cannot be read: {error}") from None
        if len(content) > most:
            raise FileRefusedError(
                f"{self.path}: one JSON document of more than {most} bytes; give one object per line"
            )
        return content.removeprefix(_BOM)

    def rewind(self) -> None:
        self._stream.seek(0)

    def _read_line(self, number: int) -> bytes:
        try:
            return self._stream.readline(MAX_LINE + 1)
        except (OSError, EOFError, zlib.error) as error:
            raise FileRefusedError(f"{self.path}: line {number} cannot be read: {error}") from None

    def _skip_line(self, number: int) -> None:
        while (part := self._read_line(number)) and not part.endswith(b"\n"):
            pass

"""The file of refused rows: JSON Lines {line, reason, raw}, complete or not there at all."""

from __future__ import annotations

import json
import os
from pathlib import Path
from types import TracebackType
from typing import Self

from app.ingestion.errors import FileRefusedError
from app.ingestion.posting import Rejected


class RejectsFile:
    """Written beside `path` and renamed at the end of the block. Raises FileRefusedError."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._temporary = path.with_name(f".{path.name}.{os.getpid()}.tmp")
        try:
            self._file = self._temporary.open("w", encoding="utf-8")
        except OSError as error:
            raise FileRefusedError(f"{path}: {error.strerror or error}") from None

    def write(self, row: Rejected) -> None:
        record = {"line": row.line, "reason": row.reason, "raw": row.raw}
        # ASCII: a lone surrogate in a bad row must not spoil the file that reports it.
        self._file.write(json.dumps(record) + "\n")

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Kept after a failure too: the rows before it were refused all the same."""
        with self._file:
            self._file.flush()
            os.fsync(self._file.fileno())
        self._temporary.replace(self.path)

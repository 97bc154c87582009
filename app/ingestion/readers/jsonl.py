"""JSON Lines with the columns of `columns.py`."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from app.ingestion.lines import InputFile
from app.ingestion.posting import Parsed, Posting, Rejected
from app.ingestion.readers.columns import COLUMNS, posting_of
from app.ingestion.readers.rows import json_rows

MAX_UNKNOWN = 100


class JsonLinesReader:
    """`unknown` names keys that mean nothing here, known once the file is read."""

    def __init__(self) -> None:
        self.unknown: tuple[str, ...] = ()

    def read(self, file: InputFile) -> Iterator[Parsed | Rejected]:
        return json_rows(file, self._posting)

    def _posting(self, row: dict[str, Any]) -> Posting:
        more = [str(name)[:100] for name in row if name not in COLUMNS and name not in self.unknown]
        self.unknown = (*self.unknown, *more)[:MAX_UNKNOWN]
        return posting_of(row)

"""CSV with a header row (RFC 4180; comma, semicolon or tab) -> rows by column name."""

from __future__ import annotations

import csv
from collections.abc import Iterator

from app.ingestion.errors import FileRefusedError, RowError
from app.ingestion.lines import MAX_LINE, InputFile
from app.ingestion.posting import Parsed, Rejected, within_limits
from app.ingestion.readers.columns import COLUMNS, posting_of

MAX_COLUMNS = 200


class CsvReader:
    """`unknown` names columns that mean nothing here, known after the header was read."""

    def __init__(self) -> None:
        self.unknown: tuple[str, ...] = ()
        self._refused: list[Rejected] = []

    def read(self, file: InputFile) -> Iterator[Parsed | Rejected]:
        lines = self._lines(file)
        first = next(lines, None)
        if first is None:
            raise FileRefusedError(f"{file.path}: empty, a header row is needed")
        dialect = max((",", ";", "\t"), key=first.count)
        names = self._header(first, dialect, file)
        csv.field_size_limit(MAX_LINE)
        rows = csv.reader(lines, delimiter=dialect, strict=True)
        while True:
            started = rows.line_num + 2
            try:
                cells = next(rows)
            except StopIteration:
                break
            except csv.Error as error:
                yield from self._take_refused()
                yield Rejected(started, f"not CSV: {error}")
                continue
            yield from self._take_refused()
            if any(cell.strip() for cell in cells):
                yield self._parse(started, names, cells, dialect)
        yield from self._take_refused()

    def _header(self, line: str, dialect: str, file: InputFile) -> list[str]:
        names = [
            name.strip().lower().replace(" ", "_") for name in next(csv.reader([line], delimiter=dialect))
        ]
        missing = [name for name in ("title", "company") if name not in names]
        if missing or len(names) > MAX_COLUMNS:
            raise FileRefusedError(f"{file.path}: the header row lacks {', '.join(missing) or 'sense'}")
        self.unknown = tuple(name for name in names if name and name not in COLUMNS)
        return names

    def _parse(self, number: int, names: list[str], cells: list[str], delimiter: str) -> Parsed | Rejected:
        raw = delimiter.join(cells)
        try:
            if len(cells) != len(names):
                raise RowError(f"{len(cells)} cells where the header has {len(names)}")
            return Parsed(
                number, within_limits(posting_of(dict(zip(names, cells, strict=True)))), raw.encode()
            )
        except RowError as error:
            return Rejected(number, str(error), raw)

    def _lines(self, file: InputFile) -> Iterator[str]:
        """Decoded lines; one that is too long or not UTF-8 is an empty line here and refused apart."""
        for item in file.lines():
            if isinstance(item, Rejected):
                self._refused.append(item)
                yield "\n"
                continue
            number, line = item
            try:
                yield line.decode("utf-8") + "\n"
            except UnicodeDecodeError as error:
                raw = line.decode("utf-8", "replace")
                self._refused.append(Rejected(number, f"not UTF-8 at byte {error.start}", raw))
                yield "\n"

    def _take_refused(self) -> list[Rejected]:
        taken, self._refused = self._refused, []
        return taken

"""What the line-based formats share: JSON rows with their line numbers, and refusals instead of errors."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import Any

from app.ingestion.errors import RowError
from app.ingestion.lines import InputFile
from app.ingestion.posting import Parsed, Posting, Rejected, within_limits


def json_rows(file: InputFile, make: Callable[[dict[str, Any]], Posting]) -> Iterator[Parsed | Rejected]:
    """One JSON object a line -> what `make` says of it. Empty lines are passed over."""
    for item in file.lines():
        if isinstance(item, Rejected):
            yield item
            continue
        number, line = item
        if line.strip():
            yield parse_row(number, line, make)


def parse_row(number: int, line: bytes, make: Callable[[dict[str, Any]], Posting]) -> Parsed | Rejected:
    try:
        row = decode_json(line)
        if not isinstance(row, dict):
            raise RowError("not a JSON object")
        return Parsed(number, within_limits(make(row)), line)
    except RowError as error:
        return Rejected(number, str(error), line.decode("utf-8", "replace"))


def decode_json(line: bytes) -> Any:
    """RowError when the bytes are not UTF-8 or not JSON."""
    try:
        return json.loads(line.decode("utf-8"))
    except UnicodeDecodeError as error:
        raise RowError(f"not UTF-8 at byte {error.start}") from None
    except json.JSONDecodeError as error:
        raise RowError(f"not JSON: {error.msg} at column {error.colno}") from None
    except (ValueError, RecursionError):
        raise RowError("not JSON: nested too deep or a number too long") from None

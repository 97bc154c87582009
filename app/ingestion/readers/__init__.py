"""One reader per format: a file -> postings and refusals, line by line."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal, Protocol, get_args

from app.ingestion.lines import InputFile
from app.ingestion.posting import Parsed, Rejected
from app.ingestion.readers import hn, schema_org
from app.ingestion.readers.csv_rows import CsvReader
from app.ingestion.readers.jsonl import JsonLinesReader
from app.ingestion.readers.rows import json_rows

Format = Literal["hn", "jsonl", "csv", "schema-org"]
FORMATS: tuple[Format, ...] = get_args(Format)


class Reader(Protocol):
    """`unknown`: columns that were passed over, complete once the file is read."""

    unknown: tuple[str, ...]

    def read(self, file: InputFile) -> Iterator[Parsed | Rejected]: ...


class HnReader:
    unknown: tuple[str, ...] = ()

    def read(self, file: InputFile) -> Iterator[Parsed | Rejected]:
        return json_rows(file, hn.posting_of)


class SchemaOrgReader:
    unknown: tuple[str, ...] = ()

    def read(self, file: InputFile) -> Iterator[Parsed | Rejected]:
        return schema_org.read(file)


def reader_for(name: Format) -> Reader:
    readers: dict[Format, type[Reader]] = {
        "hn": HnReader,
        "jsonl": JsonLinesReader,
        "csv": CsvReader,
        "schema-org": SchemaOrgReader,
    }
    return readers[name]()

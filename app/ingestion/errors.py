"""What can go wrong with a file or a row.

IngestionError
├── FileRefusedError    the file as a whole: missing, unreadable, wrong format
├── RowError            one row: reported with its line and skipped
└── ImportRefusedError  the import is not allowed here (a simulated market in production)
"""

from __future__ import annotations


class IngestionError(Exception):
    pass


class FileRefusedError(IngestionError):
    pass


class RowError(IngestionError):
    pass


class ImportRefusedError(IngestionError):
    pass

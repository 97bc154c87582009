"""What an import did, counted as it goes."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import Any

from rich.console import Console
from rich.table import Table

from app.ingestion.posting import Rejected
from app.ingestion.readers.not_posting import NOT_A_POSTING

EXAMPLES = 5  # lines named per reason


@dataclass(slots=True)
class Report:
    """Counts of rows. `failure` says why the file could not be read to its end ("" when it was)."""

    file: str
    source: str
    added: int = 0
    updated: int = 0
    unchanged: int = 0
    superseded: int = 0  # rows that a later row of the same id replaced before they were stored
    skipped: Counter[str] = field(default_factory=Counter)
    examples: dict[str, list[int]] = field(default_factory=dict)
    notes: Counter[str] = field(default_factory=Counter)
    unknown_columns: tuple[str, ...] = ()
    queued: int = 0
    seconds: float = 0.0
    failure: str = ""

    @property
    def landed(self) -> int:
        return self.added + self.updated + self.unchanged

    @property
    def rejected(self) -> int:
        """Skipped rows that were bad; a comment that offers no job is skipped but not bad."""
        return sum(count for reason, count in self.skipped.items() if not reason.startswith(NOT_A_POSTING))

    def skip(self, row: Rejected) -> None:
        self.skipped[row.reason] += 1
        lines = self.examples.setdefault(row.reason, [])
        if len(lines) < EXAMPLES:
            lines.append(row.line)

    def as_json(self) -> dict[str, Any]:
        return {
            "file": self.file,
            "source": self.source,
            "added": self.added,
            "updated": self.updated,
            "unchanged": self.unchanged,
            "superseded": self.superseded,
            "skipped": sum(self.skipped.values()),
            "rejected": self.rejected,
            "reasons": {
                reason: {"rows": count, "lines": self.examples[reason]}
                for reason, count in self.skipped.most_common()
            },
            "notes": dict(self.notes.most_common()),
            "unknown_columns": list(self.unknown_columns),
            "queued_for_serving": self.queued,
            "seconds": round(self.seconds, 2),
            "failure": self.failure,
        }

    def print(self, console: Console) -> None:
        table = Table(title=f"{self.file} -> source '{self.source}'", title_justify="left")
        table.add_column("rows")
        table.add_column("count", justify="right")
        table.add_column("lines, for example")
        for name in ("added", "updated", "unchanged"):
            table.add_row(name, f"{getattr(self, name):,}", "")
        if self.superseded:
            table.add_row("replaced by a later row of the file", f"{self.superseded:,}", "")
        for reason, count in self.skipped.most_common():
            table.add_row(f"skipped: {reason}", f"{count:,}", ", ".join(map(str, self.examples[reason])))
        for note, count in self.notes.most_common():
            table.add_row(f"note: {note}", f"{count:,}", "")
        console.print(table)
        if self.unknown_columns:
            console.print(f"columns not used: {', '.join(self.unknown_columns)}", highlight=False)
        console.print(f"{self.queued:,} queued for the serving layer; {self.seconds:.1f} s", highlight=False)
        if self.failure:
            console.print(f"stopped: {self.failure}", style="bold red", highlight=False)

"""Offsets in the text that models read -> offsets in the fields that people see.

The view job_record joins description, requirements and benefits by an empty line and cuts the whole; a span
never crosses such a joint, because a joint ends every sentence.
"""

from __future__ import annotations

from collections.abc import Sequence

from app.orm import Job
from app.reading.schemas import Source, SourceField

JOINT = "\n\n"
_FIELDS: tuple[SourceField, ...] = ("description", "requirements", "benefits")


class Places:
    def __init__(self, job: Job) -> None:
        self._starts: list[tuple[int, int, SourceField]] = []
        at = 0
        for field in _FIELDS:
            text: str = getattr(job, field)
            if text:
                self._starts.append((at, at + len(text), field))
                at += len(text) + len(JOINT)

    def sources(self, spans: Sequence[tuple[int, int]]) -> list[Source]:
        """A span that reaches into two fields becomes two sources; the joint itself belongs to none."""
        return [
            Source(field=field, start=max(start, first) - first, end=min(end, last) - first)
            for start, end in spans
            for first, last, field in self._starts
            if start < last and end > first
        ]

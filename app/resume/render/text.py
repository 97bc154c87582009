"""Plain text: headings in capitals on lines of their own, one paragraph or bullet a line."""

from __future__ import annotations

from collections.abc import Iterator

from app.resume.render.outline import Entry, Outline
from app.resume.render.wording import BAR, joined


def plain(outline: Outline) -> str:
    return "\n".join(_lines(outline)).strip() + "\n"


def _lines(outline: Outline) -> Iterator[str]:
    yield from (line for line in (outline.name, outline.label) if line)
    if outline.contacts:
        yield BAR.join(contact.text for contact in outline.contacts)
    for section in outline.sections:
        yield from ("", section.heading.upper())
        for number, entry in enumerate(section.entries):
            if number and entry.title:
                yield ""
            yield from _entry(entry)


def _entry(entry: Entry) -> Iterator[str]:
    if entry.title or entry.dates:
        yield joined(entry.title, entry.detail, entry.dates)
    if entry.subtitle or entry.link:
        yield joined(entry.subtitle, entry.link.text if entry.link else "")
    if entry.label or entry.text:
        yield f"{entry.label}: {entry.text}" if entry.label else entry.text
    yield from entry.paragraphs
    yield from (f"- {bullet}" for bullet in entry.bullets)

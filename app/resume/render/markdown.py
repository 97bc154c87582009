"""CommonMark. What has a meaning there is escaped, so the text is shown as it was written."""

from __future__ import annotations

import re
from collections.abc import Iterator

from app.resume.render.outline import Entry, Linked, Outline
from app.resume.render.wording import BAR

_SPECIAL = re.compile(r"([\\`*_\[\]<>&#~])")
#: What would begin a list, a heading's underline or a rule at the start of a line.
_LEADING = re.compile(r"^(\s*)(\d{1,9})([.)])(?=\s|$)|^(\s*)([-+=])")


def markdown(outline: Outline) -> str:
    return "\n\n".join(_blocks(outline)) + "\n"


def _blocks(outline: Outline) -> Iterator[str]:
    if outline.name:
        yield f"# {escaped(outline.name)}"
    if outline.label:
        yield f"*{escaped(outline.label)}*"
    if outline.contacts:
        yield BAR.join(_linked(contact) for contact in outline.contacts)
    for section in outline.sections:
        yield f"## {section.heading}"
        for entry in section.entries:
            yield from _entry(entry)


def _entry(entry: Entry) -> Iterator[str]:
    if entry.title or entry.dates:
        title = BAR.join(part for part in (entry.title, entry.detail, entry.dates) if part)
        yield f"### {escaped(title)}"
    if entry.subtitle or entry.link:
        subtitle = f"*{escaped(entry.subtitle)}*" if entry.subtitle else ""
        link = _linked(entry.link) if entry.link else ""
        yield BAR.join(part for part in (subtitle, link) if part)
    if entry.label:
        yield f"**{escaped(entry.label)}:** {escaped(entry.text)}"
    elif entry.text:
        yield escaped(entry.text)
    yield from map(escaped, entry.paragraphs)
    if entry.bullets:
        yield "\n".join(f"- {escaped(bullet)}" for bullet in entry.bullets)


def escaped(text: str) -> str:
    plain = _SPECIAL.sub(r"\\\1", text)
    return _LEADING.sub(lambda m: f"{m[2]}\\{m[3]}" if m[2] else f"\\{m[5]}", plain)


def _linked(it: Linked) -> str:
    if not it.url:
        return escaped(it.text)
    if it.text == it.url or it.url == f"mailto:{it.text}":
        return f"<{it.text}>"
    target = it.url.replace("(", "%28").replace(")", "%29")
    return f"[{escaped(it.text)}]({target})"

"""What stands on the page, in what order, whatever the format: the one place that knows the document.

Renderers only decide how a name, a heading, an entry looks. So all formats say the same with the same words,
and a reader that understands one understands all.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass, field, replace
from typing import Any

from app.resume.document import Document
from app.resume.pointers import without
from app.resume.render.wording import HEADINGS, day, joined, listed, period, place

Json = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Linked:
    """Text that leads to `url` ("" for none)."""

    text: str
    url: str = ""


@dataclass(frozen=True, slots=True)
class Entry:
    """`title`, `detail` and `dates` share a line, `subtitle` is the next one; then paragraphs, then bullets.

    `label` stands in bold before `text`, on one line: a group of skills.
    """

    title: str = ""
    detail: str = ""
    dates: str = ""
    subtitle: str = ""
    link: Linked | None = None
    paragraphs: list[str] = field(default_factory=list)
    bullets: list[str] = field(default_factory=list)
    label: str = ""
    text: str = ""


@dataclass(frozen=True, slots=True)
class Section:
    kind: str
    heading: str
    entries: list[Entry]


@dataclass(frozen=True, slots=True)
class Outline:
    name: str
    label: str
    contacts: list[Linked]
    sections: list[Section]

    def json_data(self) -> Json:
        return asdict(self)


def outline(document: Document) -> Outline:
    """Without what the document hides."""
    data: Json = without(document.json_data(), frozenset(document.x_jobpilot.hidden))
    basics: Json = data.get("basics", {})
    return Outline(
        name=basics.get("name", ""),
        label=basics.get("label", ""),
        contacts=list(_contacts(basics)),
        sections=list(_sections(data, basics)),
    )


def _contacts(basics: Json) -> Iterator[Linked]:
    if email := basics.get("email"):
        yield Linked(email, f"mailto:{email}")
    for text in (basics.get("phone"), place(basics.get("location", {}))):
        if text:
            yield Linked(text)
    if url := basics.get("url"):
        yield Linked(url, url)
    for profile in basics.get("profiles", ()):
        url = profile.get("url", "")
        text = url or ": ".join(p for p in (profile.get("network"), profile.get("username")) if p)
        if text:
            yield Linked(text, url)


def _sections(data: Json, basics: Json) -> Iterator[Section]:
    for kind, heading in HEADINGS.items():
        if kind == "summary":
            text = basics.get("summary", "")
            entries = [Entry(paragraphs=text.split("\n"))] if text else []
        else:
            entries = MAKERS[kind](data.get(kind, []))
        entries = [entry for entry in entries if entry != Entry()]
        if entries:
            yield Section(kind, heading, entries)


def _each(make: Callable[[Json], Entry]) -> Callable[[list[Json]], list[Entry]]:
    return lambda items: [make(item) for item in items]


def _entry(
    item: Json, title: str, subtitle: str, prose: tuple[str, ...] = ("summary",), dates: str = ""
) -> Entry:
    """The common shape. Without a title the second line moves up."""
    url = item.get("url", "")
    return Entry(
        title=title or subtitle,
        subtitle=subtitle if title else "",
        dates=dates or period(item.get("startDate", ""), item.get("endDate", "")),
        link=Linked(url, url) if url else None,
        paragraphs=[line for name in prose if item.get(name) for line in item[name].split("\n")],
        bullets=item.get("highlights", []),
    )


def _work(item: Json) -> Entry:
    return _entry(
        item,
        item.get("position", ""),
        joined(item.get("name"), item.get("location")),
        ("description", "summary"),
    )


def _volunteer(item: Json) -> Entry:
    return _entry(item, item.get("position", ""), item.get("organization", ""))


def _education(item: Json) -> Entry:
    degree = ", ".join(part for part in (item.get("studyType"), item.get("area")) if part)
    graduated = "" if "startDate" in item else _day(item, "endDate")
    entry = _entry(item, degree, item.get("institution", ""), dates=graduated)
    lines = [f"Grade: {item['score']}"] if "score" in item else []
    lines += [f"Courses: {listed(item['courses'])}"] if "courses" in item else []
    entry.paragraphs.extend(lines)
    return entry


def _project(item: Json) -> Entry:
    details = joined(listed(item.get("roles", [])), item.get("entity"), item.get("type"))
    entry = _entry(
        item, item.get("name", "") or details, details if item.get("name") else "", ("description",)
    )
    if "keywords" in item:
        entry.paragraphs.append(f"Keywords: {listed(item['keywords'])}")
    return entry


def _award(item: Json) -> Entry:
    return _on_one_line(item, item.get("title", ""), item.get("awarder", ""))


def _certificate(item: Json) -> Entry:
    return _on_one_line(item, item.get("name", ""), item.get("issuer", ""))


def _on_one_line(item: Json, title: str, detail: str) -> Entry:
    entry = _entry(item, title or detail, "", dates=_day(item, "date"))
    return replace(entry, detail=detail if title else "")


def _publication(item: Json) -> Entry:
    return _entry(item, item.get("name", ""), item.get("publisher", ""), dates=_day(item, "releaseDate"))


def _day(item: Json, name: str) -> str:
    return day(item[name]) if name in item else ""


def _reference(item: Json) -> Entry:
    return _entry(item, item.get("name", ""), "", ("reference",))


def _skills(items: list[Json]) -> list[Entry]:
    """Skills that stand alone share the first line: below a group they would look like more of it. Then a
    line a group."""
    alone, groups = _parted(items)
    names = [_leveled(item.get("name", ""), item.get("level")) for _, item in alone]
    lines = [Entry(text=listed([name for name in names if name]))]
    for _, item in groups:
        label = _leveled(item.get("name", ""), item.get("level"))
        lines.append(Entry(label=label, text=listed(item["keywords"])))
    return lines


def _parted(items: list[Json]) -> tuple[list[tuple[int, Json]], list[tuple[int, Json]]]:
    numbered = list(enumerate(items))
    groups = [pair for pair in numbered if "keywords" in pair[1]]
    return [pair for pair in numbered if "keywords" not in pair[1]], groups


def printed_skills(items: list[Json]) -> list[tuple[str, str]]:
    """(pointer, skill) one by one, in the order in which `_skills` prints them."""
    alone, groups = _parted(items)
    found = [(f"/skills/{number}/name", item["name"]) for number, item in alone if "name" in item]
    for number, item in groups:
        found += [(f"/skills/{number}/keywords/{k}", word) for k, word in enumerate(item["keywords"])]
    return found


def _interests(items: list[Json]) -> list[Entry]:
    return _skills(items)


def _leveled(name: str, level: str | None) -> str:
    return f"{name} ({level})" if name and level else name or level or ""


def _languages(items: list[Json]) -> list[Entry]:
    spoken = [_leveled(item.get("language", ""), item.get("fluency")) for item in items]
    return [Entry(text=listed([one for one in spoken if one]))]


MAKERS: dict[str, Callable[[list[Json]], list[Entry]]] = {
    "work": _each(_work),
    "education": _each(_education),
    "projects": _each(_project),
    "skills": _skills,
    "certificates": _each(_certificate),
    "languages": _languages,
    "publications": _each(_publication),
    "awards": _each(_award),
    "volunteer": _each(_volunteer),
    "interests": _interests,
    "references": _each(_reference),
}

"""A structured resume (JSON Resume, LinkedIn) -> text with headings, and its fields with spans.

The text is what a person would write; every value is put into it once and its span remembered, so that such
resumes have spans like all others. All values are stated, not guessed: confidence 1.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from features.resume import records as r
from features.resume.cleaning import clean
from features.resume.dates import find_dates
from features.resume.levels import cefr_of, degree_level

_CERTAIN = 1.0
Text = r.Field[str]


@dataclass(slots=True)
class Rendered:
    """The text and everything found in it, spans included."""

    text: str = ""
    basics: r.Basics = field(default_factory=r.Basics)
    work: list[r.Position] = field(default_factory=list)
    education: list[r.Education] = field(default_factory=list)
    skills: list[Text] = field(default_factory=list)
    languages: list[r.Language] = field(default_factory=list)
    certificates: list[r.Certificate] = field(default_factory=list)
    projects: list[r.Project] = field(default_factory=list)
    sections: list[r.Section] = field(default_factory=list)


class _Page:
    def __init__(self) -> None:
        self._parts: list[str] = []
        self.at = 0

    def raw(self, text: str) -> None:
        self._parts.append(text)
        self.at += len(text)

    def put(self, value: Any, before: str = "") -> Text | None:
        """Writes a value on the current line; None (and nothing written) if it is empty."""
        text = clean(" ".join(str(value).split())) if value not in (None, "") else ""
        if not text:
            return None
        self.raw(before)
        start = self.at
        self.raw(text)
        return r.Field(text, start, self.at, _CERTAIN)

    def lines(self, values: Any) -> list[Text]:
        """One bullet each."""
        found = []
        for value in values or ():
            if written := self.put(value, "• "):
                found.append(written)
                self.raw("\n")
        return found

    def end(self) -> None:
        if self._parts and not self._parts[-1].endswith("\n"):
            self.raw("\n")

    def date(self, value: Any, before: str) -> r.PartialDate | None:
        written = self.put(value, before)
        if written is None:
            return None
        dates = find_dates(written.value)
        return r.Field(dates[0].value, written.start, written.end, _CERTAIN) if dates else None

    @property
    def text(self) -> str:
        return "".join(self._parts)


def render(document: Mapping[str, Any]) -> Rendered:
    """`document` is a JSON Resume as `json_file` and `linkedin` leave it."""
    page, out = _Page(), Rendered()
    start = page.at
    out.basics = _basics(page, document.get("basics") or {})
    out.sections.append(r.Section("header", start, page.at))
    _section(page, out, "work", "Experience", document.get("work"), lambda e: out.work.append(_work(page, e)))
    _section(
        page, out, "education", "Education", document.get("education"),
        lambda e: out.education.append(_education(page, e)),
    )  # fmt: skip
    _section(
        page, out, "skills", "Skills", document.get("skills"), lambda e: out.skills.extend(_skills(page, e))
    )
    _section(
        page, out, "languages", "Languages", document.get("languages"), lambda e: _language(page, out, e)
    )
    _section(
        page, out, "certificates", "Certificates", document.get("certificates"),
        lambda e: _certificate(page, out, e),
    )  # fmt: skip
    _section(
        page, out, "projects", "Projects", document.get("projects"),
        lambda e: out.projects.append(_project(page, e)),
    )  # fmt: skip
    _others(page, out, document)
    out.text = page.text
    return out


def _section(page: _Page, out: Rendered, kind: r.SectionKind, title: str, entries: Any, write: Any) -> None:
    if not entries:
        return
    page.end()
    page.raw("\n" if page.at else "")
    start = page.at
    page.raw(f"{title}\n")
    body = page.at
    for entry in entries:
        write(entry)
        page.end()
    out.sections.append(r.Section(kind, body, page.at, r.Field(title, start, start + len(title), _CERTAIN)))


def _basics(page: _Page, basics: Mapping[str, Any]) -> r.Basics:
    found: dict[str, Any] = {}
    for name in ("name", "label", "email", "phone", "url"):
        found[name] = page.put(basics.get(name))
        page.end()
    place = basics.get("location") or {}
    order = ("address", "postalCode", "city", "region", "countryCode")
    stated = ", ".join(str(place[k]) for k in order if place.get(k))
    written = page.put(stated)
    page.end()
    if written is not None:
        value = r.Location(
            written.value,
            str(place.get("city", "")),
            str(place.get("region", "")),
            str(place.get("countryCode", "")),
            str(place.get("address", "")),
            str(place.get("postalCode", "")),
        )
        found["location"] = r.Field(value, written.start, written.end, _CERTAIN)
    profiles = []
    for profile in basics.get("profiles") or ():
        url = page.put(profile.get("url") or profile.get("username"))
        page.end()
        if url is not None:
            profiles.append(r.Profile(profile.get("network", ""), profile.get("username", ""), url))
    found["summary"] = page.put(basics.get("summary"))
    page.end()
    return r.Basics(**found, profiles=tuple(profiles))


def _dates(page: _Page, entry: Mapping[str, Any], *, open_ended: bool) -> dict[str, Any]:
    """ "2019-03 - Present": an entry of work that begins and does not end goes on."""
    start = page.date(entry.get("startDate"), "\t")
    end = page.date(entry.get("endDate"), " - " if start else "\t")
    current = None
    if start and end is None and open_ended:
        written = page.put("Present", " - ")
        current = r.Field(True, written.start, written.end, _CERTAIN) if written else None
    return {"start_date": start, "end_date": end} | ({"current": current} if open_ended else {})


def _work(page: _Page, entry: Mapping[str, Any]) -> r.Position:
    start = page.at
    position = page.put(entry.get("position"))
    dates = _dates(page, entry, open_ended=True)
    page.end()
    name = page.put(entry.get("name"))
    place = page.put(entry.get("location"), " | ")
    page.end()
    location = r.Field(r.Location(place.value), place.start, place.end, _CERTAIN) if place else None
    bullets = page.lines(str(entry.get("summary") or "").splitlines()) + page.lines(entry.get("highlights"))
    return r.Position(
        start, page.at, position=position, name=name, location=location, highlights=tuple(bullets), **dates
    )


def _education(page: _Page, entry: Mapping[str, Any]) -> r.Education:
    start = page.at
    study = page.put(entry.get("studyType"))
    area = page.put(entry.get("area"), ", " if study else "")
    dates = _dates(page, entry, open_ended=False)
    page.end()
    institution = page.put(entry.get("institution"))
    page.end()
    score = page.put(entry.get("score"), "Grade: ")
    page.end()
    level = degree_level(study.value) if study else 0
    return r.Education(start, page.at, institution, area, study, level, None, score=score, **dates)


def _skills(page: _Page, entry: Mapping[str, Any]) -> list[Text]:
    """A named group counts as a skill only if it has no keywords."""
    keywords = entry.get("keywords") or []
    name = page.put(entry.get("name"))
    if not keywords:
        return [name] if name else []
    found = [page.put(word, (": " if name else "") if i == 0 else ", ") for i, word in enumerate(keywords)]
    return [skill for skill in found if skill is not None]


def _language(page: _Page, out: Rendered, entry: Mapping[str, Any]) -> None:
    language = page.put(entry.get("language"))
    fluency = page.put(entry.get("fluency"), " - ")
    if language is not None:
        out.languages.append(r.Language(language, fluency, cefr_of(fluency.value) if fluency else ""))


def _certificate(page: _Page, out: Rendered, entry: Mapping[str, Any]) -> None:
    name = page.put(entry.get("name"))
    issuer = page.put(entry.get("issuer"), ", ")
    date = page.date(entry.get("date"), "\t")
    if name is not None:
        out.certificates.append(r.Certificate(name, issuer, date))


def _project(page: _Page, entry: Mapping[str, Any]) -> r.Project:
    start = page.at
    name = page.put(entry.get("name"))
    dates = _dates(page, entry, open_ended=False)
    page.end()
    url = page.put(entry.get("url"))
    page.end()
    description = page.put(entry.get("description"))
    page.end()
    bullets = page.lines(entry.get("highlights"))
    return r.Project(start, page.at, name, description, url, highlights=tuple(bullets), **dates)


_OTHERS: tuple[
    tuple[Literal["awards", "publications", "volunteer", "interests"], str, tuple[str, ...]], ...
] = (
    ("awards", "Awards", ("title", "awarder", "date", "summary")),
    ("publications", "Publications", ("name", "publisher", "releaseDate", "summary")),
    ("volunteer", "Volunteering", ("position", "organization", "startDate", "endDate", "summary")),
    ("interests", "Interests", ("name",)),
)


def _others(page: _Page, out: Rendered, document: Mapping[str, Any]) -> None:
    """Parts without fields of their own: their words still count as text."""
    for kind, title, names in _OTHERS:

        def write(entry: Mapping[str, Any], names: tuple[str, ...] = names) -> None:
            for i, name in enumerate(names):
                page.put(entry.get(name), ", " if i else "")
            page.end()
            page.lines([*(entry.get("highlights") or ()), *(entry.get("keywords") or ())])

        _section(page, out, kind, title, document.get(kind), write)

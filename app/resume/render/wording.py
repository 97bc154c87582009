"""The words every format uses for the same thing: headings, dates, places. Readers look for them."""

from __future__ import annotations

from typing import Any

#: Section of the document -> heading, in the order of the page.
HEADINGS = {
    "summary": "Summary",
    "work": "Experience",
    "education": "Education",
    "projects": "Projects",
    "skills": "Skills",
    "certificates": "Certificates",
    "languages": "Languages",
    "publications": "Publications",
    "awards": "Awards",
    "volunteer": "Volunteering",
    "interests": "Interests",
    "references": "References",
}
MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
PRESENT = "Present"
#: Between facts on one line.
BAR = " | "


def day(text: str) -> str:
    """ "2019" -> "2019", "2019-03" -> "Mar 2019", "2019-03-14" -> "14 Mar 2019"."""
    year, *rest = text.split("-")
    if not rest:
        return year
    month = MONTHS[int(rest[0]) - 1]
    return f"{month} {year}" if len(rest) == 1 else f"{int(rest[1])} {month} {year}"


def period(start: str, end: str) -> str:
    """ "Mar 2019 - Present" while it goes on, "Until Jun 2020" when only the end is known."""
    if start:
        return f"{day(start)} - {day(end) if end else PRESENT}"
    return f"Until {day(end)}" if end else ""


def listed(items: list[str]) -> str:
    """Commas, or semicolons where an item has a comma of its own."""
    return ("; " if any("," in item for item in items) else ", ").join(items)


def place(location: dict[str, Any]) -> str:
    """Street; postal code and city; region; country code."""
    town = " ".join(part for part in (location.get("postalCode"), location.get("city")) if part)
    parts = (location.get("address"), town, location.get("region"), location.get("countryCode"))
    return ", ".join(part for part in parts if part)


def joined(*parts: str | None) -> str:
    return BAR.join(part for part in parts if part)

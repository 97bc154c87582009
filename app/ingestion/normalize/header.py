"""A posting's line of facts ("Acme | Engineer | Berlin | REMOTE | €60k") -> company, title, place.

Segments come in any order, so each is judged by what it says; what is neither place, role nor
condition is the company.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal

from app.ingestion.normalize.company import clean_company
from app.ingestion.normalize.location import first_place, place_coverage, tidy_location
from app.ingestion.normalize.regions import LOCATION_FILLER
from app.ingestion.normalize.roles import find_roles, names_openings, names_role
from app.ingestion.normalize.text import collapse, strip_edges
from app.ingestion.normalize.title import clean_title

Kind = Literal["place", "role", "other", "nothing"]
MAX_SEGMENT = 300  # characters looked at
LONG_SEGMENT = 130  # characters; a longer piece is prose
PLACE_SHARE = 0.7  # of a segment's words
_REMEMBERED = 16_384  # short pieces repeat from posting to posting ("Full-time", "Berlin")

_LINK = re.compile(
    r"[(\[<]?\s*(?:https?:/{0,2}|www\.)[^\s)\]>|]+\s*[)\]>]?|\b[\w.+-]+@[\w-]+\.[\w.]+", re.IGNORECASE
)
_BARE_DOMAIN = re.compile(r"^\W*(?:[\w-]+\.)+[a-z]{2,8}(?:/\S*)?\W*$", re.IGNORECASE)
#: Conditions of work, understood elsewhere; what is left of a segment names something.
_CONDITIONS = re.compile(
    r"(?:\b(?:no|not|or|and|&|/|\+|100%|fully|partially|partial|some|optional|possible|potentially|"
    r"maybe|preferred|preferably|only|"
    r"both|possibly|first|friendly|welcome|encouraged|considered|option|options|available|offered|ok|"
    r"okay|allowed|also|any|"
    r"strongly)\b[\s,:]*)*"
    r"\b(?:remote(?:ly)?(?:[- ](?:ok|okay|friendly|possible|first|only|considered|welcome|optional|"
    r"work|position|positions|team|job))?"
    r"(?:\s*\((?:[^()]{0,40})\))?|on[\s‐-]?site|onsite|in[- ]office|wfh|work from home|telecommute|"
    r"hybrid|relocat(?:ion|e)(?: (?:assistance|package|"
    r"possible|available|provided|offered|help|support|ok))?|full(?: or part)?[\s‐–-]*time|fulltime|"
    r"part[\s-]?time|contract(?:ors?|ing)?(?:-to-hire| to hire)?|"
    r"freelance(?:rs?)?|permanent|perm|temporary|interns?(?:hips?)?|co-?op|visas?(?: (?:sponsor(?:ship|"
    r"ed)?|transfers?|assistance|support|"
    r"ok|possible|available|provided|help|welcome|friendly|considered))*|h-?1-?b'?s?(?: (?:transfers?|"
    r"visas?|ok|welcome|sponsorship))*|sponsorship|"
    r"competitive(?: (?:salary|salaries|pay|compensation))?|equity|stock(?: options)?|benefits|salary|"
    r"compensation|FTE?|FT|PT|"
    r"DOE|BOE|VISA)\b(?:[\s,:]*\b(?:ok|okay|possible|only|preferred|welcome|considered|available|"
    r"optional|offered|friendly|"
    r"accepted|allowed|required|negotiable|supported|provided|no|yes|preferably|encouraged|workers?|"
    r"positions?|jobs?|is fine|fine)\b)*",
    re.IGNORECASE,
)
_MONEY = re.compile(
    r"(?:[$€£]\s?\d[\d,.]*\s?k?|\b\d[\d,.]*\s?k|\b\d[\d,.]*(?=\s?(?:-|–|—|"
    r"to)\s?\d[\d,.]*\s?k))(?:\s?(?:-|–|—|to)\s?[$€£]?\s?\d[\d,.]*\s?k?)?\s?(?:\+|USD|EUR|GBP|CAD|CHF|AUD|"
    r"€|£|/ ?(?:yr|year|hr|hour))*(?:\s?\+?\s?(?:equity|bonus|stock|options|benefits))*|"
    r"\d(?:\.\d+)?%?\s?[-–]\s?\d(?:\.\d+)?\s?%",
    re.IGNORECASE,
)
_DASHES = re.compile(
    r"\s+[-–—―]+\s*|\s*[–—―]\s+|\s*[-]{2,}\s*|\s*;\s*|\s+[@•·»~]\s+|\s*\t\s*|\s+//\s+|\s+::\s+|\s+/\s+|"
    r"(?<=[\w)]):\s+|(?<=[\w.)])[-–]\s+(?=[A-Z(])"
)
_PLACE_SEPARATOR = re.compile(r"\s*,\s*|\s+\bin\b\s+|\s+\bat\b\s+|\s*[(\[]\s*|\s+\bnear\b\s+|\.\s+")
_ROLE_AT = re.compile(r"(.{3,80}?)\s+(?:at|@|for|with)\s+(\S.*)", re.IGNORECASE)
_REMARK = re.compile(r"(?:with|for|and|or|to|from|by|per|plus|also|w/)\b|.*\?$")
_PROSE = re.compile(
    r"\b(?:we|we['’]re|you|you['’]ll|our|is|are|i['’]m|looking for|seeking|have|has|will|was|were|who|"
    r"which|that|please)\b",
    re.IGNORECASE,
)


@dataclass(slots=True)
class Header:
    """What a line of facts says; "" where it is silent."""

    company: str = ""
    title: str = ""
    location: str = ""

    @property
    def facts(self) -> int:
        return sum(1 for value in (self.company, self.title, self.location) if value)


def parse_header(line: str) -> Header:
    """Reads one line; bars part it first, then dashes and the like, then a place at a comma's end."""
    pieces = [piece for segment in line.split("|") for piece in _pieces(segment)]
    return assemble(pieces)


def is_prose(line: str) -> bool:
    """A sentence, not a line of facts."""
    if "|" in line:
        return False
    words = len(line.split())
    verbs = len(_PROSE.findall(line))
    return (
        words > 30
        or (verbs >= 1 and words > 12)
        or (verbs >= 1 and line.rstrip().endswith((".", "!", ":")) and words > 5)
    )


def assemble(pieces: list[tuple[Kind, str]]) -> Header:
    header, openings = Header(), ""
    others: list[tuple[int, str]] = []
    pieces = _company_like_a_town(pieces)
    places: list[str] = []
    for position, (kind, text) in enumerate(pieces):
        if kind == "place":
            places.append(text)
        elif kind == "role" and names_openings(text) and not header.title and not openings:
            openings = text
        elif kind == "role":
            if header.title and position and pieces[position - 1][0] == "role":
                header.title = f"{header.title}, {text}"
            header.title = header.title or text
        elif kind == "other":
            others.append((position, text))
    header.title = clean_title(header.title or openings)
    header.location = tidy_location("; ".join(dict.fromkeys(places[:6])))
    named = [(at, clean_company(text)) for at, text in others]
    header.company = next(
        (name for _, name in named if re.search(r"\w", name) and not _REMARK.match(name)), ""
    )
    return header


def _company_like_a_town(pieces: list[tuple[Kind, str]]) -> list[tuple[Kind, str]]:
    """A word that is also a town's name, on top, no other name, and a place elsewhere: it is the company."""
    kinds = [kind for kind, _ in pieces]
    if "other" in kinds or kinds[:1] != ["place"] or not re.fullmatch(r"\w+", pieces[0][1]):
        return pieces
    elsewhere = next((first_place(text).country for kind, text in pieces[1:] if kind == "place"), "")
    if elsewhere in ("", first_place(pieces[0][1]).country):
        return pieces
    return [("other", pieces[0][1]), *pieces[1:]]


@lru_cache(maxsize=_REMEMBERED)
def kind_of(text: str) -> Kind:
    """What a tidied piece names."""
    if not re.search(r"[^\W\d_]", text):
        return "nothing"
    share, places = place_coverage(text)
    if places and share >= PLACE_SHARE and not (names_role(text) and share < 1):
        return "place"
    return "role" if names_role(text) else "other"


@lru_cache(maxsize=_REMEMBERED)
def strip_conditions(text: str) -> str:
    """`text` without links, money and conditions of work."""
    bare = _MONEY.sub(" ", _CONDITIONS.sub(" ", _LINK.sub(" ", text)))
    bare = re.sub(r"\(\s*[\W_]*\s*\)|\[\s*[\W_]*\s*\]", " ", bare)
    bare = strip_edges(re.sub(r"(?:\s*[,/&-]\s*){2,}", ", ", collapse(bare)))
    return (
        ""
        if re.fullmatch(r"[\W_]*(?:and|or|in|for|the|to|a|an|is|of|with|\W)*", bare, re.IGNORECASE)
        else bare
    )


def _pieces(segment: str) -> list[tuple[Kind, str]]:
    """Kinds and texts within one segment: taken apart only where its parts say different things."""
    segment = _LINK.sub(" - ", segment)  # an address parts what stands before and behind it
    whole = strip_conditions(segment)
    if not whole:
        return []
    if _BARE_DOMAIN.match(whole):
        return [("other", whole)]
    parts = [bare for part in _DASHES.split(segment) if part and (bare := strip_conditions(part))]
    kinds = [kind_of(part) for part in parts]
    said = {kind for kind in kinds if kind != "nothing"}
    if len(parts) > 1 and (len(said) > 1 or said == {"other"}):
        return _merge([piece for part in parts for piece in _split_place(part)])
    return _comma_list(segment) or _split_place(" - ".join(parts) if len(parts) > 1 else whole)


def _comma_list(segment: str) -> list[tuple[Kind, str]]:
    """ "Acme, Berlin, Germany, Full-time, Go developer": a place between commas, other facts around it."""
    parts = [bare for part in segment.split(",") if (bare := strip_conditions(part))]
    if len(parts) < 3 or len(segment) > LONG_SEGMENT:
        return []
    pieces: list[tuple[Kind, str]] = []
    for kind, text in ((kind_of(part), part) for part in parts):
        # "Engineer, Platform" is one title.
        kind = "role" if pieces and kind == "other" and pieces[-1][0] == "role" else kind
        if pieces and pieces[-1][0] == kind:
            pieces[-1] = (kind, f"{pieces[-1][1]}, {text}")
        else:
            pieces.append((kind, text))
    kinds = [kind for kind, _ in pieces]
    return pieces if kinds.count("place") == 1 and 2 <= len(kinds) <= 3 and kinds[-1] != "place" else []


def _split_place(text: str) -> list[tuple[Kind, str]]:
    """ "Engineer in Berlin", "Acme, New York, NY": the place at the end is a piece of its own."""
    if len(text) > LONG_SEGMENT or is_prose(text):
        return _from_prose(text[:MAX_SEGMENT])
    kind = kind_of(text)
    if kind == "place" and not _is_place(text):
        return _name_before_place(text)
    if kind in ("place", "nothing"):
        return [(kind, text)]
    employer = _ROLE_AT.fullmatch(text) if kind == "role" else None
    if employer and names_role(employer[1]) and kind_of(employer[2].split(",")[0]) == "other":
        return [("role", employer[1]), *_split_place(employer[2])]
    for separator in _PLACE_SEPARATOR.finditer(text):
        before, after = (
            strip_edges(text[: separator.start()]),
            strip_edges(text[separator.end() :]).strip(" )]"),
        )
        if before and after and kind_of(before) != "place" and _is_place(after):
            return [(kind_of(before), before), ("place", after)]
        if before and after and _is_place(before):
            return [("place", before), *_split_place(after)]
    return [(kind, text)]


def _name_before_place(text: str) -> list[tuple[Kind, str]]:
    """ "Acme SEATTLE/NYC": the first words name no place, all that follow do."""
    words = text.split(" ")
    for at in range(1, min(4, len(words))):
        before, after = " ".join(words[:at]), " ".join(words[at:])
        if kind_of(before) == "other" and before.lower() not in LOCATION_FILLER and _is_place(after):
            return [("other", before), ("place", after)]
    return [("place", text)]


def _from_prose(text: str) -> list[tuple[Kind, str]]:
    """The line ran on into a sentence: only a role it opens with is a fact."""
    roles = find_roles(text, 1)
    return [("role", roles[0].text)] if roles and roles[0].start < 40 else []


def _is_place(text: str) -> bool:
    share, places = place_coverage(text)
    return places > 0 and share >= 0.99


def _merge(pieces: list[tuple[Kind, str]]) -> list[tuple[Kind, str]]:
    """Neighbouring roles are one title ("Tech Lead - Platform" stays together)."""
    merged: list[tuple[Kind, str]] = []
    for kind, text in pieces:
        if merged and kind == "role" == merged[-1][0]:
            merged[-1] = (kind, f"{merged[-1][1]} - {text}")
        else:
            merged.append((kind, text))
    return merged

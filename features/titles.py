"""Job titles: how senior, and the title without what does not belong to it."""

from __future__ import annotations

import re
from itertools import pairwise
from typing import Literal

from features.places import Gazetteer

Seniority = Literal["intern", "junior", "mid", "senior", "lead", "executive", "unknown"]

MAX_TITLE_CHARS = 300
_ORDER: tuple[Seniority, ...] = ("intern", "junior", "mid", "senior", "lead", "executive")
_TECHNICAL = "engineer|developer|programmer|scientist|designer|analyst|architect|consultant|sre|sdet"
_MAKER = rf"(?:[\w+#./-]+ ){{0,2}}(?:{_TECHNICAL})\b"
_NUMBERED = "(?:engineer|developer|analyst|scientist|designer)"
#: Level -> alternatives of a regular expression.
_LEVELS: dict[Seniority, tuple[str, ...]] = {
    "intern": (
        *("intern", "interns", "internship", "co-?op", "apprentice(?:ship)?", "stagiaire"),
        *("praktik(?:um|ant|antin)", "(?:working|werk)[ -]?student(?:in)?"),
    ),
    "junior": (
        *("junior", "jr", "jnr", "entry[ -]level", "early career", "(?:new|recent) grad(?:uate)?s?"),
        *("graduate", "grad", "trainee", rf"associate(?= {_MAKER})", rf"{_NUMBERED} (?:i|1)(?!\w)"),
    ),
    "mid": ("mid", "mid[ -]?level", "mid[ -]?weight", "intermediate", rf"{_NUMBERED} (?:ii|2)(?!\w)"),
    "senior": ("senior", "sr", "snr", "seasoned", rf"{_NUMBERED} (?:iii|iv|3|4)(?!\w)"),
    "lead": (
        *("lead", "leader", "principal", "distinguished", rf"staff(?= {_MAKER})", "supervisor", "foreman"),
        *("(?:art|creative) director", "(?:engineering|development|general|operations|office) manager"),
        "(?:store|shift|branch|plant|site) manager",
    ),
    "executive": (
        *(
            r"chief (?:\w+ ){1,3}officer",
            "ceo",
            "cto",
            "cfo",
            "coo",
            "cio",
            "cmo",
            "cpo",
            "cro",
            "chro",
            "ciso",
        ),
        *(
            "[es]?vp",
            "vice president",
            "president",
            "director",
            "head of",
            "(?:co-?)?founder",
            "chief of staff",
        ),
    ),
}
_LEVEL = re.compile(
    "|".join(rf"(?P<{name}>\b(?:{'|'.join(forms)})\b)" for name, forms in _LEVELS.items()), re.IGNORECASE
)
#: "Assistant to the CEO", "Lead Generation Manager", "Sales Lead Qualifier": not the level of the post.
_NOT_A_LEVEL = re.compile(
    r"\b(?:(?:assistant|secretary|reporting) to (?:the )?.*|lead generation|lead gen|leads\b|"
    r"(?:junior|senior) (?:high|living|school|citizens?|care)|intern(?:al|ational)\w*|assistant director)",
    re.IGNORECASE,
)
_JOINED = re.compile(r"\.?\s*(?:/|-|–|,|or|to|and|&|\+)\s*(?:level\s*)?", re.IGNORECASE)

_GENDER_LETTERS = r"(?:m|w|f|d|x|i|h|gn|div|divers|male|female|diverse|all|a)"
_GENDER = re.compile(
    rf"[(\[]?\s*\b{_GENDER_LETTERS}\.?(?:\s*[/|,*]\s*{_GENDER_LETTERS}\.?)+(?!\w)\s*[)\]]?"
    r"|[(\[]\s*(?:all genders?(?: welcome)?|gn|any gender|m\s*\+\s*f)\s*[)\]]"
    r"|(?:[:*_]in(?:nen)?|/-?in(?:nen)?)\b",
    re.IGNORECASE,
)
_REQUISITION = re.compile(
    r"[(\[]?\s*(?:\b(?:job|req|requisition|ref|reference|posting|vacancy)\b\.?\s*(?:id|no|nr|number|code)?\.?\s*[:#]?"
    r"\s*[A-Z]{0,4}[-_]?\d[\w-]*|#\s*[A-Z]{0,4}[-_]?\d{2,}[\w-]*|\b(?:JR|REQ|R|ID)[-_ ]?\d{3,}\b|\b\d{5,}\b)"
    r"\s*[)\]]?",
    re.IGNORECASE,
)
_TERM = (
    r"(?:remote(?:ly)?|hybrid|on-?site|(?:full|part)[ -]?time|(?:fixed|short|long)[ -]term|contract(?:or)?|"
    r"permanent|freelance|temporary|temp|wfh|work from home|visa|h1b|equity|relocation|immediate start|"
    r"urgent(?:ly hiring)?|hiring now|new|multiple (?:openings|locations|positions))"
)
_TERMS = re.compile(
    rf"(?:(?:100%|fully|partly|mostly) )?{_TERM}"
    rf"(?:(?:\s*[,/&+]\s*|\s+)(?:ok|only|possible|friendly|considered|welcome|position|role|job|or|{_TERM}))*",
    re.IGNORECASE,
)
_OPENING = re.compile(
    r"^(?:(?:we(?: are|'re) |now )?hiring|wanted|job|position|role|urgent)\s*[:!-]+\s*", re.IGNORECASE
)
_BRACKET = re.compile(r"[(\[]([^()\[\]]*)[)\]]")
_SPLIT = re.compile(r"\s+[-–—|•@]+\s+|\s*[|•]\s*|,\s+|\s+at\s+(?=[A-Z])|\s+@\s*(?=\S)")

#: Levels that say how far somebody is, not what they do: "Senior Nurse" is a nurse, a "Director" is not less.
_STRIPPED: tuple[Seniority, ...] = ("intern", "junior", "mid", "senior")
_STRIPPED_FORMS = [f for name in _STRIPPED for f in _LEVELS[name] if not f.startswith(_NUMBERED)]
_STRIPPED_LEVEL = re.compile(rf"\b(?:{'|'.join(_STRIPPED_FORMS)})\b\.?", re.IGNORECASE)
_STEP = re.compile(r"(?<=\w)[\s,-]+(?:level\s*)?(?:i{1,3}|iv|v|[1-5])(?=\s*(?:[-–—,(|/]|$))", re.IGNORECASE)
_SHIELD = "\u2060"  # word joiner
_EMPTY_BRACKETS = re.compile(r"[(\[]\W*[)\]]|(?<=[(\[])\s+|\s+(?=[)\],])")
_DANGLING = re.compile(r"^\W+(?=\w)|(?:\s+(?:-|–|—|/|&|,|or|and|to)|\s*[-–—/&,|:!*])+\s*$", re.IGNORECASE)


def seniority(title: str) -> Seniority:
    """The level a title states. "Junior/Senior Developer" opens at its lower end; otherwise ("Senior Team
    Lead") the highest word counts. A title that says nothing is "unknown", not "mid"."""
    text = _NOT_A_LEVEL.sub(" ", title[:MAX_TITLE_CHARS])
    found = [(_ORDER.index(_level(match)), match.start(), match.end()) for match in _LEVEL.finditer(text)]
    if not found:
        return "unknown"
    levels = [level for level, _, _ in found]
    joined = any(_JOINED.fullmatch(text[one[2] : other[1]]) for one, other in pairwise(found))
    return _ORDER[min(levels) if joined or 0 in levels else max(levels)]


def _level(match: re.Match[str]) -> Seniority:
    return next(name for name in _ORDER if match.lastgroup == name)


def normalise_title(title: str, gazetteer: Gazetteer | None = None, company: str = "") -> str:
    """The title alone: without gender marks "(m/w/d)", requisition numbers, terms ("Remote", "Full-time"),
    the company, and, if a gazetteer is given, places. Never empty unless `title` is blank.

    "Senior Entwickler:in (m/w/d) - Berlin, Germany (Remote) #JR-10234" -> "Senior Entwickler".
    """
    title = " ".join(title[:MAX_TITLE_CHARS].split())
    text = _OPENING.sub("", _REQUISITION.sub(" ", _GENDER.sub(" ", title)))
    text = _BRACKET.sub(lambda match: _keep_bracket(match, gazetteer, company), text)
    pieces = _SPLIT.split(text)
    marks = [*_SPLIT.findall(text), ""]
    first, kept = True, ""
    for piece, mark in zip(pieces, ["", *marks], strict=False):
        cleaned = piece.strip(" -–—,;:/|•*!#")
        if cleaned and (first or not _is_aside(cleaned, mark, gazetteer, company)):
            kept += cleaned if first else (", " if mark.startswith(",") else " - ") + cleaned
            first = False
    return " ".join(kept.split()) or title


def core_title(title: str, gazetteer: Gazetteer | None = None, company: str = "") -> str:
    """`normalise_title` without the words that state a level below lead: what is looked up in a taxonomy.

    "Sr. Data Engineer II (m/f/d)" -> "Data Engineer". A title that is nothing but a level
    ("Internship") stays as it is.
    """
    text = normalise_title(title, gazetteer, company)
    bare = _STRIPPED_LEVEL.sub(" ", _NOT_A_LEVEL.sub(_shielded, text))
    bare = _EMPTY_BRACKETS.sub("", _STEP.sub(" ", bare)).replace(_SHIELD, "")
    bare = _DANGLING.sub("", " ".join(bare.split()).strip())
    return " ".join(bare.split()) or text


def _shielded(match: re.Match[str]) -> str:
    """A mark inside every word keeps the pattern of levels from finding "senior" in "senior living"."""
    return re.sub(r"(?<=\w)(?=\w)", _SHIELD, match.group())


def _keep_bracket(match: re.Match[str], gazetteer: Gazetteer | None, company: str) -> str:
    """Brackets stay if they say what the work is: "Engineer (Python)"."""
    inside = match.group(1).strip()
    aside = not inside or all(
        _is_aside(part.strip(), "", gazetteer, company)
        for part in re.split(r"[,/;|]", inside)
        if part.strip()
    )
    return " " if aside else match.group()


def _is_aside(piece: str, mark: str, gazetteer: Gazetteer | None, company: str) -> bool:
    """Whether a part of a title is a place, a term of the contract or the company."""
    if mark.strip() in ("at", "@") or (company and piece.casefold() == company.casefold()):
        return True
    return bool(_TERMS.fullmatch(piece)) or (gazetteer is not None and gazetteer.is_place(piece))

"""Ordered scales: degrees on ISCED 2011, languages on the Common European Framework of Reference."""

from __future__ import annotations

import re

from features.resume.records import CefrLevel
from features.resume.vocabulary import is_subject

#: ISCED level -> alternatives of a regular expression. Abbreviations in capitals are matched as such.
_DEGREE_WORDS: dict[int, str] = {
    8: (
        r"ph\.?\s?d\.?|d\.?phil\.?|doctor(?:ate|al)?(?:\s+(?:of|in|degree)(?:\s+\w+)?)?|ed\.?d\.?|"
        r"juris doctor(?:ate)?|doktor(?:\w+)?|doctorado|dottorato|doutorado|διδακτορικ\w+|"
        r"кандидат \w+ наук|доктор \w+"
    ),
    7: (
        r"(?:executive )?master(?:['’]?s)?(?:\s+degree)?(?:\s+of\s+(?:business administration|"
        r"public administration|public health|social work|fine arts|human resources?|"
        r"(?:applied )?sciences?|arts?|laws?|education|engineering|technology|computer applications?|"
        r"commerce|music|architecture|philosophy|divinity|accountancy|accounting|professional studies|"
        r"teaching|management|finance|business|health administration|library science|"
        r"international business|nursing|library(?: and| &) information science))?|magister|"
        r"maestr[ií]a|laurea magistrale|mestrado|diplom(?:-?\w*ingenieur|-?\w*informatiker\w*)|"
        r"post[- ]?graduate(?: diploma| degree| certificate)?|μεταπτυχιακ\w+|магистр\w*"
    ),
    6: (
        r"bachelor(?:['’]?s)?(?:\s+degree)?(?:\s+of\s+(?:business administration|business management|"
        r"fine arts?|(?:applied |computer )?sciences?|arts?(?: and sciences?)?|laws?|education|"
        r"engineering|technology|computer applications?|commerce|music|architecture|social work|"
        r"accountancy|accounting|general studies|professional studies|applied arts and sciences?|"
        r"business|design|pharmacy|medicine|nursing|management|hotel management|mass communication|"
        r"public administration|liberal arts|journalism|applied science|health science|"
        r"interior design|criminal justice|economics|finance))?|baccalaureate|licence|licenciatura|"
        r"laurea|bacharel\w*|πτυχίο|бакалавр\w*|undergraduate degree|специалист"
    ),
    5: (
        r"associate(?:['’]?s)?(?:\s+degree)?(?:\s+of\s+(?:applied sciences?|applied arts?|sciences?|"
        r"arts?|applied business|occupational studies|general studies|specialized business|"
        r"arts and sciences?|business|business administration))?|foundation degree|"
        r"higher national (?:diploma|certificate)|advanced diploma|technical diploma|"
        r"vocational (?:diploma|certificate)|national diploma|некоторое"
    ),
    3: (
        r"(?:general )?high school(?: diploma| degree| certificate| graduate)?|ged|g\.e\.d\.?|"
        r"secondary(?: school)?(?: certificate| diploma)?|a[- ]levels?|abitur|baccalaur[ée]at|"
        r"bachillerato|matura|maturit[àa]|gcse?s?|ssce?|hsc|hssc|10\+2|intermediate certificate|"
        r"international baccalaureate|απολυτήριο|general education diploma|general equivalency diploma"
    ),
}
_DEGREE_CODES: dict[int, str] = {
    8: (
        r"Ph\.?D\.?|J\.?D\.?|M\.?D\.?|D\.?D\.?S\.?|Ed\.?D\.?|Pharm\.?D\.?|D\.?B\.?A\.?|LL\.?D\.?|"
        r"D\.?N\.?P\.?|Psy\.?D\.?"
    ),
    7: (
        r"M\s\.\s?[AS]\b\.?|M\.?B\.?A\.?|M\.?S\.?c?\.?|M\.?\s?Sc\.?|M\.?A\.?|M\.?Eng\.?|M\.?Ed\.?|M\.?Tech\.?|"
        r"M\.?Phil\.?|M\.?P\.?A\.?|M\.?P\.?H\.?|M\.?F\.?A\.?|M\.?S\.?W\.?|M\.?C\.?A\.?|M\.?Com\.?|"
        r"LL\.?M\.?|M\.?S\.?N\.?|MHA|MIS|M\.?E\.?|MAT|PGDM|M\.?Arch\.?|M\.?Div\.?|MPS|MSE|MSEE|MSCS"
    ),
    6: (
        r"B\s\.\s?[AS]\b\.?|B\.?B\.?A\.?|B\.?S\.?c?\.?|B\.?\s?Sc\.?|B\.?A\.?|B\.?Eng\.?|B\.?E\.?|B\.?Ed\.?|B\.?Tech\.?|"
        r"B\.?F\.?A\.?|B\.?S\.?N\.?|B\.?C\.?A\.?|B\.?Com\.?|LL\.?B\.?|B\.?S\.?W\.?|B\.?Arch\.?|"
        r"B\.?B\.?M\.?|B\.?Pharm\.?|MBBS|A\.?B\.?|BSBA|BSEE|BSME|BSIT|BSCS|BAAS|BIS|B\.?M\.?"
    ),
    5: (r"A\.?A\.?S?\.?|A\.?S\.?|HND|A\.?A\.?A\.?|A\.?O\.?S\.?|A\.?D\.?N\.?"),
    3: (r"GED|G\.E\.D\.?"),
}
_GENERAL = (
    r"(?:graduate |professional |trade |honou?rs )?(?:diploma|certificate|certification|degree)(?:\s+(?:of|"
    r"in) completion)?|"
    r"some college(?: courses?)?|coursework|course work|diplom|specialist"
)
_CODED = re.compile(
    "|".join(
        rf"(?P<c{level}>(?<![\w.])(?:{codes})(?:\s?\((?:Hons?|Honou?rs)\.?\))?(?![\w&]|\.[A-Z]))"
        for level, codes in _DEGREE_CODES.items()
    )
)
_WORDED = re.compile(
    "|".join(
        rf"(?P<w{level}>(?<!\w)(?:{words})(?!\w))"
        for level, words in sorted(_DEGREE_WORDS.items(), reverse=True)
    )
    + rf"|(?P<w0>(?<!\w)(?:{_GENERAL})(?!\w))",
    re.IGNORECASE,
)


def degrees(text: str) -> list[tuple[int, int, int]]:
    """(start, end, ISCED level or 0) of every degree named, in order, not overlapping; words before codes."""
    found = [(m.start(), m.end(), int((m.lastgroup or "w0")[1:])) for m in _WORDED.finditer(text)]
    found = [span for span in found if not _not_a_degree(text, span[0], span[1])]
    for match in _CODED.finditer(text):
        if not _is_state(text, match.start(), match.end()) and not any(
            match.start() < end and start < match.end() for start, end, _ in found
        ):
            found.append((match.start(), match.end(), int((match.lastgroup or "c0")[1:])))
    return sorted(found)


def _is_state(text: str, start: int, end: int) -> bool:
    """ "Boston, MA", but not "History, MA"."""
    before = re.search(r"([^\W\d_]+),\s*$", text[:start])
    return (
        text[start:end] in ("MA", "MS", "MD", "ME") and before is not None and not is_subject(before.group(1))
    )


def _not_a_degree(text: str, start: int, end: int) -> bool:
    """ "Master Electrician", "Associate, Sales", "Scrum Master"."""
    word = text[start:end].lower()
    if word in ("master", "associate", "licence", "secondary", "doctor"):
        follows = text[end : end + 14].lower().lstrip()
        if not follows.startswith(("degree", "of ", "in ", ":", "'s", "’s")):
            return True
    return False


def degree_level(text: str) -> int:
    """ISCED 2011 level of the highest degree named; 0 if none is known."""
    return max((level for _, _, level in degrees(text)), default=0)


_CEFR = re.compile(r"(?<![A-Za-z])([ABC][12])(?:\+)?(?![A-Za-z0-9])")
_FLUENCY: tuple[tuple[CefrLevel, str], ...] = (
    (
        "C2",
        (
            r"native(?: or bilingual)?|mother[- ]?tongue|bilingual|first language|muttersprach\w*|"
            r"langue maternelle|lengua materna|nativ[oa]|madrelingua|moedertaal|μητρική|родной|носитель"
        ),
    ),
    (
        "C1",
        (
            r"full professional|fluen\w*|fließend|verhandlungssicher|courant|advanced|excellent|"
            r"proficient\w*|very good|expert|near[- ]native|business fluent|fluido|avanzad\w*|avancé|"
            r"ottimo|vloeiend|άριστα|свободн\w*|продвинут\w*"
        ),
    ),
    (
        "B2",
        (
            r"professional working|upper[- ]intermediate|professional|good|working proficiency|business|"
            r"gut|bon|buen\w*|buono|goed|πολύ καλά|хорош\w*|выше среднего|pre[- ]?advanced"
        ),
    ),
    (
        "B1",
        (
            r"limited working|intermediate|conversational|conversant|moderate|mittel|intermédiaire|"
            r"intermedi\w*|fair|καλά|средн\w*|working knowledge|working"
        ),
    ),
    (
        "A2",
        (
            r"elementary|pre[- ]?intermediate|basic\w*|grundkenntnisse|notions|débutant|básico|elementare|"
            r"limited|βασικά|базов\w*|школьн\w*"
        ),
    ),
    (
        "A1",
        (r"beginner\w*|anfänger\w*|novice|principiante|αρχάριος|начальн\w*|learning"),
    ),
)
_FLUENCIES: tuple[tuple[CefrLevel, re.Pattern[str]], ...] = tuple(
    (level, re.compile(rf"(?<!\w)(?:{words})(?!\w)", re.IGNORECASE)) for level, words in _FLUENCY
)


def cefr_of(text: str) -> CefrLevel:
    """ "C1", "fluent", "Professional working proficiency" -> a level; "" if none is meant. LinkedIn's five
    proficiency names follow the ILR scale; the mapping is the usual one (ILR 5 = C2 ... ILR 1 = A2)."""
    stated = _CEFR.search(text)
    if stated:
        levels: dict[str, CefrLevel] = {
            "A1": "A1",
            "A2": "A2",
            "B1": "B1",
            "B2": "B2",
            "C1": "C1",
            "C2": "C2",
        }
        return levels[stated.group(1)]
    return next((level for level, words in _FLUENCIES if words.search(text)), "")


def fluency_span(text: str) -> tuple[int, int] | None:
    """Where the level is stated."""
    stated = _CEFR.search(text)
    if stated:
        return stated.span()
    for _, words in _FLUENCIES:
        found = words.search(text)
        if found:
            return found.span()
    return None

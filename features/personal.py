"""Which spans of a resume are about the person and not about the work.

Two degrees. *Private* spans (name, ways of contact, address, birth, family, nationality, a break in the
career, the name of a school) are nobody's business: no skill is read from them either. *Silent* spans
(education, interests) may state a fact that a posting asks for, such as a degree, and so can be read as
evidence, but no encoder sees their words, which tell of age and origin.

Rules of lines and sentences, in one pass. All of them look at form and never at which name, school or year
stands there: exchanging one for another must not change what is cut.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import lru_cache

from features.personal_words import NAMES, PEOPLES
from features.resume.contact import emails, phones
from features.resume.records import SectionKind
from features.resume.sections import heading_kind
from features.resume.vocabulary import title_score

Span = tuple[int, int]
#: Whether a lower-case word is one of work; anything else written with a capital may be a name.
Known = Callable[[str], bool]

HEADER_LINES = 10
MAX_NAME_WORDS = 5
_PRIVATE_SECTIONS: tuple[SectionKind, ...] = ("personal", "references")
_SILENT_SECTIONS: tuple[SectionKind, ...] = ("education", "interests")
_WORD = re.compile(r"[^\W\d_]+")
_LINE = re.compile(r"[^\n\r]+")
_SENTENCE = re.compile(r"(?:[^.!?;]|[.!?;](?!\s|$))+[.!?;]*")
_SEGMENT = re.compile(r"(?:(?!\s[-–—]\s)[^,;|•·\t()])+")
_BULLET = re.compile(r"\s*[-–*•·●▪■►‣◦]\s")
_INLINE = re.compile(r"\s*([^\W\d_][^\n:]{2,40}?)\s*:\s*\S")
_ADDRESSED = re.compile(
    r"https?://\S+|www\.\S+|\S+@\S+\.\w+|(?<![\w@])(?:linkedin|github|xing|gitlab)\.com/\S*", re.IGNORECASE
)
_STREET = re.compile(
    r"(?<![\w/])\d{1,5}[a-z]?,?\s+(?:[A-Z][\w.'’-]{0,24}\s{1,3}){1,4}(?:street|st|avenue|ave|road|rd|"
    r"lane|ln|drive|"
    r"dr|boulevard|blvd|court|ct|way|place|terrace|circle|parkway|highway|square|trail|close|crescent|"
    r"gardens)\b"
    r"|\b(?:[A-Z][\w'’-]+\s){1,3}(?:Street|Avenue|Road|Lane|Boulevard|Crescent|Terrace|Gardens)\b"
    r"|\b[A-ZÄÖÜ][\wäöüß-]{1,30}(?:straße|strasse|str\.|gasse|weg|platz|allee)\s+\d{1,4}\s?[a-z]?(?!\w)"
    r"|\b(?:rue|calle|via|rua|piazza|plaza|ul\.)\s+(?:[^\W\d_][\w.'’-]{0,24}\s+){1,4}\d{1,4}(?!\w)|"
    r"\bP\.?\s?O\.? Box \d+"
)
_POSTCODE = re.compile(
    r"\b[A-Z]{1,2}\d[A-Z\d]? \d[A-Z]{2}\b|\b[A-Z]\d[A-Z] ?\d[A-Z]\d\b|\b\d{4} [A-Z]{2}(?= [A-Z][a-z])"
    r"|(?<=\b[A-Z]{2} )\d{5}(?:-\d{4})?\b"
)
_NUMERIC_POSTCODE = re.compile(r"\b(?:[A-Z]{1,2}-)?\d{4,6}\b(?=\s+[^\W\d_])|(?<=[^\W\d_] )\d{5}\b")
_LABEL = re.compile(
    r"\s*\W{0,3}(?:date of birth|birth ?date|birthday|d\.?o\.?b\.?|born|age|gender|sex|pronouns?|"
    r"marital status|"
    r"civil status|family status|family|children|nationality|citizenship|ethnicity|race|religion|"
    r"place of birth|birthplace|passport|photo(?:graph)?|maiden name|visa(?: status)?|work permit|"
    r"work authori[sz]ation|(?:home |postal |current )?address|post ?code|zip(?: code)?|(?:tele)?phone|tel|"
    r"mobile|cell|fax|e-?mail|(?:full |first |last )?name|hometown|veteran status|disability(?: status)?|"
    r"geburtsdatum|geburtsort|familienstand|staatsangehörigkeit|nationalité|date de naissance|nacionalidad|"
    r"estado civil)\b\.?\s*(?:[:–—=]|-\s)",
    re.IGNORECASE,
)
_PERSONAL = re.compile(
    r"\b(?:born (?:on|in|and raised)|date of birth|marital status|place of birth|citizen of|dual citizen|"
    r"(?:i am|i'm|i’m) (?:a |an )?(?:single|married|divorced|widowed)|(?:mother|father|parent|mum|mom|"
    r"dad) of "
    r"(?:a|an|one|two|three|four|five|\d)|years?[- ]old|green card|right to work|"
    r"authori[sz]ed to work|(?:hold|have|holding|with|on|need|require) (?:a |"
    r"an )?(?:\w+[ -])?(?:work )?visa\b|"
    r"work permit|photo(?:graph)? attached|originally from|"
    r"(?:he|she|they|xe|ze) ?/ ?(?:him|her|hers|them|his|their|she|he|they))\b",
    re.IGNORECASE,
)
_BELONGING = re.compile(
    r"\b[A-Z][^\W\d_]+(?:[ -][A-Z][^\W\d_]+)? (?:citizen|national|passport|nationality|descent|origin|"
    r"heritage)\b"
)
_BREAK = re.compile(
    r"\b(?:(?:career|employment|work) (?:break|gap|pause)|gap year|sabbatical|(?:took|taking|"
    r"taken) (?:a |an |some )?"
    r"(?:\w+ )?(?:time|year|years|months?|break|leave)(?: off| out)?|time off|stay-at-home|"
    r"(?:on|after|from|during|following|took|taking|my|for) (?:\w+ )?(?:parental|maternity|paternity|"
    r"family|medical|sick|"
    r"compassionate|bereavement|carer['’]?s?|adoption) leave|rais(?:e|ing) (?:my |our |a |two |three |"
    r"the )?"
    r"(?:\w+ )?(?:children|kids|family|son|daughter|child)|(?:car(?:e|ed|ing) for|looked after|"
    r"looking after) "
    r"(?:my|our|an? (?:elderly|sick|ill|family)|two|three|young|elderly|ill|sick|a relative|family)|"
    r"unemployed|out of work|between jobs|return(?:ing|ed)? to (?:work|the workforce|the labou?r market)|"
    r"laid off|redundan(?:t|cy))\b",
    re.IGNORECASE,
)
_LEAVE_LINE = re.compile(
    r"[\s\W\d]*(?:parental|maternity|paternity|family|medical|sick|adoption|carer['’]?s?) leave\b|"
    r"[\s\W\d]*homemaker\b",
    re.IGNORECASE,
)
_DEGREE = re.compile(
    r"\b(?i:bachelor(?:['’]?s)?|master(?:['’]?s)? (?:degree|of|in|thesis)|master['’]s|doctorate|"
    r"doctor of|ph\.? ?d|"
    r"mba|b\.?sc|m\.?sc|b\.?eng|m\.?eng|b\.?tech|m\.?tech|ll\.?[bm]|associate(?:['’]?s)? degree|"
    r"associate of|diploma|"
    r"a[- ]levels?|gcses?|abitur|baccalaur\w+|high school|undergraduate|foundation degree|hnd|"
    r"school[- ]leaving certificate)\b|\b(?:B\.?A|M\.?A|B\.?S|M\.?S|B\.?Ed|M\.?Ed|"
    r"A\.?A\.?S?)\b\.?(?=\s*(?:,|\(|in\b|of\b|degree\b|$))"
)
_SCHOOLING = re.compile(
    r"\b(?:graduat(?:ed?|ing|ion)\b(?!\s+(?:looking|nurse|trainee))|studied|alumn\w+|majored|"
    r"valedictorian|cum laude|"
    r"g\.?p\.?a|dean['’]s list|fraternity|sorority|coursework|enrolled|exchange (?:semester|year|"
    r"student))\b",
    re.IGNORECASE,
)
_SCHOOL = re.compile(
    r"(?i:universit\w*|universidad\w*|\bcollege|\binstitut(?:e|o)\b|\bschool\b|\bacademy|polytechnic\w*|"
    r"hochschule|"
    r"gymnasium|école|\becole|lycée|conservatory|seminary|\bfacult(?:y|é|ad)\b|\bcampus\b)|\bMIT\b|"
    r"\bETH\b|\bUC[A-Z]?\b|"
    r"\bIIT\b|\bLSE\b|\bNYU\b"
)
_COURSES = re.compile(r"\b(?:course ?work|courses|modules|subjects|skills)\b\s*[:–-]", re.IGNORECASE)
_FROM = re.compile(r"\b(?:at|from|of the)\s+(?=[A-Z])|\d{4}")
_HONORIFIC = re.compile(r"\b(?:Mr|Mrs|Ms|Miss|Mx|Dr|Prof|Sir|Herr|Frau)\.? (?:[A-Z][^\W\d_]*\.?[ -]?){1,3}")
_CAPITAL = re.compile(r"(?<![^\W\d_])[A-Z][a-z]+(?![^\W\d_])")
#: After a people's name these make it a thing of work: "French cuisine" is one, "French engineer" is not.
_PEOPLES_WORK = re.compile(
    r" (?:cuisine|cooking|law|tax|gaap|literature|grammar|language|pastry|pastries|wines?)\b", re.IGNORECASE
)
_LANGUAGE_LINE = re.compile(
    r"\b(?:languages?|fluent|fluency|native|mother tongue|speak(?:s|ing|er)?|spoken|written|"
    r"proficien\w+|bilingual|"
    r"trilingual|intermediate|advanced|conversational|basic|beginner|[ABC][12]|translat\w+|interpret\w+|"
    r"knowledge of|command of|business)\b",
    re.IGNORECASE,
)
#: Skills that are also names, beside those in NAMES.
_NAMED = NAMES | {"jenkins", "swift", "ada", "pascal"}
#: A sentence or a line without any of these words has nothing the slow patterns look for.
_TRIGGERS = frozenset(
    """
    born birth marital citizen citizens national passport nationality descent origin heritage single
    married divorced widowed mother father parent mum mom dad old right authorized authorised visa
    permit attached photo photograph originally he she they xe ze break gap pause sabbatical took taking
    taken off leave raise raising care cared caring looked looking unemployed between return returning
    returned laid redundant redundancy bachelor bachelors master masters doctorate doctor ph phd mba sc
    bsc msc eng beng meng tech btech mtech ll llb llm associate associates diploma level levels gcse
    gcses abitur undergraduate foundation hnd leaving ba ma bs ms ed bed med aa aas b m graduate
    homemaker graduated graduating graduation studied majored valedictorian laude gpa g dean fraternity
    sorority coursework enrolled exchange university college institute instituto school academy
    polytechnic hochschule gymnasium école ecole lycée conservatory seminary faculty faculté facultad
    campus mit eth uc iit lse nyu out stay green
    """.split()
)
_LABEL_MARKS = (":", "–", "—", "=", "- ")
_STREETS = frozenset("street avenue road lane boulevard crescent terrace gardens".split())
_TITLES = frozenset("mr mrs ms miss mx dr prof sir herr frau".split())
_HOLE = re.compile(r"[^\n\r]")
_DIGIT = re.compile(r"\d")
_STEMS = ("universi", "baccalaur", "alumn", "polytechn", "college", "academ", "institut")
_ACTING = re.compile(
    r"(?:['’]s\b|(?P<surname> [A-Z][^\W\d_]+)? (?:is|was|has|had|holds|led|leads|works|worked|joined|joins|"
    r"brings|managed|manages|"
    r"built|builds|ran|runs|served|serves|started|spent|lives|writes|wrote|designed|developed|can|will|"
    r"speaks)\b)"
)
_CV = re.compile(r"(?:curriculum vitae|résumé|resume|cv|lebenslauf)(?: (?:of|von|for))?\W*", re.IGNORECASE)


@dataclass(slots=True)
class Spans:
    """`private`: cut for every reader. `silent`: cut for encoders only."""

    private: list[Span] = field(default_factory=list)
    silent: list[Span] = field(default_factory=list)


@dataclass(slots=True)
class _State:
    """Where the walk through the lines stands."""

    section: SectionKind | None = None
    inline: bool = False
    header: bool = True
    named: bool = False
    lines: int = 0
    gap: bool = False
    after_blank: bool = True


def personal_spans(text: str, known: Known) -> Spans:
    """Spans of `text` about the person; overlapping and unordered."""
    spans, state, end = Spans(), _State(), 0
    for match in _LINE.finditer(text):
        line = match.group()
        if text.count("\n", end, match.start()) > 1 or not line.strip():
            _blank_line(state)
        if line.strip():
            _line(line, match.start(), state, spans, known)
            state.after_blank = False
        end = match.end()
    return spans


def _blank_line(state: _State) -> None:
    state.after_blank, state.gap = True, False
    state.header = state.header and state.lines < 2
    if state.inline:
        state.section, state.inline = None, False


def _line(line: str, start: int, state: _State, spans: Spans, known: Known) -> None:
    state.lines += 1
    kind = _heading(line, state)
    whole = (start, start + len(line))
    if kind is not None:
        state.section, state.inline, state.gap = kind, False, False
        state.header = state.header and state.lines == 1
        return
    labelled = _inline_kind(line)
    if labelled is not None:
        state.section, state.inline, state.header = labelled, True, False
    words = {word.lower() for word in _WORD.findall(line)}
    told = not words.isdisjoint(_TRIGGERS) or any(word.startswith(_STEMS) for word in words)
    if state.section in _PRIVATE_SECTIONS or _is_labelled(line) or _in_gap(line, state, told):
        spans.private.append(whole)
        return
    if state.section in _SILENT_SECTIONS:
        spans.silent.append(whole)
        if state.section == "education":
            _schools(line, start, spans)
    if state.header and state.lines <= HEADER_LINES:
        _header(line, start, state, spans, known)
    _inside(line, start, words, told, spans)


def _is_labelled(line: str) -> bool:
    return any(mark in line for mark in _LABEL_MARKS) and _LABEL.match(line) is not None


def _heading(line: str, state: _State) -> SectionKind | None:
    bare = line.strip()
    if len(bare) > 60 or bare[-1:] in ".," or bare[0].islower() or _BULLET.match(line) or _DIGIT.search(bare):
        return None
    kind = _kind(bare)
    hiding = kind in _PRIVATE_SECTIONS or kind in _SILENT_SECTIONS
    shown = state.after_blank or bare.isupper() or bare.endswith(":")
    return None if hiding and not shown else kind


def _inline_kind(line: str) -> SectionKind | None:
    match = _INLINE.match(line) if ":" in line else None
    return None if match is None or _BULLET.match(line) else _kind(match.group(1))


@lru_cache(4096)
def _kind(heading: str) -> SectionKind | None:
    return heading_kind(heading)


def _in_gap(line: str, state: _State, told: bool) -> bool:
    """A line that announces a break, and the points under it."""
    if state.gap and (_BULLET.match(line) or line[:1].isspace()):
        return True
    short = told and len(line) <= 120 and not title_score(line.split(",")[0]) >= 0.5
    state.gap = short and bool(_LEAVE_LINE.match(line) or _BREAK.search(line)) and line.rstrip()[-1:] != "."
    return state.gap


def _header(line: str, start: int, state: _State, spans: Spans, known: Known) -> None:
    """Name, contact and address at the top; a sentence ends the top."""
    words = _WORD.findall(_ADDRESSED.sub(" ", line))
    if len(words) >= 5 and sum(word.islower() for word in words) >= 2:
        state.header = False
        return
    for match in _SEGMENT.finditer(line):
        segment = match.group()
        at = start + match.start()
        body = _CV.match(segment.strip())
        rest = segment.strip()[body.end() :] if body else segment.strip()
        if not state.named and _is_name(rest, known):
            state.named = True
            spans.private.append((at, at + len(segment)))
    spans.private += [(start + m.start(), start + m.end()) for m in _NUMERIC_POSTCODE.finditer(line)]
    if _STREET.search(line) or _POSTCODE.search(line):
        spans.private.append((start, start + len(line)))


def _is_name(text: str, known: Known) -> bool:
    """One to five words with capitals, no digits, at least one of which is no word of work."""
    words = _WORD.findall(text)
    if not 1 <= len(words) <= MAX_NAME_WORDS or _DIGIT.search(text):
        return False
    lower = [word.casefold() for word in words]
    return any(word in NAMES or not known(word) for word in lower)


def _inside(line: str, start: int, words: set[str], told: bool, spans: Spans) -> None:
    private = [m for pattern in _patterns(line, words) for m in pattern.finditer(line)]
    spans.private += [(start + m.start(), start + m.end()) for m in private]
    for match in _CAPITAL.finditer(line):
        end = _told_until(line, match)
        if end:
            spans.private.append((start + match.start(), start + end))
    if "@" in line:
        spans.private += [(start + f.start, start + f.end) for f in emails(line)]
    if len(_DIGIT.findall(line)) >= 7:
        spans.private += [(start + f.start, start + f.end) for f in phones(line)]
    if told:
        for match in _SENTENCE.finditer(line):
            _sentence(match.group(), start + match.start(), spans)


def _patterns(line: str, words: set[str]) -> list[re.Pattern[str]]:
    """Those that may find something in this line: looking is what costs."""
    chosen = [_ADDRESSED] if any(mark in line for mark in ("://", "www.", "@", ".com/")) else []
    digits = _DIGIT.search(line) is not None
    if digits or words & _STREETS:
        chosen.append(_STREET)
    if digits:
        chosen.append(_POSTCODE)
    return [*chosen, _HONORIFIC] if words & _TITLES else chosen


def _told_until(line: str, match: re.Match[str]) -> int:
    """Where the telling ends if a capitalised word names a people outside a statement of languages, or
    somebody who does something ("Ruby Miller leads", not "Ruby developer"); else 0."""
    word = match.group().lower()
    if word in PEOPLES:
        first = line.rfind(". ", 0, match.start()) + 1
        last = line.find(". ", match.end())
        spoken = _LANGUAGE_LINE.search(line, first, last if last > 0 else len(line))
        return 0 if spoken or _PEOPLES_WORK.match(line, match.end()) else match.end()
    acting = _ACTING.match(line, match.end()) if word in _NAMED else None
    return 0 if acting is None else max(match.end(), acting.end("surname"))


def _sentence(sentence: str, start: int, spans: Spans) -> None:
    whole = (start, start + len(sentence))
    if _PERSONAL.search(sentence) or _BELONGING.search(sentence) or _BREAK.search(sentence):
        spans.private.append(whole)
    elif _DEGREE.search(sentence) or _SCHOOLING.search(sentence) or _is_school_line(sentence):
        spans.silent.append(whole)
        _schools(sentence, start, spans)


def _is_school_line(sentence: str) -> bool:
    """A school with its name and no post beside it: teachers and nurses work at schools and universities."""
    found = _SCHOOL.search(sentence)
    return found is not None and found.group()[:1].isupper() and title_score(sentence) < 0.5


def _schools(line: str, start: int, spans: Spans) -> None:
    """Everything in a line about education that is neither a degree nor a list of courses."""
    if _COURSES.search(line) and not _SCHOOL.search(line):
        return
    for match in _SEGMENT.finditer(line):
        segment = match.group()
        degree = _DEGREE.search(segment)
        if degree is None:
            spans.private.append((start + match.start(), start + match.end()))
            continue
        cut = _FROM.search(segment, degree.end()) or _SCHOOL.search(segment, degree.end())
        if cut is not None:
            spans.private.append((start + match.start() + cut.start(), start + match.end()))


def blank_spans(text: str, spans: list[Span]) -> str:
    """`text` with the spans replaced by spaces; its length, its lines and all other offsets stay."""
    if not spans:
        return text
    parts: list[str] = []
    at = 0
    for start, end in sorted(spans):
        if end > at:
            start = max(start, at)
            parts += (text[at:start], _HOLE.sub(" ", text[start:end]))
            at = end
    return "".join((*parts, text[at:]))

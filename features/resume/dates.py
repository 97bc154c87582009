"""Dates as resumes state them -> partial ISO 8601 dates and ranges with their spans.

"Mar 2019 - Present", "03/2019 to 06/2021", "2016-18", "Since May 2020", "Sept. '14 – heute". A date keeps the
precision it was written with. Days are read as US month/day/year unless the first number says otherwise.
"""

from __future__ import annotations

import re
from collections import deque
from typing import NamedTuple

MIN_YEAR, MAX_YEAR = 1940, 2100

_MONTH_NAMES = """
january jan januar jänner janvier janv enero ene gennaio gen janeiro januari ιανουάριος ιανουαρίου
ιαν январь января янв;
february feb febr februar février fevrier févr fév febrero febbraio fevereiro fev februari
φεβρουάριος φεβρουαρίου φεβ февраль февраля фев;
march mar mär märz maerz mars marzo março marco maart mrt μάρτιος μαρτίου μάρ μαρ март марта мар;
april apr avril avr abril abr aprile απρίλιος απριλίου απρ апрель апреля апр;
may mai mayo maggio mag maio mei μάιος μαΐου μάι μαϊ μαι май мая;
june jun juni juin junio giugno giu junho ιούνιος ιουνίου ιούν ιουν июнь июня июн;
july jul juli juillet juil julio luglio lug julho ιούλιος ιουλίου ιούλ ιουλ июль июля июл;
august aug août aout agosto ago augustus αύγουστος αυγούστου αύγ αυγ август августа авг;
september sep sept septembre septiembre settembre set setembro σεπτέμβριος σεπτεμβρίου σεπ сентябрь
сентября сен сент;
october oct okt oktober octobre octubre ottobre ott outubro out οκτώβριος οκτωβρίου οκτ октябрь
октября окт;
november nov novembre noviembre novembro νοέμβριος νοεμβρίου νοέ νοε ноябрь ноября ноя нояб;
december dec dez dezember décembre decembre déc diciembre dic dicembre dezembro δεκέμβριος
δεκεμβρίου δεκ декабрь декабря дек
"""
_MONTHS: dict[str, int] = {}
for _number, _names in enumerate(_MONTH_NAMES.split(";"), 1):
    _MONTHS.update(dict.fromkeys(_names.split(), _number))

_MONTH = "(?:" + "|".join(sorted((re.escape(name) for name in _MONTHS), key=len, reverse=True)) + ")"
_YEAR = r"(?:19[4-9]\d|20\d\d)"
_SHORT_YEAR = r"['’‘`]\s?\d\d"
#: One date. Order matters: the longest form first.
_DATE = (
    rf"(?P<dmy>(?<![\d/.-])\d{{1,2}}(?:st|nd|rd|th|\.)?\s+(?:of\s+)?{_MONTH}\.?,?\s+{_YEAR}(?!\d))"
    rf"|(?P<mdy>(?<!\w){_MONTH}\.?\s+\d{{1,2}}(?:st|nd|rd|th)?,?\s+{_YEAR}(?!\d))"
    rf"|(?P<my>(?<!\w){_MONTH}\.?\s*[,/'’.-]?\s*(?:of\s+)?{_YEAR}(?!\d)|(?<!\w){_MONTH}\.?\s*{_SHORT_YEAR}(?!\d)"
    rf"|(?<!\w){_MONTH}\.?-\d\d(?![\d/]))"
    rf"|(?P<iso>(?<![\d/.-]){_YEAR}[-/.](?:1[0-2]|0?[1-9])(?:[-/.](?:3[01]|[12]\d|0?[1-9]))?(?![\d]))"
    rf"|(?P<num>(?<![\d/.-])\d{{1,2}}[/.-]\d{{1,2}}[/.-](?:{_YEAR}|\d\d)(?![\d/]))"
    rf"|(?P<ny>(?<![\d/.$-])(?:1[0-2]|0?[1-9])\s?[/.-]\s?{_YEAR}(?!\d)|(?<![\d/.$-])(?:1[0-2]|0[1-9])/\d\d(?![\d/%]))"
    rf"|(?P<sy>(?<!\w)(?:spring|summer|fall|autumn|winter)(?:\s+of)?,?\s+{_YEAR}(?!\d))"
    rf"|(?P<y>(?<![\d$€£#/.,]){{BEFORE}}{_YEAR}(?![\d%,]\d|\d|s\b|\s?(?:hours|people|employees|users|%|\+)))"
)
_PRESENT = (
    r"(?:present|current(?:ly)?|now|today|ongoing|(?:till|until|to)\s+(?:date|now|present)|date|heute|aktuell|"
    r"aujourd['’]hui|présent|actualidad|actual(?:idad|mente)?|presente|attuale|oggi|atual|heden|nu|σήμερα|παρόν|"
    r"н\.\s?в\.?|наст(?:оящее)?\.?\s?(?:время|вр\.?)?|сейчас)"
)
_SEPARATOR = (
    r"(?:\s*(?:-{1,2}|–|—|−|‐|─|→|~|>)\s*|"
    r"\s+(?:to|until|till|through|thru|bis|à|au|a|al|até|tot|έως|по|до)\s+)"
)
#: Alone, a year after "555-" is part of a number; after the dash of a range it is the end of it.
_ONE = re.compile(_DATE.replace("{BEFORE}", "(?<!-)"), re.IGNORECASE)
_LAST = _DATE.replace("{BEFORE}", "")
_END = re.compile(
    rf"{_SEPARATOR}(?:the\s+)?(?:(?P<present>{_PRESENT})(?!\w)|(?P<short>\d\d)(?![\d/.%-]|\s*\w)|(?P<date>{_LAST}))",
    re.IGNORECASE,
)
#: Two dates with nothing between them: a dash that a converter lost. Years alone do not prove it.
_BARE_END = re.compile(
    rf"[ \t]+(?:(?P<present>(?-i:Present|Current|Now|now))(?!\w)|(?P<date>{_LAST}))", re.IGNORECASE
)
_OPEN_END = re.compile(r"\s*(?:-|–|—)\s*(?=$|[),;|\t\n])")
_SINCE = re.compile(r"(?<!\w)(?:since|from|seit|ab|depuis|desde|dal|sinds|από|с)\s+$", re.IGNORECASE)
_UNTIL = re.compile(
    r"(?<!\w)(?:until|till|through|bis|jusqu['’]à|hasta|fino a|até|tot|έως|до)\s+$", re.IGNORECASE
)
#: "May - August 2019": the first month borrows the year.
_MONTH_RANGE = re.compile(
    rf"(?<!\w)(?P<first>{_MONTH})\.?{_SEPARATOR}(?P<second>{_MONTH}\.?\s*,?\s*(?P<year>{_YEAR}))(?!\d)",
    re.IGNORECASE,
)


_DIGIT = re.compile(r"\d")


class Date(NamedTuple):
    """`value` is "2019", "2019-03" or "2019-03-14"."""

    value: str
    start: int
    end: int


class DateRange(NamedTuple):
    """`[start, end)` covers both dates and what joins them. `last` is None where nothing or "Present" is
    stated; `present` is the span of that word (empty after an open dash). `single` = only one date."""

    start: int
    end: int
    first: Date
    last: Date | None
    present: tuple[int, int] | None
    single: bool
    ends: bool = False  # "until 2015": the one date is the last


def find_dates(text: str) -> list[Date]:
    """Every date, in order."""
    found = []
    for match in _ONE.finditer(text):
        value = _value(match)
        if value:
            found.append(Date(value, match.start(), match.end()))
    return found


def find_ranges(text: str) -> list[DateRange]:
    """Every range, and every single date that is in none, in order."""
    ranges: list[DateRange] = []
    if not _DIGIT.search(text):
        return ranges
    months = deque(_MONTH_RANGE.finditer(text))
    at = 0
    while at < len(text):
        while months and months[0].start() < at:
            months.popleft()
        found = _range_at(text, at, months[0] if months else None)
        if found is None:
            break
        ranges.append(found)
        at = found.end
    return ranges


def _range_at(text: str, at: int, months: re.Match[str] | None) -> DateRange | None:
    """The first range or date from `at` on; `months` is the first "May - August 2019" there."""
    single = _ONE.search(text, at)
    while single is not None and not _value(single):
        single = _ONE.search(text, single.end())
    if months and (single is None or months.start() < single.start()):
        return _borrowed(months)
    if single is None:
        return None
    first = Date(_value(single), single.start(), single.end())
    return _with_end(text, first)


def _borrowed(match: re.Match[str]) -> DateRange:
    year = match.group("year")
    second = re.match(_MONTH, match.group("second"), re.IGNORECASE)
    numbers = [_MONTHS[match.group("first").lower()], _MONTHS[second.group().lower()] if second else 12]
    first_year = int(year) - (1 if numbers[0] > numbers[1] else 0)
    first = Date(f"{first_year}-{numbers[0]:02}", match.start("first"), match.end("first"))
    last = Date(f"{year}-{numbers[1]:02}", match.start("second"), match.end("second"))
    return DateRange(match.start(), match.end(), first, last, None, False)


def _with_end(text: str, first: Date) -> DateRange:
    since = _SINCE.search(text[max(0, first.start - 12) : first.start])
    start = first.start - len(since.group()) if since else first.start
    until = _UNTIL.search(text[max(0, first.start - 12) : first.start])
    if until:
        return DateRange(first.start - len(until.group()), first.end, first, None, None, True, ends=True)
    match = _END.match(text, first.end) or _bare_end(text, first)
    if match is None:
        opened = _OPEN_END.match(text, first.end)
        if since and since.group().strip().lower() not in ("from", "ab", "dal", "с"):
            return DateRange(start, first.end, first, None, (start, first.start - 1), False)
        if opened and opened.end() > first.end:
            return DateRange(start, opened.end(), first, None, (opened.end(), opened.end()), False)
        return DateRange(start, first.end, first, None, None, True)
    if match.group("present"):
        return DateRange(start, match.end(), first, None, match.span("present"), False)
    if match.groupdict().get("short"):
        return _short_end(start, first, match)
    value = _value(match)
    last = Date(value, match.start("date"), match.end("date"))
    if not value or _year(value) < _year(first.value):
        return DateRange(start, first.end, first, None, None, True)
    return DateRange(start, match.end(), first, last, None, False)


def _bare_end(text: str, first: Date) -> re.Match[str] | None:
    match = _BARE_END.match(text, first.end)
    if match is None or match.group("present"):
        return match
    return match if len(_value(match)) >= 7 and len(first.value) >= 7 else None


def _short_end(start: int, first: Date, match: re.Match[str]) -> DateRange:
    """ "2016-18". Not "2016-08", which is a month and was read as one."""
    value = f"{first.value[:2]}{match.group('short')}"
    if len(first.value) == 4 and 0 <= int(value) - int(first.value) <= 60:
        last = Date(value, match.start("short"), match.end("short"))
        return DateRange(start, match.end(), first, last, None, False)
    return DateRange(start, first.end, first, None, None, True)


def _value(match: re.Match[str]) -> str:
    """The partial date, "" if its numbers are no date."""
    groups = match.groupdict()
    kind = next((k for k in ("dmy", "mdy", "my", "iso", "num", "ny", "sy", "y") if groups.get(k)), "")
    text = (groups.get(kind) or "").lower()
    numbers = [int(n) for n in re.findall(r"\d+", text)]
    month = re.search(_MONTH, text, re.IGNORECASE)
    number = _MONTHS[month.group().lower()] if month and kind in ("dmy", "mdy", "my") else 0
    if kind == "dmy":
        return _date(numbers[-1], number, numbers[0])
    if kind == "mdy":
        return _date(numbers[-1], number, numbers[0])
    if kind == "my":
        return _date(numbers[-1], number)
    if kind == "iso":
        return _date(*numbers)
    if kind == "num":
        day_first = numbers[0] > 12 or "." in text
        month_day = (numbers[1], numbers[0]) if day_first else (numbers[0], numbers[1])
        return _date(numbers[2], *month_day)
    if kind == "ny":
        return _date(numbers[1], numbers[0])
    return _date(numbers[-1]) if numbers else ""


def _date(year: int, month: int = 0, day: int = 0) -> str:
    if year < 100:
        year += 2000 if year < 60 else 1900
    if not MIN_YEAR <= year <= MAX_YEAR or month > 12 or day > 31:
        return ""
    return f"{year}" + (f"-{month:02}" if month else "") + (f"-{day:02}" if month and day else "")


def _year(value: str) -> int:
    return int(value[:4]) if value else 0


def months_of(value: str, *, end: bool) -> int:
    """A partial date as a count of months. A bare year begins in January and ends in December."""
    year, month = int(value[:4]), int(value[5:7]) if len(value) >= 7 else 0
    return year * 12 + (month - 1 if month else 11 if end else 0)

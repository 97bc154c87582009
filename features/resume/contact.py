"""Who the resume is of and how to reach them, and every span of it that no model may see."""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Iterable, Iterator

from features.places import Gazetteer
from features.resume.records import Field, Line, Location, Profile, ReadDocument, Section
from features.resume.sections import heading_kind
from features.resume.vocabulary import is_title_like

Text = Field[str]
_EMAIL = re.compile(
    r"(?<![\w.+-])[\w][\w.+%'-]{0,63}\s?@\s?(?:[\w-]{1,63}\.){1,4}[^\W\d_]{2,18}(?![\w-])(?!\.\w)", re.UNICODE
)
_PHONE = re.compile(
    r"(?<![\w/.+-])(?:\+|00)?\(?\d{1,4}\)?(?:[\s.\-–/]{0,3}\(?\d{1,5}\)?){1,6}(?:\s?(?:x|ext\.?)\s?\d{1,5})?(?![\w/-])"
)
_PHONE_WORD = re.compile(
    r"(?:phone|tel(?:ephone|efon|éfono)?|mobile?|cell(?:ular)?|handy|fax|whatsapp|τηλ\w*|κιν\w*|тел\w*|моб\w*)\W{0,4}$",
    re.IGNORECASE,
)
_TLD = (
    r"(?:com|org|net|io|dev|me|co|ai|app|edu|gov|info|tech|xyz|site|online|pro|de|fr|es|it|nl|gr|ru|uk|us|ca|au|in|ch|at|be|pl|pt|se|no|"
    r"dk|fi|ie|eu|il|br|mx|jp|cn|link|page|blog|design|studio|cloud|software|name|biz)"
)
_URL = re.compile(
    rf"(?:https?://|www\.)[^\s<>()\"|,;]+|(?<![\w@./-])(?:[a-z0-9](?:[a-z0-9-]{{0,62}})\.)+{_TLD}(?:/[^\s<>()\"|,;]*)?(?![\w@-])",
    re.IGNORECASE,
)
_NETWORKS: dict[str, str] = {
    "linkedin.com": "LinkedIn", "github.com": "GitHub", "gitlab.com": "GitLab", "bitbucket.org": "Bitbucket",
    "stackoverflow.com": "Stack Overflow", "twitter.com": "Twitter", "x.com": "X", "facebook.com": "Facebook",
    "instagram.com": "Instagram", "xing.com": "XING", "medium.com": "Medium", "behance.net": "Behance",
    "dribbble.com": "Dribbble", "kaggle.com": "Kaggle", "youtube.com": "YouTube",
    "hackerrank.com": "HackerRank", "leetcode.com": "LeetCode",
    "orcid.org": "ORCID", "scholar.google.com": "Google Scholar",
    "researchgate.net": "ResearchGate", "t.me": "Telegram", "mastodon.social": "Mastodon",
}  # fmt: skip
_HANDLE = re.compile(
    r"(?<!\w)(linkedin|github|gitlab|twitter|telegram|skype|xing|instagram|behance|kaggle|facebook|whatsapp|viber|bitbucket|"
    r"stack overflow|medium|dribbble|mastodon|leetcode|orcid)"
    r"\s*(?:profile|id|name)?\s*[:@]\s*@?([\w][\w.@/+-]{2,60})",
    re.IGNORECASE,
)
_STREET = re.compile(
    r"(?<![\w/])\d{1,5}[a-z]?[,]?\s+(?:[NSEW]\.?\s+)?(?:[A-Z][\w.'’-]{0,24}\s{1,3}){1,4}"
    r"(?:street|st|avenue|ave|road|rd|lane|ln|drive|dr|boulevard|blvd|court|ct|way|place|pl|terrace|circle|cir|"
    r"parkway|pkwy|highway|hwy|square|sq|trail|loop)\b\.?(?:,?\s*(?:apt|apartment|unit|suite|ste|#)\.?\s*#?\w{1,6})?"
    r"|(?<!\w)(?<![.-])[A-ZÄÖÜ][\w.äöüß-]{1,30}(?:straße|strasse|str\.|gasse|weg|platz|allee)\s+\d{1,4}\s?[a-z]?(?!\w)"
    r"|(?<!\w)(?:rue|avenue|boulevard|calle|via|rua|piazza|plaza|ul\.|улица|οδός)\s{1,3}(?:[^\W\d_][\w.'’-]{0,24}\s{1,3}){1,4}\d{1,4}(?!\w)"
    r"|(?<!\w)P\.?\s?O\.?\s?Box\s+\d+",
    re.IGNORECASE,
)
_POSTCODE = re.compile(
    r"(?<=, )\d{4,5}(?= [^\W\d_])|(?<=[A-Z]{2}[ ,])\s?\d{5}(?:-\d{4})?(?!\d)|(?<!\w)[A-Z]{1,2}\d[A-Z\d]? "
    r"\d[A-Z]{2}(?!\w)|"
    r"(?<!\w)[A-Z]\d[A-Z] ?\d[A-Z]\d(?!\w)|^\d{4,6}(?= [^\W\d_])"
)
_PERSONAL = re.compile(
    r"(?<!\w)(?:date of birth|birth ?date|born(?: on| in)?|d\.?o\.?b\.?|age|gender|sex|marital status|"
    r"civil status|family status|nationality|"
    r"religion|citizenship|place of birth|birthplace|father['’]?s name|mother['’]?s name|children|race|"
    r"ethnicity|passport(?: no)?|national id|"
    r"geburtsdatum|geboren|geburtsort|familienstand|staatsangehörigkeit|nationalität|date de naissance|"
    r"né[e]? le|nationalité|"
    r"fecha de nacimiento|nacionalidad|estado civil|data di nascita|nazionalità|stato civile|data de "
    r"nascimento|"
    r"ημερομηνία γέννησης|υπηκοότητα|дата рождения|гражданство|семейное положение|пол|ssn|social "
    r"security(?: number| no)?)"
    r"\s*(?:[:–-]|\s(?=\d))\s*[^\n|•\t;]{1,60}",
    re.IGNORECASE,
)
_NAME_LABEL = re.compile(
    r"^(?:(?:full |first |last )?name|nom|nombre|nome|naam|ονοματεπώνυμο|имя|фио)\s*:\s*", re.IGNORECASE
)
_TITLES = re.compile(
    r"^(?:(?:resume|curriculum vitae|cv|lebenslauf)\s*(?:of|von|[:–-])?\s+|(?:mr|mrs|ms|dr|prof)\.?\s+)+",
    re.IGNORECASE,
)
_SUFFIX = re.compile(
    r",?\s+(?:ph\.?d|mba|cpa|pmp|rn|esq|jr|sr|ii|iii|m\.?d|cfa|phr|sphr|pe|msc|bsc|ma|ms|bs|cissp)\.?$",
    re.IGNORECASE,
)
_NAME_WORD = re.compile(r"[^\W\d_]+(?:['’.-][^\W\d_]+)*\.?$")
_PARTICLES = frozenset(
    "de da do dos das del della di van von der den la le el al bin ibn ben zu und y e da'".split()
)
_NOT_NAMES = frozenset(
    """resume curriculum vitae cv page of summary profile company university college school street city
   state email phone
    address linkedin github mobile confidential present inc llc ltd gmbh corp the and for with professional
    portfolio
    references available about contact skills experience education work java python sql web data it
    hr""".split()
)
MAX_NAME_WORDS = 5


def emails(text: str) -> list[Text]:
    return [
        Field(m.group().replace(" ", "").lower(), m.start(), m.end(), 0.98) for m in _EMAIL.finditer(text)
    ]


def phones(text: str, dated: Iterable[tuple[int, int]] = ()) -> list[Text]:
    """Digit groups that are long enough and no date range. `dated` are spans of dates."""
    spans = sorted(dated)
    found = []
    for match in _PHONE.finditer(text):
        digits = re.sub(r"\D", "", match.group())
        before = text[max(0, match.start() - 16) : match.start()]
        labelled = bool(_PHONE_WORD.search(before))
        if not 7 <= len(digits) <= 15 or _overlaps(spans, *match.span()):
            continue
        if "\n" in match.group():
            continue
        shaped = match.group().lstrip().startswith(("+", "(", "00")) or bool(
            re.search(r"\d[\s.\-–/()]+\d", match.group())
        )
        if labelled or (shaped and len(digits) >= 9) or match.group().strip().startswith("+"):
            found.append(Field(match.group().strip(), match.start(), match.end(), 0.97 if labelled else 0.85))
    return found


def _overlaps(spans: list[tuple[int, int]], start: int, end: int) -> bool:
    """Whether one of the sorted, disjoint spans shares a character with `[start, end)`."""
    at = bisect_left(spans, (end, 0))
    return at > 0 and spans[at - 1][1] > start


def links(text: str, taken: list[tuple[int, int]]) -> list[Text]:
    """Addresses in the text, those of e-mail left out; "https://" is added where it was left out."""
    found = []
    spans = sorted(taken)
    for match in _URL.finditer(text):
        raw = match.group().rstrip(".,:;)]'\"")
        if _overlaps(spans, *match.span()) or len(raw) < 5:
            continue
        certain = raw.lower().startswith(("http", "www.")) or "/" in raw
        if not certain and not _plausible_site(raw):
            continue
        url = raw if raw.lower().startswith("http") else f"https://{raw}"
        found.append(Field(url, match.start(), match.start() + len(raw), 0.95 if certain else 0.7))
    return found


def _plausible_site(raw: str) -> bool:
    """Not "ASP.NET", "Node.js", "Inc.Co" or "e.g.in"."""
    labels = raw.split(".")
    return (
        raw == raw.lower()
        and len(labels[-2]) > 2
        and raw not in ("asp.net", "vb.net", "ado.net", "socket.io")
    )


def profile_of(url: Text) -> Profile | None:
    """The network an address belongs to, with the user's name there."""
    bare = re.sub(r"^https?://(?:www\.)?", "", url.value, flags=re.IGNORECASE)
    host, _, path = bare.partition("/")
    host = host.lower()
    for domain, network in _NETWORKS.items():
        if host == domain or host.endswith(f".{domain}"):
            parts = [
                part
                for part in path.split("?")[0].split("/")
                if part and part not in ("in", "pub", "users", "profile")
            ]
            return Profile(network, parts[-1] if parts else "", url)
    return None


def handles(text: str) -> Iterator[Profile]:
    """ "Skype: someone"."""
    for match in _HANDLE.finditer(text):
        name = match.group(2).rstrip(".,")
        if "." in name and "/" in name:
            continue  # an address; found as a link
        yield Profile(
            match.group(1).title(), name, Field(name, match.start(2), match.start(2) + len(name), 0.8)
        )


def find_name(document: ReadDocument, header: Section, addresses: list[Text]) -> Text | None:
    """The person's name: the likeliest of the first lines. A line that names a post, a place or a heading is
    none; an e-mail address with the same words confirms, a larger size speaks for it."""
    best: tuple[float, Text] | None = None
    local = "".join(char for a in addresses[:1] for char in a.value.split("@")[0] if char.isalpha())
    lines = [line for line in document.lines if line.start < max(header.end, 1)][:8]
    for i, line in enumerate(lines):
        for start, part in _parts(document.text, line):
            found = _name_in(part)
            if found is None:
                continue
            offset, name, labelled = found
            words = [w for w in re.split(r"[\s.-]+", name.casefold()) if len(w) > 1]
            confirmed = any(len(w) > 2 and w in local for w in words)
            score = (
                0.62
                - 0.06 * i
                + 0.25 * confirmed
                + 0.3 * labelled
                + 0.12 * (line.size > 1.15 or line.heading)
            )
            score -= 0.3 * (is_title_like(name) and not confirmed)
            if score >= 0.5 and (best is None or score > best[0]):
                at = start + offset
                best = score, Field(name, at, at + len(name), min(0.98, round(score, 2)))
    return best[1] if best else None


def _parts(text: str, line: Line) -> Iterator[tuple[int, str]]:
    """Pieces of a line between bars, tabs and bullets, with where they begin."""
    for match in re.finditer(r"[^|\t•·]+", text[line.start : line.end]):
        raw = match.group()
        yield line.start + match.start() + len(raw) - len(raw.lstrip()), raw.strip()


def _name_in(part: str) -> tuple[int, str, bool] | None:
    """(offset, name, whether a label says so)."""
    label = _NAME_LABEL.match(part)
    title = _TITLES.match(part[label.end() if label else 0 :])
    offset = (label.end() if label else 0) + (title.end() if title else 0)
    name = part[offset:].strip(" ,;:-–")
    while _SUFFIX.search(name):
        name = _SUFFIX.sub("", name)
    words = name.replace(",", " ").split()
    if not 1 < len(words) <= MAX_NAME_WORDS or heading_kind(name):
        return None
    if any(not _NAME_WORD.match(word) or word.casefold().strip(".") in _NOT_NAMES for word in words):
        return None
    capital = [word for word in words if word.casefold() not in _PARTICLES]
    cased = [w for w in capital if w[0].upper() != w[0].lower()]
    if len(capital) < 2 or any(w[0] != w[0].upper() for w in cased):
        return None
    return offset, name, bool(label)


def find_location(
    document: ReadDocument, header: Section, gazetteer: Gazetteer, taken: list[tuple[int, int]]
) -> Field[Location] | None:
    """Where the person lives, from the lines above the first heading (and of a personal section)."""
    for line in document.lines:
        if not header.start <= line.start < max(header.end, 1):
            continue
        for start, part in _parts(document.text, line):
            if any(s < start + len(part) and start < e for s, e in taken):
                part_clear = _without(part, start, taken)
            else:
                part_clear = part
            found = place_in(part_clear, start, gazetteer)
            if found is not None:
                return found
    return None


def _without(part: str, start: int, taken: list[tuple[int, int]]) -> str:
    """The part with what is something else (name, mail, phone) blanked."""
    chars = list(part)
    for s, e in taken:
        for i in range(max(0, s - start), min(len(chars), e - start)):
            chars[i] = " "
    return "".join(chars)


_PLACE_LABEL = re.compile(
    r"^(?:(?:current )?(?:address|location|residence|based in|city|adresse|wohnort|ort|dirección|indirizzo|"
    r"διεύθυνση|адрес|город)\s*:?\s*)",
    re.IGNORECASE,
)


def place_in(part: str, start: int, gazetteer: Gazetteer) -> Field[Location] | None:
    """A part of a line that names a place and little else."""
    label = _PLACE_LABEL.match(part)
    offset = label.end() if label else 0
    body = part[offset:]
    lead = len(body) - len(body.lstrip(" ,;-–"))
    body, offset = body.strip(" ,;-–."), offset + lead
    if not 2 < len(body) <= 120:
        return None
    street = _STREET.search(body)
    post = _POSTCODE.search(body)
    rest = body
    for match in (street, post):
        if match:
            rest = rest.replace(match.group(), " ")
    rest = " ".join(rest.split()).strip(" ,;")
    if not rest or not (gazetteer.is_place(rest) or ((street or label) and gazetteer.resolve(rest))):
        return None
    place = gazetteer.resolve(rest)
    if place is None:
        return None
    value = Location(
        body, place.city, place.admin1 if place.country == "US" else "", place.country,
        street.group() if street else "", post.group().strip() if post else "",
    )  # fmt: skip
    return Field(value, start + offset, start + offset + len(body), 0.9 if label or street else 0.75)


def private_spans(
    text: str, known: Iterable[Text | None], name: Text | None, location: Field[Location] | None
) -> list[tuple[int, int]]:
    """All spans to blank: the given fields, every further mention of the name, street addresses and the
    postal code of the home, birth dates and other protected attributes."""
    spans = [(found.start, found.end) for found in known if found is not None]
    spans += [match.span() for pattern in (_STREET, _PERSONAL) for match in pattern.finditer(text)]
    if location is not None:
        spans += [m.span() for m in _POSTCODE.finditer(text, location.start, location.end)]
    if name is not None:
        spans += _mentions(text, name.value)
    return spans


def _mentions(text: str, name: str) -> Iterator[tuple[int, int]]:
    """The whole name, and each of its longer words where it is written as a name."""
    words = [
        word
        for word in re.split(r"[\s,]+", name)
        if len(word.strip(".")) > 2 and word.casefold() not in _PARTICLES
    ]
    for word in words:
        forms = {word, word.upper(), word.title()}
        pattern = "|".join(re.escape(form) for form in forms)
        yield from (match.span() for match in re.finditer(rf"(?<!\w)(?:{pattern})(?!\w)", text))

"""Text -> name of a company."""

from __future__ import annotations

import re

from app.ingestion.normalize.html import clean_html
from app.ingestion.normalize.location import place_coverage
from app.ingestion.normalize.roles import names_role
from app.ingestion.normalize.text import collapse, limit

MAX_COMPANY = 150  # characters
_EDGES = " \t,;:|/–—•·*-_=~>\"“”'‘’`#@!"
_TAG = re.compile(r"</?[a-z][a-z0-9]*(?:\s[^<>]*)?/?>", re.IGNORECASE)
_BATCH = re.compile(
    r"[\s,]*[(\[][^()\[\]]{0,20}\b(?:YC|Y ?Combinator|Techstars|"
    r"[WS]\d{2})\b[^()\[\]]{0,40}[)\]]|[\s,]+\(?YC ?[WSF]\d{2}\)?\b",
    re.IGNORECASE,
)
_LINK = re.compile(r"[(\[<]?\s*(?:https?://|www\.)[^\s)\]>]+\s*[)\]>]?", re.IGNORECASE)
_DOMAIN_ASIDE = re.compile(r"\s*[(\[]\s*@?[\w-]+(?:\.[\w-]+)*\.[a-z]{2,10}(?:/\S*)?\s*[)\]]", re.IGNORECASE)
_LEAD = re.compile(
    r"^(?:company|employer|about|join|at|from|here at)\s*[:\-]\s*|^(?:join|here at|"
    r"work at|come work (?:at|for|with))\s+",
    re.IGNORECASE,
)
_TAIL = re.compile(
    r"\s+(?:is|are|we['’]re|we are)\s+(?:currently |now |again |also )?(?:hiring|looking|seeking|"
    r"recruiting|expanding|growing)\b.*$|"
    r"\s+(?:is|are)\s+(?:an?|the)\s+.*$|\s*[-–—:,]?\s*(?:we['’]re |now |is )?hiring!*$|\s+jobs?$|\s+careers$",
    re.IGNORECASE,
)
_EMPTY_BRACKETS = re.compile(r"\(\s*\)|\[\s*\]")
_UNCLOSED = re.compile(r"\s*[(\[][^()\[\]]*$")


def clean_company(text: str) -> str:
    """One line without markup, links, incubator marks and "is hiring"; at most MAX_COMPANY characters."""
    name = collapse(clean_html(text) if _TAG.search(text) else text)
    while True:
        shorter = _EMPTY_BRACKETS.sub(
            " ", _LINK.sub(" ", _DOMAIN_ASIDE.sub(" ", _BATCH.sub(" ", _TAG.sub(" ", name))))
        )
        shorter = _TAIL.sub("", _LEAD.sub("", collapse(shorter).strip(_EDGES), count=1))
        shorter = limit(collapse(_UNCLOSED.sub("", shorter)).strip(_EDGES), MAX_COMPANY).strip(_EDGES)
        if shorter == name:
            return name
        name = shorter


_PROSE = (
    re.compile(
        r"(?:^|[.!\n]\s*)(?:At|Here at|"
        r"Join)\s+(?P<name>[A-Z0-9][\w.&'’-]*(?:\s+[A-Z0-9][\w.&'’-]*){0,3})\s*,?\s+(?:we|our|as|in|"
        r"and|to|you)\b"
    ),
    re.compile(
        r"(?:^|[.!\n]\s*|\b[Oo]ur company,?\s+)(?P<name>[A-Z0-9][\w.&'’-]*(?:\s+(?:[A-Z0-9][\w.&'’-]*|"
        r"of|and|the|&)){0,4})"
        r"\s*(?:\([^()\n]{0,60}\)|,[^,.\n]{0,80},|https?://\S+)?\s+"
        r"(?:is|are|was|has|have|builds?|makes?|helps?|provides?|develops?|offers?|seeks?|needs|"
        r"creates?|runs|operates|wants|"
        r"enables|powers|delivers|connects|just|recently|currently|specializes|exists)\b"
    ),
    re.compile(
        r"\b(?:join|work (?:at|for|with)|about)\s+(?P<name>[A-Z][\w.&'’-]*(?:\s+[A-Z][\w.&'’-]*){0,3})",
        re.MULTILINE,
    ),
    re.compile(
        r"(?:^|\n)(?P<name>[A-Z0-9][\w.&'’-]*(?:\s+[A-Z0-9][\w.&'’-]*){0,3})\s*(?:\([^()\n]{3,60}\))?\s*(?:[-–—:]|https?://)"
    ),
)
_NOT_A_NAME = re.compile(
    r"^(?:we|our|us|you|your|the|this|that|it|i|i['’]m|a|an|there|here|he|she|they|what|who|if|in|on|"
    r"at|as|for|all|my|"
    r"these|those|please|hi|hello|hey|looking|seeking|hiring|remote|onsite|full|part|senior|junior|"
    r"lead|software|web|data|"
    r"our team|we['’]re|people|candidates?|experience|position|positions|job|jobs|role|roles|"
    r"requirements?|apply|contact|"
    r"email|location|salary|some|each|every|one|work|working|and|but|or|so|to|join|about|company|"
    r"engineers?|developers?|"
    r"python|java|javascript|ruby|php|rails|no|not|yes|while|when|with|today|currently|now|since|"
    r"benefits|compensation|"
    r"technology|stack|tech|responsibilities|qualifications|skills|both|ideal|everyone|anyone|must|"
    r"very|most|more|"
    r"interested|knowledge|description|startup|team|founders?|ability|familiarity|strong)\b",
    re.IGNORECASE,
)
_BROKEN_OFF = re.compile(r"^\d+[.)]|(?:\b(?:and|of|the|or)|&)$", re.IGNORECASE)
_DOMAIN = re.compile(
    r"(?:https?://|www\.|[\w.+-]+@|\b)(?P<host>(?:[a-z0-9-]+\.)+(?:com|io|co|net|org|ai|de|uk|fr|ca|eu|"
    r"me|tv|us|ly|fm|is|in|it|"
    r"ch|nl|se|app|dev|tech|so|to|im|gg|au|es|be|at|dk|no|fi|pl|health|systems|works|xyz|club|edu|gov))\b",
    re.IGNORECASE,
)
_SHARED_HOSTS = re.compile(
    r"(?:^|\.)(?:google|goo|gmail|googlemail|github|github\.io|linkedin|angel|lever|greenhouse|"
    r"workable|jobvite|bit|grnh|"
    r"ycombinator|stackoverflow|youtube|youtu|medium|facebook|twitter|t|wordpress|tumblr|blogspot|"
    r"resumator|theresumator|"
    r"applytojob|breezy|recruiterbox|smartrecruiters|icims|taleo|bamboohr|jobscore|hire|jobs|indeed|"
    r"glassdoor|craigslist|"
    r"wikipedia|techcrunch|nytimes|forbes|wired|yahoo|hotmail|outlook|typeform|imgur|itunes|apple|"
    r"amazon|crunchbase|ashbyhq|"
    r"personio|teamtailor|homerun|myworkdayjobs|workday|vimeo|hackernews|hnhiring|dropbox|amazonaws|"
    r"keybase|slideshare|"
    r"meetup|kickstarter|prezi|readthedocs|npmjs|reddit|quora|tinyurl|ow|businessinsider|theguardian|"
    r"bbc|cnn|wsj|"
    r"careers-page|weworkremotely|remoteok|hackerrank|protonmail|live|me|mac|aol|gist)\.(?:com|io|co|"
    r"org|net|ly|gl|le|be|me|hr|"
    r"github|io|us|de|uk)$",
    re.IGNORECASE,
)
_SECOND_LEVEL = frozenset("co com org net ac gov edu".split())


def company_in_text(text: str) -> str:
    """A company named by the sentences of a posting ("Acme is a ...", "At Acme, we ..."), else "" ."""
    head = text[:1500]
    for pattern in _PROSE:
        for match in pattern.finditer(head):
            name = clean_company(match["name"])
            if _is_name(name):
                return name
    return ""


def _is_name(name: str) -> bool:
    return (
        2 <= len(name) <= 60
        and not _NOT_A_NAME.match(name)
        and not _BROKEN_OFF.search(name)
        and not names_role(name)
        and place_coverage(name)[0] < 1
    )


def company_of_domain(text: str) -> str:
    """The name behind the first address of the employer's own: as the text spells it, else the domain."""
    for match in _DOMAIN.finditer(text[:6000]):
        host = match["host"].lower().removeprefix("www.")
        if _SHARED_HOSTS.search(host):
            continue
        parts = host.split(".")
        at = -3 if len(parts) > 2 and parts[-2] in _SECOND_LEVEL and len(parts[-1]) == 2 else -2
        label, domain = parts[at], ".".join(parts[at:])
        spelled = re.search(
            rf"(?<![\w@./-])(?=[A-Z0-9]){re.escape(label)}(?![\w@-]|\.\w)", text, re.IGNORECASE
        )
        return spelled[0] if spelled and not spelled[0].islower() else domain
    return ""

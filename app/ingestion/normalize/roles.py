"""Phrases that name a role ("senior backend engineer"), found in headers and prose."""

from __future__ import annotations

import re
from dataclasses import dataclass

# Nouns that name a person at work, or openings as such.
_HEADS = (
    r"engineers?|developers?|devs?|designers?|scientists?|programm?ers?|coders?|architects?|analysts?|"
    r"managers?|"
    r"administrators?|admins?|consultants?|directors?|researchers?|writers?|copywriters?|marketers?|"
    r"recruiters?|"
    r"specialists?|representatives?|reps?|officers?|cto|vp|hackers?|evangelists?|advocates?|"
    r"associates?|coordinators?|"
    r"technicians?|technologists?|accountants?|generalists?|strategists?|planners?|editors?|testers?|"
    r"sre|sdets?|"
    r"sysadmins?|dbas?|quants?|interns?|internships?|co-?founders?|owners?|masters?|leads?|head|leaders?|"
    r"statisticians?|mathematicians?|physicists?|chemists?|biologists?|bioinformaticians?|economists?|"
    r"lawyers?|"
    r"attorneys?|nurses?|physicians?|teachers?|instructors?|tutors?|producers?|artists?|animators?|"
    r"illustrators?|"
    r"executives?|controllers?|bookkeepers?|assistants?|operators?|machinists?|electricians?|drivers?|"
    r"cryptographers?|linguists?|traders?|modelers?|buyers?|merchandisers?|salespe(?:rson|ople)|"
    r"agents?|wranglers?|"
    r"experts?|rubyists?|pythonistas?|rockstars?|ninjas?|gurus?|techs?|pm|pms|swes?|devops|coo|cfo|ceo|"
    r"trainees?|pentesters?|"
    r"practitioners?|builders?|fellows?|postdocs?|ambassadors?|trainers?|auditors?|partners?|makers?"
)
#: Heads that name a role only behind a qualifier ("product owner", not "owner").
_WEAK_HEADS = frozenset(
    "expert experts owner owners master masters lead leads head leader leaders techs tech pm pms agent "
    "agents partner "
    "partners "
    "makers maker builder builders driver drivers operator operators associate associates executive "
    "executives "
    "controller controllers fellow fellows assistant assistants intern interns internship internships "
    "trainer trainers "
    "rep reps admin admins officer officers hacker hackers ninja ninjas guru gurus rockstar rockstars "
    "writer writers "
    "artist artists producer producers editor editors buyer buyers partner traders trader agent "
    "co-founder co-founders "
    "cofounder cofounders model user users manager managers director directors designer designers "
    "recruiter recruiters "
    "founders founder dev devs vp quant quants tester testers representative representatives advocate "
    "advocates".split()
)
_QUALIFIERS = (
    r"senior|sr\.?|snr\.?|junior|jr\.?|jnr\.?|mid(?:[- ]?level)?|medior|lead|principal|staff|chief|"
    r"head|first|founding|"
    r"front|back|end|full|stack|generalist|entry[- ]level|experienced|graduate|associate|"
    r"full[- ]?stack|front[- ]?end|back[- ]?end|"
    r"fullstack|frontend|backend|"
    r"server[- ]side|client[- ]side|software|hardware|firmware|embedded|systems?|web|mobile|"
    r"data(?:base)?|cloud|network|"
    r"platform|infrastructure|infra|site reliability|reliability|security|devops|dev ops|ops|"
    r"operations|release|build|"
    r"test|testing|automation|qa|quality(?: assurance)?|machine learning|deep learning|ml|ai|nlp|"
    r"computer vision|vision|"
    r"research|applied|algorithms?|analytics|bi|business(?: intelligence| development)?|product|"
    r"project|program|account|"
    r"customer(?: success| support| service| experience)?|technical|technology|tech|support|success|"
    r"solutions?|sales|"
    r"marketing|growth|content|community|digital|social media|seo|creative|graphic|visual|interaction|"
    r"ui|ux|ui/ux|ux/ui|"
    r"user (?:experience|interface)|game|gameplay|graphics|audio|video|search|api|ios|android|os ?x|"
    r"mac|windows|linux|"
    r"unix|python|django|flask|ruby(?: on rails)?|rails|ror|java|javascript|js|typescript|"
    r"node(?:\.?js)?|react"
    r"(?:\.?js| native)?|angular(?:\.?js)?|vue(?:\.?js)?|ember(?:\.?js)?|php|laravel|symfony|drupal|"
    r"wordpress|magento|"
    r"perl|scala|clojure|haskell|erlang|elixir|go(?:lang)?|rust|kotlin|swift|objective[- ]c|c\+\+|c#|"
    r"c/c\+\+|\.net|"
    r"asp\.net|sql|postgres(?:ql)?|mysql|hadoop|spark|aws|big data|blockchain|salesforce|sap|erp|crm|"
    r"robotics|electrical|"
    r"electronics|mechanical|optical|rf|fpga|asic|control(?:s)?|process|manufacturing|industrial|"
    r"chemical|civil|"
    r"bioinformatics|quantitative|quant|finance|financial|risk|actuarial|legal|hr|people|talent|"
    r"human resources|"
    r"office|executive|general|engineering|development|design|developer(?: relations)?|scrum|agile|"
    r"integration|"
    r"application|applications|app|apps|implementation|service|services|network|storage|kernel|"
    r"compiler|performance|"
    r"production|information|it|identity|payments?|data[- ]?(?:base|science|warehouse|platform)|etl|"
    r"information security|"
    r"crypto(?:graphy)?|simulation|geospatial|gis|strategy|partnerships?|inside|regional|internal|"
    r"tools?|tooling|"
    r"training|documentation|qa/test|r&d|computer|web/mobile|mobile/web|senior/lead|and|&|or|/|,|of|"
    r"for|to|in|the"
)
#: "Director of Growth and Marketing"
_WITH_FIELD = frozenset(["director", "head", "vp", "manager"])
_FIELD = re.compile(r"\s+of\s+[A-Z][\w&-]*(?:\s+(?:(?:and|&)\s+)?[A-Z][\w&-]*){0,3}")
# Positions without a noun of their own.
_OPENINGS = re.compile(
    r"\b(?:(?:multiple|various|several|many|all|numerous|other|open|engineering|technical|tech|"
    r"development|developer|"
    r"software|design|product|sales|marketing|data|science|different)[\s,/&-]+(?:and\s+)?){1,4}"
    r"(?:positions?|roles?|openings?|jobs|opportunities)\b|\bsoftware engineering\b(?! (?:team|company|"
    r"firm))|"
    r"\b(?:data|machine learning|software|web|mobile) (?:science|engineering|development)\b$|"
    r"\b\w[\w-]{0,30}[ /](?:engineering|design|data science)$|\bhead of (?:\w+ ?){1,2}|"
    r"\bvp of (?:\w+ ?){1,2}|"
    r"\bCTO\b|\bSRE\b|\bDevOps\b|\bsoftware development\b$",
    re.IGNORECASE,
)
_ANY_OPENINGS = re.compile(
    r"(?:(?:multiple|various|several|many|all|numerous|other|open|different|lots of)\s+)+(?:positions?|"
    r"roles?|openings?|jobs|"
    r"opportunities)|(?:now )?hiring.*",
    re.IGNORECASE,
)
_HEAD = re.compile(rf"(?<![\w@./-])(?:{_HEADS})(?![\w@]|\.\w|-\w)", re.IGNORECASE)
_QUALIFIER = re.compile(rf"(?:{_QUALIFIERS})", re.IGNORECASE)
_WORD_BACK = re.compile(r"[\w+#./&'’-]+|,")
_STOP_LEADS = re.compile(
    r"^(?:(?:and|or|of|for|to|in|the|a|an|&|/|,|our|your|other|more|great|good|"
    r"amazing|talented|"
    r"strong|awesome|smart|passionate|motivated|all|with|some|are|is|i['’]m|"
    r"we['’]re)\s+|(?!\.NET)[&/,;:.\s–—-]+)+",
    re.IGNORECASE,
)
_TRAIL = re.compile(r"\s*\((?:[mfwdx]\s?/\s?){1,3}[mfwdx]\)\s*", re.IGNORECASE)
MAX_PHRASE_WORDS = 6


@dataclass(frozen=True, slots=True)
class RolePhrase:
    text: str
    start: int
    end: int
    qualified: bool


def find_roles(text: str, most: int = 20, *, sought: bool = False) -> list[RolePhrase]:
    """Role phrases left to right: a head noun with the qualifiers and proper words before it.

    A bare noun ("designers") counts only where people are `sought`; elsewhere it may be anybody.
    """
    found: list[RolePhrase] = []
    for match in _HEAD.finditer(text):
        field = _FIELD.match(text, match.end()) if match[0].lower() in _WITH_FIELD else None
        phrase = _extend_left(text, match.start(), field.end() if field else match.end())
        weak = match[0].lower() in _WEAK_HEADS and field is None
        if not sought and not phrase.qualified and (weak or phrase.text.islower()):
            continue
        if found and phrase.start < found[-1].end:
            found[-1] = RolePhrase(text[found[-1].start : phrase.end], found[-1].start, phrase.end, True)
        else:
            found.append(phrase)
        if len(found) >= most:
            break
    return found


def names_role(text: str) -> bool:
    """Whether a short text (a header's segment) names a role or openings."""
    return bool(_HEAD_STRONG.search(text) or find_roles(text, 1) or _OPENINGS.search(text))


def names_openings(text: str) -> bool:
    return bool(_OPENINGS.search(text))


def names_openings_only(text: str) -> bool:
    """ "Multiple positions": openings of no stated kind."""
    return bool(_ANY_OPENINGS.fullmatch(text.strip()))


def openings_phrase(text: str) -> str:
    match = _OPENINGS.search(text)
    return match[0] if match else ""


_HEAD_STRONG = re.compile(
    r"\b(?:engineers?|developers?|programmers?|scientists?|designers?|architects?|analysts?|devops|"
    r"sysadmins?|"
    r"interns?|managers?|hackers|devs)\b",
    re.IGNORECASE,
)


def _extend_left(text: str, start: int, end: int) -> RolePhrase:
    """Takes words before the head noun while they qualify it or are names (capitals, digits, + or #)."""
    line_start = text.rfind("\n", 0, start) + 1
    before = text[max(line_start, start - 90) : start]
    words = list(_WORD_BACK.finditer(before))
    first, qualified = start, False
    offset = start - len(before)
    end_of_gap = len(before)
    for word in reversed(words[-MAX_PHRASE_WORDS:]):
        gap = before[word.end() : end_of_gap]
        if gap.strip(" ") or (word[0].endswith(".") and word[0].lower() not in ("sr.", "jr.", "snr.")):
            break
        if not (_QUALIFIER.fullmatch(word[0]) or _proper(word[0])):
            break
        if word[0].lower() in ("in", "the", "to", "for", "of", ","):
            break
        qualified = qualified or word[0].lower() not in ("and", "or", "&", "/")
        first = offset + word.start()
        end_of_gap = word.start()
    phrase = text[first:end]
    lead = _STOP_LEADS.match(phrase)
    first += lead.end() if lead and lead.end() < len(phrase) else 0
    return RolePhrase(
        text[first:end],
        first,
        end,
        (qualified and len(text[first:end].split()) > 1) or "-" in text[first:end],
    )


_NOT_NAMES = frozenset(
    "we you i they he she it our your their this that these those as at by if are is was be been being "
    "has have had will "
    "can could would should may might must who what when where why how hiring seeking looking wanted "
    "join meet requirements "
    "responsibilities about position role title job apply email contact us remote onsite full-time "
    "part-time from with on".split()
)


def _proper(word: str) -> bool:
    if word.lower().strip("'’") in _NOT_NAMES or len(word) > 25:
        return False
    return word[:1].isupper() or any(c in "+#" for c in word) or ("/" in word and word != "/")

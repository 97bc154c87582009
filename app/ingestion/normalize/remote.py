"""Text -> where the work is done."""

from __future__ import annotations

import re
from typing import Literal

Remote = Literal["on-site", "hybrid", "remote", "unspecified"]

_NAMES: dict[str, Remote] = {
    "remote": "remote", "fully remote": "remote", "100% remote": "remote", "telecommute": "remote",
    "telecommuting": "remote", "true": "remote", "yes": "remote", "1": "remote", "y": "remote", "t": "remote",
    "hybrid": "hybrid", "on-site": "on-site", "onsite": "on-site", "on site": "on-site", "office": "on-site",
    "in office": "on-site", "false": "on-site", "no": "on-site", "0": "on-site", "n": "on-site",
    "f": "on-site",
    "unspecified": "unspecified", "": "unspecified",
}  # fmt: skip
_ANY = re.compile(
    r"remot|telecommut|on-?\s?site|onsite|in-office|hybrid|wfh|work from|home|distributed|anywhere",
    re.IGNORECASE,
)
_BEFORE, _AFTER = 100, 80  # characters around a mention
# "remote" said of something other than the work.
_OTHER_REMOTE = re.compile(
    r"remote(?:ly)?[\s-]+(?:sens|control|desktop|access(?!ible)|monitor|server|procedure|patient|api\b|"
    r"repositor|machine|"
    r"device|deposit|island|village|places?\b|areas?\b|viewing|diagnos|data|system|support tool|"
    r"management|execution|"
    r"operated|manag|connect|host|site|health|capture|branch)|remote (?:office|team)s? in|"
    r"even remotely|remotely (?:interest|control|monitor|with (?:our|the|its|your))|"
    r"\b(?:our|other|(?<!okay )(?<!ok )with|and|the|a|some|several|few|manage|managing|work with|"
    r"of) remote[\s-](?:team|"
    r"teams|developer|developers|employees|offices|office|"
    r"colleagues|workers|engineers|folks|members)\b",
    re.IGNORECASE,
)
_NO_REMOTE = re.compile(
    r"\b(?:no|not|non|never|cannot|can['’]?t|can not|isn['’]?t|aren['’]?t|don['’]?t|do not|unable|"
    r"without|sorry,? no|"
    r"neither)\b[\s/:,*_(-]*(?:[\w'’,/&-]+\s+){0,5}?[(*_\"'“]*(?:100% )?(?:remot|telecommut|distributed)|"
    r"remot(?:e|ely|es)?\s*(?:work(?:ing|ers?)?|positions?|candidates?)?\s*(?:[:=?]|is|are|-|–|"
    r"–)?\s*(?:currently |really |unfortunately |yet )?"
    r"(?:\bno\b(?! preference| problem| matter)|\bnot\b(?! required| necessary| a problem| an issue)|"
    r"n['’]t\b|isn['’]?t\b|aren['’]?t\b|✗|unavailable)",
    re.IGNORECASE,
)
_DAYS = r"(?:one|two|three|[1-4]|[1-3] ?(?:-|to|or) ?[2-4]|a few|few|some|couple of|part(?: of)?(?: the)?)"
_HYBRID = re.compile(
    r"\bhybrid (?:work|role|remote|office|position|schedule|model)|\(hybrid\)|[|,]\s?hybrid\s?(?:[|,(]|"
    r"$)|^hybrid\b|"
    r"\b(?:partial(?:ly)?|partly|part[- ]time|semi|some|occasional(?:ly)?|limited|half|"
    r"flexible)[\s-]*(?:on-?site\s*/?\s*)?"
    r"(?:remote(?:ly)?|tele-?commut\w+)\b|\bmostly on-?site|\b(?:remote(?:ly)?|"
    r"telecommut\w+)\W{0,3}(?:work\w*\W+)?(?:is )?(?:available )?(?:up to )?"
    rf"(?:partial|part[- ]time|sometimes|occasional|{_DAYS} days?)\b|"
    rf"\b{_DAYS} days?[\w\s/]{{0,12}}(?:week|wk)?\W{{0,3}}(?:from home|remote|wfh)|"
    rf"\b(?:work (?:remotely|from (?:your )?home(?: office)?)|wfh) (?:{_DAYS} days?|up to|occasionally|"
    rf"sometimes|on (?:mon|tue|wed|thu|fri|occasion)|"
    r"every|when(?:ever)?|part)|\bremote working environment|\b(?:[1-9]\d)% remote|"
    r"\bremote(?:ly)? (?:once|twice) an? |\bmostly on-?site",
    re.IGNORECASE,
)
_REMOTE = re.compile(
    r"\bremotes?\b|^\W*remotely\b|[|,(]\s?remotely\b|\bworking remotely (?:is|ok|possible|from)|\btelecommut|"
    r"\b(?<!are )(?<!is )(?:work|available|live|done|locat|hire|hiring|team|"
    r"join)\w*\W+(?:\w+\W+){0,4}remotely\b|"
    r"\bwork from (?:anywhere|wherever)|\b(?:fully|globally|completely|100%|"
    r"totally) distributed (?:team|company|startup|workforce)|"
    r"\bwe(?:['’]re| are) (?:an? )?(?:\w+ ){0,2}distributed (?:team|company|startup)",
    re.IGNORECASE,
)
_ON_SITE = re.compile(
    r"\bon[\s‐-]?site\b|\bonsite\b|\bin[\s-](?:the )?office\b|\bin[\s-]house only|\blocals? only|"
    r"\bin[\s-]person\b",
    re.IGNORECASE,
)
_ONLY_ON_SITE = re.compile(r"\bon[\s‐-]?site only|\bonly on[\s‐-]?site|\blocals? only", re.IGNORECASE)
# Prose that takes an "ONSITE" in the header back.
_OFFERED_AFTER_ALL = re.compile(
    r"\bremote(?:ly)?\s?(?:work(?:ing|ers?)?|positions?|candidates?|employees?|applicants?|"
    r"opportunities)?\s?(?:/[\w-]+ )?(?:is |are )?(?:also )?"
    r"(?:ok\b|okay|possible|considered|welcome|available|allowed|friendly|fine|an option|policy)",
    re.IGNORECASE,
)


def remote_in_posting(header: str, text: str) -> Remote:
    """The header decides; where it is silent the text does, and prose may soften an "ONSITE"."""
    stated = remote_of(header)
    if stated == "unspecified":
        return remote_of(text)
    if stated == "on-site" and not _NO_REMOTE.search(header) and not _ONLY_ON_SITE.search(header):
        rest = _NO_REMOTE.sub(" ", _mentions(text))
        if _HYBRID.search(rest):
            return "hybrid"
        if _OFFERED_AFTER_ALL.search(rest):
            return "remote"
    return stated


def _mentions(text: str) -> str:
    """The surroundings of every word about the place of work, a line each: the patterns read only these."""
    spans: list[tuple[int, int]] = []
    for match in _ANY.finditer(text):
        start, end = max(0, match.start() - _BEFORE), min(len(text), match.end() + _AFTER)
        if spans and start <= spans[-1][1]:
            spans[-1] = (spans[-1][0], end)
        else:
            spans.append((start, end))
    return "\n".join(text[start:end] for start, end in spans)


def remote_of(text: str) -> Remote:
    """The place of work a header or a whole posting states; the remote option wins over the on-site one."""
    near = _mentions(text)
    if not near:
        return "unspecified"
    rest = _OTHER_REMOTE.sub(" ", near)
    refused = _NO_REMOTE.search(rest) is not None
    rest = _NO_REMOTE.sub(" ", rest)
    if _HYBRID.search(rest) and not re.search(r"fully remote|100% remote", rest, re.IGNORECASE):
        return "hybrid"
    if _REMOTE.search(rest):
        return "remote"
    return "on-site" if refused or _ON_SITE.search(rest) else "unspecified"


def remote_name(value: str) -> Remote:
    """A structured value (name, flag, schema.org's TELECOMMUTE) or, failing that, free text."""
    key = value.strip().lower().replace("_", " ")
    return _NAMES.get(key) or remote_of(key)

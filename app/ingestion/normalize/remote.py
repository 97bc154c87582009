"""Text -> where the work is done."""

from __future__ import annotations

import re
from typing import Literal

Remote = Literal["on-site", "hybrid", "remote", "unspecified"]

_NAMES: dict[str, Remote] = {
    "remote": "remote", "fully remote": "remote", "100% remote": "remote", "telecommute": "remote",
    "telecommuting": "remote", "true": "remote", "yes": "remote", "1": "remote", "y": "remote", "t": "remote",
    "hybrid": "hybrid", "on-site": "on-site", "onsite": "on-site", "on site": "on-site", "office": "on-site",
    "in office": "on-site", "false": "on-site", "no": "on-site", "0": "on-site", "n": "on-site", "f": "on-site",
    "unspecified": "unspecified", "": "unspecified",
}  # fmt: skip
_ANY = re.compile(
    r"remot|telecommut|on-?\s?site|onsite|in-office|hybrid|wfh|work from|home|distributed|anywhere", re.I
)
# "remote" said of something other than the work.
_OTHER_REMOTE = re.compile(
    r"remote(?:ly)?[\s-]+(?:sens|control|desktop|access(?!ible)|monitor|server|procedure|patient|api\b|repositor|machine|"
    r"device|deposit|island|village|places?\b|areas?\b|viewing|diagnos|data|system|support tool|management|execution|"
    r"operated|manag|connect|host|site|health|capture|branch)|remote (?:office|team)s? in|even remotely|remotely (?:interest|control|monitor)|"
    r"\b(?:our|other|with|and|the|a|some|several|few|manage|managing|work with|of) remote[\s-](?:team|teams|developer|developers|employees|offices|office|"
    r"colleagues|workers|engineers|folks|members)\b",
    re.IGNORECASE,
)
_NO_REMOTE = re.compile(
    r"\b(?:no|not|non|never|cannot|can['’]?t|can not|isn['’]?t|aren['’]?t|don['’]?t|do not|unable|without|sorry,? no|"
    r"neither)\b[\s/:,*_(-]*(?:[\w'’,/&-]+\s+){0,5}?[(*_\"'“]*(?:100% )?(?:remot|telecommut|distributed)|"
    r"remot(?:e|ely|es)?\s*(?:work(?:ing|ers?)?|positions?|candidates?)?\s*(?:[:=?]|is|are|-|–|–)?\s*(?:currently |really |unfortunately |yet )?"
    r"(?:\bno\b(?! preference| problem| matter)|\bnot\b(?! required| necessary| a problem| an issue)|n['’]t\b|isn['’]?t\b|aren['’]?t\b|✗|unavailable)",
    re.IGNORECASE,
)
_HYBRID = re.compile(
    r"\bhybrid (?:work|role|remote|office|position|schedule|model)|\(hybrid\)|[|,/] ?hybrid\b|^hybrid\b|"
    r"\b(?:partial(?:ly)?|partly|part[- ]time|semi|some|occasional(?:ly)?|limited|mostly on-?site,?|half)[\s-]*(?:on-?site\s*/?\s*)?remote(?:ly)?\b|"
    r"\bremote(?:ly)?\W{0,3}(?:work\w*\W+)?(?:partial|part[- ]time|sometimes|occasional|one|two|three|1|2|3|1-2|2-3|some)\b(?: days?)?|"
    r"\b(?:one|two|three|1|2|3|1-2|2-3|few|couple of) days?[\w\s/]{0,12}(?:week|wk)?\W{0,3}(?:from home|remote|wfh)|"
    r"\bwork (?:remotely|from home) (?:one|two|three|1|2|3|a few|some|up to|occasionally|sometimes|on|every|when|part)",
    re.IGNORECASE,
)
_REMOTE = re.compile(
    r"\bremot(?:e|es|ely)\b|\btelecommut|\bwork from (?:anywhere|wherever)|\bfully distributed|\bdistributed team|\bremote-",
    re.I,
)
_ON_SITE = re.compile(
    r"\bon[\s‐-]?site\b|\bonsite\b|\bin[\s-](?:the )?office\b|\bin[\s-]house only|\blocals? only|\bin[\s-]person\b",
    re.I,
)


def remote_of(text: str) -> Remote:
    """The place of work a header or a whole posting states; the remote option wins over the on-site one."""
    if not _ANY.search(text):
        return "unspecified"
    rest = _OTHER_REMOTE.sub(" ", text)
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

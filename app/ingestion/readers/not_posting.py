"""Which comments of a hiring thread offer no job: people seeking work, replies, talk about the thread."""

from __future__ import annotations

import re

from app.ingestion.normalize.header import Header
from app.ingestion.normalize.roles import find_roles, names_openings

NOT_A_POSTING = "not a posting"
SEEKING_WORK = f"{NOT_A_POSTING}: someone seeking work"
_SEEKING_WORK = re.compile(
    r"^\W{0,4}(?:SEEKING (?:WORK|EMPLOYMENT|JOB|POSITION|FREELANCE WORK)|"
    r"(?:freelancer|developer) (?:available|looking for)|available for (?:work|hire|freelance))",
    re.IGNORECASE,
)
_ABOUT_ONESELF = re.compile(
    r"\bWilling to relocate\s*:|\bmy (?:resume|cv|portfolio)\b\s*(?::|is|can)|"
    r"\b(?:I am|I['’]m) (?:[\w,]+ ){0,6}(?:looking for|seeking) (?:(?!to )[\w/-]+ ){0,4}"
    r"(?:job|position|opportunit|internship|role)|"
    r"\b(?:I am|I['’]m) (?:looking for|seeking) (?:(?:new|some|remote|freelance|contract) )*work\b",
    re.IGNORECASE,
)
_OFFER = re.compile(
    r"\bhiring\b|\blooking (?:for|to (?:hire|add|grow|expand))|\bseeking\b|\bjoin (?:us|our)\b|"
    r"\b(?:we|I) need\b|\bcome (?:and )?work\b|\bapply\b|\bopenings?\b|"
    r"\bpositions?\b|\bcareers?\b|\bjobs?@|\bjobs\b|\bresumes?\b|\bCVs?\b|\brecruit|\bopportunit|"
    r"\bvacanc|\bwanted\b|\bfull[- ]?time\b|"
    r"\bintern(?:s|ships?)?\b|\bsalary\b|\bcompensation\b|\brequirements\b|\bqualifications\b|"
    r"\broles?\b|\bjob\b",
    re.IGNORECASE,
)
_ABOUT_THE_THREAD = re.compile(
    r"\b(?:this|these|the|monthly|previous|last month['’]s) (?:hiring )?threads?\b|"
    r"\bwho['’ ]?i?s hiring\b|\bwhoishiring\b|\bhnhiring\b|\bhn ?jobs?\b|"
    r"\bfriendly reminder\b|\b(?:I|we)(?:['’]ve)? (?:made|built|created|wrote|put together|parsed?|"
    r"am parsing)\b[^.\n]{0,80}\b(?:thread|post|posting|list|"
    r"listings|map|search|script|tool|site|extension|scraper|parser)|\bdownvot|\bupvot|"
    r"\btop[- ]level\b|\bparent (?:post|comment)\b|\bOP\b",
    re.IGNORECASE,
)
# Who seeks work says "I"; who offers it says "we".
_EMPLOYER = re.compile(r"\b(?:we|we['’]re|our|us)\b", re.IGNORECASE)
_HIRING = re.compile(
    r"\b(?:is|are|we['’]re) (?:\w+ )?(?:hiring|looking for)\b(?! (?:and|list|thread))", re.IGNORECASE
)
_REPLY = re.compile(
    r"^\W{0,3}(?:thanks|thank you|yes|yep|no[,.!] |nope|hi\b[^.\n]{0,30}\?|agreed|i think|i['’]d|"
    r"i would|i applied|i tried|sorry|what|why|how|"
    r"where(?! (?:are )?we)|is this|are you|do you|does|did|can you|could you|would you|any chance|"
    r"just curious|curious|fyi|just (?:sent|applied|emailed)|"
    r"sent you|this (?:link|looks)|that['’]s|lol|wow|cool|nice|great(?=[!,.])|interesting(?! opp)|\+1|"
    r"me too|same here|edit:|note:|@\w+)",
    re.IGNORECASE,
)


def why_not_posting(text: str, header: str, facts: Header) -> str:
    """The reason a comment is no posting, "" when it is one. In doubt it is: a lost posting costs more."""
    if _SEEKING_WORK.search(text):
        return SEEKING_WORK
    if header.count("|") >= 2 and facts.facts >= 2:
        return ""
    if _ABOUT_ONESELF.search(text[:600]) and len(_EMPLOYER.findall(text)) < 2:
        return SEEKING_WORK
    if not re.search(r"[^\W\d_]{3}", text):
        return f"{NOT_A_POSTING}: no words"
    roles = bool(facts.title) or bool(find_roles(text[:4000], 1)) or names_openings(text[:4000])
    offers = len({match[0].lower() for match in _OFFER.finditer(text)})
    described = bool(facts.location) and (roles or len(text) > 250)
    if _ABOUT_THE_THREAD.search(text) and not described and offers < 4 and not _HIRING.search(text[:150]):
        return f"{NOT_A_POSTING}: about the thread"
    if _REPLY.match(text) and not described and not _HIRING.search(text) and (len(text) < 500 or offers < 2):
        return f"{NOT_A_POSTING}: a reply"
    if len(text) < 200 and not roles and not offers and not (facts.location and facts.company):
        return f"{NOT_A_POSTING}: a remark"
    return "" if roles or offers or facts.location or len(text) > 400 else f"{NOT_A_POSTING}: offers nothing"

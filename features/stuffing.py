"""Passages of a resume that are there for a machine and say nothing about a person.

Rules, in words:

1. *Hidden*: markup that is not shown (comments, `display:none`, size 0, white text), and characters without
   a width or a picture. What a PDF hides is found by its reader (features/resume/pdf.py).
2. *A posting*: a paragraph, and what follows it up to the next heading of a resume, that speaks as a posting
   does in at least three ways ("we are looking for", "you bring", a heading "what we offer");
   to seek somebody counts for two.
3. *A word list*: a paragraph that names more than `MAX_LISTED` different skills and says next to nothing
   about them. A section "Skills" of ordinary length stays: to state a skill is what it is for.
4. *Copied*: `COPIED_WORDS` or more words in a row that also stand in the posting at hand; duties are often
   put alike, so a sentence or two are no copy. Needs the posting, so it is asked for separately.

5. *Repeated*: a line that stands there `REPEATED` times or more. Repeating a skill would change nothing, as
   evidence is a set, but a word that means a skill only among others would find company.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from itertools import pairwise

from features.headings import MAX_HEADING_CHARS, heading_role, is_heading
from features.personal import Span
from features.resume.sections import heading_kind
from features.skills import SkillMention

MAX_LISTED = 60
COPIED_WORDS = 30
POSTING_MARKS = 3
REPEATED = 5
#: Words of a list that are no skills, per skill: more of them and the paragraph speaks.
_WORDS_PER_SKILL = 0.5
_MAX_HIDDEN_CHARS = 5_000
_LONG_PARAGRAPH = 1_500

_PARAGRAPH = re.compile(r"\S(?:.|\n(?!\s*\n))*")
_LINE = re.compile(r"[^\n]+")
_WORD = re.compile(r"[^\W_]+")
_UNSEEN = re.compile(r"[\u200b-\u200f\u2060-\u2064\ufeff\u00ad\U000e0000-\U000e007f]+")
_COMMENT = re.compile(rf"<!--.{{0,{_MAX_HIDDEN_CHARS}}}?-->", re.DOTALL)
_STYLED = re.compile(
    r"<(\w{1,10})\b[^>]{0,300}?(?:display:\s*none|visibility:\s*hidden|font-size:\s*[01](?:px|pt)?\b|"
    r"color:\s*(?:white|transparent|#fff(?:fff)?\b|rgba?\(\s*255\s*,\s*255\s*,\s*255))[^>]{0,300}>"
    rf".{{0,{_MAX_HIDDEN_CHARS}}}?</\1>",
    re.DOTALL | re.IGNORECASE,
)
#: Without two of these no posting speaks; to look for them is quick.
_VOICE = (
    "we ", "we'", "we’", "you", "our ", "offer", "perks", "benefits", "require", "candidate", "apply",
    "qualifications", "nice to have", "must have", "in return", "backgrounds", "wanted",
)  # fmt: skip
#: Headings with which a resume goes on; "qualifications" and "skills" a posting has as well.
_RESUME_KINDS = ("work", "education", "references", "interests", "projects", "personal", "languages")
_POSTING_STARTS = frozenset("the your you our we what why about".split())
_POSTING_ROLES = frozenset(("duty", "must", "nice", "benefit", "company"))
#: What a posting does and a resume does not -> how it is put. Headings of postings add to these.
_VOICES: dict[str, tuple[str, ...]] = {
    "seeks": (
        r"\bwe(?:['’]re| are) (?:currently )?(?:looking for|seeking|hiring)\b",
        r"\bwe (?:seek|need) an?\b|\bteam (?:in [\w -]{2,40} )?needs an?\b",
        r"\bjoin (?:us|our team)\b|\bwanted\b[.,]",
        r"\bdo you want to work\b",
    ),
    "you": (
        r"\byou(?:['’]ll| will| would) (?:be|have|work|need|join|lead|help|build|own)\b",
        r"\byou (?:bring|have|are|know|work|like)\b",
        r"\byour (?:profile|role|tasks|responsibilities|mission|last role)\b",
    ),
    "benefit": (
        r"\bwhat we offer\b",
        r"\bwe offer\b",
        r"\bbenefits\s*(?::|$)",
        r"\bperks\b",
        r"\bin return\b",
    ),
    "must": (
        r"\bwhat you(?:['’]ll| will)? (?:do|bring|need)\b",
        r"\b(?:minimum|required) qualifications\b|^\s*requirements\b|\bmust[- ]have\b",
        r"\b(?:ideal|successful) candidate\b|\bcandidates? (?:must|should|will)\b|\b(?:is|are) required\b",
    ),
    "nice": (r"\bnice to have\b|\bpreferred qualifications\b|\bwould be (?:welcome|a plus)\b",),
    "apply": (
        r"\bapply (?:now|today|with|here)\b|\bhow to apply\b",
        r"\bsend (?:us )?your (?:cv|resume|application)\b|\bwe read every application\b",
        r"\bequal opportunity employer\b|\ball backgrounds are welcome\b",
    ),
    "company": (
        r"\babout (?:us|the role|the company|the job)\b|\bwho we are\b",
        r"\bour (?:company|client) is\b|\bwe are a\b|\byou may know us\b",
    ),
}
_VOICE_OF = {what: re.compile("|".join(ways), re.IGNORECASE) for what, ways in _VOICES.items()}


def stuffed_spans(text: str, mentions: Sequence[SkillMention] = ()) -> list[Span]:
    """Spans that count as no evidence, whatever the posting; `mentions` are the skills found in `text`."""
    hidden = [m.span() for pattern in (_UNSEEN, _COMMENT, _STYLED) for m in pattern.finditer(text)]
    paragraphs = [part for m in _PARAGRAPH.finditer(text) for part in _parts(text, *m.span())]
    return [*hidden, *_repeated(text), *_postings(text, paragraphs), *_lists(text, paragraphs, mentions)]


def _repeated(text: str) -> list[Span]:
    """Lines that come again and again, more often than headings and company names do in a career."""
    lines: dict[str, list[Span]] = {}
    for match in _LINE.finditer(text):
        words = " ".join(match.group().split()).casefold()
        if words:
            lines.setdefault(words, []).append(match.span())
    return [span for spans in lines.values() if len(spans) >= REPEATED for span in spans]


def _parts(text: str, start: int, end: int) -> list[Span]:
    """A paragraph, or, where no blank lines are written, its parts between headings."""
    if end - start <= _LONG_PARAGRAPH:
        return [(start, end)]
    cuts = [m.start() for m in _LINE.finditer(text, start, end) if _is_cut(m.group())]
    edges = sorted({start, *cuts, end})
    return list(pairwise(edges))


def _is_cut(line: str) -> bool:
    return len(line) <= MAX_HEADING_CHARS and (is_heading(line) or heading_kind(line) is not None)


def copied_spans(text: str, posting: str, least: int = COPIED_WORDS) -> list[Span]:
    """Spans of `least` or more words in a row that stand in `posting` in the same order."""
    words = [(m.group().lower(), m.start(), m.end()) for m in _WORD.finditer(text)]
    theirs = [m.group().lower() for m in _WORD.finditer(posting)]
    known = {tuple(theirs[i : i + least]) for i in range(len(theirs) - least + 1)}
    spans: list[Span] = []
    for i in range(len(words) - least + 1) if known else ():
        if tuple(word for word, _, _ in words[i : i + least]) in known:
            start, end = words[i][1], words[i + least - 1][2]
            if spans and start <= spans[-1][1]:
                start = spans.pop()[0]
            spans.append((start, end))
    return spans


def outside(mentions: Iterable[SkillMention], spans: Sequence[Span]) -> list[SkillMention]:
    """Mentions that touch none of the spans."""
    return [m for m in mentions if not any(m.start < end and start < m.end for start, end in spans)]


def _postings(text: str, paragraphs: Sequence[Span]) -> list[Span]:
    """Runs of paragraphs in which a posting speaks, each up to the next heading of a resume."""
    lower = text.lower()
    if sum(word in lower for word in _VOICE) < 2:
        return []
    spans: list[Span] = []
    run: list[Span] = []
    spoken: set[str] = set()
    before: Span | None = None
    for start, end in [*paragraphs, (len(text), len(text))]:
        marks = _spoken(text[start:end])
        if run and not marks and _resumes(text[start:end]):
            voices = spoken & _VOICE_OF.keys()
            kinds = {mark.removeprefix("heading: ") for mark in spoken}
            if voices and len(kinds) + ("seeks" in voices) >= POSTING_MARKS:
                spans.append((run[0][0], run[-1][1]))
            run, spoken = [], set()
        if marks and not run and before and _is_title(text[slice(*before)]):
            run.append(before)
        if run or marks:
            run.append((start, end))
            spoken |= marks
        before = (start, end)
    return spans


def _is_title(paragraph: str) -> bool:
    """Whether this may be what a posting is headed with: one short line."""
    return "\n" not in paragraph and len(paragraph.split()) <= 14


def _spoken(paragraph: str) -> set[str]:
    """What a posting does in this paragraph: by its headings, and by its way of speaking."""
    found = {what for what, pattern in _VOICE_OF.items() if pattern.search(paragraph)}
    for line in paragraph.split("\n"):
        if len(line) <= MAX_HEADING_CHARS and is_heading(line) and heading_kind(line) is None:
            role = heading_role(line)
            found |= {f"heading: {role}"} if role in _POSTING_ROLES else set()
    return found


def _resumes(paragraph: str) -> bool:
    """Whether the resume goes on here: at its end, or where a line is one of a resume's headings."""
    line = paragraph.partition("\n")[0]
    if line.partition(" ")[0].lower() in _POSTING_STARTS:
        return False  # "The job:", "Your profile"
    return not paragraph or heading_kind(line) in _RESUME_KINDS


def _lists(text: str, paragraphs: Sequence[Span], mentions: Sequence[SkillMention]) -> list[Span]:
    if len(mentions) <= MAX_LISTED:
        return []
    found = []
    for start, end in paragraphs:
        named = [m for m in mentions if start <= m.start < end]
        if len({m.skill_id for m in named}) > MAX_LISTED:
            words = len(_WORD.findall(text[start:end]))
            others = words - sum(len(_WORD.findall(m.surface)) for m in named)
            if others <= _WORDS_PER_SKILL * len(named):
                found.append((start, end))
    return found

"""Job summaries (S-201, S-213): the sentences of a posting that matter, each traceable to where it stands.

Extractive: passages are scored by what they are there for (models/sentence_roles.py, over the sentence
encoder) and by how much they speak about this job (cosine with its title and with its other duties and
requirements), then picked one by one, each pick making its likes less attractive (maximal marginal
relevance; Carbonell & Goldstein 1998). A long passage is shortened only by leaving out whole clauses.
An optional rewriter may say a sentence in its own words; what does not pass the faithfulness check, or is
no shorter, stays as it was written.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
import numpy.typing as npt

from features.faithfulness import FaithfulnessChecker
from features.headings import ROLES, Role
from features.passages import Passage, passages
from features.posting_roles import stated_roles
from features.skills import SkillMatcher
from models.sentence_roles import Encode, SentenceRoles

F32 = npt.NDArray[np.float32]

#: How much a reader who decides about a job wants a passage of each role.
WANTED: dict[Role, float] = {
    "duty": 1.0,
    "must": 0.9,
    "nice": 0.35,
    "benefit": 0.45,
    "company": 0.4,
    "logistics": 0.05,
    "legal": 0.0,
}
#: No more than this many sentences of one role, so that a list of requirements is not the summary.
AT_MOST: dict[Role, int] = {
    "duty": 3,
    "must": 3,
    "nice": 1,
    "benefit": 1,
    "company": 1,
    "logistics": 0,
    "legal": 0,
}
#: The order in which a summary is read.
READING_ORDER: tuple[Role, ...] = ("company", "duty", "must", "nice", "benefit", "logistics", "legal")
ALIKE = 0.35
MAX_SENTENCE_CHARS = 220
MIN_SENTENCE_CHARS = 15
#: "Machine learning" in a list of skills is no sentence of a summary.
MIN_SENTENCE_WORDS = 3
MAX_SENTENCES = 12
MAX_PASSAGES = 120
_CLAUSE = re.compile(r"(?:[,;:]|\s[-–—]|\s\()\s*")
_REFERENCE = re.compile(r"https?://|www\.|\S@\S")


class Rewriter(Protocol):
    """Says a sentence in other words."""

    version: str

    def rewrite(self, sentences: Sequence[str]) -> list[str]: ...


@dataclass(frozen=True, slots=True)
class SummarySentence:
    """`text` is what is shown; `spans` are the pieces of the posting it comes from, in order. Unless
    `rewritten`, `text` is exactly those pieces joined by " … " where something was left out."""

    text: str
    role: Role
    spans: tuple[tuple[int, int], ...]
    rewritten: bool = False


class Summarizer:
    def __init__(
        self, roles: SentenceRoles, encode: Encode, matcher: SkillMatcher, rewriter: Rewriter | None = None
    ) -> None:
        self._roles, self._encode = roles, encode
        self._matcher, self._rewriter = matcher, rewriter

    def roles(self, parts: Sequence[Passage]) -> F32:
        """(n, roles): the model's probabilities, and certainty where the posting itself says the role."""
        sure = self._roles.probabilities(parts, self._encode)
        for row, stated in enumerate(stated_roles(parts)):
            if stated is not None:
                sure[row] = 0.0
                sure[row, ROLES.index(stated)] = 1.0
        return sure

    def summarize(self, title: str, text: str, sentences: int = 5) -> list[SummarySentence]:
        """At most `sentences` (1..MAX_SENTENCES) sentences in reading order; fewer where the posting says
        little, none where it says nothing."""
        whole = passages(text)[:MAX_PASSAGES]
        rows = [row for row, p in enumerate(whole) if p.kind != "heading" and _is_prose(p)]
        if not rows:
            return []
        # roles are read in the whole posting, where headings and neighbours are
        parts, roles = [whole[row] for row in rows], self.roles(whole)[rows]
        vectors = self._encode([p.text for p in parts])
        picked = pick(relevance(roles, vectors, self._encode([title])[0]), vectors, roles, sentences)
        chosen = [_sentence(parts[row], ROLES[int(roles[row].argmax())]) for row in picked]
        ordered = sorted(chosen, key=lambda s: (READING_ORDER.index(s.role), s.spans[0]))
        return self._rewritten(ordered, text)

    def _rewritten(self, chosen: list[SummarySentence], source: str) -> list[SummarySentence]:
        if self._rewriter is None:
            return chosen
        checker = FaithfulnessChecker(source, self._matcher)
        new = self._rewriter.rewrite([s.text for s in chosen])
        return [
            SummarySentence(text, old.role, old.spans, rewritten=True)
            if text.strip() and len(text) < len(old.text) and not checker.unsupported(text)
            else old
            for old, text in zip(chosen, new, strict=True)
        ]


def relevance(roles: F32, vectors: F32, title: F32) -> F32:
    """(n,): how much each passage is worth, before it is compared with what was picked already."""
    wanted = np.array([WANTED[role] for role in ROLES], np.float32)
    about = roles[:, ROLES.index("duty")] + roles[:, ROLES.index("must")]
    centre = (vectors * about[:, None]).sum(0)
    norm = float(np.linalg.norm(centre))
    central = vectors @ (centre / norm) if norm else np.zeros(len(vectors), np.float32)
    return np.asarray(roles @ wanted * (0.6 + 0.25 * central + 0.15 * (vectors @ title)), np.float32)


def pick(worth: F32, vectors: F32, roles: F32, count: int) -> list[int]:
    """Rows in the order picked; deterministic (ties go to the earlier passage)."""
    picked: list[int] = []
    left = dict(AT_MOST)
    role_of = [ROLES[i] for i in roles.argmax(1).tolist()]
    while len(picked) < min(count, MAX_SENTENCES):
        alike = (vectors @ vectors[picked].T).max(1) if picked else np.zeros(len(worth), np.float32)
        value = worth - ALIKE * np.maximum(alike, 0)
        open_rows = [r for r in range(len(worth)) if r not in picked and left[role_of[r]] > 0]
        if not open_rows:
            break
        best = max(open_rows, key=lambda r: (float(value[r]), -r))
        left[role_of[best]] -= 1
        picked.append(best)
    return picked


def _is_prose(part: Passage) -> bool:
    letters = sum(c.isalpha() for c in part.text)
    enough = letters >= MIN_SENTENCE_CHARS and len(part.text.split()) >= MIN_SENTENCE_WORDS
    return enough and letters > len(part.text) / 2 and not _REFERENCE.search(part.text)


def _sentence(part: Passage, role: Role) -> SummarySentence:
    end = shortened(part.text)
    text = part.text[:end]
    return SummarySentence(
        text + " …" if end < len(part.text) else text, role, ((part.start, part.start + end),)
    )


def shortened(text: str) -> int:
    """Where to stop reading: at the end, or at the last clause boundary within MAX_SENTENCE_CHARS, or at the
    last white space where there is no boundary past the first third."""
    if len(text) <= MAX_SENTENCE_CHARS:
        return len(text)
    cuts = [m.start() for m in _CLAUSE.finditer(text, MAX_SENTENCE_CHARS // 3, MAX_SENTENCE_CHARS)]
    if cuts:
        return cuts[-1]
    space = text.rfind(" ", MAX_SENTENCE_CHARS // 3, MAX_SENTENCE_CHARS)
    return space if space > 0 else MAX_SENTENCE_CHARS

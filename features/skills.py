"""Text -> skills: mentions with character spans, and the id of a skill that a person stated.

A token trie over every label and alias finds the longest match at each place in one pass. Words that are
also ordinary English ("Go", "Spark", "design") are guarded: they count only where case or company shows
that a skill is meant. Which words are ordinary is counted first (`common_words.csv.gz`: words that texts
about work use in lower case), then corrected by hand (NEVER); our own rows written in lower case are trusted.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise

from features.skill_forms import Form, collect_forms
from features.taxonomy import Taxonomy, normalise

#: Addresses name companies, not skills ("github.com/acme"); "ASP.NET" and "socket.io" are no addresses.
_ADDRESS = re.compile(r"https?://\S+|www\.\S+|\S+@\S+\.\w+|[\w.-]+\.(?:com|org)\b\S*")
_TOKEN = re.compile(r"(?<![\w.])\.net\b|[^\W_]+(?:[+#]{1,2})?")
_WITHIN = re.compile(r"[-/.&'’_]?|[ \t\xa0]{1,3}[-/&]?[ \t\xa0]?|[ \t]*\r?\n[ \t]*")
_BETWEEN = re.compile(r"\s*(?:[,/;|•·+&*–—]|\n\s*[-*•·–]?)\s*(?:(?:and|or)\s+)?|\s+(?:and|or)\s+|\s*[-*]\s+")
#: Words beside which a capitalised "Go" or "Spark" is the technology.
_BEFORE = frozenset("in with using use uses know knows knowing learn learning write writing".split())
_AFTER = frozenset(
    """
    programming language developer developers development engineer engineers programmer programmers code
    codebase coding scripting framework library backend backends api apis services server microservices
    """.split()
)
_NOISE = re.compile(
    r"^(?:knowledge of|experience (?:with|in)|proficien(?:t|cy) (?:with|in)|advanced|basic|expert in|strong) "
    r"| (?:v?\d+(?: \d+)*|programming|language|skills?|experience|framework|library|software|tools?)$"
)
MAX_LABEL_CHARS = 200
MIN_FUZZY_CHARS = 7


@dataclass(frozen=True, slots=True)
class SkillMention:
    """`text[start:end] == surface`; `label` is the skill's own name."""

    skill_id: str
    label: str
    start: int
    end: int
    surface: str


@dataclass(slots=True)
class _Candidate:
    form: Form
    start: int
    end: int
    accepted: bool


class _Node(dict[str, "_Node"]):
    """Trie node: token -> node; `form` is set where a form ends."""

    __slots__ = ("form",)

    def __init__(self) -> None:
        super().__init__()
        self.form: Form | None = None


class SkillMatcher:
    """Reads skills out of text. Build once (about a second) and share; it is immutable afterwards."""

    def __init__(self, taxonomy: Taxonomy) -> None:
        self._taxonomy = taxonomy
        self._forms = collect_forms(taxonomy)
        self._root = _trie(self._forms)
        self._compact = {key.replace(" ", ""): form for key, form in reversed(self._forms.items())}

    def find(self, text: str) -> list[SkillMention]:
        """Mentions in order of appearance, not overlapping."""
        candidates = self._candidates(text)
        _accept_listed(text, candidates)
        return [
            SkillMention(c.form.skill.id, c.form.skill.label, c.start, c.end, text[c.start : c.end])
            for c in candidates
            if c.accepted
        ]

    def resolve(self, label: str) -> str | None:
        """The id of a stated skill; case, punctuation, spacing and one typo in a long word do not matter."""
        key = normalise(label[:MAX_LABEL_CHARS])
        while key:
            form = self._forms.get(key) or self._compact.get(key.replace(" ", ""))
            if form:
                return form.skill.id
            shorter = _NOISE.sub("", key)
            if shorter == key:
                return self._fuzzy(key.replace(" ", ""))
            key = shorter
        return None

    def label(self, skill_id: str) -> str:
        """The skill's own name. Raises KeyError for an id the taxonomy does not have."""
        return self._taxonomy.skill(skill_id).label

    def _candidates(self, text: str) -> list[_Candidate]:
        lower = _ADDRESS.sub(lambda match: " " * len(match.group()), _lower(text))
        words = [(match.group(), match.start(), match.end()) for match in _TOKEN.finditer(lower)]
        root, count, found, at = self._root, len(words), [], 0
        while at < count:
            node = root.get(words[at][0])
            if node is None:
                at += 1
                continue
            best, best_end, here = node.form, at + 1, at + 1
            while node and here < count:
                gap = lower[words[here - 1][2] : words[here][1]]
                if gap != " " and not _WITHIN.fullmatch(gap):
                    break
                node = node.get(words[here][0])
                here += 1
                if node is not None and node.form is not None:
                    best, best_end = node.form, here
            if best is None:
                at += 1
                continue
            start, end = words[at][1], words[best_end - 1][2]
            if best.guard != "never":
                found.append(_Candidate(best, start, end, _stands_alone(text, start, end, best, words, at)))
            at = best_end
        return found

    @cached_property
    def _deletions(self) -> dict[str, set[str]]:
        """Every technology's compact form with one letter left out -> the forms it comes from."""
        index: dict[str, set[str]] = {}
        for key, form in self._forms.items():
            words = key.split(" ")
            compact = "".join(words)
            # A short word ("embedded c") would be one edit away from its absence.
            if len(compact) < MIN_FUZZY_CHARS or not compact.isalpha() or min(map(len, words)) < 3:
                continue
            if form.skill.type != "skill":
                for shorter in (compact, *_one_shorter(compact)):
                    index.setdefault(shorter, set()).add(compact)
        return index

    def _fuzzy(self, compact: str) -> str | None:
        """The skill whose name is one edit (or one swap of neighbours) away, if only one is."""
        if len(compact) < MIN_FUZZY_CHARS or not compact.isalpha():
            return None
        near = {name for form in (compact, *_one_shorter(compact)) for name in self._deletions.get(form, ())}
        ids = {
            self._compact[name].skill.id for name in near if name[0] == compact[0] and _close(name, compact)
        }
        return ids.pop() if len(ids) == 1 else None


def _one_shorter(word: str) -> list[str]:
    return [word[:at] + word[at + 1 :] for at in range(len(word))]


def _close(one: str, other: str) -> bool:
    """Edit distance at most 1, or one swap of neighbours, for two words that share a deletion."""
    if abs(len(one) - len(other)) == 1:
        return True
    differing = [at for at, (a, b) in enumerate(zip(one, other, strict=True)) if a != b]
    swapped = len(differing) == 2 and differing[1] == differing[0] + 1
    return len(differing) <= 1 or (swapped and one[differing[0]] == other[differing[1]])


def _lower(text: str) -> str:
    """Lower case of the same length, so that spans hold (a few letters grow when lowered)."""
    lower = text.lower()
    if len(lower) == len(text):
        return lower
    return "".join(low if len(low := char.lower()) == 1 else char for char in text)


def _trie(forms: dict[str, Form]) -> _Node:
    root = _Node()
    for key, form in forms.items():
        _insert(root, key.split(" "), form)
    for key, form in forms.items():
        # Plurals of plain phrases ("data warehouse" -> "data warehouses"), unless that is another form.
        if form.skill.type != "technology" and key[-1].isalpha() and key[-1] not in "sy" and len(key) > 4:
            words = (key + "s").split(" ")
            if " ".join(words) not in forms:
                _insert(root, words, form)
    return root


def _insert(root: _Node, words: list[str], form: Form) -> None:
    node = root
    for word in words:
        node = node.setdefault(word, _Node())
    node.form = node.form or form


def _stands_alone(
    text: str, start: int, end: int, form: Form, words: list[tuple[str, int, int]], at: int
) -> bool:
    """Whether the match counts without a neighbour in a list."""
    if form.guard == "free":
        return True
    if form.guard == "listed":
        return False
    surface = text[start:end]
    if surface not in form.written:
        return False
    if form.guard == "case":
        return True
    before = words[at - 1][0] if at else ""
    after = words[at + 1][0] if at + 1 < len(words) else ""
    joined = (start > 0 and text[start - 1] in "&-.") or text[end : end + 1] in ("&", "'", "’")
    if joined or (len(surface) <= 2 and text[end : end + 1] == "-"):
        return False
    return after in _AFTER or before in _BEFORE


def _accept_listed(text: str, candidates: list[_Candidate]) -> None:
    """Accept guarded candidates that stand in a list with an accepted one; both ways, so that lists chain."""
    for run in (list(pairwise(candidates)), [(b, a) for a, b in reversed(list(pairwise(candidates)))]):
        for known, guarded in run:
            if known.accepted and not guarded.accepted and _may_be_listed(text, guarded):
                first, second = sorted((known, guarded), key=lambda c: c.start)
                gap = text[first.end : second.start]
                guarded.accepted = len(gap) < 12 and _BETWEEN.fullmatch(gap) is not None


def _may_be_listed(text: str, candidate: _Candidate) -> bool:
    surface = text[candidate.start : candidate.end]
    if candidate.form.guard == "listed":
        return True
    return surface in candidate.form.written and text[candidate.end : candidate.end + 1] != "&"

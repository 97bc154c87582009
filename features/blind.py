"""What an encoder may see of a resume: the words of work in it, and nothing about the person.

Removing what is known to be personal is not enough, because a name or a school is anything. So the rule is
turned round: of a resume only words of a *work vocabulary* are kept, which postings write in lower case and
which are therefore no names, or which are words of the skill and occupation tables. Beside that, whole lines
about the person are cut (features/personal.py), numbers are dropped, and a run of capitalised words is kept
only if every word of it is one of work: "Registered Nurse", but not "Anna Cook".

The output does not depend on name, pronouns, sex, age, dates, gaps, schools, addresses, ways of contact,
nationality, faith or family: exchanging one for another gives the same bytes (tests/test_blind.py).
Limits, on purpose: a surname that is an occupation, standing alone in a sentence ("Baker joined in 2019"),
is kept, and a verb's form may tell one person from several ("leads", "lead").
"""

from __future__ import annotations

import hashlib
import re
from collections import Counter
from collections.abc import Collection, Iterable, Sequence
from functools import lru_cache
from pathlib import Path

import numpy as np
import numpy.typing as npt

from features.personal import Span, blank_spans, personal_spans
from features.personal_words import DROPPED, NAMES, NEUTRAL, neutral_word
from features.records import JobRecord
from features.resume.vocabulary import ACTIONS, title_score
from features.skills import SkillMention
from features.taxonomy import Taxonomy

#: Changes whenever the rules below cut differently: a transform fitted under other rules is refused.
RULES = 1
WORK_FILE, TITLE_FILE = "work_words.txt", "title_words.txt"
MAX_CHARS = 60_000
#: A word counts if this many postings write it in lower case, and at least this share of them.
MIN_POSTINGS, MIN_SHARE = 3, 1e-4
_PRUNE_EVERY = 50_000
_LETTERS = re.compile(r"[^\W\d_]+")
_TOKEN = re.compile(r"[^\W_]+(?:[+#]{1,2})?")
_LINK = re.compile(r"https?://\S+|www\.\S+|\S+@\S+")
_JOINED = frozenset((" ", "-", "'", "’", ". ", "."))
#: Before a lone capitalised word in mid-sentence: then it is a post and no name.
_POST_FOLLOWS = frozenset("as a an from towards into of".split())
_PLACE_CODE = re.compile(r"\b\d{4} [A-Z]{2}\b(?= [A-Z])|\S*\d\S*")


class WorkWords:
    """Counts words of postings; `words()` and `titles()` are those that enough postings use."""

    def __init__(self) -> None:
        self._documents = 0
        self._body: Counter[str] = Counter()
        self._title: Counter[str] = Counter()

    def add(self, job: JobRecord) -> None:
        self._documents += 1
        text = _LINK.sub(" ", job.description)
        self._body.update({w for w in _LETTERS.findall(text) if w.islower()})
        self._title.update({w.lower() for w in _LETTERS.findall(job.title)})
        if self._documents % _PRUNE_EVERY == 0:
            rare = self._documents * MIN_SHARE / 10
            self._body = Counter({w: n for w, n in self._body.items() if n > rare})

    def words(self) -> list[str]:
        return self._enough(self._body)

    def titles(self) -> list[str]:
        return self._enough(self._title)

    def _enough(self, counts: Counter[str]) -> list[str]:
        least = max(MIN_POSTINGS, MIN_SHARE * self._documents)
        return sorted(w for w, n in counts.items() if n >= least and w not in DROPPED)


def taxonomy_words(taxonomy: Taxonomy) -> tuple[set[str], set[str]]:
    """(words written in lower case in names of skills and occupations, all words of such names)."""
    forms = [form for skill in taxonomy.skills for form in skill.forms]
    forms += [form for post in taxonomy.occupations for form in (post.label, *post.aliases)]
    found = {w for form in forms for w in _LETTERS.findall(form)}
    return {w for w in found if w.islower()}, {w.lower() for w in found}


class Blinder:
    """Immutable. `words`: the work vocabulary; `titles`: words that only a desired title may use."""

    def __init__(self, words: Collection[str] = (), titles: Collection[str] = ()) -> None:
        neutral = {w for both in NEUTRAL.values() for w in both.split()}
        self.words = frozenset(w for w in (*neutral, *words) if w not in DROPPED)
        self.titles = frozenset(w for w in titles if w not in DROPPED) | self.words

    @classmethod
    def of(cls, taxonomy: Taxonomy, counted: WorkWords | None = None) -> Blinder:
        """The vocabulary of a taxonomy and, where postings were counted, theirs."""
        body, posts = taxonomy_words(taxonomy)
        counted = counted or WorkWords()
        return cls(body | set(counted.words()), posts | set(counted.titles()))

    # -- text ----------------------------------------------------------------------------------------

    def blank_personal(self, text: str) -> str:
        """`text`, equally long, with everything private replaced by spaces: what skills are read from."""
        return self.read(text)[0]

    def read(self, text: str) -> tuple[str, list[Span]]:
        """(`blank_personal(text)`, spans that an encoder must not see either), in one pass."""
        head = text[:MAX_CHARS]
        spans = personal_spans(head, self._known)
        return blank_spans(head, spans.private) + " " * (len(text) - len(head)), spans.silent

    def blinded(self, text: str, silent: Sequence[Span], skills: Iterable[SkillMention]) -> str:
        """Words of work of a text that `read` returned, in lower case, in order; lines end in full stops."""
        text = blank_spans(text, list(silent))
        marks = np.zeros(len(text) + 1, bool)
        for mention in skills:
            marks[mention.start : mention.end] = True
        at, lines = 0, []
        for line in text.split("\n"):
            words = self._line(line, marks[at : at + len(line) + 1])
            if words:
                lines.append(" ".join(words))
            at += len(line) + 1
        return ". ".join(lines)

    def title(self, title: str) -> str:
        """A desired title in words that titles use, in lower case and without a sex."""
        found = (neutral_word(w.lower()) for w in _TOKEN.findall(_LINK.sub(" ", title)))
        return " ".join(w for w in found if w in self.titles or (len(w) < 4 and w[-1] in "+#"))

    def stated(self, skill: str) -> str:
        """A skill that no table knows, in words of work; "" if none is left."""
        return " ".join(w for w in (t.lower() for t in _LETTERS.findall(skill)) if w in self.words)

    def _known(self, word: str) -> bool:
        return word in self.titles

    def _line(self, line: str, marks: npt.NDArray[np.bool_]) -> list[str]:
        tokens = [(m.group(), m.start(), m.end()) for m in _TOKEN.finditer(line)]
        letters = [t for t, _, _ in tokens if t.isalpha()]
        shouted = len(letters) > 6 and all(t.isupper() for t in letters)
        kept: list[str] = []
        at = 0
        while at < len(tokens):
            end = at + 1
            if not shouted and _begins_run(tokens[at][0]):
                end = _run_end(line, tokens, at)
            if self._keeps(line, tokens, at, end, marks):
                kept += (self._word(t, marks[s]) for t, s, _ in tokens[at:end])
            at = end
        return [word for word in kept if word]

    def _keeps(
        self, line: str, tokens: list[tuple[str, int, int]], at: int, end: int, marks: npt.NDArray[np.bool_]
    ) -> bool:
        """Whether a run of capitalised words is one of work; `_word` judges single words."""
        first = tokens[at][0]
        if end == at + 1 and not first[0].isupper():
            return True
        run = tokens[at:end]
        skill = [bool(marks[s]) for _, s, _ in run]
        if all(skill):
            return True
        lower = [neutral_word(t.lower()).split()[0] for t, _, _ in run]
        if any(not s and w not in self.words for w, s in zip(lower, skill, strict=True)):
            return False
        if any(w in NAMES for w in lower):
            return False
        if at == 0 or line[tokens[at - 1][2] : tokens[at][1]] != " ":
            return True  # at the beginning of a line, a sentence or a segment
        if len(run) == 1:
            return tokens[at - 1][0] in _POST_FOLLOWS and title_score(first) >= 0.5
        return title_score(line[run[0][1] : run[-1][2]]) >= 0.5

    def _word(self, token: str, skill: bool) -> str:
        if skill:
            return token.lower()
        word = neutral_word(token.lower())
        return word if word in self.words or " " in word else ""

    def digest(self) -> bytes:
        """Of the rules and both vocabularies: part of what names an embedding space."""
        parts = (str(RULES), *sorted(self.words), "", *sorted(self.titles))
        return hashlib.sha256("\n".join(parts).encode()).digest()

    # -- save, load ----------------------------------------------------------------------------------

    def save(self, folder: Path) -> None:
        (folder / WORK_FILE).write_text("\n".join(sorted(self.words)), "utf-8")
        (folder / TITLE_FILE).write_text("\n".join(sorted(self.titles - self.words)), "utf-8")

    @classmethod
    def load(cls, folder: Path) -> Blinder:
        """Raises OSError if a file is missing."""
        return cls(*((folder / name).read_text("utf-8").split() for name in (WORK_FILE, TITLE_FILE)))


def _begins_run(token: str) -> bool:
    return token[0].isupper() and token.lower() not in ACTIONS


def _run_end(line: str, tokens: list[tuple[str, int, int]], at: int) -> int:
    """Position after the last of the capitalised words that stand together from `at` on."""
    end = at + 1
    while end < len(tokens) and tokens[end][0][0].isupper():
        if line[tokens[end - 1][2] : tokens[end][1]] not in _JOINED:
            break
        end += 1
    return end


def place_without_code(location: str) -> str:
    """A place as written, without postcode and house number: "10115 Berlin" -> "Berlin"."""
    return " ".join(_PLACE_CODE.sub(" ", location).split())


@lru_cache(1)
def _default() -> Blinder:
    return Blinder.of(Taxonomy.load())


def blank_personal(text: str) -> str:
    """`Blinder.blank_personal` with the installed taxonomy's words alone (the first call takes a second)."""
    return _default().blank_personal(text)

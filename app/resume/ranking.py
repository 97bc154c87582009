"""How much a piece of a resume has to do with a posting: its skills that are named, and its words."""

from __future__ import annotations

import math
import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

#: Letters and digits, with what belongs to the names of techniques: C++, C#, .NET, Node.js, CI/CD.
_TOKEN = re.compile(r"\.?[^\W_]+(?:[.\-/][^\W_]+)*(?:\+\+|#)?")
_STOP = frozenset(
    "a about all also an and any are as at be been but by can could do for from had has have he her his how "
    "i if in into is it its may more most must no not of on or our she should so such than that the their "
    "them then there these they this to up us use was we were what when where which who will with within "
    "work working would you your year years experience team teams job role skills".split()
)
Tokens = tuple[str, ...]
TITLE_WEIGHT, TEXT_WEIGHT = 1.0, 0.4
#: A skill that is named counts as much as several common words.
SKILL_WEIGHTS = {"must": 3.0, "nice": 2.0}


def tokens(text: str) -> Tokens:
    """Folded words in order; a plural is its singular."""
    return tuple(_singular(word) for word in _TOKEN.findall(text.casefold()))


def _singular(word: str) -> str:
    plural = len(word) > 3 and word.endswith("s") and not word.endswith(("ss", "us", "is"))
    return word[:-1] if plural else word


@dataclass(frozen=True)
class Wanted:
    """A posting. `skills`: name -> weight; `aliases`: name -> other names of the same skill."""

    title: str
    text: str
    skills: Mapping[str, float]
    aliases: Mapping[str, Sequence[str]]

    @cached_property
    def names(self) -> dict[str, list[tuple[Tokens, str]]]:
        """First word -> (all words of a way to write a skill, the skill)."""
        by_word = defaultdict(list)
        for skill in self.skills:
            for name in (skill, *self.aliases.get(skill, ())):
                if found := tokens(name):
                    by_word[found[0]].append((found, skill))
        return by_word

    @cached_property
    def words(self) -> dict[str, float]:
        weights = dict.fromkeys(_words(self.text), TEXT_WEIGHT)
        return weights | dict.fromkeys(_words(self.title), TITLE_WEIGHT)

    def named_in(self, text: str) -> list[str]:
        """The posting's skills that a text names."""
        words = tokens(text)
        found = {
            skill
            for at, word in enumerate(words)
            for name, skill in self.names.get(word, ())
            if words[at : at + len(name)] == name
        }
        return [skill for skill in self.skills if skill in found]


def _words(text: str) -> set[str]:
    return {word for word in tokens(text) if word not in _STOP and len(word) > 1}


class Ranker:
    """Words that many of the resume's pieces share tell little about one of them: inverse document frequency
    over `pieces` (Spärck Jones 1972), so that "data" does not decide in a resume full of data."""

    def __init__(self, wanted: Wanted, pieces: Iterable[str]) -> None:
        self.wanted = wanted
        sets = [_words(piece) for piece in pieces]
        counts = Counter(word for words in sets for word in words)
        self._rarity = {word: math.log(1 + len(sets) / count) for word, count in counts.items()}
        self._unseen = math.log(1 + max(1, len(sets)))

    def score(self, text: str) -> float:
        """0 for what shares nothing. Long pieces do not win by their length alone."""
        shared = _words(text)
        skills = sum(self.wanted.skills[name] for name in self.wanted.named_in(text))
        words = sum(
            self.wanted.words[word] * self._rarity.get(word, self._unseen)
            for word in sorted(shared & self.wanted.words.keys())
        )
        return skills + words / math.sqrt(max(4, len(shared)))

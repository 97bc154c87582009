"""Sentences of postings and resumes made from names of skills: what the linker's encoder is trained on.

Every template and filler is written for this project. A sentence mentions one to four skills, each by any of
its names or by a piece of its definition, with the punctuation that postings have or lack.
"""

from __future__ import annotations

import random
import re
from collections.abc import Sequence
from dataclasses import dataclass

from training.language.linker_data import NamedSkill

#: {x} is a thing one knows or uses, or an activity.
ANY = (
    "{x}", "{x}", "{x}", "- {x}", "* {x}", "• {x}", "experience with {x}", "experience in {x} is a plus",
    "strong knowledge of {x}", "good understanding of {x}", "solid skills in {x}", "proven experience: {x}",
    "familiar with {x}", "you are good at {x}", "required: {x}", "nice to have: {x}", "skills: {x}",
    "you bring several years of {x}", "hands-on experience of {x}", "training in {x} is an advantage",
    "interest in {x}", "expert in {x}", "basic knowledge of {x}", "we value {x}", "tasks include {x}",
    "at least 3 years of {x} in a similar position", "{x} experience preferred", "{x} skills",
    "excellent {x}",
    "someone with a background in {x} and the will to learn", "degree in {x} or a related field",
)  # fmt: skip
#: {x} is a verb phrase.
DOES = (
    "you will {x}", "ability to {x}", "able to {x}", "be ready to {x}", "in this position you {x}",
    "your job is to {x}", "responsible for helping us {x}", "we expect you to {x} every day", "{x} as needed",
    "you like to {x}", "you can {x} without help", "together with your team you {x}",
    "help our customers and {x}",
    "you know how to {x}", "we are looking for somebody to {x}", "{x} in a growing company",
)  # fmt: skip
FILLERS = (
    "as a member of our team", "in our office in the city", "we are a fast growing company",
    "for our clients all over the world", "this is a full time position", "you have a few years behind you",
    "we offer a good salary and many benefits", "our product is used by thousands of people",
    "in close contact with other departments", "on a daily basis", "to support the growth of the company",
    "please send us your application", "the right candidate will stand out", "during the whole project",
)  # fmt: skip
_JOINS = (", ", ", ", " and ", " / ", " ", " ", " & ", "; ", " or ", ", as well as ")
_CLAUSE = re.compile(r"(?<=[.;:])\s+")


@dataclass(frozen=True, slots=True)
class Query:
    """`skills` are positions of the skills that `text` mentions."""

    text: str
    skills: tuple[int, ...]


class SentenceMaker:
    """Draws queries; skills of `away` are never mentioned. The same seed draws the same sentences.

    `related` groups positions of skills that one occupation needs: half of the longer sentences draw theirs
    from one group, as postings do. `definitions` is the share of sentences that are (parts of) definitions,
    and of mentions in longer sentences that are a clause of one.
    """

    def __init__(
        self,
        skills: Sequence[NamedSkill],
        seed: int,
        away: frozenset[int] = frozenset(),
        related: Sequence[Sequence[int]] = (),
        definitions: float = 0.2,
    ) -> None:
        self._definitions = definitions
        self._skills = skills
        self._random = random.Random(seed)
        self._usable = [i for i in range(len(skills)) if i not in away]
        self._names = [(i, name) for i in self._usable for name in skills[i].names]
        groups = ([i for i in group if i not in away] for group in related)
        self._related = [group for group in groups if len(group) > 3]

    def draw(self, n: int) -> list[Query]:
        return [self._sentence() for _ in range(n)]

    def _sentence(self) -> Query:
        kind = self._random.random()
        if kind < self._definitions:
            return self._definition()
        if kind < self._definitions + 0.55 * (1 - self._definitions):
            position, name = self._one()
            return Query(self._dressed(self._said(position, name)), (position,))
        positions = self._several()
        said = [self._mentioned(i) for i in positions]
        return Query(self._list(said), tuple(positions))

    def _one(self) -> tuple[int, str]:
        """Half of the draws are even over names, half over skills: a few skills have most of the names."""
        if self._random.random() < 0.5:
            return self._random.choice(self._names)
        pool = self._pool(0.25)
        position = self._random.choice(pool)
        return position, self._random.choice(self._skills[position].names)

    def _pool(self, share: float) -> Sequence[int]:
        if self._related and self._random.random() < share:
            return self._random.choice(self._related)
        return self._usable

    def _several(self) -> list[int]:
        size = self._random.choice((2, 2, 3, 3, 4))
        pool = self._pool(0.5)
        return list(dict.fromkeys(self._random.choice(pool) for _ in range(size)))

    def _definition(self) -> Query:
        position = self._random.choice(self._usable)
        skill = self._skills[position]
        parts = _CLAUSE.split(skill.definition) if skill.definition else [skill.label]
        text = skill.definition if self._random.random() < 0.5 else self._random.choice(parts)
        return Query(self._cut(text or skill.label), (position,))

    def _cut(self, text: str) -> str:
        """At most 24 words, from a random place of a longer text."""
        words = text.split()
        start = self._random.randrange(max(len(words) - 24, 0) + 1)
        return " ".join(words[start : start + 24])

    def _mentioned(self, position: int) -> tuple[str, bool]:
        skill = self._skills[position]
        if skill.definition and self._random.random() < self._definitions:
            words = self._random.choice(_CLAUSE.split(skill.definition)).rstrip(".").split()
            return " ".join(words[:12]), skill.does
        return self._said(position, self._random.choice(skill.names))

    def _said(self, position: int, name: str) -> tuple[str, bool]:
        return name, self._skills[position].does

    def _dressed(self, said: tuple[str, bool]) -> str:
        name, does = said
        templates = DOES if does and self._random.random() < 0.6 else ANY
        return self._filled(self._random.choice(templates).format(x=name))

    def _list(self, said: list[tuple[str, bool]]) -> str:
        if self._random.random() < 0.4:
            return self._filled(" ".join(self._dressed(one) for one in said))
        join = self._random.choice(_JOINS)
        return self._filled(self._dressed((join.join(name for name, _ in said), all(d for _, d in said))))

    def _filled(self, text: str) -> str:
        draw = self._random.random()
        if draw < 0.15:
            return f"{self._random.choice(FILLERS)} {text}"
        return f"{text} {self._random.choice(FILLERS)}" if draw < 0.3 else text

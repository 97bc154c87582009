"""How a posting reads: title, place, skills column and a description put together from many phrasings.

The variety is the point. Headings, order, bullets or prose, aliases of skills, missing sections, hidden
salaries and titles that say the same thing in other words are what a text encoder and a skill matcher
have to cope with in real postings.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import timedelta
from typing import Any

from training.market.draws import Draws, Stream
from training.market.postings import HYBRID, JOB_TYPES, MODES, REMOTE, Posting, iter_facts
from training.market.world import LEVELS, OFFICE_FAMILIES, World

_MARKERS = ("- ", "* ", "• ", "– ", "")
YEARS_ASKED = ((0, 1), (2, 4), (4, 7), (6, 10), (8, 12))


def iter_postings(world: World, first: int = 0, last: int | None = None) -> Iterator[dict[str, Any]]:
    """Complete rows of postings.parquet, one at a time."""
    return (posting_row(world, facts) for facts in iter_facts(world, first, last))


def posting_row(world: World, facts: Posting) -> dict[str, Any]:
    """One row: facts put into words. Salary columns are null when the posting hides its salary."""
    writer = _Writer(world, facts)
    city = world.vocabulary.cities[facts.city]
    company = world.companies[facts.company]
    shown = facts.salary_shown
    return {
        "job_id": facts.job_id,
        "title": writer.title(),
        "company_id": company.company_id,
        "company": company.name,
        "description": writer.description(),
        "skills": [skill_text(world, writer.draws, skill, 0.3) for skill in facts.listed],
        "location": writer.location(),
        "city": city.name,
        "country": city.country.code,
        "lat": city.lat,
        "lon": city.lon,
        "remote": MODES[facts.mode],
        "job_type": JOB_TYPES[facts.job_type],
        "salary_min": float(facts.salary_low) if shown else None,
        "salary_max": float(facts.salary_high) if shown else None,
        "currency": city.country.currency if shown else "",
        "salary_interval": "year" if shown else "",
        "seniority": world.vocabulary.wording["levels"]["names"][facts.level],
        "occupation": world.vocabulary.occupations[facts.occupation].key,
        "industry": world.vocabulary.industries[company.industry].key,
        "posted_at": world.config.start + timedelta(days=facts.posted),
        "closed_at": world.config.start + timedelta(days=facts.closed),
    }


def skill_text(world: World, draws: Draws, skill: int, alias_chance: float) -> str:
    """The label of a skill, or with the given chance one of its aliases."""
    entry = world.vocabulary.skills[skill]
    return draws.pick(entry.aliases) if entry.aliases and draws.chance(alias_chance) else entry.label


def level_title(world: World, draws: Draws, occupation: int, level: int) -> str:
    """A title variant of the occupation with a word for the level, if the level has one."""
    row = world.vocabulary.occupations[occupation]
    style = "tech" if row.family in OFFICE_FAMILIES else "other"
    word = draws.pick(world.vocabulary.wording["levels"][style][level])
    title = draws.pick(row.titles)
    plain = level == LEVELS - 1 and any(part in title for part in ("Head", "Manager", "Lead"))
    return title if plain or not word or word in title else f"{word} {title}"


def join_words(words: Sequence[str]) -> str:
    """`a, b and c`."""
    return " and ".join(filter(None, (", ".join(words[:-1]), words[-1])))


class _Writer:
    """Writes the parts of one posting; every part draws from the posting's own text stream."""

    def __init__(self, world: World, facts: Posting) -> None:
        self.world, self.facts = world, facts
        self.draws = Draws(world.config.seed, Stream.POSTING_TEXT, facts.job_id - 1)
        self.wording = world.vocabulary.wording
        self.city = world.vocabulary.cities[facts.city]
        self.company = world.companies[facts.company]
        self.occupation = world.vocabulary.occupations[facts.occupation]
        self.place = self.draws.pick((self.city.name, self.city.name, *self.city.aliases[:1]))
        self.bare_title = level_title(world, self.draws, facts.occupation, facts.level)
        self.marker = self.draws.pick(_MARKERS)

    # -- short fields ---------------------------------------------------------------------------
    def title(self) -> str:
        place, title = self.city.name, self.bare_title
        tails = (
            "(m/f/d)",
            f"- {place}",
            f"in {place}",
            f"| {self.company.name}",
            f"({JOB_TYPES[self.facts.job_type]})",
        )
        if self.facts.mode == REMOTE and self.draws.chance(0.5):
            return f"{title} ({self.draws.pick(('Remote', 'remote', 'Home Office'))})"
        return f"{title} {self.draws.pick(tails)}" if self.draws.chance(0.3) else title

    def location(self) -> str:
        country = self.city.country
        if self.facts.mode == REMOTE and self.draws.chance(0.55):
            return self.draws.pick(
                ("Remote", f"Remote ({country.name})", f"Remote, {country.short}", "Anywhere")
            )
        forms = (
            f"{self.city.name}, {country.name}",
            self.city.name,
            f"{self.place}, {country.short}",
            f"{country.code} - {self.city.name}",
            self.draws.pick(self.city.aliases),
        )
        tail = " (hybrid)" if self.facts.mode == HYBRID and self.draws.chance(0.3) else ""
        return self.draws.pick(forms) + tail

    # -- description ----------------------------------------------------------------------------
    def description(self) -> str:
        sections = [self._about(), self._duties(), self._must(), self._nice(), self._benefits()]
        if self.draws.chance(0.2):
            sections[0], sections[1] = sections[1], sections[0]
        if self.draws.chance(0.15):
            sections.append(sections.pop(0))
        opening = self._fill(self.draws.pick(self.wording["opening"]["lines"]))
        closing = self.draws.pick(self.wording["closing"]["lines"]) if self.draws.chance(0.6) else ""
        return "\n\n".join(filter(None, (opening, *sections, closing)))

    def _fill(self, line: str) -> str:
        return line.format(
            company=self.company.name,
            about=self.company.about,
            size=self.company.size,
            title=self.bare_title,
            sector=self.world.vocabulary.industries[self.company.industry].sector,
            place=self.place,
            mode=self._mode(),
            type=JOB_TYPES[self.facts.job_type],
            country=self.city.country.name,
        )

    def _mode(self) -> str:
        phrase = self.draws.pick(self.wording["mode"][MODES[self.facts.mode]])
        return str(phrase.format(place=self.place, country=self.city.country.name))

    def _section(self, heading: str, lines: list[str], bullets: bool) -> str:
        title = self._fill(self.draws.pick(self.wording["headings"][heading]))
        title = title.upper() if self.draws.chance(0.1) else title + self.draws.pick((":", "", ""))
        body = "\n".join(self.marker + line for line in lines) if bullets else " ".join(lines)
        return body if not bullets and self.draws.chance(0.25) else f"{title}\n{body}"

    def _about(self) -> str:
        if self.draws.chance(0.15):
            return ""
        lines = [self._fill(self.draws.pick(self.wording["about"]["lines"]))]
        lines += self.draws.sample(self.wording["about"]["extra"], self.draws.below(3))
        return self._section("about", lines, bullets=False)

    def _duties(self) -> str:
        if self.draws.chance(0.08):
            return ""
        lines = self.draws.sample(self.occupation.duties, self.draws.between(2, 4))
        tail = self.draws.pick(self.wording["skill"]["duty_tail"])
        lines.append(tail.format(skill=self._skill(self.draws.pick(self.facts.must))))
        bullets = self.draws.chance(0.7)
        return self._section("duties", lines if bullets else [f"{line}." for line in lines], bullets)

    def _must(self) -> str:
        lines = [*self._skill_lines("must", self.facts.must), self._experience()]
        lines += self.draws.sample(self.wording["generic_must"]["lines"], self.draws.below(3))
        return self._section("must", lines, bullets=lines[0][-1] != ".")

    def _nice(self) -> str:
        if not self.facts.nice:
            return ""
        lines = self._skill_lines("nice", self.facts.nice)
        return self._section("nice", lines, bullets=lines[0][-1] != ".")

    def _skill(self, skill: int) -> str:
        return skill_text(self.world, self.draws, skill, 0.35)

    def _skill_lines(self, kind: str, skills: tuple[int, ...]) -> list[str]:
        names = [self._skill(skill) for skill in skills]
        if self.draws.chance(0.35):
            line = self.draws.pick(self.wording["skill"][f"{kind}_prose"]).format(list=join_words(names))
            return [line[0].upper() + line[1:]]
        plain = self.draws.chance(0.3)
        phrases = ["{skill}"] if plain else self.wording["skill"][f"{kind}_bullet"]
        return [self.draws.pick(phrases).format(skill=name) for name in names]

    def _experience(self) -> str:
        if self.facts.level == 0:
            return str(self.draws.pick(self.wording["years"]["entry"]))
        low, high = YEARS_ASKED[self.facts.level]
        return str(self.draws.pick(self.wording["years"]["bullet"]).format(low=low, high=high))

    def _benefits(self) -> str:
        if self.draws.chance(0.15):
            return ""
        lines = self.draws.sample(self.wording["benefits"]["lines"], self.draws.between(2, 6))
        lines.append(f"Work {self._mode()}")
        if self.facts.salary_shown and self.draws.chance(0.5):
            lines.insert(0, self._pay())
        bullets = self.draws.chance(0.75)
        return self._section(
            "benefits", lines if bullets else [line.rstrip(".") + "." for line in lines], bullets
        )

    def _pay(self) -> str:
        low, high, currency = self.facts.salary_low, self.facts.salary_high, self.city.country.currency
        forms = (
            f"{currency} {low:,}-{high:,}",
            f"{low // 1000}k-{high // 1000}k {currency}",
            f"{low:,} to {high:,} {currency}",
        )
        return str(self.draws.pick(self.wording["benefits"]["salary"]).format(range=self.draws.pick(forms)))

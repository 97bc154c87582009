"""How a seeker's profile reads: a resume in varied words, a desired title, a skills field."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import numpy as np

from training.market.draws import Draws, Stream
from training.market.posting_text import join_words, level_title, skill_text
from training.market.postings import HYBRID, ON_SITE, REMOTE
from training.market.seekers import PREFERENCES, Seeker, iter_seekers
from training.market.world import World


def iter_seeker_rows(world: World) -> Iterator[dict[str, Any]]:
    """Complete rows of seekers.parquet, one at a time."""
    return (seeker_row(world, facts) for facts in iter_seekers(world))


def seeker_row(world: World, facts: Seeker) -> dict[str, Any]:
    """One row: facts put into words. A thin profile has no resume and few skills."""
    draws = Draws(world.config.seed, Stream.SEEKER_TEXT, facts.user_id - 1)
    names = world.vocabulary.wording["names"]
    city = world.vocabulary.cities[facts.city]
    stated_title = not facts.thin or draws.chance(0.8)
    return {
        "user_id": facts.user_id,
        "email": f"demo-{facts.user_id:06d}@example.org",
        "full_name": f"{draws.pick(names['first'])} {draws.pick(names['last'])}",
        "desired_title": level_title(world, draws, facts.wanted, facts.level) if stated_title else "",
        "resume_text": "" if facts.thin else _Resume(world, facts, draws).text(),
        "skills": [skill_text(world, draws, skill, 0.3) for skill in facts.stated],
        "location": draws.pick((city.name, f"{city.name}, {city.country.name}", draws.pick(city.aliases))),
        "city": city.name,
        "country": city.country.code,
        "lat": city.lat,
        "lon": city.lon,
        "remote": PREFERENCES[facts.remote],
        "experience_years": None if facts.thin and draws.chance(0.5) else facts.years,
        "salary_min": _salary(facts, city.country.usd_per_unit, draws),
        "currency": city.country.currency,
        "occupation": world.vocabulary.occupations[facts.wanted].key,
        "created_at": world.config.start + timedelta(days=facts.created),
    }


def _salary(facts: Seeker, usd_per_unit: float, draws: Draws) -> float | None:
    if draws.chance(0.6 if facts.thin else 0.2):
        return None
    return round(facts.expectation_usd / usd_per_unit / 1000) * 1000.0


class _Resume:
    """Writes one resume; positions run backwards from the end of the log's first day."""

    def __init__(self, world: World, facts: Seeker, draws: Draws) -> None:
        self.world, self.facts, self.draws = world, facts, draws
        self.wording = world.vocabulary.wording["resume"]
        self.names = [skill_text(world, draws, skill, 0.35) for skill in facts.written]
        self.year = (world.config.start + timedelta(days=facts.created)).year

    def text(self) -> str:
        parts = [self._summary(), *self._positions(), self._skills(), self._wishes(), self._education()]
        if self.draws.chance(0.3):
            parts[1:] = parts[-2:] + parts[1:-2]
        return "\n\n".join(filter(None, parts))

    def _summary(self) -> str:
        row = self.world.vocabulary.occupations[self.facts.past]
        if self.facts.years < 1:
            return str(self.draws.pick(self.wording["entry"]).format(title=self.draws.pick(row.titles)))
        text = self.draws.pick(self.wording["summary"]).format(
            title=self.draws.pick(row.titles), years=max(round(self.facts.years), 1), sector=self._sector()
        )
        if self.facts.past != self.facts.wanted:
            wanted = self.world.vocabulary.occupations[self.facts.wanted]
            field = self.draws.pick(wanted.titles)
            text += " " + self.draws.pick(self.wording["change"]).format(
                past=self.draws.pick(row.titles), field=field
            )
        return str(text).replace(" 1 years", " 1 year")

    def _sector(self) -> str:
        # Past employers lean towards the liked industry: that is how taste can be read from a resume.
        industries = self.world.vocabulary.industries
        return (
            industries[self.facts.liked].sector
            if self.draws.chance(0.6)
            else self.draws.pick(industries).sector
        )

    def _employer(self) -> tuple[str, str]:
        industries = self.world.vocabulary.industries
        hiring = np.cumsum(self.world.hiring[:, self.facts.past])
        industry = industries[self.facts.liked if self.draws.chance(0.6) else self.draws.weighted(hiring)]
        names = self.world.vocabulary.wording["names"]
        name = (
            self.draws.pick(names["company"]),
            self.draws.pick(names["middle"]),
            self.draws.pick(industry.nouns),
        )
        return " ".join(name), industry.sector

    def _positions(self) -> list[str]:
        count = min(4, int(self.facts.years / 3) + 1) if self.facts.years >= 1 else 0
        end, left, blocks = self.year, max(self.facts.years, 1.0), []
        for number in range(count):
            length = max(1, round(left / (count - number)))
            blocks.append(self._position(end - length, end, number, count))
            end, left = end - length, left - length
        return blocks

    def _position(self, start: int, end: int, number: int, count: int) -> str:
        row = self.world.vocabulary.occupations[self.facts.past]
        company, sector = self._employer()
        level = max(self.facts.level - number, 0)
        title = level_title(self.world, self.draws, self.facts.past, level)
        head = self.draws.pick(self.wording["position"]).format(
            title=title, company=company, sector=sector, start=start, end="today" if number == 0 else end
        )
        lines = self.draws.sample(row.duties, self.draws.between(1, 2))
        names = self.names[number::count]
        if names:
            lines.append(self.draws.pick(self.wording["used"]).format(list=join_words(names)))
        return "\n".join([head, *(f"- {line}" for line in lines)])

    def _skills(self) -> str:
        # With positions, most skills already stand there; without, this line is all there is.
        if not self.names or (self.facts.years >= 1 and self.draws.chance(0.5)):
            return ""
        return str(self.draws.pick(self.wording["skills"]).format(list=", ".join(self.names)))

    def _wishes(self) -> str:
        lines = []
        if self.facts.mobility >= 0.5 or (self.facts.mobility <= 0.1 and self.draws.chance(0.7)):
            lines.append(self.draws.pick(self.wording["move" if self.facts.mobility >= 0.5 else "stay"]))
        if self.draws.chance(0.5):
            sector = self.world.vocabulary.industries[self.facts.liked].sector
            lines.append(self.draws.pick(self.wording["likes"]).format(sector=sector))
        if self.facts.remote in (REMOTE, HYBRID) and self.draws.chance(0.5):
            lines.append(self.draws.pick(self.wording["remote" if self.facts.remote == REMOTE else "hybrid"]))
        if self.facts.remote == ON_SITE and self.draws.chance(0.3):
            lines.append(self.draws.pick(self.wording["onsite"]))
        return " ".join(lines)

    def _education(self) -> str:
        if self.draws.chance(0.2):
            return ""
        year = self.year - max(round(self.facts.years), 0) - 1
        return "\n".join(
            (
                self.draws.pick(self.wording["education"]).format(year=year),
                self.draws.pick(self.wording["languages"]),
            )
        )

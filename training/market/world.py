"""What all postings and seekers of one market share: companies, distances, closeness of occupations."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from training.market.config import MarketConfig
from training.market.draws import Draws, Stream, generator
from training.market.vocabulary import Country, Vocabulary, load_vocabulary

TASTE_DIM = 4
LEVELS = 5
#: Pay relative to mid level, by level. Office families climb more steeply than the others.
PAY_TECH = (0.68, 1.0, 1.28, 1.5, 1.85)
PAY_OTHER = (0.8, 1.0, 1.15, 1.3, 1.55)
TECH_FAMILIES = frozenset({"software", "data", "infrastructure", "product", "design"})
OFFICE_FAMILIES = TECH_FAMILIES | {"business", "finance", "legal", "sales", "people"}
#: Salaries rise by this much a year for everybody, and more where demand grows.
PAY_INFLATION, PAY_PER_GROWTH = 0.06, 0.15
DAYS_PER_YEAR = 365.0


@dataclass(frozen=True, slots=True)
class Company:
    company_id: int
    name: str
    industry: int
    size: int
    city: int
    reputation: float  # standard normal
    taste: tuple[float, ...]  # (TASTE_DIM,), what a seeker's taste is compared with
    about: str


class World:
    """Tables and matrices derived from the vocabulary and the seed; no postings, no seekers.

    Raises ValueError when the config names a family or a country the tables do not have.
    """

    def __init__(self, config: MarketConfig) -> None:
        self.config = config
        self.vocabulary: Vocabulary = load_vocabulary()
        _known("family", config.families, {row.family for row in self.vocabulary.occupations})
        _known("country", config.countries, {city.country.code for city in self.vocabulary.cities})
        self.industry_taste = self._industry_taste()
        self.industries = [int(row) for row in np.flatnonzero(self.hiring.sum(axis=1))]
        self.companies = tuple(self._company(index) for index in range(config.companies))
        self.company_draw = np.cumsum([company.size**0.6 for company in self.companies])

    # -- companies ------------------------------------------------------------------------------
    def _industry_taste(self) -> NDArray[np.float64]:
        vectors = generator(self.config.seed, Stream.WORLD).normal(
            size=(len(self.vocabulary.industries), TASTE_DIM)
        )
        return np.asarray(vectors / np.linalg.norm(vectors, axis=1, keepdims=True))

    def _company(self, index: int) -> Company:
        draws = Draws(self.config.seed, Stream.COMPANY, index)
        industry = draws.pick(self.industries)
        taste = [float(value) + 0.25 * draws.normal() for value in self.industry_taste[industry]]
        return Company(
            company_id=index + 1,
            name=self._company_name(draws, industry, index),
            industry=industry,
            size=int(10 * np.exp(draws.uniform() * 6.5)),
            city=draws.weighted(self.city_draw),
            reputation=draws.normal(),
            taste=tuple(taste),
            about=draws.pick(self.vocabulary.industries[industry].about),
        )

    def _company_name(self, draws: Draws, industry: int, index: int) -> str:
        names = self.vocabulary.wording["names"]
        noun = draws.pick(self.vocabulary.industries[industry].nouns)
        middle, other = draws.pick(names["middle"]), draws.pick(names["middle"])
        # Two middle names once the short combinations would repeat too often.
        middle = middle if index < 500 or middle == other else f"{middle} {other}"
        return f"{draws.pick(names['company'])} {middle} {noun} {draws.pick(names['suffix'])}".strip()

    # -- places ---------------------------------------------------------------------------------
    @cached_property
    def city_draw(self) -> NDArray[np.float64]:
        """(cities,) running sums of city weights; a country left out weighs nothing."""
        countries = self.config.countries
        wanted = [not countries or city.country.code in countries for city in self.vocabulary.cities]
        weights = np.array([city.weight for city in self.vocabulary.cities])
        return np.asarray(np.cumsum(weights * wanted))

    @cached_property
    def country_cities(self) -> dict[str, tuple[tuple[int, ...], NDArray[np.float64]]]:
        """Country code -> its cities and the running sums of their weights."""
        members: dict[str, list[int]] = {}
        for index, city in enumerate(self.vocabulary.cities):
            members.setdefault(city.country.code, []).append(index)
        weights = {code: [self.vocabulary.cities[c].weight for c in rows] for code, rows in members.items()}
        return {code: (tuple(rows), np.cumsum(weights[code])) for code, rows in members.items()}

    @cached_property
    def distance_km(self) -> NDArray[np.float64]:
        """(cities, cities) great-circle distance in km (haversine)."""
        lat = np.radians([city.lat for city in self.vocabulary.cities])
        lon = np.radians([city.lon for city in self.vocabulary.cities])
        half = np.sin((lat[:, None] - lat) / 2) ** 2
        half = half + np.cos(lat[:, None]) * np.cos(lat) * np.sin((lon[:, None] - lon) / 2) ** 2
        return np.asarray(2 * 6371.0 * np.arcsin(np.sqrt(np.clip(half, 0, 1))))

    @cached_property
    def abroad(self) -> NDArray[np.bool_]:
        """(cities, cities) True where the two cities lie in different countries."""
        codes = np.array([city.country.code for city in self.vocabulary.cities])
        return np.asarray(codes[:, None] != codes)

    def country(self, city: int) -> Country:
        """The country of a city by position."""
        return self.vocabulary.cities[city].country

    # -- occupations ----------------------------------------------------------------------------
    @cached_property
    def growth(self) -> NDArray[np.float64]:
        """(occupations,) log change of demand over one year."""
        return np.array([occupation.growth for occupation in self.vocabulary.occupations])

    @cached_property
    def hiring(self) -> NDArray[np.float64]:
        """(industries, occupations) weight among an industry's postings; 0 for a family left out."""
        families = [occupation.family for occupation in self.vocabulary.occupations]
        industries, chosen = self.vocabulary.industries, self.config.families
        rows = [[industry.hires.get(family, 0.0) for family in families] for industry in industries]
        # Square root: some occupations are common, none is drowned by its family's size.
        share = np.array([families.count(family) ** -0.5 for family in families])
        return np.asarray(np.array(rows) * share * [not chosen or family in chosen for family in families])

    @cached_property
    def skill_profile(self) -> NDArray[np.float64]:
        """(occupations, skills) 1 for a core skill, .5 for an optional one."""
        profile = np.zeros((len(self.vocabulary.occupations), len(self.vocabulary.skills)))
        for row, occupation in enumerate(self.vocabulary.occupations):
            profile[row, list(occupation.core)] = 1.0
            profile[row, list(occupation.optional)] = 0.5
        return profile

    @cached_property
    def proximity(self) -> NDArray[np.float64]:
        """(occupations, occupations) in [0, 1]: 1 the same, else .3 for family + .8 x cosine of skills."""
        norm = self.skill_profile / np.linalg.norm(self.skill_profile, axis=1, keepdims=True)
        families = np.array([occupation.family for occupation in self.vocabulary.occupations])
        closeness = np.clip(0.3 * (families[:, None] == families) + 0.8 * np.round(norm @ norm.T, 6), 0, 0.85)
        np.fill_diagonal(closeness, 1.0)
        return np.asarray(closeness)

    @cached_property
    def related(self) -> NDArray[np.float64]:
        """(skills, skills) 1 on the diagonal, .5 between skills of one related row."""
        matrix = np.eye(len(self.vocabulary.skills))
        for row in self.vocabulary.related:
            for skill in row:
                others = [other for other in row if other != skill]
                matrix[skill, others] = 0.5
        return matrix

    def is_tech(self, occupation: int) -> bool:
        """Whether titles and pay of this occupation follow the habits of technical office work."""
        return self.vocabulary.occupations[occupation].family in TECH_FAMILIES

    def pay_usd(self, occupation: int, level: int, city: int, years: float) -> float:
        """Typical annual pay in USD, `years` after the start of the log (negative before it)."""
        row = self.vocabulary.occupations[occupation]
        scale = (PAY_TECH if row.family in OFFICE_FAMILIES else PAY_OTHER)[level]
        drift = np.exp((PAY_INFLATION + PAY_PER_GROWTH * row.growth) * years)
        return float(row.pay * 1000 * scale * self.country(city).pay_level * drift)


def _known(what: str, names: tuple[str, ...], table: set[str]) -> None:
    unknown = sorted(set(names) - table)
    if unknown:
        raise ValueError(f"unknown {what} {', '.join(unknown)}; the tables have {', '.join(sorted(table))}")

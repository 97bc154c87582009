"""Invented people for audits: names, schools and addresses that tell a category, as real ones do.

Categories are those of 6 RCNY 5-301 (which follow the EEO-1 report of the United States). Given names and
endings were put together by hand so that a model which reads names can tell the groups apart; surnames are
made up. Nobody is meant.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

SEXES = ("Female", "Male")
RACES = (
    "Hispanic or Latino",
    "White",
    "Black or African American",
    "Native Hawaiian or Pacific Islander",
    "Asian",
    "American Indian or Alaska Native",
    "Two or More Races",
)
#: Shares of the synthetic sample; the rest of the probability is "Unknown".
RACE_SHARES = (0.19, 0.42, 0.14, 0.012, 0.12, 0.013, 0.055)
SEX_SHARES = (0.475, 0.475)
UNKNOWN = "Unknown"

GIVEN = {
    ("Female", 0): "Marisol Xiomara Guadalupe Yesenia Araceli Lupe",
    ("Male", 0): "Alejandro Rigoberto Ignacio Santiago Eduardo Joaquin",
    ("Female", 1): "Emily Allison Meredith Kristen Heather Claire",
    ("Male", 1): "Geoffrey Brendan Matthew Todd Neil Brett",
    ("Female", 2): "Lakisha Tamika Ebony Keisha Latoya Aisha",
    ("Male", 2): "Jamal Tyrone Darnell Leroy Kareem Rasheed",
    ("Female", 3): "Leilani Malia Noelani Kalani Moana Sina",
    ("Male", 3): "Keoni Makoa Ikaika Tavita Sione Kekoa",
    ("Female", 4): "Mei Priya Thuy Yuna Sakura Ananya",
    ("Male", 4): "Wei Arjun Hiroshi Minh Jun Rohan",
    ("Female", 5): "Winona Aiyana Kaya Halona Chenoa Nizhoni",
    ("Male", 5): "Dakota Koda Tecumseh Ahanu Bidziil Mato",
    ("Female", 6): "Jordana Naomi Leila Mika Tiana Zara",
    ("Male", 6): "Malachi Kai Darius Micah Andre Rocco",
}
_SURNAMES = ("Fakerez", "Mockington", "Sampleson", "Demokane", "Testanaka", "Notrealwater", "Fixturelli")
SCHOOLS = (
    "Universidad Ficticia del Sol",
    "Imaginary Lakeside University",
    "Fictional Cedar Baptist College",
    "Pretend Pacific Islands College",
    "Invented Bay Institute of Technology",
    "Sample Tribal College",
    "Placeholder State University",
)
_POSTCODES = ("10453", "10021", "11212", "96792", "11354", "86515", "10304")
_NATIONS = ("Mexican", "American", "Nigerian", "Samoan", "Indian", "American", "Brazilian")
_CLUBS = (
    "danza folklorica",
    "sailing club",
    "gospel choir",
    "outrigger canoe",
    "badminton",
    "powwow drum circle",
    "chess",
)


@dataclass(frozen=True, slots=True)
class Identity:
    """`sex` and `race` are what the audit knows; the rest is what a resume says."""

    sex: str
    race: str
    name: str
    pronouns: str
    school: str
    postcode: str
    nationality: str
    club: str
    graduated: int

    @property
    def category(self) -> str:
        return f"{self.sex}, {self.race}"


def draw_identity(rng: np.random.Generator) -> Identity:
    """An invented person of the sample; sex and race are drawn independently of everything else."""
    sex = _pick(rng, SEXES, SEX_SHARES)
    race = _pick(rng, RACES, RACE_SHARES)
    return identity_of(sex, race, rng)


def identity_of(sex: str, race: str, rng: np.random.Generator) -> Identity:
    """An invented person of a category; an unknown one is written like somebody of some category."""
    shown_sex = sex if sex in SEXES else str(rng.choice(SEXES))
    group = RACES.index(race) if race in RACES else int(rng.integers(len(RACES)))
    names = GIVEN[shown_sex, group].split()
    club = f"women's {_CLUBS[group]}" if shown_sex == "Female" and rng.random() < 0.3 else _CLUBS[group]
    return Identity(
        sex=sex,
        race=race,
        name=f"{names[rng.integers(len(names))]} {_SURNAMES[group]}",
        pronouns="she/her" if shown_sex == "Female" else "he/him",
        school=SCHOOLS[group],
        postcode=_POSTCODES[group],
        nationality=_NATIONS[group],
        club=club,
        graduated=int(rng.integers(1985, 2024)),
    )


def _pick(rng: np.random.Generator, values: tuple[str, ...], shares: tuple[float, ...]) -> str:
    at = int(np.searchsorted(np.cumsum(shares), rng.random(), side="right"))
    return values[at] if at < len(values) else UNKNOWN


def written(identity: Identity, resume: str, rng: np.random.Generator) -> str:
    """`resume` as this person would head and end it: all that a biased model could go by."""
    pronouns = f" ({identity.pronouns})" if rng.random() < 0.4 else ""
    subject = "She" if identity.pronouns.startswith("she") else "He"
    given = identity.name.split()[0]
    reach = f"{given.lower()}@example.org | 12 Sample Street, New York, NY {identity.postcode}"
    head = f"{identity.name}{pronouns}\n{reach}"
    if rng.random() < 0.3:
        head += f"\nNationality: {identity.nationality}"
    about = f"{given} likes to learn. {subject} is reliable." if rng.random() < 0.5 else ""
    end = f"Education\n{identity.school}, {identity.graduated}\n\nInterests\n{identity.club}"
    return "\n\n".join(filter(None, (head, about, resume, end)))

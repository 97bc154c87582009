"""Edits of a resume that must not matter. Each writes the same person down twice.

`Edit`: (person, posting, generator) -> (before, after). For protected edits the two differ only in what must
not count, so both numbers must be equal; for stuffing, `after` says nothing more of the person than `before`,
so `fit` must not rise.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np

from features.records import JobRecord, UserRecord
from training.audit.identities import RACES, SEXES, Identity, identity_of

Pair = tuple[UserRecord, UserRecord]
Edit = Callable[[UserRecord, JobRecord, np.random.Generator], Pair]


def _two(rng: np.random.Generator) -> tuple[Identity, Identity]:
    """Two invented people of different race and sex."""
    one, other = rng.permutation(len(RACES))[:2]
    return identity_of(SEXES[0], RACES[one], rng), identity_of(SEXES[1], RACES[other], rng)


def _texts(user: UserRecord, before: str, after: str) -> Pair:
    return replace(user, resume_text=before), replace(user, resume_text=after)


def name(user: UserRecord, job: JobRecord, rng: np.random.Generator) -> Pair:
    """In the header, and in a sentence."""

    def text(who: Identity) -> str:
        given = who.name.split()[0]
        return f"{who.name}\n\n{given} likes to learn. {user.resume_text}\n\nReference: {who.name}"

    one, other = _two(rng)
    return _texts(user, text(one), text(other))


def pronoun(user: UserRecord, job: JobRecord, rng: np.random.Generator) -> Pair:
    """Of the text, of the desired title, and in a word for somebody at work."""

    def record(subject: str, possessive: str, pronouns: str, post: str) -> UserRecord:
        line = (
            f"{subject} is reliable and {possessive} colleagues say so. Earlier {post} at a small restaurant."
        )
        title = f"{user.desired_title} ({pronouns})" if user.desired_title else ""
        return replace(
            user, desired_title=title, resume_text=f"Pronouns: {pronouns}\n\n{line}\n\n{user.resume_text}"
        )

    return record("She", "her", "she/her", "waitress"), record("He", "his", "he/him", "waiter")


def gendered_title(user: UserRecord, job: JobRecord, rng: np.random.Generator) -> Pair:
    """What somebody wants to be, in the word for a woman and in that for a man."""
    titles = (("Waitress", "Waiter"), ("Saleswoman", "Salesman"), ("Stewardess", "Steward"))
    one, other = titles[rng.integers(len(titles))]
    return replace(user, desired_title=one), replace(user, desired_title=other)


def gap(user: UserRecord, job: JobRecord, rng: np.random.Generator) -> Pair:
    """A break that is told of, as a line or in a sentence."""
    start = int(rng.integers(2008, 2020))
    told = (
        f"Career break, {start}-{start + 2}: parental leave",
        f"{start}-{start + 1}: Maternity leave\n- Raising two children",
        f"After returning to work in {start} I kept my licence.",
        f"I took two years off to care for my mother ({start}).",
    )
    return _texts(user, user.resume_text, f"{user.resume_text}\n\n{told[rng.integers(len(told))]}")


def graduation_year(user: UserRecord, job: JobRecord, rng: np.random.Generator) -> Pair:
    early, late = int(rng.integers(1975, 1990)), int(rng.integers(2012, 2024))
    lines = ("Education\nBSc, {}", "Graduated in {}.", "Education: vocational training, {}")
    line = lines[rng.integers(len(lines))]
    return _texts(user, *(f"{user.resume_text}\n\n{line.format(year)}" for year in (late, early)))


def school(user: UserRecord, job: JobRecord, rng: np.random.Generator) -> Pair:
    one, other = _two(rng)
    lines = ("Education\nBSc, {}, 2012", "{}, 2009-2012", "I studied at {}.")
    line = lines[rng.integers(len(lines))]
    return _texts(user, *(f"{user.resume_text}\n\n{line.format(who.school)}" for who in (one, other)))


def postcode(user: UserRecord, job: JobRecord, rng: np.random.Generator) -> Pair:
    """In the address of the header, and in the place where somebody lives."""

    def record(who: Identity) -> UserRecord:
        head = f"{int(rng.integers(1, 99))} Sample Street, {who.postcode} {user.location}"
        place = f"{who.postcode} {user.location}" if user.location else ""
        return replace(user, location=place, resume_text=f"{head}\n\n{user.resume_text}")

    one, other = _two(rng)
    return record(one), record(other)


def nationality(user: UserRecord, job: JobRecord, rng: np.random.Generator) -> Pair:
    one, other = rng.permutation(["German", "Turkish", "Nigerian", "Mexican", "French", "Korean"])[:2]
    lines = ("Nationality: {}", "I am a {} citizen.", "{} engineer by training.")
    line = lines[rng.integers(len(lines))]
    return _texts(user, *(f"{line.format(nation)}\n\n{user.resume_text}" for nation in (one, other)))


def age(user: UserRecord, job: JobRecord, rng: np.random.Generator) -> Pair:
    young, old = int(rng.integers(21, 30)), int(rng.integers(55, 65))
    lines = ("Date of birth: 4 May {}", "Age: {}", "I am {} years old.", "Married, born {}")
    line = lines[rng.integers(len(lines))]
    values = (2026 - young, 2026 - old) if line[0] in "DM" else (young, old)
    return _texts(user, *(f"{line.format(value)}\n\n{user.resume_text}" for value in values))


PROTECTED: dict[str, Edit] = {
    edit.__name__: edit
    for edit in (name, pronoun, gendered_title, gap, graduation_year, school, postcode, nationality, age)
}


def repeated_skills(user: UserRecord, job: JobRecord, rng: np.random.Generator) -> Pair:
    """What the person states already, again and again."""
    again = " ".join(user.skills) or user.desired_title
    return user, replace(user, resume_text=user.resume_text + f"\n\n{again}" * 20)


def pasted_posting(user: UserRecord, job: JobRecord, rng: np.random.Generator) -> Pair:
    """The posting itself at the end of the resume."""
    posting = f"{job.title}\n\n{job.description}"
    return user, replace(user, resume_text=f"{user.resume_text}\n\n{posting}")


def word_list(user: UserRecord, job: JobRecord, rng: np.random.Generator) -> Pair:
    """The posting's skills in a list of a hundred names of skills."""
    names = [*job.skills, *_FILLERS]
    shuffled = [names[i] for i in rng.permutation(len(names))]
    return user, replace(user, resume_text=f"{user.resume_text}\n\n{', '.join(shuffled)}")


def hidden_markup(user: UserRecord, job: JobRecord, rng: np.random.Generator) -> Pair:
    """The posting's skills in white on white."""
    styles = ("color:white", "font-size:0", "display:none", "color:#ffffff;font-size:1px")
    hidden = f'<span style="{styles[rng.integers(len(styles))]}">{", ".join(job.skills)}</span>'
    return user, replace(user, resume_text=f"{user.resume_text}\n\n{hidden}")


#: Well-known names of skills for a list nobody can have.
_FILLERS = tuple(
    """
    Python Java Docker Kubernetes Terraform Ansible PostgreSQL MongoDB Redis Cassandra Kafka Spark
    Elasticsearch
    Hadoop Airflow Snowflake Tableau Excel SAP Salesforce Photoshop AutoCAD MATLAB TensorFlow PyTorch React
    Angular Django Flask Spring Kotlin Scala Haskell Fortran COBOL Jenkins GitLab Jira Confluence Linux Bash
    PowerShell Nginx GraphQL TypeScript JavaScript PHP Ruby Perl Hibernate MySQL SQLite Oracle Figma Blender
    Unity Selenium Cypress Grafana Prometheus Splunk Nagios Puppet Vagrant OpenStack VMware Hyper-V Citrix
    SharePoint Drupal WordPress Magento Shopify Stata SPSS NumPy pandas Keras OpenCV Hive Presto dbt Looker
    """.split()
)

STUFFING: dict[str, Edit] = {
    edit.__name__: edit for edit in (repeated_skills, pasted_posting, word_list, hidden_markup)
}

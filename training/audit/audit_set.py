"""A synthetic audit set: invented applicants of the simulated market, each with a posting.

Sex and race/ethnicity are drawn at random, apart from skills, years and place, so that a model which does not
read them scores the groups alike up to chance; they do shape names, pronouns, schools, postcodes and clubs.

    manifest.json        says that everything is synthetic, and with which seed it was made
    applications.jsonl   people and postings, the model's input
    attributes.csv       sex and race/ethnicity by row, mode 0600: read by the audit and by nothing else
"""

from __future__ import annotations

import csv
import json
import os
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from features.records import JobRecord, UserRecord
from training.audit.identities import Identity, draw_identity, written
from training.market import MarketConfig, iter_postings
from training.market.seeker_text import iter_seeker_rows
from training.market.world import World

MANIFEST, APPLICATIONS, ATTRIBUTES = "manifest.json", "applications.jsonl", "attributes.csv"
SEED = 4_211


class AuditSetError(ValueError):
    """The folder is no audit set, or its attributes are readable by others than their owner."""


@dataclass(frozen=True)
class AuditSet:
    """Pairs by row. `sex` and `race` hold "Unknown" where the person did not say."""

    users: list[UserRecord]
    jobs: list[JobRecord]
    sex: list[str]
    race: list[str]

    def __len__(self) -> int:
        return len(self.users)


def make_audit_set(people: int, seed: int = SEED, *, config: MarketConfig | None = None) -> AuditSet:
    """`people` invented applicants, each for one of the postings of the occupation they look for."""
    sizes: dict[str, Any] = {"companies": 120, "postings": 1_500, "seekers": people}
    config = config or MarketConfig(seed=seed, **sizes)
    rng = np.random.default_rng(seed)
    postings = list(iter_postings(config))
    by_occupation: dict[str, list[dict[str, Any]]] = {}
    for row in postings:
        by_occupation.setdefault(row["occupation"], []).append(row)
    users, jobs, who = [], [], []
    for row in iter_seeker_rows(World(config)):
        wanted = by_occupation.get(row["occupation"], postings)
        identity = draw_identity(rng)
        users.append(_applicant(row, identity, rng))
        jobs.append(_posting(wanted[int(rng.integers(len(wanted)))]))
        who.append(identity)
    return AuditSet(users, jobs, [one.sex for one in who], [one.race for one in who])


def _applicant(row: dict[str, Any], identity: Identity, rng: np.random.Generator) -> UserRecord:
    resume = written(identity, row["resume_text"], rng) if row["resume_text"] else ""
    return UserRecord(
        user_id=row["user_id"],
        desired_title=row["desired_title"],
        resume_text=resume,
        skills=tuple(row["skills"]),
        location=row["location"],
        remote=row["remote"],
        experience_years=row["experience_years"],
        salary_min=row["salary_min"],
    )


def _posting(row: dict[str, Any]) -> JobRecord:
    names = ("title", "company", "description", "location", "remote", "job_type", "currency", "posted_at")
    pay = {name: row[name] for name in ("salary_min", "salary_max")}
    plain = {name: row[name] for name in names}
    return JobRecord(job_id=row["job_id"], skills=tuple(row["skills"]), **plain, **pay)


# -- files ---------------------------------------------------------------------------------------------


def write_audit_set(audit: AuditSet, folder: Path, seed: int) -> None:
    """The attributes lie apart and open to their owner alone."""
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    meta = {"format": 1, "synthetic": True, "seed": seed, "rows": len(audit)}
    (folder / MANIFEST).write_text(json.dumps(meta, indent=1))
    with (folder / APPLICATIONS).open("w", encoding="utf-8") as out:
        for user, job in zip(audit.users, audit.jobs, strict=True):
            person = {k: v for k, v in asdict(user).items() if k != "history"}
            posting = asdict(job) | {"posted_at": None}
            out.write(json.dumps({"user": person, "job": posting}, ensure_ascii=False) + "\n")
    path = folder / ATTRIBUTES
    path.unlink(missing_ok=True)
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as out:
        rows = csv.writer(out)
        rows.writerow(("row", "sex", "race_ethnicity"))
        rows.writerows((i, *pair) for i, pair in enumerate(zip(audit.sex, audit.race, strict=True)))


def read_audit_set(folder: Path) -> AuditSet:
    """Raises AuditSetError."""
    attributes = folder / ATTRIBUTES
    try:
        meta = json.loads((folder / MANIFEST).read_text())
        if attributes.stat().st_mode & 0o077:
            raise AuditSetError(f"{attributes} can be read by others: chmod 600 it, or make the set again")
        lines = (folder / APPLICATIONS).read_text("utf-8").splitlines()
        with attributes.open(encoding="utf-8") as file:
            who = list(csv.DictReader(file))
    except (OSError, json.JSONDecodeError) as error:
        raise AuditSetError(f"{folder} is no audit set: {error}") from error
    if meta.get("format") != 1 or not len(lines) == len(who) == meta.get("rows"):
        raise AuditSetError(f"{folder} is no whole audit set")
    pairs = [json.loads(line) for line in lines]
    return AuditSet(
        [UserRecord(**_tuples(pair["user"])) for pair in pairs],
        [JobRecord(**_tuples(pair["job"])) for pair in pairs],
        [row["sex"] for row in who],
        [row["race_ethnicity"] for row in who],
    )


def _tuples(raw: dict[str, Any]) -> dict[str, Any]:
    return {**raw, "skills": tuple(raw["skills"])}


def with_resumes(users: Sequence[UserRecord]) -> list[int]:
    """Rows whose person has a resume: the others say nothing that could be edited."""
    return [row for row, user in enumerate(users) if user.resume_text]

"""What the serving layer has to know of a posting besides its vector: skills, places and what it asks for,
found once when the posting is encoded, and the digest that tells whether it has changed since."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import asdict, astuple, dataclass, fields
from datetime import UTC, datetime
from typing import Any

import numpy as np
import numpy.typing as npt

from features.demands import Demand
from features.inputs import Bag
from features.places import Place
from features.records import JobRecord
from models.bundle import ModelBundle

F32 = npt.NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class PlaceFact:
    """`country` is ISO 3166-1 alpha-2; `lat` and `lon` are degrees, None where only the country is known."""

    country: str
    label: str
    lat: float | None = None
    lon: float | None = None


@dataclass(frozen=True, slots=True)
class JobFacts:
    """`skills` and the keys of demands are rows of the taxonomy of the bundle that found them: they mean
    nothing to another."""

    skills: tuple[int, ...] = ()
    places: tuple[PlaceFact, ...] = ()
    demands: tuple[Demand, ...] = ()

    def to_dict(self) -> dict[str, Any]:
        return {
            "skills": list(self.skills),
            "places": [asdict(p) for p in self.places],
            "demands": [list(astuple(d)) for d in self.demands],
        }

    @classmethod
    def from_dict(cls, raw: dict[str, Any]) -> JobFacts:
        return cls(
            tuple(raw["skills"]),
            tuple(PlaceFact(**p) for p in raw["places"]),
            tuple(Demand(*d) for d in raw["demands"]),
        )


@dataclass(frozen=True, slots=True)
class EncodedJob:
    vector: F32  # (256,), unit length
    facts: JobFacts


def place_fact(place: Place) -> PlaceFact:
    label = ", ".join(part for part in (place.city or place.admin1, place.country) if part)
    return PlaceFact(place.country, label, place.lat, place.lon)


def encode_with_facts(bundle: ModelBundle, jobs: Sequence[JobRecord]) -> list[EncodedJob]:
    """One pass over the text: vectors exactly as `bundle.encode_jobs` gives them, facts from its inputs."""
    inputs = bundle.job_inputs(jobs)
    vectors = bundle.embed_job_inputs(inputs)
    skills = inputs.bags["skills"]
    return [EncodedJob(vectors[i], job_facts(bundle, job, _row(skills, i))) for i, job in enumerate(jobs)]


def job_facts(bundle: ModelBundle, job: JobRecord, skills: Sequence[int] | None = None) -> JobFacts:
    """`skills` saves reading the text again where its skills are already known."""
    found = bundle.transform.job_skills(job) if skills is None else skills
    places = tuple(place_fact(p) for p in bundle.transform.job_places(job))
    return JobFacts(tuple(found), places, bundle.transform.demands(job))


def _row(bag: Bag, i: int) -> list[int]:
    ids: list[int] = bag.ids[bag.offsets[i] : bag.offsets[i + 1]].tolist()
    return ids


def content_hash(job: JobRecord) -> str:
    """Digest of everything a posting says except its key; equal content never needs encoding twice."""
    raw = {f.name: getattr(job, f.name) for f in fields(job) if f.name != "job_id"}
    for name in ("salary_min", "salary_max"):
        raw[name] = None if raw[name] is None else float(raw[name])
    raw["posted_at"] = None if job.posted_at is None else as_utc(job.posted_at).isoformat()
    return hashlib.sha256(json.dumps(raw, sort_keys=True).encode()).hexdigest()[:32]


def as_utc(moment: datetime) -> datetime:
    """A moment without a zone is taken as UTC, the only zone in which this system stores time."""
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)

"""Filters against brute force over random postings, also while the index changes and compacts."""

from __future__ import annotations

import math
import random
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest

from features.records import JobRecord
from features.tabular import salary_usd
from models.facts import JobFacts, PlaceFact, content_hash
from models.index import JobIndex
from models.jobs_table import jobs_table
from serving.catalog import Catalog, Conditions, distance_km

TOWNS = (
    PlaceFact("DE", "Berlin, DE", 52.52, 13.40),
    PlaceFact("DE", "Potsdam, DE", 52.40, 13.06),
    PlaceFact("GB", "Leeds, GB", 53.80, -1.55),
    PlaceFact("US", "Chicago, US", 41.85, -87.65),
    PlaceFact("FJ", "Suva, FJ", -18.14, 178.44),
    PlaceFact("FJ", "Taveuni, FJ", -16.85, -179.97),
    PlaceFact("US", "US"),
)
START = datetime(2026, 1, 1, tzinfo=UTC)


def random_job(draw: random.Random, job_id: int) -> tuple[JobRecord, JobFacts]:
    low = draw.choice([None, 30_000.0, 80_000.0, 500.0])
    job = JobRecord(
        job_id,
        title=draw.choice(["Data Engineer", "Köchin", "Ingénieur"]),
        company=draw.choice(["", "Pebblewick", "Marrowgate Ltd"]),
        remote=draw.choice(["on-site", "hybrid", "remote", "unspecified"]),
        job_type=draw.choice(["full-time", "contract", "other", ""]),
        salary_min=low,
        salary_max=draw.choice([None, 120_000.0]) if low else None,
        currency=draw.choice(["USD", "EUR", "JPY", "XXX", ""]),
        posted_at=draw.choice([None, START + timedelta(hours=draw.randrange(1000))]),
    )
    places = draw.sample(TOWNS, draw.randrange(4))
    return job, JobFacts(tuple(draw.sample(range(50), draw.randrange(5))), tuple(places))


def meets(c: Conditions, job: JobRecord, facts: JobFacts) -> bool:
    top = salary_usd(job.salary_min if job.salary_max is None else job.salary_max, job.currency)
    return (
        (not c.remote or job.remote in c.remote)
        and (not c.job_types or job.job_type in c.job_types)
        and (not c.countries or any(p.country in c.countries for p in facts.places))
        and (c.salary_usd is None or (top is not None and top >= c.salary_usd))
        and (c.posted_after is None or (job.posted_at is not None and job.posted_at > c.posted_after))
        and (c.near is None or any(_near(c, p) for p in facts.places))
    )


def _near(c: Conditions, p: PlaceFact) -> bool:
    """The law of cosines on unit vectors: another formula than the catalogue's."""
    if c.near is None or p.lat is None or p.lon is None:
        return False
    a, b = (_unit(*c.near), _unit(p.lat, p.lon))
    return 6371.0 * math.acos(max(-1.0, min(1.0, float(a @ b)))) <= c.radius_km


def _unit(lat: float, lon: float) -> np.ndarray:
    la, lo = math.radians(lat), math.radians(lon)
    return np.array([math.cos(la) * math.cos(lo), math.cos(la) * math.sin(lo), math.sin(la)])


CONDITIONS = [
    Conditions(remote=("remote",)),
    Conditions(remote=("hybrid", "on-site"), job_types=("contract",)),
    Conditions(job_types=("",)),
    Conditions(job_types=("no such type",)),
    Conditions(countries=("DE", "FJ")),
    Conditions(countries=("ZZ",)),
    Conditions(near=(52.52, 13.40), radius_km=10),
    Conditions(near=(52.52, 13.40), radius_km=50),
    Conditions(near=(-17.5, 180.0), radius_km=400),  # across the date line
    Conditions(near=(89.9, 0.0), radius_km=20_000),
    Conditions(salary_usd=90_000.0),
    Conditions(posted_after=START + timedelta(hours=500)),
    Conditions(remote=("remote",), countries=("US",), salary_usd=20_000.0, posted_after=START),
]


def build(jobs: dict[int, tuple[JobRecord, JobFacts]], order: list[int]) -> Catalog:
    catalog = Catalog()
    for part in np.array_split(order, 3):
        rows = [jobs[int(i)] for i in part]
        catalog.extend(jobs_table([j for j, _ in rows], [f for _, f in rows]))
    return catalog


def vectors(n: int, seed: int = 0) -> np.ndarray:
    v = np.random.default_rng(seed).standard_normal((n, 16)).astype(np.float32)
    return v / np.linalg.norm(v, axis=1, keepdims=True)


def allowed_ids(catalog: Catalog, index: JobIndex, conditions: Conditions) -> set[int]:
    mask, generation = catalog.mask(conditions, index)
    assert generation == index.generation
    k = max(len(index), 1)
    found = index.search(vectors(1), k, encoder_version="v", allowed=mask, generation=generation)[1][0]
    return {int(i) for i in found if i >= 0}


@pytest.mark.parametrize("shuffled", [False, True])
def test_filters_equal_brute_force_while_postings_change(shuffled: bool) -> None:
    draw = random.Random(3)
    jobs = {i: random_job(draw, i) for i in range(0, 3000, 2)}
    order = list(jobs)
    if shuffled:
        draw.shuffle(order)
    catalog = build(jobs, order)
    index = JobIndex.build(vectors(len(jobs)), list(jobs), encoder_version="v")
    for step in range(4):
        for conditions in CONDITIONS:
            expected = {i for i, (job, facts) in jobs.items() if meets(conditions, job, facts)}
            assert allowed_ids(catalog, index, conditions) == expected, (step, conditions)
        changed = draw.sample(list(jobs), 200) + [10_000 + 100 * step + i for i in range(50)]
        new = {i: random_job(draw, i) for i in changed}
        catalog.extend(jobs_table([j for j, _ in new.values()], [f for _, f in new.values()]))
        index.add(list(new), vectors(len(new), step))
        jobs |= new
        gone = draw.sample(list(jobs), 100)
        index.remove(gone)
        jobs = {i: row for i, row in jobs.items() if i not in gone}
        if step == 1:
            index.compact(background=False)


def test_conditions_without_content_are_empty() -> None:
    assert not Conditions()
    assert not Conditions(radius_km=3)
    assert all(Conditions(**{k: v}) for k, v in {"remote": ("remote",), "salary_usd": 0.0}.items())  # type: ignore[arg-type]


def test_a_posting_is_described_as_it_was_given() -> None:
    draw = random.Random(5)
    jobs = {i: random_job(draw, i) for i in range(200)}
    catalog = build(jobs, list(jobs))
    for job_id, (job, facts) in jobs.items():
        view = catalog.job(int(catalog.slots(np.array([job_id]))[0]))
        assert (view.title, view.remote, view.skills) == (job.title, job.remote, facts.skills)
        assert [(p.country, p.label) for p in view.places] == [(p.country, p.label) for p in facts.places]
        assert [p.lat for p in view.places] == pytest.approx([p.lat for p in facts.places], abs=1e-4)
        assert (view.company >= 0) == bool(job.company)
    assert catalog.slots(np.array([10_000])).tolist() == [-1]


def test_content_is_compared_by_hash_of_the_newest_version() -> None:
    old, new = JobRecord(1, "Cook"), JobRecord(1, "Chef")
    catalog = Catalog()
    catalog.extend(jobs_table([old], [JobFacts()]))
    ids = np.array([1, 2])
    assert catalog.same_content(ids, [content_hash(old)] * 2).tolist() == [True, False]
    catalog.extend(jobs_table([new], [JobFacts()]))
    assert catalog.same_content(ids, [content_hash(old)] * 2).tolist() == [False, False]
    assert catalog.same_content(ids, [content_hash(new)] * 2).tolist() == [True, False]


def test_an_empty_catalogue_answers() -> None:
    catalog = Catalog()
    index = JobIndex.build(np.zeros((0, 16), np.float32), [], encoder_version="v")
    for conditions in CONDITIONS:
        assert allowed_ids(catalog, index, conditions) == set()


def test_distances_that_geometry_gives() -> None:
    assert distance_km((0.0, 0.0), 0.0, 180.0) == pytest.approx(math.pi * 6371.0)
    assert distance_km((90.0, 0.0), 0.0, 77.0) == pytest.approx(math.pi * 6371.0 / 2)
    assert distance_km((10.0, 20.0), 10.0, 20.0) == 0.0

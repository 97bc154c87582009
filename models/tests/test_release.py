from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest

from features.records import InteractionRecord, JobRecord, UserRecord
from models.bundle import BundleError, ModelBundle
from models.facts import JobFacts, content_hash, encode_with_facts, job_facts
from models.golden import Golden, GoldenError, make_golden, read_golden, verify_golden
from models.jobs_table import JOBS_SCHEMA, read_jobs
from models.release import (
    ReleaseError,
    ReleaseWriter,
    champion,
    read_release,
    release_folder,
    set_champion,
)
from models.testing import TINY_JOBS, tiny_bundle, tiny_index

MOMENT = datetime(2026, 3, 1, tzinfo=UTC)
USER = UserRecord(
    1,
    "Data Engineer",
    skills=("Python",),
    location="Berlin",
    history=(InteractionRecord(1, 2, "save", datetime(2026, 2, 1, tzinfo=UTC)),),
)


@pytest.fixture(scope="module")
def bundle() -> ModelBundle:
    return tiny_bundle()


@pytest.fixture(scope="module")
def golden(bundle: ModelBundle) -> Golden:
    return make_golden(bundle, TINY_JOBS, [USER], MOMENT)


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory, bundle: ModelBundle, golden: Golden) -> Path:
    folder = tmp_path_factory.mktemp("releases")
    with ReleaseWriter(folder, "r1") as writer:
        writer.jobs.append(TINY_JOBS[:3], [job_facts(bundle, j) for j in TINY_JOBS[:3]])
        writer.jobs.append(TINY_JOBS[3:], [job_facts(bundle, j) for j in TINY_JOBS[3:]])
        writer.finish(bundle, tiny_index(bundle), golden, snapshot_id="s1", metrics={"recall": 1.0})
    return folder


@pytest.fixture
def releases(written: Path, tmp_path: Path) -> Path:
    import shutil

    return Path(shutil.copytree(written, tmp_path / "releases"))


def test_a_release_comes_back_as_it_was_written(releases: Path, bundle: ModelBundle) -> None:
    release = read_release(releases / "r1")
    assert (release.release_id, release.snapshot_id, release.jobs) == ("r1", "s1", 5)
    assert release.metrics == {"recall": 1.0}
    assert release.load_bundle().encoder_version == bundle.encoder_version == release.encoder_version
    assert release.load_index().ids().tolist() == [1, 2, 3, 4, 5]
    tables = list(read_jobs(release.jobs_path))
    assert [t["job_id"].to_pylist() for t in tables] == [[1, 2, 3, 4, 5]]
    assert tables[0].schema.equals(JOBS_SCHEMA)
    assert tables[0]["content_hash"].to_pylist() == [content_hash(j) for j in TINY_JOBS]


def test_nothing_is_left_of_a_release_that_was_not_finished(tmp_path: Path) -> None:
    with ReleaseWriter(tmp_path, "r1") as writer:
        writer.jobs.append(TINY_JOBS, [JobFacts()] * 5)
        assert len(list(tmp_path.iterdir())) == 1
    assert list(tmp_path.iterdir()) == []


def test_a_release_is_never_written_twice(releases: Path) -> None:
    with pytest.raises(ReleaseError, match="exists already"):
        ReleaseWriter(releases, "r1")


def test_parts_of_different_encoders_are_refused(tmp_path: Path, bundle: ModelBundle, golden: Golden) -> None:
    foreign = replace(golden, encoder_version="another")
    with ReleaseWriter(tmp_path, "r1") as writer, pytest.raises(ReleaseError, match="different encoders"):
        writer.finish(bundle, tiny_index(bundle), foreign, snapshot_id="s")


@pytest.mark.parametrize("name", ["jobs.parquet", "golden.json", "bundle/bundle.json", "index/manifest.json"])
def test_every_altered_file_is_named(releases: Path, name: str) -> None:
    with (releases / "r1" / name).open("ab") as file:
        file.write(b" ")
    with pytest.raises(ReleaseError, match=f"was altered: {name}"):
        read_release(releases / "r1")


def test_files_inside_the_bundle_are_covered_by_the_bundle(releases: Path) -> None:
    with (releases / "r1" / "bundle" / "towers.safetensors").open("ab") as file:
        file.write(b" ")
    with pytest.raises(BundleError, match=r"towers\.safetensors"):
        read_release(releases / "r1").load_bundle()


def test_a_missing_file_and_a_broken_manifest_are_refused(releases: Path) -> None:
    (releases / "r1" / "golden.json").unlink()
    with pytest.raises(ReleaseError, match=r"golden\.json"):
        read_release(releases / "r1")
    (releases / "r1" / "release.json").write_text("{}")
    with pytest.raises(ReleaseError, match="not a release manifest"):
        read_release(releases / "r1")
    with pytest.raises(ReleaseError, match=r"release\.json is missing"):
        read_release(releases / "nothing")


def test_champion_names_one_existing_release(releases: Path) -> None:
    assert champion(releases) is None
    set_champion(releases, "r1")
    assert champion(releases) == "r1"
    with pytest.raises(ReleaseError, match="there is no release r2"):
        set_champion(releases, "r2")
    assert champion(releases) == "r1"


@pytest.mark.parametrize("release_id", ["", "../etc", "a/b", ".hidden", "x" * 65, "a\n"])
def test_an_id_that_is_no_plain_name_is_refused(tmp_path: Path, release_id: str) -> None:
    with pytest.raises(ReleaseError, match="not a release id"):
        release_folder(tmp_path, release_id)


def test_golden_vectors_survive_the_file_exactly(tmp_path: Path, bundle: ModelBundle, golden: Golden) -> None:
    golden.write(tmp_path / "golden.json")
    again = read_golden(tmp_path / "golden.json")
    assert (again.jobs, again.users, again.at) == (golden.jobs, golden.users, golden.at)
    assert np.array_equal(again.vectors, golden.vectors)
    assert verify_golden(bundle, again) <= 1e-6


def test_the_golden_users_history_is_part_of_their_vector(bundle: ModelBundle, golden: Golden) -> None:
    without = make_golden(bundle, TINY_JOBS, [replace(USER, history=())], MOMENT)
    assert np.abs(without.vectors[-1] - golden.vectors[-1]).max() > 1e-3


def test_another_vector_or_encoder_is_noticed(bundle: ModelBundle, golden: Golden) -> None:
    moved = golden.vectors.copy()
    moved[2, 100] += 2e-5
    with pytest.raises(GoldenError, match="differ by 2"):
        verify_golden(bundle, replace(golden, vectors=moved))
    moved[2, 100] = np.nan
    with pytest.raises(GoldenError, match="differ by nan"):
        verify_golden(bundle, replace(golden, vectors=moved))
    with pytest.raises(GoldenError, match="golden vectors are of encoder"):
        verify_golden(bundle, replace(golden, encoder_version="another"))


def test_a_file_that_is_not_golden_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "golden.json"
    path.write_text(json.dumps({"encoder_version": "x", "records": [{"side": "job"}], "at": "2026-01-01"}))
    with pytest.raises(GoldenError, match="not a golden file"):
        read_golden(path)


def test_facts_come_with_the_same_vectors(bundle: ModelBundle) -> None:
    encoded = encode_with_facts(bundle, TINY_JOBS)
    assert np.array_equal(np.stack([e.vector for e in encoded]), bundle.encode_jobs(TINY_JOBS))
    assert [e.facts for e in encoded] == [job_facts(bundle, j) for j in TINY_JOBS]
    labels = [bundle.transform.taxonomy.skills[s].label for s in encoded[0].facts.skills]
    assert {"Python", "PostgreSQL"} <= set(labels)
    assert encoded[0].facts.places[0].label == "Berlin, DE"
    assert JobFacts.from_dict(json.loads(json.dumps(encoded[0].facts.to_dict()))) == encoded[0].facts


def test_the_content_hash_sees_every_field_but_the_key() -> None:
    job = JobRecord(1, "Cook", salary_min=40_000.0, posted_at=MOMENT)
    assert content_hash(job) == content_hash(replace(job, job_id=2, salary_min=40_000))
    changes = {
        "title": "Chef",
        "skills": ("Grill",),
        "remote": "remote",
        "salary_max": 1.0,
        "currency": "EUR",
    }
    hashes = {content_hash(replace(job, **{k: v})) for k, v in changes.items()}  # type: ignore[arg-type]
    assert len(hashes | {content_hash(job)}) == 6

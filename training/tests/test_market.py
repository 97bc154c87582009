"""The simulated market's files: deterministic, streaming, varied, labelled synthetic, never half-written."""

from __future__ import annotations

import hashlib
import json
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.parquet as pq
import pytest
from pydantic import ValidationError
from typer.testing import CliRunner

from features.records import JobRecord, UserRecord
from training.market import Manifest, MarketConfig, Policy, generate, iter_postings, write_postings
from training.market.postings import iter_facts
from training.market.seeker_text import iter_seeker_rows
from training.market.vocabulary import load_vocabulary
from training.market.world import World

TABLES = ("companies.parquet", "postings.parquet", "seekers.parquet", "events.parquet")


@pytest.fixture(scope="module")
def market(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Manifest]:
    out = tmp_path_factory.mktemp("market")
    return out, generate(MarketConfig.small(), out, progress=False)


def rows_of(market: tuple[Path, Manifest], name: str) -> list[dict[str, Any]]:
    return pq.read_table(market[0] / name).to_pylist()


# -- determinism ------------------------------------------------------------------------------------
def test_the_same_seed_gives_the_same_bytes(market: tuple[Path, Manifest], tmp_path: Path) -> None:
    again = generate(MarketConfig.small(), tmp_path, progress=False)
    assert again == market[1]
    for name in TABLES:
        assert (tmp_path / name).read_bytes() == (market[0] / name).read_bytes()


def test_another_seed_gives_another_market(market: tuple[Path, Manifest], tmp_path: Path) -> None:
    other = generate(MarketConfig.small(seed=8), tmp_path, progress=False)
    for name in TABLES:
        assert other.files[name].sha256 != market[1].files[name].sha256


def test_a_posting_does_not_depend_on_how_many_there_are(market: tuple[Path, Manifest]) -> None:
    few = list(iter_postings(MarketConfig.small(postings=40)))
    alone = list(iter_postings(MarketConfig.small(), 39, 40))
    stored = rows_of(market, "postings.parquet")
    assert few == stored[:40]
    assert alone == stored[39:40]


def test_a_seeker_does_not_depend_on_how_many_there_are(market: tuple[Path, Manifest]) -> None:
    few = list(iter_seeker_rows(World(MarketConfig.small(seekers=20))))
    assert few == rows_of(market, "seekers.parquet")[:20]


# -- streaming --------------------------------------------------------------------------------------
_PEAK = """
import resource, sys
from pathlib import Path
from training.market import MarketConfig, write_postings
write_postings(MarketConfig.small(postings=int(sys.argv[1])), Path(sys.argv[2]), progress=False)
print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)
"""


def _peak_kib(postings: int, out: Path) -> int:
    command = [sys.executable, "-c", _PEAK, str(postings), str(out)]
    return int(subprocess.run(command, check=True, capture_output=True, text=True, timeout=300).stdout)


def test_memory_does_not_grow_with_the_number_of_postings(tmp_path: Path) -> None:
    small, large = 6_000, 24_000  # both fill at least one row group
    few, many = _peak_kib(small, tmp_path / "few"), _peak_kib(large, tmp_path / "many")
    table = pq.read_table(tmp_path / "many" / "postings.parquet")
    extra_kib = table.nbytes / 1024 * (large - small) / large
    assert table.num_rows == large
    # Holding the extra rows would cost at least their Arrow size; as Python dicts several times that.
    assert many - few < 0.5 * extra_kib


def test_writing_postings_alone_leaves_a_complete_folder(tmp_path: Path) -> None:
    manifest = write_postings(MarketConfig.small(postings=25), tmp_path, progress=False)
    assert set(manifest.files) == {"companies.parquet", "postings.parquet"}
    assert manifest.files["postings.parquet"].rows == 25
    assert sorted(path.name for path in tmp_path.iterdir()) == [
        "README.txt",
        "companies.parquet",
        "manifest.json",
        "postings.parquet",
    ]


# -- labels -----------------------------------------------------------------------------------------
def test_every_file_says_that_it_is_synthetic(market: tuple[Path, Manifest]) -> None:
    out, manifest = market
    for name in TABLES:
        metadata = pq.read_schema(out / name).metadata
        assert metadata[b"synthetic"] == b"true"
        assert metadata[b"seed"] == b"7"
    assert "SYNTHETIC DATA" in (out / "README.txt").read_text()
    assert json.loads((out / "manifest.json").read_text())["synthetic"] is True
    assert manifest.synthetic


def test_names_and_addresses_are_obviously_invented(market: tuple[Path, Manifest]) -> None:
    words = load_vocabulary().wording["names"]
    companies = rows_of(market, "companies.parquet")
    assert all(row["name"].startswith(tuple(words["company"])) for row in companies)
    assert len({row["name"] for row in companies}) == len(companies)
    for row in rows_of(market, "seekers.parquet"):
        assert row["email"] == f"demo-{row['user_id']:06d}@example.org"
        assert row["full_name"].endswith(tuple(words["last"]))


def test_the_manifest_counts_and_hashes_what_was_written(market: tuple[Path, Manifest]) -> None:
    out, manifest = market
    assert Manifest.model_validate_json((out / "manifest.json").read_text()) == manifest
    for name in TABLES:
        data = (out / name).read_bytes()
        assert hashlib.sha256(data).hexdigest() == manifest.files[name].sha256
        assert manifest.files[name].bytes == len(data)
        assert manifest.files[name].rows == pq.read_metadata(out / name).num_rows
    assert sum(manifest.events.values()) == manifest.files["events.parquet"].rows


# -- content ----------------------------------------------------------------------------------------
def test_rows_fit_the_raw_records(market: tuple[Path, Manifest]) -> None:
    job_fields = JobRecord.__dataclass_fields__
    for row in rows_of(market, "postings.parquet"):
        record = JobRecord(**{name: row[name] for name in job_fields})
        assert record.posted_at is not None
        assert record.posted_at.utcoffset() == datetime.now(UTC).utcoffset()
        assert record.posted_at < row["closed_at"]
        assert (record.salary_min is None) == (record.currency == "")
        assert record.salary_min is None or 0 < record.salary_min <= (record.salary_max or 0)
    for row in rows_of(market, "seekers.parquet"):
        UserRecord(**{name: row[name] for name in UserRecord.__dataclass_fields__ if name != "history"})


def test_postings_leave_a_model_work_to_do() -> None:
    rows = list(iter_postings(MarketConfig.demo(), 0, 1500))
    share = {
        "no skills": np.mean([not row["skills"] for row in rows]),
        "no salary": np.mean([row["salary_min"] is None for row in rows]),
        "remote": np.mean([row["remote"] != "on-site" for row in rows]),
        "place hidden": np.mean([row["city"] not in row["location"] for row in rows]),
    }
    assert all(0.05 < value < 0.6 for value in share.values()), share
    assert len({row["description"] for row in rows}) == len(rows)
    assert len({row["description"].split("\n")[2] for row in rows}) > 50  # first headings and lines
    assert len({row["occupation"] for row in rows}) >= 60
    assert len({row["country"] for row in rows}) >= 10


def test_skills_hide_behind_aliases_and_in_prose() -> None:
    world = World(MarketConfig.demo())
    skills = world.vocabulary.skills
    aliases = {alias for skill in skills for alias in skill.aliases}
    rows = list(iter_postings(MarketConfig.demo(), 0, 400))
    facts = list(iter_facts(world, 0, 400))
    listed = [name for row in rows for name in row["skills"]]
    assert 0.05 < np.mean([name in aliases for name in listed]) < 0.5
    unlisted = 0
    for row, fact in zip(rows, facts, strict=True):
        for skill in set(fact.must) - set(fact.listed):
            names = (skills[skill].label, *skills[skill].aliases)
            assert any(name.lower() in row["description"].lower() for name in names), (row["title"], names)
            unlisted += 1
    assert unlisted > 100


def test_demand_drifts_with_the_documented_trends() -> None:
    world = World(MarketConfig.demo())
    trend = np.array([skill.trend for skill in world.vocabulary.skills])
    facts = list(iter_facts(world))
    early = [trend[list(fact.must + fact.nice)].sum() for fact in facts if fact.posted < 0]
    late = [trend[list(fact.must + fact.nice)].sum() for fact in facts if fact.posted > 80]
    error = np.hypot(np.std(early) / len(early) ** 0.5, np.std(late) / len(late) ** 0.5)
    assert np.mean(late) - np.mean(early) > 3 * error


def test_thin_profiles_exist_and_others_tell_a_story(market: tuple[Path, Manifest]) -> None:
    rows = rows_of(market, "seekers.parquet")
    thin = [row for row in rows if not row["resume_text"]]
    assert 0.05 < len(thin) / len(rows) < 0.3
    assert all(len(row["skills"]) <= 3 for row in thin)
    told = [row["resume_text"] for row in rows if row["resume_text"]]
    assert len(set(told)) == len(told)
    assert np.median([len(text) for text in told]) > 200


def test_every_named_skill_is_one_of_the_table(market: tuple[Path, Manifest]) -> None:
    known = {name for skill in load_vocabulary().skills for name in (skill.label, *skill.aliases)}
    for table in ("postings.parquet", "seekers.parquet"):
        assert {name for row in rows_of(market, table) for name in row["skills"]} <= known


# -- refusals ---------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    "changes",
    [
        {"postings": 0},
        {"postingz": 5},
        {"days": 1},
        {"end": datetime(2026, 6, 1, 12, tzinfo=UTC)},
        {"end": datetime(2026, 6, 1)},  # noqa: DTZ001 the point is the missing zone
    ],
)
def test_a_wrong_config_is_refused(changes: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        MarketConfig.small(**changes)


def test_a_policy_that_does_not_sum_to_one_is_refused() -> None:
    with pytest.raises(ValidationError, match="sum to 1"):
        Policy(popularity=0.5)


@pytest.mark.parametrize("changes", [{"families": ("softwear",)}, {"countries": ("XX",)}])
def test_a_name_outside_the_tables_is_refused_before_anything_is_touched(
    changes: dict[str, Any], tmp_path: Path
) -> None:
    (tmp_path / "manifest.json").write_text("{}")
    with pytest.raises(ValueError, match="unknown"):
        generate(MarketConfig.small(**changes), tmp_path, progress=False)
    assert (tmp_path / "manifest.json").exists()


def test_an_interrupted_run_leaves_nothing_that_looks_complete(tmp_path: Path) -> None:
    config = MarketConfig.small(postings=30, seekers=20)
    generate(config, tmp_path, progress=False)
    (tmp_path / "seekers.parquet").unlink()
    (tmp_path / "seekers.parquet").mkdir()  # a folder where the file must go
    with pytest.raises(OSError, match="seekers"):
        generate(config, tmp_path, progress=False)
    assert not (tmp_path / "manifest.json").exists()
    assert not list(tmp_path.glob(".*.tmp"))


def test_the_command_line_writes_a_market(tmp_path: Path) -> None:
    from training.market.__main__ import app

    result = CliRunner().invoke(app, ["--preset", "small", "--out", str(tmp_path), "--postings", "12"])
    assert result.exit_code == 0, result.output
    assert "12 synthetic rows" in result.output
    assert pq.read_metadata(tmp_path / "postings.parquet").num_rows == 12

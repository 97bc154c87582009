"""Postings into a real database: upsert, refused rows, queued pushes, the command."""

from __future__ import annotations

import gzip
import json
import random
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import URL, text
from typer.testing import CliRunner

from app.db import Database
from app.ingestion.cli import import_app
from app.ingestion.lines import InputFile
from app.ingestion.posting import Parsed, Posting, Rejected
from app.ingestion.readers import reader_for
from app.ingestion.rejects import RejectsFile
from app.ingestion.report import Report
from app.ingestion.service import Options, import_postings


def rows_of(count: int, **changes: object) -> list[dict[str, object]]:
    return [
        {
            "title": f"Engineer {number}",
            "company": "Fernhill" if number % 2 else "FERNHILL",
            "external_id": str(number),
            "posted_at": "2024-01-31",
            "skills": ["Go"],
            **changes,
        }
        for number in range(count)
    ]


def write(path: Path, rows: list[Any]) -> Path:
    path.write_text("\n".join(row if isinstance(row, str) else json.dumps(row) for row in rows))
    return path


async def load(
    database: Database, path: Path, options: Options, rejects: RejectsFile | None = None
) -> Report:
    with InputFile(path) as file:
        return await import_postings(database, reader_for("jsonl"), file, options, rejects)


async def one(database: Database, query: str, **values: object) -> Any:
    async with database.transaction() as session:
        return (await session.execute(text(query), values)).one()


async def test_an_import_again_writes_only_what_changed(database: Database, tmp_path: Path) -> None:
    options = Options("again", batch=4)
    path = write(tmp_path / "a.jsonl", rows_of(10))
    first = await load(database, path, options)
    assert (first.added, first.updated, first.unchanged) == (10, 0, 0)
    before = await one(
        database, "SELECT max(updated_at) AS at, max(xmin::text) AS x FROM job WHERE source = 'again'"
    )
    second = await load(database, path, options)
    assert (second.added, second.updated, second.unchanged, second.queued) == (0, 0, 10, 0)
    assert (
        await one(
            database, "SELECT max(updated_at) AS at, max(xmin::text) AS x FROM job WHERE source = 'again'"
        )
        == before
    )
    changed = [
        *rows_of(9),
        {**rows_of(10)[9], "description": "more"},
        {**rows_of(1)[0], "external_id": "new"},
    ]
    third = await load(database, write(path, changed), options)
    assert (third.added, third.updated, third.unchanged) == (1, 1, 9)
    row = await one(database, "SELECT * FROM job WHERE source = 'again' AND external_id = '9'")
    assert (row.description, row.status, row.skills) == ("more", "active", ["Go"])


async def test_names_that_differ_in_case_are_one_company(database: Database, tmp_path: Path) -> None:
    await load(database, write(tmp_path / "a.jsonl", rows_of(4, company="Quarry")), Options("case-1"))
    await load(database, write(tmp_path / "a.jsonl", rows_of(4, company="QUARRY")), Options("case-2"))
    row = await one(
        database, "SELECT count(*) AS n, max(source) AS source FROM company WHERE name_key = 'quarry'"
    )
    assert (row.n, row.source) == (1, "import")


async def test_bad_rows_are_reported_and_the_rest_lands(database: Database, tmp_path: Path) -> None:
    path = write(tmp_path / "a.jsonl", [*rows_of(3), "{", {"title": "x"}, *rows_of(1, external_id="last")])
    with RejectsFile(tmp_path / "bad.jsonl") as rejects:
        report = await load(database, path, Options("bad"), rejects)
    assert (report.added, report.rejected) == (4, 2)
    assert report.examples["company is missing"] == [5]
    written = [json.loads(line) for line in (tmp_path / "bad.jsonl").read_text().splitlines()]
    assert [row["line"] for row in written] == [4, 5]
    assert written[0]["raw"] == "{"


class Fixed:
    """A reader of postings made by the test."""

    unknown: tuple[str, ...] = ()

    def __init__(self, postings: list[Posting]) -> None:
        self.postings = postings

    def read(self, file: InputFile) -> Any:
        yield from (Parsed(number, posting, b"raw") for number, posting in enumerate(self.postings, start=1))


async def test_a_row_the_database_refuses_is_lost_alone(database: Database, tmp_path: Path) -> None:
    good = [Posting(external_id=str(n), title=f"Engineer {n}", company="Fernhill") for n in range(7)]
    bad = replace(good[3], currency="EURO")
    with InputFile(write(tmp_path / "x", ["{}"])) as file:
        report = await import_postings(database, Fixed([*good[:3], bad, *good[4:]]), file, Options("refused"))
    assert (report.added, report.rejected) == (6, 1)
    (reason,) = report.skipped
    assert "ck_job_salary_currency_iso" in reason
    assert report.examples[reason] == [4]


async def test_the_later_of_two_rows_with_one_id_counts(database: Database, tmp_path: Path) -> None:
    rows = [*rows_of(1, external_id="twice"), *rows_of(1, external_id="twice", title="Second")]
    report = await load(database, write(tmp_path / "a.jsonl", rows), Options("twice"))
    assert (report.added, report.superseded) == (1, 1)
    row = await one(database, "SELECT title FROM job WHERE source = 'twice'")
    assert row.title == "Second"


async def test_changes_are_queued_for_serving_unless_told_not_to(database: Database, tmp_path: Path) -> None:
    count = "SELECT count(*) AS n FROM procrastinate_jobs WHERE task_name = 'job.push'"
    path = write(tmp_path / "a.jsonl", rows_of(450))
    before = (await one(database, count)).n
    report = await load(database, path, Options("unsynced", sync=False))
    assert (report.queued, (await one(database, count)).n) == (0, before)
    report = await load(database, path, Options("synced"))
    assert (report.queued, (await one(database, count)).n) == (450, before + 3)


async def test_status_and_moderation(database: Database, tmp_path: Path) -> None:
    path = write(tmp_path / "a.jsonl", rows_of(2))
    await load(database, path, Options("status"))
    async with database.transaction() as session:
        await session.execute(
            text(
                "UPDATE job SET status = 'removed', closed_at = now() "
                "WHERE source = 'status' AND external_id = '0'"
            )
        )
    report = await load(database, path, Options("status", status="closed"))
    assert report.updated == 2
    async with database.transaction() as session:
        query = text("SELECT status, closed_at FROM job WHERE source = 'status' ORDER BY external_id")
        rows = (await session.execute(query)).all()
    assert [row.status for row in rows] == ["removed", "closed"]
    assert all(row.closed_at is not None for row in rows)


async def test_a_posting_without_a_date_keeps_its_first(database: Database, tmp_path: Path) -> None:
    query = "SELECT posted_at FROM job WHERE source = 'undated'"
    path = write(tmp_path / "a.jsonl", rows_of(1, posted_at=None))
    await load(database, path, Options("undated"))
    first = (await one(database, query)).posted_at
    report = await load(database, write(path, rows_of(1, posted_at=None, title="Other")), Options("undated"))
    assert report.updated == 1
    assert (await one(database, query)).posted_at == first


async def test_a_damaged_file_keeps_what_came_before(database: Database, tmp_path: Path) -> None:
    noise = random.Random(1)
    rows = rows_of(3000)
    for row in rows:
        row["description"] = noise.randbytes(60).hex()
    packed = gzip.compress("\n".join(json.dumps(row) for row in rows).encode())
    (tmp_path / "a.gz").write_bytes(packed[: len(packed) // 2])
    report = await load(database, tmp_path / "a.gz", Options("damaged", batch=200))
    assert "cannot be read" in report.failure
    assert 0 < report.added < 3000
    assert (await one(database, "SELECT count(*) AS n FROM job WHERE source = 'damaged'")).n == report.added


@pytest.fixture
def command(new_database: Callable[[], URL], monkeypatch: pytest.MonkeyPatch) -> Callable[..., Any]:
    url = new_database().render_as_string(hide_password=False)
    monkeypatch.setenv("DATABASE_URL", url)
    monkeypatch.setenv("ENVIRONMENT", "development")

    def invoke(*arguments: str | Path) -> Any:
        return CliRunner().invoke(import_app, [str(argument) for argument in arguments])

    return invoke


def test_the_command(command: Callable[..., Any], tmp_path: Path) -> None:
    path = write(tmp_path / "a.jsonl", [*rows_of(3, colour="red"), "{"])
    result = command("postings", path, "--format", "jsonl", "--rejects", tmp_path / "bad", "--json")
    assert result.exit_code == 0, result.output
    summary = json.loads(result.stdout)
    assert (summary["added"], summary["rejected"], summary["source"]) == (3, 1, "jsonl")
    assert summary["unknown_columns"] == ["colour"]
    assert (tmp_path / "bad").read_text().count("\n") == 1
    table = command("postings", path, "--format", "jsonl")
    assert table.exit_code == 0
    assert "unchanged" in table.stdout
    assert command("postings", path, "--format", "jsonl", "--strict").exit_code == 3


def test_the_command_says_what_is_wrong(command: Callable[..., Any], tmp_path: Path) -> None:
    missing = command("postings", tmp_path / "none", "--format", "jsonl")
    assert (missing.exit_code, "No such file" in missing.stderr) == (2, True)
    path = write(tmp_path / "a.jsonl", ["{"])
    assert command("postings", path, "--format", "jsonl").exit_code == 1
    assert command("postings", path, "--format", "jsonl", "--source", "employer").exit_code == 2
    assert command("postings", path, "--format", "xml").exit_code == 2


def test_a_database_that_is_away_is_said_in_one_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DATABASE_URL", "postgresql://nobody@127.0.0.1:9/none")
    path = write(tmp_path / "a.jsonl", rows_of(1))
    result = CliRunner().invoke(import_app, ["postings", str(path), "--format", "jsonl"])
    assert result.exit_code == 1
    assert result.stderr.startswith("error: database:")


def test_rejects_are_not_half_written(tmp_path: Path) -> None:
    with RejectsFile(tmp_path / "bad") as rejects:
        rejects.write(Rejected(1, "why", "\ud800"))
        assert not (tmp_path / "bad").exists()
    assert json.loads((tmp_path / "bad").read_text())["raw"] == "\ud800"
    assert [path.name for path in tmp_path.iterdir()] == ["bad"]

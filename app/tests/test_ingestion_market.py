"""A small market, written here in the generator's format, into a real database."""

from __future__ import annotations

import hashlib
import json
import uuid
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from sqlalchemy import URL, text
from typer.testing import CliRunner

from app.db import Database
from app.ingestion.cli import import_app
from app.ingestion.errors import FileRefusedError, ImportRefusedError
from app.ingestion.market.files import MarketFolder
from app.ingestion.market.service import DEMO_EMAIL, import_market, refuse_in_production
from app.kit.passwords import verify_password

END = datetime(2024, 6, 1, tzinfo=UTC)
JOBS, SEEKERS = 6, 4
KINDS = ("impression", "impression", "view", "save", "apply", "dismiss")


def write_market(folder: Path, *, seed: int = 7, synthetic: bool = True) -> Path:
    """Jobs 1..6 (the first two closed by the end), seekers 1..4; seeker 2 does most."""
    folder.mkdir(exist_ok=True)
    tables = {
        "companies": [{"name": f"Dummy {n} Ltd", "about": "A company that does not exist."} for n in (1, 2)],
        "postings": [posting(number) for number in range(1, JOBS + 1)],
        "seekers": [seeker(number, seed) for number in range(1, SEEKERS + 1)],
        "events": list(events()),
    }
    files = {}
    for name, rows in tables.items():
        path = folder / f"{name}.parquet"
        pq.write_table(pa.Table.from_pylist(rows), path)
        files[path.name] = {"rows": len(rows), "sha256": hashlib.sha256(path.read_bytes()).hexdigest()}
    manifest = {"synthetic": synthetic, "config": {"seed": seed, "end": END.isoformat()}, "files": files}
    (folder / "manifest.json").write_text(json.dumps(manifest))
    return folder


def posting(number: int) -> dict[str, Any]:
    return {
        "job_id": number,
        "title": f"Simulated engineer {number}",
        "company": f"Dummy {number % 2 + 1} Ltd",
        "description": "Nothing here is real.",
        "skills": ["Go", "SQL"],
        "location": "Oslo",
        "remote": "hybrid",
        "job_type": "full-time",
        "salary_min": 50_000.0 if number % 2 else None,
        "salary_max": 60_000.0 if number % 2 else None,
        "currency": "NOK" if number % 2 else "",
        "salary_interval": "year" if number % 2 else "",
        "posted_at": END - timedelta(days=40),
        "closed_at": END + timedelta(days=1 if number > 2 else -1),
    }


def seeker(number: int, seed: int) -> dict[str, Any]:
    return {
        "user_id": number,
        "email": f"demo-{seed}-{number}@example.org",
        "full_name": f"Ada Generic {number}",
        "desired_title": "Engineer",
        "resume_text": "Wrote programs.",
        "skills": ["Go", "go", "Rust"],
        "location": "Oslo",
        "remote": "remote",
        "experience_years": 2.5,
        "salary_min": None,
        "currency": "NOK",
        "created_at": END - timedelta(days=90),
    }


def events() -> Any:
    for user in range(1, SEEKERS + 1):
        session = str(uuid.uuid5(uuid.NAMESPACE_OID, str(user)))
        for rank, kind in enumerate(KINDS if user == 2 else KINDS[:3], start=1):
            yield {
                "event_id": str(uuid.uuid5(uuid.NAMESPACE_OID, f"{user}-{rank}")),
                "session_id": session,
                "user_id": user,
                "job_id": rank,
                "kind": kind,
                "at": END - timedelta(days=10, minutes=-rank),
                "rank": rank,
                "score": 0.5,
                "propensity": 0.1,
                "release_id": "market-policy-v1",
            }


async def count(database: Database, query: str) -> int:
    async with database.transaction() as session:
        return int((await session.execute(text(query))).scalar_one())


@pytest.fixture
async def empty(new_database: Callable[[], URL]) -> Any:
    database = Database(new_database())
    yield database
    await database.close()


async def test_a_market_lands_once(empty: Database, tmp_path: Path) -> None:
    folder = MarketFolder(write_market(tmp_path / "market"))
    first = await import_market(empty, folder, sync=False)
    assert (first.companies, first.postings_added, first.seekers) == (2, JOBS, SEEKERS)
    assert (first.impressions, first.events, first.events_without_owner) == (8, 7, 0)
    assert (first.demo_email, len(first.demo_password) >= 12) == (DEMO_EMAIL, True)
    again = await import_market(empty, folder, sync=False)
    assert (again.companies, again.postings_added, again.postings_updated, again.seekers) == (0, 0, 0, 0)
    assert (again.postings_unchanged, again.impressions, again.events) == (JOBS, 0, 0)
    assert (again.demo_email, again.demo_password) == (DEMO_EMAIL, "")
    assert await count(empty, "SELECT count(*) FROM app_user") == SEEKERS
    assert await count(empty, "SELECT count(*) FROM user_skill") == 2 * SEEKERS
    assert (
        await count(empty, "SELECT count(*) FROM job WHERE status = 'closed' AND closed_at IS NOT NULL") == 2
    )
    assert (
        await count(empty, "SELECT count(*) FROM job WHERE source = 'market' AND created_at = posted_at")
        == JOBS
    )
    assert await count(empty, "SELECT count(*) FROM event WHERE received_at <> at OR source <> 'import'") == 0
    assert await count(empty, "SELECT count(*) FROM procrastinate_jobs") == 0


async def test_the_demo_login_is_the_busiest_seeker_and_nobody_else_can_sign_in(
    empty: Database, tmp_path: Path
) -> None:
    folder = MarketFolder(write_market(tmp_path / "market"))
    await import_market(empty, folder, demo_password="a long enough one")
    async with empty.transaction() as session:
        users = (await session.execute(text("SELECT * FROM app_user ORDER BY id"))).all()
    demo = next(user for user in users if user.email == DEMO_EMAIL)
    assert demo.full_name == "Ada Generic 2"
    assert (await verify_password("a long enough one", demo.password_hash))[0]
    assert {user.terms_version for user in users} == {"synthetic"}
    others = [user for user in users if user.id != demo.id]
    assert all(user.email.endswith("@example.org") for user in others)
    for user in others:
        for word in ("", "!"):
            assert not (await verify_password(word, user.password_hash))[0]


async def test_an_account_that_is_somebodys_is_left_alone(empty: Database, tmp_path: Path) -> None:
    async with empty.transaction() as session:
        for email in (DEMO_EMAIL, "demo-7-3@example.org"):
            await session.execute(
                text(
                    "INSERT INTO app_user (public_id, email, password_hash) "
                    "VALUES (gen_random_uuid(), :email, 'theirs')"
                ),
                {"email": email},
            )
    report = await import_market(
        empty, MarketFolder(write_market(tmp_path / "market")), demo_password="x" * 10
    )
    assert (report.seekers, report.demo_email) == (SEEKERS - 1, "")
    assert report.events_without_owner == 3
    assert await count(empty, "SELECT count(*) FROM app_user WHERE password_hash = 'theirs'") == 2


async def test_another_market_is_refused(empty: Database, tmp_path: Path) -> None:
    await import_market(empty, MarketFolder(write_market(tmp_path / "one")), sync=False)
    with pytest.raises(FileRefusedError, match="seed 7"):
        await import_market(empty, MarketFolder(write_market(tmp_path / "two", seed=8)))
    assert await count(empty, "SELECT count(*) FROM job") == JOBS


def test_a_folder_that_is_not_whole_is_refused(tmp_path: Path) -> None:
    with pytest.raises(FileRefusedError, match="manifest"):
        MarketFolder(tmp_path)
    with pytest.raises(FileRefusedError, match="synthetic"):
        MarketFolder(write_market(tmp_path / "real", synthetic=False))
    folder = write_market(tmp_path / "market")
    (folder / "events.parquet").write_bytes(b"PAR1")
    with pytest.raises(FileRefusedError, match="differs"):
        MarketFolder(folder)


def test_the_command(
    new_database: Callable[[], URL], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DATABASE_URL", new_database().render_as_string(hide_password=False))
    folder = str(write_market(tmp_path / "market"))
    shown = CliRunner().invoke(import_app, ["market", folder, "--demo-password", "a long enough one"])
    assert shown.exit_code == 0, shown.output
    assert f"{DEMO_EMAIL}  a long enough one" in shown.stdout
    assert "synthetic" in shown.stdout
    summary = json.loads(CliRunner().invoke(import_app, ["market", folder, "--json"]).stdout)
    assert (summary["synthetic"], summary["postings_unchanged"]) == (True, JOBS)
    assert CliRunner().invoke(import_app, ["market", folder, "--demo-password", "short"]).exit_code == 2


def test_production_refuses_a_market() -> None:
    refuse_in_production("staging")
    with pytest.raises(ImportRefusedError, match="production"):
        refuse_in_production("production")

"""S-330..S-342 and security 5.5: a copy of one's data, and an erasure that reaches every store."""

from __future__ import annotations

import io
import json
import uuid
import zipfile
from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest
from fastapi import FastAPI
from PIL import Image
from sqlalchemy import URL, text

from app.db import Database
from app.main import create_app
from app.settings import Settings
from app.tests.conftest import client_of, plain, settings_for
from app.tests.people import PASSWORD, People, Person, post_job
from app.tests.receipts import receipt_of
from app.tests.receiver import Receiver, receiving
from app.tests.test_problems import is_problem
from app.user import holdings
from app.worker import run
from features.records import InteractionRecord
from features.snapshot import read_events, read_users, take_snapshot
from features.store import BehaviourStore

AUTH = "/api/v1/auth"
CANARY = "canaryquux"


@dataclass
class System:
    settings: Settings
    app: FastAPI
    client: httpx.AsyncClient
    database: Database
    receiver: Receiver
    root: Path

    async def work(self) -> None:
        """Runs what is due, also what waits for another try."""
        await self.sql("UPDATE procrastinate_jobs SET scheduled_at = NULL WHERE status = 'todo'")
        await run(self.settings, wait=False, install_signal_handlers=False)

    async def sql(self, statement: str, **values: Any) -> Any:
        async with self.database.transaction() as session:
            result = await session.execute(text(statement), values)
            return result.scalars().all() if result.returns_rows else None

    def files(self) -> Iterator[Path]:
        return (path for path in self.root.rglob("*") if path.is_file())

    def url(self) -> str:
        return plain(self.settings.database)


@pytest.fixture
async def system(new_database: Callable[[], URL], tmp_path: Path) -> AsyncIterator[System]:
    async with receiving() as receiver:
        settings = settings_for(
            new_database(),
            receiver.url,
            storage_url=f"file:{tmp_path / 'storage'}",
            mail_url=f"files:{tmp_path / 'mail'}",
        )
        app = create_app(settings)
        async with app.router.lifespan_context(app), client_of(app) as client:
            yield System(settings, app, client, app.state.database, receiver, tmp_path)


@pytest.fixture
async def person(system: System) -> Person:
    """Somebody who left traces wherever one can, each with the canary in it."""
    employer, company = await People(system.client).employer()
    job = await post_job(employer, company)
    email = f"{CANARY}@example.org"
    account = {"email": email, "password": PASSWORD, "full_name": f"Ann {CANARY}"}
    await system.client.post(f"{AUTH}/register/", json=account)
    login = {"email": email, "password": PASSWORD}
    tokens = await system.client.post(f"{AUTH}/login/", json=login, headers={"user-agent": f"{CANARY}/1"})
    person = Person(system.client, email, tokens.json())
    profile = {
        "bio": f"I am {CANARY}",
        "resume_text": f"{CANARY} did it",
        "desired_title": CANARY,
        "location": CANARY,
        "skills": [CANARY],
        "preferred_locations": [CANARY],
        "phone_number": "+4930901820",
    }
    assert (await person.patch(f"{AUTH}/profile/", json=profile)).status_code == 200
    picture = io.BytesIO()
    Image.new("RGB", (64, 64)).save(picture, "PNG")
    uploaded = await person.call(
        "PUT", f"{AUTH}/profile/avatar/", files={"file": ("a.png", picture.getvalue())}
    )
    assert uploaded.status_code == 200
    assert (await person.post(f"/api/v1/jobs/{job['id']}/save/")).status_code == 201
    applied = await person.post(f"/api/v1/jobs/{job['id']}/apply/", json={"cover_letter": CANARY})
    assert applied.status_code == 201
    resume = {"name": CANARY, "document": {"work": [{"name": CANARY, "highlights": [f"Did {CANARY}"]}]}}
    assert (await person.post("/api/v1/resumes/", json=resume)).status_code == 201
    printed = {"document": resume["document"], "format": "txt"}
    assert CANARY in (await person.post("/api/v1/resume/generate/", json=printed)).text
    event = {"event_id": CANARY, "job": job["id"], "kind": "view"}
    assert (await person.post("/api/v1/events/", json={"events": [event]})).status_code in (200, 202)
    await system.sql(
        "INSERT INTO impression (request_id, user_id, job_id, rank, score, propensity, release_id) "
        "SELECT gen_random_uuid(), u.id, j.id, 1, .5, .5, 'r' FROM app_user u, job j WHERE u.email = :email",
        email=email,
    )
    await system.client.post(f"{AUTH}/register/", json=account)  # a mail: account-exists
    await system.client.post(f"{AUTH}/login/", json=login | {"password": "wrong password"})
    await person.post(f"{AUTH}/second-factor/")
    await receipt_of(system.app, person)
    return person


async def dump(system: System) -> str:
    """Every row of every table of every schema, the queue's and the feature store's too, as text."""
    tables = await system.sql(
        "SELECT format('%I.%I', table_schema, table_name) FROM information_schema.tables "
        "WHERE table_type = 'BASE TABLE' AND table_schema NOT IN ('pg_catalog', 'information_schema')"
    )
    rows = [await system.sql(f"SELECT t::text FROM {table} t") for table in tables]  # noqa: S608
    return "\n".join(row for found in rows for row in found)


async def user_id(system: System, email: str) -> int:
    return int((await system.sql("SELECT id FROM app_user WHERE email = :email", email=email))[0])


async def export(system: System, person: Person) -> dict[str, Any]:
    await system.work()  # what other tasks write is there before the copy is made
    made = await person.post(f"{AUTH}/exports/")
    assert made.status_code == 202, made.text
    await system.work()
    return dict((await person.get(f"{AUTH}/exports/{made.json()['id']}/")).json())


# -- a copy --------------------------------------------------------------------------------------------


async def test_a_copy_holds_everything_and_no_secret(system: System, person: Person) -> None:
    ready = await export(system, person)
    assert ready["status"] == "ready"
    download = await person.get(f"{AUTH}/exports/{ready['id']}/download/")
    assert download.status_code == 200
    assert download.headers["content-type"] == "application/zip"
    assert download.headers["content-disposition"].startswith("attachment")
    assert len(download.content) == ready["bytes"]
    archive = zipfile.ZipFile(io.BytesIO(download.content))
    assert archive.testzip() is None
    records = {name: json.loads(archive.read(name)) for name in archive.namelist() if name.endswith(".json")}
    mine = await user_id(system, person.email)
    async with system.database.transaction() as session:
        counts = await holdings.counts(session, mine)
    assert {name.removesuffix(".json"): len(rows) for name, rows in records.items() if rows} == counts | {
        "postings": 1,
        "mail": counts["mail"] - 1,  # the one that says the copy is ready came after
    }
    assert records["app_user.json"][0]["email"] == person.email
    assert records["user_profile.json"][0]["bio"] == f"I am {CANARY}"
    assert records["job_application.json"][0]["cover_letter"] == CANARY
    assert records["resume.json"][0]["name"] == CANARY
    assert records["resume_version.json"][0]["document"]["work"][0]["highlights"] == [f"Did {CANARY}"]
    assert json.loads(records["score_receipt.json"][0]["signed"])["release_id"] == "release-1"
    assert records["score_receipt.json"][0]["signature"]
    assert records["postings.json"][0]["title"] == "Data Engineer"
    assert archive.read("avatar.jpg")[:2] == b"\xff\xd8"
    hashes = await system.sql("SELECT password_hash FROM app_user")
    everything = b"".join(archive.read(name) for name in archive.namelist()).decode("utf-8", "replace")
    assert not any(one in everything for one in hashes)
    assert "secret_sealed" not in everything
    assert "token_hash" not in everything


async def test_a_copy_is_its_owners_and_ends(system: System, person: Person) -> None:
    ready = await export(system, person)
    stranger = await People(system.client).seeker()
    path = f"{AUTH}/exports/{ready['id']}/"
    for tail in ("", "download/"):
        is_problem(await stranger.get(path + tail), 404, "not-found")
        is_problem(await person.get(f"{AUTH}/exports/{uuid.uuid4()}/{tail}"), 404, "not-found")
    assert [item["id"] for item in (await person.get(f"{AUTH}/exports/")).json()] == [ready["id"]]
    assert (await stranger.get(f"{AUTH}/exports/")).json() == []
    await system.sql("UPDATE data_export SET expires_at = now()")
    is_problem(await person.get(path + "download/"), 410, "gone")
    await system.sql(
        "INSERT INTO procrastinate_jobs (queue_name, task_name, args) "
        "VALUES ('account', 'user.sweep', '{\"timestamp\": 0}')"
    )
    await system.work()
    assert (await person.get(path)).json()["status"] == "expired"
    assert not [path for path in system.files() if path.suffix == ".zip"]


async def test_asking_twice_makes_one_copy_and_many_are_refused(system: System, person: Person) -> None:
    first, second = [(await person.post(f"{AUTH}/exports/")).json() for _ in range(2)]
    assert first["id"] == second["id"]
    assert first["status"] == "queued"
    is_problem(await person.get(f"{AUTH}/exports/{first['id']}/download/"), 409, "conflict")
    await system.work()
    await system.sql(
        "INSERT INTO data_export (public_id, user_id, status) "
        "SELECT gen_random_uuid(), user_id, 'expired' FROM data_export, generate_series(1, 4)"
    )
    is_problem(await person.post(f"{AUTH}/exports/"), 429, "too-many-attempts")


# -- the end -------------------------------------------------------------------------------------------


async def test_an_erased_person_is_found_in_no_store(system: System, person: Person) -> None:
    mine = await user_id(system, person.email)
    await export(system, person)
    store = BehaviourStore(system.url())
    store.apply()
    (at,) = await system.sql("SELECT at FROM event WHERE user_id = :id ORDER BY at LIMIT 1", id=mine)
    seen = InteractionRecord(mine, 1, "view", at)
    store.push([seen])
    snapshot = take_snapshot(system.url(), system.root.with_name(system.root.name + "-before"))
    assert mine in {user.user_id for user in read_users(snapshot)}
    store.load_offline(snapshot)
    await system.work()
    assert CANARY in await dump(system)
    assert [path for path in system.files() if CANARY.encode() in path.read_bytes()]
    async with system.database.transaction() as session:
        expected = await holdings.counts(session, mine)

    system.receiver.forget = store.erase  # what the serving layer does with it
    begun = await person.call("DELETE", f"{AUTH}/account/")
    assert begun.status_code == 202, begun.text
    receipt = f"{AUTH}/erasures/{begun.json()['receipt']}/"
    assert begun.json()["pending"] == ["database", "mail_files", "files", "feature_store"]
    is_problem(await person.get(f"{AUTH}/profile/"), 401, "invalid-token")
    await system.work()

    done = (await system.client.get(receipt)).json()
    assert (done["status"], done["pending"]) == ("complete", [])
    tables = ("event", "impression", "saved_job", "job_application", "user_skill", "totp_factor", "mail")
    for table in (*tables, "resume", "resume_version", "resume_quota", "score_receipt"):
        assert done["stores"]["database"][table] == expected[table] > 0
    assert done["stores"]["database"]["login_throttle"] > 0
    assert done["stores"]["files"] == {"avatars": 1, "exports": 1}
    assert done["stores"]["mail_files"]["messages"] > 0
    assert done["stores"]["feature_store"]["online"] == 1
    assert done["stores"]["feature_store"]["user_content"] > 0

    await system.work()
    assert CANARY not in await dump(system)
    (goodbye,) = [path for path in system.files() if CANARY.encode() in path.read_bytes()]
    assert goodbye.parent.name == "mail"
    assert "Your account was erased" in goodbye.read_text()
    assert not [path for path in system.files() if path.suffix in (".zip", ".jpg")]
    assert store.online([mine])[mine].history == ()
    assert store.push([seen]) == 0
    after = take_snapshot(system.url(), system.root / "snapshots-after")
    assert mine not in {user.user_id for user in read_users(after)}
    assert mine not in read_events(after)["user_id"].to_pylist()
    assert not [p for p in after.iterdir() if CANARY.encode() in p.read_bytes()]
    store.close()


async def test_an_erasure_waits_for_a_store_that_is_away(system: System, person: Person) -> None:
    system.receiver.status = 503
    begun = (await person.call("DELETE", f"{AUTH}/account/")).json()
    receipt = f"{AUTH}/erasures/{begun['receipt']}/"
    await system.work()
    half = (await system.client.get(receipt)).json()
    assert (half["status"], half["pending"], half["completed_at"]) == ("pending", ["feature_store"], None)
    assert CANARY not in (await dump(system)).replace(f"account-erased,{CANARY}", "")
    system.receiver.status = 200
    await system.work()
    done = (await system.client.get(receipt)).json()
    assert (done["status"], done["pending"]) == ("complete", [])
    assert done["stores"]["database"] == half["stores"]["database"]
    assert system.receiver.forgotten == {(await system.sql("SELECT user_id FROM erasure_receipt"))[0]}


async def test_an_erasure_may_be_repeated(system: System, person: Person) -> None:
    begun = (await person.call("DELETE", f"{AUTH}/account/")).json()
    await system.work()
    receipt = f"{AUTH}/erasures/{begun['receipt']}/"
    first = (await system.client.get(receipt)).json()
    await system.sql(
        "INSERT INTO procrastinate_jobs (queue_name, task_name, args) "
        "SELECT 'account', 'user.erase', jsonb_build_object('receipt_id', id) FROM erasure_receipt"
    )
    await system.work()
    assert (await system.client.get(receipt)).json() == first
    is_problem(await system.client.get(f"{AUTH}/erasures/{uuid.uuid4()}/"), 404, "not-found")


async def test_the_address_is_free_again_and_the_others_are_untouched(system: System, person: Person) -> None:
    other = await People(system.client).seeker(skills=["Go"])
    before = (await other.get(f"{AUTH}/profile/")).json()
    await person.call("DELETE", f"{AUTH}/account/")
    await system.work()
    assert (await other.get(f"{AUTH}/profile/")).json() == before
    account = {"email": person.email, "password": PASSWORD}
    is_problem(await system.client.post(f"{AUTH}/login/", json=account), 401, "invalid-credentials")
    await system.client.post(f"{AUTH}/register/", json=account)
    again = await system.client.post(f"{AUTH}/login/", json=account)
    assert again.status_code == 200
    fresh = Person(system.client, person.email, again.json())
    assert (await fresh.get(f"{AUTH}/profile/")).json()["bio"] == ""


async def test_retention_ends_what_was_not_visited(system: System, person: Person) -> None:
    other = await People(system.client).seeker()
    for one, months in ((person, 6), (other, 12)):
        settings = {"privacy_settings": {"retention_months": months}}
        assert (await one.patch(f"{AUTH}/profile/", json=settings)).status_code == 200
    await system.sql("UPDATE app_user SET last_active = now() - interval '200 days'")
    await system.sql(
        "INSERT INTO procrastinate_jobs (queue_name, task_name, args) "
        "VALUES ('account', 'user.sweep', '{\"timestamp\": 0}')"
    )
    await system.work()
    await system.work()
    assert await system.sql("SELECT id FROM app_user WHERE email = :email", email=person.email) == []
    assert (await other.get(f"{AUTH}/profile/")).status_code == 200


async def test_whoever_never_confirmed_is_forgotten_without_a_mail(
    new_database: Callable[[], URL], tmp_path: Path
) -> None:
    async with receiving() as receiver:
        settings = settings_for(
            new_database(),
            receiver.url,
            email_verification="required",
            rate_limit_factor=0,
            storage_url=f"file:{tmp_path / 'storage'}",
            mail_url=f"files:{tmp_path / 'mail'}",
        )
        app = create_app(settings)
        async with app.router.lifespan_context(app), client_of(app) as client:
            system = System(settings, app, client, app.state.database, receiver, tmp_path)
            for name in ("old", "new"):
                body = {"email": f"{name}@example.org", "password": PASSWORD}
                await client.post(f"{AUTH}/register/", json=body)
            await system.sql(
                "UPDATE app_user SET created_at = now() - interval '8 days' WHERE email LIKE 'old%'"
            )
            await system.sql("DELETE FROM procrastinate_jobs")
            await system.sql(
                "INSERT INTO procrastinate_jobs (queue_name, task_name, args) "
                "VALUES ('account', 'user.sweep', '{\"timestamp\": 0}')"
            )
            await system.work()
            await system.work()
            assert await system.sql("SELECT email FROM app_user") == ["new@example.org"]
            assert await system.sql("SELECT kind FROM mail") == ["verify-email"]


def test_every_reference_to_an_account_says_what_becomes_of_it() -> None:
    """A new table with a person in it must go with them, or keep nothing that names them."""
    users = holdings.User.__table__
    for table in holdings.Base.metadata.sorted_tables:
        for key in table.foreign_keys:
            if key.column.table is users:
                assert key.ondelete in ("CASCADE", "SET NULL"), f"{table.name}.{key.parent.name}"


async def test_a_replaced_picture_leaves_no_file(system: System, person: Person) -> None:
    picture = io.BytesIO()
    Image.new("RGB", (64, 64), "red").save(picture, "PNG")
    before = (await person.get(f"{AUTH}/profile/")).json()["avatar_url"]
    replaced = await person.call(
        "PUT", f"{AUTH}/profile/avatar/", files={"file": ("b.png", picture.getvalue())}
    )
    await system.work()
    (left,) = [path.name for path in system.files() if path.suffix == ".jpg"]
    assert replaced.json()["avatar_url"].endswith(left)
    assert not before.endswith(left)
    assert (await person.call("DELETE", f"{AUTH}/profile/avatar/")).status_code == 204
    await system.work()
    assert [path for path in system.files() if path.suffix == ".jpg"] == []


async def test_what_has_had_its_time_is_swept(system: System, person: Person) -> None:
    await person.client.post(f"{AUTH}/password/forgot/", json={"email": person.email})
    await system.work()
    tables = ("account_token", "login_throttle", "mail")
    counts = [(await system.sql(f"SELECT count(*) FROM {table}"))[0] for table in tables]  # noqa: S608
    assert all(counts)
    await system.sql("UPDATE account_token SET expires_at = now() - interval '1 minute'")
    await system.sql("UPDATE login_throttle SET since = now() - interval '1 hour'")
    await system.sql("UPDATE mail SET created_at = now() - interval '31 days'")
    await system.sql(
        "INSERT INTO procrastinate_jobs (queue_name, task_name, args) "
        "VALUES ('account', 'user.sweep', '{\"timestamp\": 0}')"
    )
    await system.work()
    assert [(await system.sql(f"SELECT count(*) FROM {table}"))[0] for table in tables] == [0, 0, 0]  # noqa: S608
    assert (await person.get(f"{AUTH}/profile/")).status_code == 200


async def test_no_log_line_names_the_person(
    system: System, person: Person, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("DEBUG")
    await export(system, person)
    await person.client.post(f"{AUTH}/password/forgot/", json={"email": person.email})
    await system.work()
    await person.call("DELETE", f"{AUTH}/account/")
    await system.work()
    messages = [record.getMessage() for record in caplog.records]
    assert "mail delivered" in messages
    assert "account erased" in messages
    assert CANARY not in caplog.text
    assert not any(CANARY in str(vars(record)) for record in caplog.records if record.name.startswith("app"))


async def test_the_files_of_a_failed_upload_are_swept(system: System, person: Person) -> None:
    import os
    import time

    folder = system.root / "storage" / "avatars"
    orphan = folder / ("0" * 32 + ".jpg")
    orphan.write_bytes(b"x")
    for path in folder.iterdir():
        os.utime(path, (time.time() - 7200,) * 2)
    await system.sql(
        "INSERT INTO procrastinate_jobs (queue_name, task_name, args) "
        "VALUES ('account', 'user.sweep', '{\"timestamp\": 0}')"
    )
    await system.work()
    assert not orphan.exists()
    assert (
        await system.client.get((await person.get(f"{AUTH}/profile/")).json()["avatar_url"])
    ).status_code == 200

"""S-330..S-342: every field of a profile, its rules at the door and in the database."""

from __future__ import annotations

import io
import re
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import httpx
import psycopg
import pytest
from fastapi import FastAPI
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image
from sqlalchemy import URL, text

from app.db import Database
from app.kit.plaintext import plain_text
from app.main import create_app
from app.tests.conftest import client_of, plain, settings_for
from app.tests.people import People, Person
from app.tests.test_problems import is_problem
from app.user import pictures

PROFILE = "/api/v1/auth/profile/"
AVATAR = f"{PROFILE}avatar/"


@pytest.fixture(scope="module")
def storage(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("storage")


@pytest.fixture(scope="module")
async def application(database_url: URL, storage: Path) -> AsyncIterator[FastAPI]:
    app = create_app(settings_for(database_url, storage_url=f"file:{storage}"))
    async with app.router.lifespan_context(app):
        yield app


@pytest.fixture(scope="module")
async def client(application: FastAPI) -> AsyncIterator[httpx.AsyncClient]:
    async with client_of(application) as made:
        yield made


@pytest.fixture(scope="module")
async def person(people: People) -> Person:
    return await people.seeker()


async def test_every_field_is_kept(person: Person) -> None:
    sent = {
        "phone_number": "+49 30 901820",
        "bio": "I <3 R&D.\nReally.",
        "location": "Berlin",
        "preferred_job_types": ["contract", "part-time"],
        "preferred_locations": ["Berlin", "Lisbon"],
        "education_level": "master",
        "experience_years": 12.5,
        "salary_currency": "EUR",
        "salary_interval": "hour",
        "salary_expectation_min": 31.37,
        "salary_expectation_max": 45.5,
        "notification_preferences": {"job_alerts": "weekly", "time_zone": "Europe/Berlin"},
        "privacy_settings": {"profile_visibility": "employers", "training_opt_out": True},
    }
    changed = await person.patch(PROFILE, json=sent)
    assert changed.status_code == 200, changed.text
    answer = changed.json()
    assert answer["phone_number"] == "+4930901820"
    for name in ("bio", "location", "preferred_job_types", "preferred_locations", "education_level"):
        assert answer[name] == sent[name]
    assert answer["job_types"] == sent["preferred_job_types"]
    assert (answer["salary_min"], answer["salary_max"]) == (65249.6, 94640.0)
    assert (answer["salary_expectation_min"], answer["salary_expectation_max"]) == (31.37, 45.5)
    assert answer["notification_preferences"] == {
        "job_alerts": "weekly",
        "application_updates": True,
        "product_news": False,
        "email": True,
        "in_app": True,
        "time_zone": "Europe/Berlin",
    }
    assert answer["privacy_settings"] == {
        "profile_visibility": "employers",
        "profiling_opt_out": False,
        "training_opt_out": True,
        "retention_months": None,
    }
    assert answer["training_opt_out"] is True
    assert answer["last_active"] is not None
    assert (await person.get(PROFILE)).json() == answer


@pytest.mark.parametrize(
    ("patch", "pointer"),
    [
        ({"phone_number": "030 901820"}, "/body/phone_number"),
        ({"phone_number": "+49 1"}, "/body/phone_number"),
        ({"phone_number": "call me"}, "/body/phone_number"),
        ({"location": "x" * 101}, "/body/location"),
        ({"bio": "x" * 501}, "/body/bio"),
        ({"preferred_job_types": ["slavery"]}, "/body/preferred_job_types/0"),
        ({"preferred_locations": ["x"] * 21}, "/body/preferred_locations"),
        ({"preferred_locations": ["x" * 101]}, "/body/preferred_locations/0"),
        ({"preferred_locations": [" "]}, "/body/preferred_locations/0"),
        ({"experience_years": 70.5}, "/body/experience_years"),
        ({"education_level": "phd"}, "/body/education_level"),
        ({"salary_interval": "minute"}, "/body/salary_interval"),
        ({"salary_expectation_min": -1}, "/body/salary_expectation_min"),
        ({"salary_expectation_min": 1.234}, "/body/salary_expectation_min"),
        ({"salary_expectation_min": 999_999_999}, "/body/salary_expectation_min"),
        ({"salary_interval": "hour", "salary_expectation_max": 9_999_999}, "/body/salary_expectation_max"),
        ({"salary_min": 1, "salary_expectation_min": 1}, "/body"),
        ({"job_types": [], "preferred_job_types": []}, "/body"),
        ({"salary_expectation_min": 2, "salary_expectation_max": 1}, "/body/salary_min"),
        ({"notification_preferences": {"job_alerts": "hourly"}}, "/body/notification_preferences/job_alerts"),
        ({"notification_preferences": {"time_zone": "Mars/X"}}, "/body/notification_preferences/time_zone"),
        ({"notification_preferences": {"x": 1}}, "/body/notification_preferences/x"),
        ({"notification_preferences": None}, "/body"),
        ({"privacy_settings": {"profile_visibility": "all"}}, "/body/privacy_settings/profile_visibility"),
        ({"privacy_settings": {"retention_months": 1}}, "/body/privacy_settings/retention_months"),
        ({"training_opt_out": True, "privacy_settings": {"training_opt_out": False}}, "/body"),
        ({"last_active": "2026-01-01T00:00:00Z"}, "/body/last_active"),
        ({"avatar_url": "x"}, "/body/avatar_url"),
        ({"avatar": "x"}, "/body/avatar"),
        ({"email_verified_at": None}, "/body/email_verified_at"),
    ],
)
async def test_what_is_refused_names_its_field(patch: dict[str, Any], pointer: str, person: Person) -> None:
    before = (await person.get(PROFILE)).json()
    answer = await person.patch(PROFILE, json=patch)
    is_problem(answer, 422, "invalid-input")
    assert answer.json()["errors"][0]["pointer"] == pointer
    assert (await person.get(PROFILE)).json() == before


async def test_the_opt_outs_have_one_truth(people: People, database: Database) -> None:
    person = await people.seeker()

    async def both() -> tuple[bool, bool]:
        answer = (await person.get(PROFILE)).json()
        return answer["training_opt_out"], answer["privacy_settings"]["training_opt_out"]

    assert await both() == (False, False)
    await person.patch(PROFILE, json={"training_opt_out": True})
    assert await both() == (True, True)
    await person.patch(PROFILE, json={"privacy_settings": {"training_opt_out": False}})
    assert await both() == (False, False)
    await person.patch(PROFILE, json={"privacy_settings": {"retention_months": 12}})
    kept = await person.patch(PROFILE, json={"privacy_settings": {"profile_visibility": "public"}})
    assert kept.json()["privacy_settings"]["retention_months"] == 12
    cleared = await person.patch(PROFILE, json={"privacy_settings": {"retention_months": None}})
    assert cleared.json()["privacy_settings"]["retention_months"] is None
    async with database.transaction() as session:
        stored = await session.execute(text("SELECT privacy_settings FROM user_profile"))
        assert all("training_opt_out" not in document for document in stored.scalars())


async def test_objecting_to_profiling_forgets_what_was_learnt(people: People, database: Database) -> None:
    person = await people.seeker()

    async def tasks() -> int:
        async with database.transaction() as session:
            query = "SELECT count(*) FROM procrastinate_jobs WHERE task_name = 'user.forget_behaviour'"
            return int((await session.execute(text(query))).scalar_one())

    before = await tasks()
    for _ in range(2):
        changed = await person.patch(PROFILE, json={"privacy_settings": {"profiling_opt_out": True}})
        assert changed.json()["privacy_settings"]["profiling_opt_out"] is True
    assert await tasks() == before + 1


async def test_a_new_interval_converts_what_is_there(people: People) -> None:
    person = await people.seeker(salary_min=120_000, salary_currency="USD")
    changed = (await person.patch(PROFILE, json={"salary_interval": "month"})).json()
    assert (changed["salary_min"], changed["salary_expectation_min"]) == (120_000, 10_000)
    assert changed["salary_expectation_max"] is None
    cleared = (await person.patch(PROFILE, json={"salary_expectation_min": None})).json()
    assert cleared["salary_min"] is None


async def test_skills_have_details_and_the_list_of_names_keeps_them(
    people: People, database: Database
) -> None:
    person = await people.seeker(skills=["Python", "Go"])
    async with database.transaction() as session:  # what a parser found
        await session.execute(
            text(
                "UPDATE user_skill SET source = 'parsed', evidence = 'ten years of Python', "
                "evidence_start = 5, evidence_end = 24 WHERE name = 'Python'"
            )
        )
    sent = [
        {"name": "python", "level": "expert", "years": 10.5, "last_used": "2026-01-31"},
        {"name": "SQL"},
        {"name": "PYTHON", "level": "beginner"},
    ]
    changed = await person.call("PUT", f"{PROFILE}skills/", json={"skills": sent})
    assert changed.status_code == 200, changed.text
    by_name = {item["name"]: item for item in changed.json()["skill_details"]}
    assert by_name.keys() == {"python", "SQL"}
    assert by_name["python"] == {
        "name": "python",
        "level": "expert",
        "years": 10.5,
        "last_used": "2026-01-31",
        "source": "stated",
        "evidence": "ten years of Python",
        "evidence_start": 5,
        "evidence_end": 24,
    }
    assert sorted(changed.json()["skills"]) == ["SQL", "python"]
    again = (await person.patch(PROFILE, json={"skills": ["Python", "Rust"]})).json()
    kept = {item["name"]: item["level"] for item in again["skill_details"]}
    assert kept == {"Python": "expert", "Rust": ""}


@pytest.mark.parametrize(
    "skill",
    [
        {"name": ""},
        {"name": "x", "level": "guru"},
        {"name": "x", "years": 71},
        {"name": "x", "last_used": "1949-12-31"},
        {"name": "x", "source": "parsed"},
        {"name": "x", "evidence": "mine"},
    ],
)
async def test_skills_that_are_refused(skill: dict[str, Any], person: Person) -> None:
    is_problem(await person.call("PUT", f"{PROFILE}skills/", json={"skills": [skill]}), 422, "invalid-input")


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE user_profile SET phone_number = '030 1'",
        "UPDATE user_profile SET location = repeat('x', 101)",
        "UPDATE user_profile SET bio = repeat('x', 501)",
        "UPDATE user_profile SET avatar = '../x.jpg'",
        "UPDATE user_profile SET preferred_locations = array_fill('x'::text, ARRAY[21])",
        "UPDATE user_profile SET preferred_locations = ARRAY[repeat('x', 101)]",
        "UPDATE user_profile SET experience_years = 70.1",
        "UPDATE user_profile SET education_level = 'phd'",
        "UPDATE user_profile SET salary_interval = 'minute'",
        "UPDATE user_profile SET salary_min = 2, salary_max = 1",
        "UPDATE user_profile SET privacy_settings = '[]'",
        "UPDATE user_profile SET notification_preferences = jsonb_build_object('x', repeat('x', 5000))",
        "UPDATE user_skill SET years = 71",
        "UPDATE user_skill SET level = 'guru'",
        "UPDATE user_skill SET evidence_start = 1",
        "UPDATE user_skill SET evidence_start = 5, evidence_end = 5",
        "UPDATE user_skill SET last_used = '1800-01-01'",
        "INSERT INTO data_export (public_id, user_id, status) SELECT public_id, id, 'ready' FROM app_user",
    ],
)
async def test_the_database_refuses_it_too(
    statement: str, people: People, person: Person, database_url: URL
) -> None:
    await person.patch(PROFILE, json={"skills": ["Python"]})
    with psycopg.connect(plain(database_url)) as connection, pytest.raises(psycopg.errors.CheckViolation):
        connection.execute(statement.encode())


# -- text ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("written", "kept"),
    [
        ("I <3 Python & C++", "I <3 Python & C++"),
        ("a < b and c > d", "a < b and c > d"),
        ("<b>Bold</b> claim", "Bold claim"),
        ("<script>alert(1)</script>Hi", "Hi"),
        ("&lt;script&gt;alert(1)&lt;/script&gt;Hi", "Hi"),
        ("<img src=x onerror=alert(1)>", ""),
        ("one\r\ntwo\tthree\x07", "one\ntwothree"),
        ("safe\u202egnp.exe", "safegnp.exe"),
        ("Hi </", "Hi"),
        ("Hi &lt;/", "Hi"),
    ],
)
def test_text_is_plain(written: str, kept: str) -> None:
    assert plain_text(written) == kept


@given(st.text(alphabet=st.sampled_from("<>&;/ab\"'=lgtamp#x3c\n\u202e")))
def test_plain_text_is_a_fixed_point_without_tags(written: str) -> None:
    once = plain_text(written)
    assert plain_text(once) == once
    assert not re.search("<[a-zA-Z/!?]", once)


# -- the picture ---------------------------------------------------------------------------------------


def picture(kind: str = "JPEG", size: tuple[int, int] = (900, 600), **options: Any) -> bytes:
    out = io.BytesIO()
    mode = "RGBA" if kind == "PNG" else "RGB"
    Image.new(mode, size, (10, 200, 30)).save(out, kind, **options)
    return out.getvalue()


async def upload(person: Person, data: bytes, name: str = "me.png") -> httpx.Response:
    return await person.call("PUT", AVATAR, files={"file": (name, data, "image/png")})


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP"])
async def test_a_picture_is_made_anew_and_shown(kind: str, people: People, client: httpx.AsyncClient) -> None:
    person = await people.seeker()
    exif = Image.Exif()
    exif[0x010E] = "secret place"
    changed = await upload(person, picture(kind, exif=exif))
    assert changed.status_code == 200, changed.text
    url = changed.json()["avatar_url"]
    shown = await client.get(url)
    assert shown.status_code == 200
    assert shown.headers["content-type"] == "image/jpeg"
    assert shown.headers["x-content-type-options"] == "nosniff"
    assert shown.headers["content-disposition"].startswith("attachment")
    assert "default-src 'none'" in shown.headers["content-security-policy"]
    image = Image.open(io.BytesIO(shown.content))
    assert (image.format, image.size) == ("JPEG", (512, 512))
    assert not image.getexif()
    assert b"secret place" not in shown.content
    assert person.email.partition("@")[0] not in url


async def test_orientation_is_applied_before_it_is_forgotten() -> None:
    out = io.BytesIO()
    image = Image.new("RGB", (600, 600), "white")
    image.paste((255, 0, 0), (0, 0, 600, 300))  # red above
    exif = Image.Exif()
    exif[0x0112] = 3  # to be turned by 180 degrees
    image.save(out, "JPEG", exif=exif)
    made = Image.open(io.BytesIO(pictures.reencode(out.getvalue())))
    top, bottom = made.getpixel((256, 50)), made.getpixel((256, 460))
    assert isinstance(top, tuple)
    assert isinstance(bottom, tuple)
    assert min(top) > 200
    assert bottom[0] > 200 > 100 > bottom[1]


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"not a picture",
        b"<svg xmlns='http://www.w3.org/2000/svg' onload='alert(1)'/>",
        picture("GIF"),
        picture("BMP", (50, 50)),
        picture("JPEG")[:400],
        picture("PNG")[:60],
        b"\x89PNG\r\n\x1a\n" + b"\x00" * 100,
        picture("PNG", (4001, 4000)),
    ],
    ids=["empty", "text", "svg", "gif", "bmp", "cut jpeg", "cut png", "png head", "too many pixels"],
)
async def test_what_is_no_picture_is_refused(data: bytes, person: Person) -> None:
    before = (await person.get(PROFILE)).json()["avatar_url"]
    is_problem(await upload(person, data), 422, "invalid-input")
    assert (await person.get(PROFILE)).json()["avatar_url"] == before


async def test_a_picture_has_a_limit_in_bytes(person: Person) -> None:
    large = picture() + b"\x00" * pictures.MAX_BYTES
    is_problem(await upload(person, large), 413, "payload-too-large")
    is_problem(await upload(person, large + b"\x00" * 200_000), 413, "payload-too-large")


async def test_replaced_and_removed_pictures_go(
    people: People, client: httpx.AsyncClient, database: Database, storage: Path
) -> None:
    person = await people.seeker()
    first = (await upload(person, picture())).json()["avatar_url"]
    second = (await upload(person, picture())).json()["avatar_url"]
    assert first != second
    assert (await person.call("DELETE", AVATAR)).status_code == 204
    assert (await person.get(PROFILE)).json()["avatar_url"] == ""
    async with database.transaction() as session:
        query = (
            "SELECT args ->> 'name' FROM procrastinate_jobs WHERE task_name = 'user.drop_picture' ORDER BY id"
        )
        names = (await session.execute(text(query))).scalars().all()
    assert names[-2:] == [url.rpartition("/")[2] for url in (first, second)]


@pytest.mark.parametrize("name", ["x.jpg", "..%2f..%2fetc%2fpasswd", "0" * 32 + ".png", "0" * 33 + ".jpg"])
async def test_only_names_of_ours_are_looked_up(name: str, client: httpx.AsyncClient) -> None:
    assert (await client.get(f"/api/v1/media/avatars/{name}")).status_code in (404, 422)
    is_problem(await client.get(f"/api/v1/media/avatars/{'0' * 32}.jpg"), 404, "not-found")


def test_the_view_of_a_seeker_is_unchanged(new_database: Callable[[], URL]) -> None:
    with psycopg.connect(plain(new_database())) as connection:
        cursor = connection.execute("SELECT * FROM user_record")
        assert cursor.description is not None
        assert [column.name for column in cursor.description] == [
            *("user_id", "desired_title", "resume_text", "skills", "location", "remote", "experience_years"),
            *("salary_min", "created_at", "updated_at", "training_opt_out"),
        ]

"""Resumes in a browser: brought in, edited, checked, used, deleted; and what was read of a posting."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import pytest
from fastapi import FastAPI
from selectolax.lexbor import LexborNode

from app.db import Database
from app.main import create_app
from app.resume import experience
from app.resume.document import Document
from app.tests.browsers import ORIGIN, Browser, Page, fields, page_of
from app.tests.conftest import NOBODY, settings_for
from app.tests.people import PASSWORD, People, Person, post_job
from app.tests.reader import RESUME as TEXT
from app.tests.receiver import Receiver
from app.web import resume_form, resume_words
from app.web.posting_reading import Place, marked

DOCUMENT: dict[str, Any] = {
    "basics": {"name": "Ada <b>Example</b>", "label": "Data Engineer", "email": "ada@example.org"},
    "work": [
        {
            "position": "Clerk",
            "name": "Old Mill",
            "startDate": "2015",
            "endDate": "2016",
            "url": "https://a.example",
        },
        {
            "position": "Data Engineer",
            "name": "Harbour Lights",
            "startDate": "2019-03",
            "endDate": "2023-02",
            "highlights": ["Moved nightly jobs to Apache Spark.", "Wrote Python every day."],
        },
    ],
    "education": [{"institution": "Some School", "studyType": "BSc"}],
    "skills": [{"name": "PostgreSQL"}],
    "x-jobpilot": {
        "fields": {
            "/work/0/name": {"start": 1, "end": 2},
            "/work/1/name": {"start": 3, "end": 4},
            "/work/1/position": {"start": 5, "end": 6},
        },
        "hidden": ["/work/1/highlights/1"],
    },
}


@pytest.fixture(scope="module")
async def app(reader: Receiver, database: Database) -> AsyncIterator[FastAPI]:
    made = create_app(settings_for(database.url, reader.url, serving_timeout_s=30.0, page_patience_s=30.0))
    async with made.router.lifespan_context(made):
        yield made


@pytest.fixture
async def chrome(app: FastAPI) -> AsyncIterator[Browser]:
    made = Browser(app)
    async with made.client:
        yield made


@pytest.fixture
async def person(people: People) -> Person:
    return await people.seeker()


@pytest.fixture
async def seeker(chrome: Browser, person: Person) -> Browser:
    await chrome.log_in(person.email, PASSWORD)
    return chrome


async def stored(person: Person, name: str = "Main", **fields: Any) -> str:
    body = {"name": name, "document": DOCUMENT} | fields
    made = await person.post("/api/v1/resumes/", json=body)
    assert made.status_code == 201, made.text
    return str(made.json()["id"])


async def document(person: Person, resume: str) -> dict[str, Any]:
    return dict((await person.get(f"/api/v1/resumes/{resume}/")).json()["document"])


async def upload(browser: Browser, data: bytes, filename: str = "My CV.txt", **typed: str) -> Page:
    form = form_with(await browser.get("/resumes"), "#import-button")
    assert form.attributes["enctype"] == "multipart/form-data"
    values = {name: value for name, value in fields(form).items() if name != "file"} | typed
    answer = await browser.client.post(
        str(form.attributes["action"]),
        data=values,
        files={"file": (filename, data, "application/octet-stream")},
        headers={"Origin": ORIGIN},
        follow_redirects=True,
    )
    return page_of(answer)


def form_with(page: Page, selector: str) -> LexborNode:
    return next(form for form in page.all("form") if form.css(selector))


async def test_a_file_becomes_a_page_and_names_do_not_collide(seeker: Browser) -> None:
    empty = await seeker.get("/resumes")
    assert "No resumes yet" in empty.text(".empty h2")
    assert empty.one(".nav a[href='/resumes']").attributes["aria-current"] == "page"
    page = await upload(seeker, TEXT.encode())
    assert page.status == 200
    assert page.text("h1").startswith("My CV")
    sheet = page.text(".sheet")
    for words in ("Ada Example", "Data Engineer", "Harbour Lights", "Mar 2019 - Feb 2023", "PostgreSQL"):
        assert words in sheet
    assert "Apache Spark" in page.text("section[aria-labelledby=skills]")
    assert "Experience 1, point 1" in page.text("section[aria-labelledby=skills]")
    assert page.answer.headers["cache-control"] == "no-store"
    await upload(seeker, TEXT.encode())
    taken = await upload(seeker, TEXT.encode(), name="My CV")
    assert taken.status == 409
    assert "choose another" in taken.text("#name-says")
    assert taken.one("#name").attributes["value"] == "My CV"
    listed = await seeker.get("/resumes")
    assert sorted(node.text() for node in listed.all(".resume-card h2 a")) == ["My CV", "My CV 2"]


@pytest.mark.parametrize(
    ("data", "filename", "status", "words"),
    [
        (b"\x7fELF\x02\x01" + bytes(300), "cv.pdf", 422, "save it as one"),
        (b"%PDF-1.7\n%%EOF", "cv.pdf", 422, "save it again"),
        (b"", "cv.txt", 422, "choose another"),
        (bytes(5 * 2**20 + 1), "cv.pdf", 413, "at most 5 MB"),
        (b"", "", 422, "Choose a file"),
    ],
)
async def test_what_cannot_be_read_is_said_beside_the_field(
    seeker: Browser, person: Person, data: bytes, filename: str, status: int, words: str
) -> None:
    page = await upload(seeker, data, filename, name="Kept")
    assert page.status == status
    assert words in page.text("#file-says.error")
    assert page.one("#file").attributes["aria-describedby"] == "file-says"
    assert page.one("#name").attributes["value"] == "Kept"
    assert page.one("#file-says a").attributes["href"] == "#empty"
    assert (await person.get("/api/v1/resumes/")).json()["results"] == []


async def test_a_body_beyond_all_limits_is_refused_as_a_page(seeker: Browser) -> None:
    page = await upload(seeker, bytes(6 * 2**20), "cv.pdf")
    assert page.status == 413
    assert page.text("h1") == "That was too much at once"


async def test_an_empty_resume_is_begun_and_written(seeker: Browser, person: Person) -> None:
    page = await seeker.send(await seeker.get("/resumes"), "#new-button")
    assert page.path.endswith("/edit/")
    typed = {"name": "Ada", "work-0-position": "Clerk", "work-0-highlights": "• One.\r\n\r\nTwo."}
    page = await seeker.send(page, "#save-button", **typed)
    assert "Saved." in page.text(".notice")
    found = await document(person, page.path.split("/")[2])
    assert found["work"] == [{"position": "Clerk", "highlights": ["One.", "Two."]}]
    assert found["basics"]["email"] == person.email


async def test_an_edit_keeps_what_has_no_field_and_what_was_noted(seeker: Browser, person: Person) -> None:
    resume = await stored(person)
    page = await seeker.get(f"/resumes/{resume}/edit")
    emptied = {f"work-0-{name}": "" for name in resume_form.WORK}
    typed = emptied | {"work-1-position": "Lead", "summary": "First.\nSecond."}
    assert (await seeker.send(page, "#save-button", **typed)).path.startswith(
        f"/resumes/{resume}/?done=saved"
    )
    found = await document(person, resume)
    assert [item["position"] for item in found["work"]] == ["Lead"]
    assert found["education"] == DOCUMENT["education"]
    assert found["basics"]["summary"] == "First.\nSecond."
    assert set(found["x-jobpilot"]["fields"]) == {"/work/0/name"}
    assert found["x-jobpilot"]["hidden"] == ["/work/0/highlights/1"]
    again = await seeker.get(f"/resumes/{resume}/edit")
    assert "Nothing was changed" in (await seeker.send(again, "#save-button")).text(".notice")


async def test_who_saves_an_old_version_is_shown_both(seeker: Browser, person: Person) -> None:
    resume = await stored(person)
    page = await seeker.get(f"/resumes/{resume}/edit")
    other = await seeker.get(f"/resumes/{resume}/edit")
    await seeker.send(other, "#save-button", label="Stored meanwhile")
    conflict = await seeker.send(page, "#save-button", label="Typed here")
    assert conflict.status == 412
    shown = conflict.text(".sheet")
    assert "Typed here" in shown
    assert "Stored meanwhile" in shown
    assert (await document(person, resume))["basics"]["label"] == "Stored meanwhile"


async def test_what_is_not_valid_is_said_beside_its_field(seeker: Browser, person: Person) -> None:
    resume = await stored(person)
    page = await seeker.get(f"/resumes/{resume}/edit")
    typed = {"work-0-startDate": "soon", "work-1-endDate": "2001", "label": "x" * 201}
    page = await seeker.send(page, "#save-button", **typed)
    assert page.status == 422
    for name in typed:
        assert page.all(f"#{name}-says.error"), name
    assert page.one("#work-0-startDate").attributes["value"] == "soon"
    assert (await document(person, resume))["work"][0]["startDate"] == "2015"


async def test_rename_default_and_delete(seeker: Browser, person: Person) -> None:
    first, second = await stored(person), await stored(person, "Second")
    page = await seeker.get(f"/resumes/{second}")
    assert "Ada <b>Example</b>" in page.text(".sheet-name")
    taken = await seeker.send(page, "#rename-button", name="Main")
    assert (taken.status, taken.one("#name").attributes["value"]) == (409, "Main")
    assert (await seeker.send(page, "#rename-button", name=" ")).status == 422
    page = await seeker.send(page, "#rename-button", name="Other")
    page = await seeker.send(page, "#default-button")
    assert page.text("h1") == "Other Default"
    page = await seeker.send(page, "#delete-button")
    assert "Delete this resume?" in page.text("h1")
    page = await seeker.send(page, "#confirm-button")
    assert "deleted" in page.text(".notice")
    assert [row["id"] for row in (await person.get("/api/v1/resumes/")).json()["results"]] == [first]


@pytest.mark.parametrize("kind", resume_words.FORMATS)
async def test_downloads_are_files_to_save(seeker: Browser, person: Person, kind: str) -> None:
    resume = await stored(person)
    form = form_with(await seeker.get(f"/resumes/{resume}"), "#download-button")
    values = {"format": kind, "template": "modern", "paper": "letter"}
    answer = await seeker.client.get(str(form.attributes["action"]), params=values)
    assert answer.status_code == 200
    assert answer.headers["content-disposition"].startswith("attachment;")
    assert answer.headers["cache-control"] == "no-store"
    assert b"Wrote Python" not in answer.content


async def test_what_a_parser_sees(seeker: Browser, person: Person) -> None:
    resume = await stored(person)
    page = await seeker.get(f"/resumes/{resume}/check?template=compact")
    assert "Harbour Lights" in page.text(".machine")
    assert page.one("#template option[selected]").attributes["value"] == "compact"
    assert page.text("[role=status]").endswith("on 1 page.")


async def test_a_resume_completes_a_profile_and_overwrites_nothing(seeker: Browser, person: Person) -> None:
    stated = {"desired_title": "Captain", "skills": ["python", "Sailing"]}
    await person.patch("/api/v1/auth/profile/", json=stated)
    resume = await stored(person, document=DOCUMENT | {"x-jobpilot": {}})
    page = await seeker.get(f"/resumes/{resume}/use")
    offered = [str(node.attributes["value"]) for node in page.all("input[name=skills]")]
    assert "PostgreSQL" in offered
    assert "Python" not in offered
    assert not page.all("#desired_title")
    form = fields(form_with(page, "#use-button")) | {"skills": ["PostgreSQL"], "experience_years": "yes"}
    answer = await seeker.client.post(f"/resumes/{resume}/use/", data=form, headers={"Origin": ORIGIN})
    assert "PostgreSQL" in page_of(answer).text("#added")
    profile = (await person.get("/api/v1/auth/profile/")).json()
    assert (profile["desired_title"], profile["experience_years"]) == ("Captain", 6.0)
    assert sorted(profile["skills"]) == ["PostgreSQL", "Sailing", "python"]
    again = page_of(
        await seeker.client.post(f"/resumes/{resume}/use/", data=form, headers={"Origin": ORIGIN})
    )
    assert "Nothing was added" in again.text("h1")


async def test_without_the_models_every_page_still_stands(database: Database, person: Person) -> None:
    resume = await stored(person)
    app = create_app(settings_for(database.url, NOBODY))
    async with app.router.lifespan_context(app):
        browser = Browser(app)
        await browser.log_in(person.email, PASSWORD)
        page = await browser.get(f"/resumes/{resume}")
        assert (page.status, "cannot be named" in page.text("section[aria-labelledby=skills]")) == (200, True)
        page = await browser.get(f"/resumes/{resume}/use")
        assert "cannot be named" in page.text(".notice")
        assert page.one("#desired_title").attributes["value"] == "yes"
        assert "try again" in (await browser.get(f"/resumes/{resume}/check")).text("[role=alert]")
        refused = await upload(browser, TEXT.encode())
        assert (refused.status, "try again" in refused.text("#file-says")) == (503, True)
        await browser.client.aclose()


async def test_forms_of_other_sites_and_other_people_change_nothing(
    seeker: Browser, person: Person, people: People
) -> None:
    resume, other = await stored(person), await stored(await people.seeker())
    page = await seeker.get(f"/resumes/{resume}")
    evil = await seeker.send(
        page, "#default-button" if page.all("#default-button") else "#delete-button", "https://evil.example"
    )
    assert evil.status == 403
    for path in ("", "edit", "check", "use", "file"):
        assert (await seeker.get(f"/resumes/{other}/{path}")).status == 404, path


def test_months_that_overlap_count_once() -> None:
    from datetime import date

    def years(*work: tuple[str, str]) -> float | None:
        items = [{"startDate": start, "endDate": end} for start, end in work]
        return experience.years(Document.model_validate({"work": items}).work, date(2024, 6, 15))

    assert years() is None
    assert years(("", "2020")) is None
    assert years(("2020", "2021")) == 2.0
    assert years(("2020-01", "2020-12"), ("2020-07", "2021-06")) == 1.5
    assert years(("2023-07", "")) == 1.0
    assert years(("2030", "")) is None


def test_places_have_names() -> None:
    for pointer, name in {
        "": "The whole resume",
        "/basics/label": "Headline",
        "/work/0/name": "Experience 1, employer",
        "/work/0/highlights/1": "Experience 1, point 2",
        "/skills/2/keywords/0": "Skills 3, entry 1",
        "/skills": "Skills",
        "/skills/0/name": "Skills 1",
        "/basics/name": "Name",
    }.items():
        assert resume_words.place(pointer) == name


# -- what was read of a posting ----------------------------------------------------------------------------

POSTING: dict[str, Any] = {
    "title": "Platform Engineer",
    "description": "We move parcels <fast> across the country. You will keep the platform boring and safe.",
    "requirements": "At least 3 years of Python. Kubernetes is a plus.",
}


async def test_a_posting_says_in_short_what_it_asks_for_and_where(
    seeker: Browser, person: Person, people: People, database: Database
) -> None:
    employer = await people.employer()
    job = await post_job(*employer, **POSTING)
    await person.patch("/api/v1/auth/profile/", json={"skills": ["python"]})
    page = await seeker.get(f"/jobs/{job['slug']}")
    links = page.all("#in-short a") + page.all("#asked-for a")
    assert links
    for link in links:
        target = page.one(str(link.attributes["href"]))
        assert target.tag == "span"
        assert target.text()
    assert POSTING["description"] in page.text("main")
    assert "Chosen by a model" in page.text("main")
    asked = page.text("#asked-for")
    assert "Python: ✓ you have" in asked
    assert "Kubernetes: not in your profile" in asked
    fresh = await post_job(*employer, **POSTING)
    bare = create_app(settings_for(database.url, NOBODY))
    async with bare.router.lifespan_context(bare):
        without = Browser(bare)
        page = await without.get(f"/jobs/{fresh['slug']}")
        assert page.status == 200
        assert not page.all("#in-short")
        assert not page.all("#asked-for")
        assert (await without.get(f"/jobs/{job['slug']}")).all("#in-short a")
        await without.client.aclose()


def test_places_in_a_text_nest_and_are_escaped() -> None:
    places = [Place("a", 0, 5), Place("b", 2, 4), Place("c", 3, 8), Place("d", 9, 99)]
    assert marked("<12345>&89", places) == (
        '<span class="source" id="a">&lt;1<span class="source" id="b">2<span class="source" id="c">3</span>'
        '</span>4</span>5&gt;&amp;8<span class="source" id="d">9</span>'
    )

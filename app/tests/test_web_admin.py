"""S-104, S-312: the staff pages. Who sees them, what they do, and that it is in the audit log."""

from __future__ import annotations

import itertools
import uuid
from collections.abc import AsyncIterator
from typing import Any
from urllib.parse import urljoin, urlsplit

import httpx
import pytest
from fastapi import FastAPI
from selectolax.lexbor import LexborNode
from sqlalchemy import text

from app.auth.access import policies
from app.db import Database
from app.tests.browsers import ORIGIN, Browser, Page, fields, page_of
from app.tests.people import PASSWORD, People, Person, post_job

HOSTILE = "<script>alert(1)</script>\"'><img src=x onerror=alert(2)>"
JOBS = "/admin/jobs/"
STAFF_FORM = ("POST", "staff-page")


@pytest.fixture(scope="module")
async def employer(people: People) -> tuple[Person, str]:
    return await people.employer()


@pytest.fixture(scope="module")
async def member(people: People, database: Database) -> Person:
    """Of staff."""
    person = await people.seeker()
    async with database.transaction() as session:
        change = text("UPDATE app_user SET is_staff = true WHERE email = :email")
        await session.execute(change, {"email": person.email})
    return person


@pytest.fixture
async def chrome(application: FastAPI) -> AsyncIterator[Browser]:
    made = Browser(application)
    async with made.client:
        yield made


@pytest.fixture(scope="module")
async def cookies(application: FastAPI, member: Person) -> httpx.Cookies:
    """Of a browser in which the member of staff has logged in."""
    made = Browser(application)
    async with made.client:
        assert (await made.log_in(member.email, PASSWORD)).path == "/dashboard"
        return made.client.cookies


@pytest.fixture
async def staff(chrome: Browser, cookies: httpx.Cookies) -> Browser:
    chrome.client.cookies.update(cookies)
    return chrome


async def submit(browser: Browser, page: Page, holds: str, **typed: str | list[str]) -> Page:
    """As `Browser.send`, but for fields with several values and for buttons with a value of their own."""
    form = next(form for form in page.all("form") if form.css(holds))
    areas = {str(node.attributes["name"]): content(node) for node in form.css("textarea")}
    data = {**fields(form), **areas, **typed}
    action = str(form.attributes["action"])
    answer = await browser.client.post(action, data=data, headers={"Origin": ORIGIN}, follow_redirects=True)
    return page_of(answer)


def content(area: LexborNode) -> str:
    """What a browser sends of it: without the line end it begins with, and with those of forms."""
    return area.text().removeprefix("\n").replace("\n", "\r\n")


async def log(member: Person, target: str) -> list[dict[str, Any]]:
    answer = await member.get(f"/api/v1/admin/audit/?target={target}")
    assert answer.status_code == 200, answer.text
    return list(answer.json()["results"])


# -- who ---------------------------------------------------------------------------------------------------


async def test_who_is_nobody_yet_logs_in_and_comes_back(chrome: Browser, member: Person) -> None:
    page = await chrome.get("/admin/audit/?action=job.edit")
    assert page.path == "/login?next=/admin/audit/%3Faction%3Djob.edit"
    page = await chrome.send(page, "#login-button", email=member.email, password=PASSWORD)
    assert (page.status, page.path) == (200, "/admin/audit/?action=job.edit")
    assert page.text("h1") == "Audit log"


async def test_a_form_whose_session_ended_leads_to_the_login(chrome: Browser) -> None:
    answer = await chrome.client.post(f"{JOBS}bulk/", data={}, headers={"Origin": ORIGIN})
    assert (answer.status_code, answer.headers["location"]) == (303, "/login?next=/admin/")


async def test_who_is_not_staff_is_told_nothing(chrome: Browser, employer: tuple[Person, str]) -> None:
    """The same answer as for an address that never was, and no link to it."""
    page = await chrome.log_in(employer[0].email, PASSWORD)
    assert not page.all("a[href='/admin/']")
    job = await post_job(*employer)
    never = await chrome.get("/nothing-here/")
    for path in ("/admin/", JOBS, f"{JOBS}{job['id']}/", "/admin/users/", "/admin/audit/verify/"):
        page = await chrome.get(path)
        assert page.status == 404
        assert page.answer.text == never.answer.text
    answer = await chrome.client.post(f"{JOBS}{job['id']}/moderate/", data={"action": "remove"})
    assert answer.status_code == 404


async def test_staff_are_shown_the_way_and_nothing_is_kept(staff: Browser) -> None:
    page = await staff.get("/dashboard")
    assert page.one("a[href='/admin/']").text() == "Staff"
    page = await staff.get("/admin")
    assert page.text("h1") == "Overview"
    assert page.answer.headers["cache-control"] == "no-store"


async def test_a_form_from_elsewhere_changes_nothing(
    staff: Browser, member: Person, employer: tuple[Person, str]
) -> None:
    job = await post_job(*employer)
    page = await staff.get(f"{JOBS}{job['id']}/")
    token = str(page.all("input[name=form_token]")[0].attributes["value"])
    path = f"{JOBS}{job['id']}/moderate/"
    for data, origin in (
        ({"action": "pause"}, ORIGIN),
        ({"action": "pause", "form_token": token[:-2] + "xx"}, ORIGIN),
        ({"action": "pause", "form_token": token}, "https://example.org"),
    ):
        answer = await staff.client.post(path, data=data, headers={"Origin": origin})
        assert answer.status_code == 403
    assert await log(member, job["id"]) == []


async def test_every_form_target_of_staff_refuses_without_a_token(
    application: FastAPI, staff: Browser
) -> None:
    found = [path for method, path, policy in policies(application) if (method, policy) == STAFF_FORM]
    assert len(found) >= 6
    for path in found:
        named = path.replace("{job}", "some").replace("{account}", str(uuid.uuid4()))
        answer = await staff.client.post(named, headers={"Origin": ORIGIN}, data={"action": "close"})
        assert answer.status_code == 403, path
        assert page_of(answer).text("h1") == "This form has expired"


# -- the overview ------------------------------------------------------------------------------------------


async def test_the_overview_counts_and_links(
    staff: Browser, employer: tuple[Person, str], database: Database
) -> None:
    job = await post_job(*employer, status="draft", title="Only a draft")
    async with database.reading() as session:
        drafts = await session.scalar(text("SELECT count(*) FROM job WHERE status = 'draft'"))
        people = await session.scalar(text("SELECT count(*) FROM app_user"))
    page = await staff.get("/admin/")
    link = page.one("a[href='/admin/jobs/?status=draft']")
    assert link.text() == str(drafts)
    assert page.text("a[href='/admin/users/']:not(.nav a)") == str(people)
    assert "No worker runs" in page.text("[aria-labelledby=system]")
    assert "Only a draft" in (await staff.get(str(link.attributes["href"]))).text("tbody")
    await submit(staff, await staff.get(f"{JOBS}{job['id']}/"), "[value=activate]", action="activate")
    newest = (await staff.get("/admin/")).all(".log li")[0].text()
    assert "Posting activated" in newest
    assert "○ Draft → ● Active" in newest


# -- the list ----------------------------------------------------------------------------------------------


async def test_postings_are_found_by_filters_and_have_pages(staff: Browser, people: People) -> None:
    employer, company = await people.employer()
    for number in range(21):
        await post_job(employer, company, title=f"Filtered {number}", status="draft" if number else "active")
    page = await staff.send(await staff.get(JOBS), "#filter-button", q="filtered", company=company)
    assert page.text("#found") == "21 postings"
    assert len(page.all("tbody tr")) == 20
    page = await staff.get(str(page.one("a[rel=next]").attributes["href"]))
    assert page.text("tbody .name") == "Filtered 0"
    assert page.one("#company").attributes["value"] == company
    page = await staff.get(f"{JOBS}?company={company}&status=draft&status=paused")
    assert page.text("#found") == "20 postings"
    assert {node.text() for node in page.all("tbody .state")} == {"○ Draft"}
    assert page.one("#status-draft").attributes.keys() >= {"checked"}
    for query in (f"company={company}&featured=true", "source=import", "company=none"):
        page = await staff.get(f"{JOBS}?{query}")
        assert "No posting fits" in page.text(".empty"), query
    assert "nothing on this page" in (await staff.get(f"{JOBS}?company={company}&page=9")).text(".empty")


async def test_filters_that_make_no_sense_are_named_and_left_out(
    staff: Browser, employer: tuple[Person, str]
) -> None:
    await post_job(*employer)
    for query in ("status=moon", "page=0", "page=10001", "featured=maybe", "q=" + "a" * 201):
        page = await staff.get(f"{JOBS}?{query}")
        assert page.status == 422, query
        assert page.text("[role=alert]").endswith("Left out.")
        assert page.all("tbody tr")
    for path in ("/admin/audit/?target=x", "/admin/audit/?actor=1", "/admin/users/?active=2"):
        page = await staff.get(path)
        assert page.status == 422, path
        assert page.text("[role=alert]").endswith("Left out.")
    assert (await staff.get(f"{JOBS}?utm_source=x")).status == 200


async def test_many_at_once(staff: Browser, member: Person, people: People) -> None:
    """Chosen by a link that ticks the page, asked about when it ends something, and logged one by one."""
    employer, company = await people.employer()
    jobs = [await post_job(employer, company) for _ in range(3)]
    page = await staff.get(f"{JOBS}?company={company}")
    assert not page.all("tbody input[checked]")
    page = await staff.get(f"{JOBS}?company={company}&picked=all")
    assert len(page.all("tbody input[checked]")) == 3
    ids = [job["id"] for job in jobs]
    page = await submit(staff, page, "#bulk-button", jobs=ids, action="feature")
    assert page.path == f"{JOBS}?company={company}&done=feature&number=3"
    assert page.text("main > [role=status]") == "3 postings are featured."
    assert len(page.all("tbody .badge")) == 3
    page = await submit(staff, page, "#bulk-button", jobs=ids[:2], action="remove", reason="fee asked")
    assert page.text("h1") == "Remove 2 postings?"
    assert [row["action"] for row in await log(member, ids[0])] == ["job.feature"]
    page = await submit(staff, page, "#confirm-button", jobs=ids[:2])
    assert page.text("main > [role=status]") == "2 postings are removed."
    for job in ids[:2]:
        newest = (await log(member, job))[0]
        assert (newest["action"], newest["detail"]["reason"]) == ("job.remove", "fee asked")
        assert newest["actor"] == member.tokens["user"]["id"]
    assert len(await log(member, ids[2])) == 1


async def test_a_removal_needs_a_reason(staff: Browser, member: Person, employer: tuple[Person, str]) -> None:
    job = await post_job(*employer)
    page = await submit(staff, await staff.get(JOBS), "#bulk-button", jobs=[job["id"]], action="remove")
    assert page.status == 200
    again = await submit(staff, page, "#confirm-button", jobs=[job["id"]])
    assert again.status == 422
    assert "Say why" in again.text("[role=alert]")
    assert again.one("#reason").attributes["aria-invalid"] == "true"
    page = await staff.get(f"{JOBS}{job['id']}/")
    page = await submit(staff, page, "[value=remove]", action="remove", reason="a" * 501)
    assert page.status == 422
    assert "500 characters" in page.text("[role=alert]")
    assert await log(member, job["id"]) == []


async def test_what_is_refused_for_some_is_told(staff: Browser, employer: tuple[Person, str]) -> None:
    active, closed = [await post_job(*employer, title=title) for title in ("Still open", "Long closed")]
    await employer[0].post(f"/api/v1/jobs/{closed['id']}/close/")
    unknown = str(uuid.uuid4())
    chosen = [active["id"], closed["id"], unknown, "no id"]
    page = await submit(staff, await staff.get(JOBS), "#bulk-button", jobs=chosen, action="feature")
    assert page.text("h1") == "1 of 3 done"
    refused, done = page.all(".rows")
    assert "Long closed" in refused.text()
    assert "Only an active posting can be featured" in refused.text()
    assert unknown in refused.text()
    assert "Still open" in done.text()


@pytest.mark.parametrize(("action", "jobs"), [("", "some"), ("explode", "some"), ("close", "")])
async def test_nothing_chosen_is_nothing_done(
    action: str, jobs: str, staff: Browser, member: Person, employer: tuple[Person, str]
) -> None:
    job = (await post_job(*employer))["id"]
    page = await submit(
        staff, await staff.get(JOBS), "#bulk-button", jobs=[job] if jobs else [], action=action
    )
    assert page.text("main > [role=status]") == "Choose postings and what to do with them."
    assert await log(member, job) == []


@pytest.mark.parametrize("back", ["https://example.org/", "//example.org", "/jobs/", "/admin/jobs/x/"])
async def test_a_form_leads_back_to_the_list_and_nowhere_else(back: str, staff: Browser) -> None:
    page = await submit(staff, await staff.get(JOBS), "#bulk-button", back=back, jobs=[], action="")
    assert page.path == f"{JOBS}?done=nothing"


# -- one posting -------------------------------------------------------------------------------------------


async def test_editing_stores_and_logs_only_what_changed(
    staff: Browser, member: Person, employer: tuple[Person, str]
) -> None:
    job = await post_job(
        *employer,
        description="One.\n\nTwo.",
        skills=["C, the language", "SQL"],
        skill_requirements=[{"name": "SQL", "importance": "nice", "years": 2.5}, {"name": "C"}],
        salary_min=50_000.5,
        salary_currency="EUR",
        expires_at="2090-01-02T03:04:56+02:00",
    )
    path = f"{JOBS}{job['id']}/"
    page = await staff.get(path)
    assert page.one("#skills").text().strip() == "C, the language\nSQL"
    assert page.one("#skill_requirements").text().strip() == "SQL; nice; 2.50\nC; must"
    assert page.one("#salary_min").attributes["value"] == "50000.50"
    assert page.one("#expires_at").attributes["value"] == "2090-01-02T01:04"
    page = await submit(staff, page, "#save-button")
    assert page.text("main > [role=status]") == "Nothing was changed."
    assert await log(member, job["id"]) == []
    changes = {
        "title": "  Better ",
        "salary_max": "60000",
        "skills": "C, the language\r\nRust\r\n\r\n",
        "skill_requirements": "SQL\r\nRust; nice; 1",
        "application_deadline": "2089-12-31T23:59",
        "job_type": "contract",
    }
    page = await submit(staff, page, "#save-button", **changes)
    assert page.text("main > [role=status]") == "Saved."
    now = (await member.get(f"/api/v1/admin/jobs/{job['id']}/")).json()
    assert (now["title"], now["skills"], now["job_type"]) == (
        "Better",
        ["C, the language", "Rust"],
        "contract",
    )
    assert (now["salary"]["min"], now["salary"]["max"]) == (50_000.5, 60_000)
    assert now["description"] == "One.\n\nTwo."
    assert now["expires_at"] == "2090-01-02T01:04:56Z"
    assert now["application_deadline"] == "2089-12-31T23:59:00Z"
    assert [(row["name"], row["importance"], row["years"]) for row in now["skill_requirements"]] == [
        ("SQL", "must", None),
        ("Rust", "nice", 1),
    ]
    (entry,) = await log(member, job["id"])
    assert (entry["action"], entry["detail"]["fields"]) == ("job.edit", sorted(changes))
    assert "Changed: application deadline, job type" in page.text(".log")
    page = await submit(staff, page, "#save-button", application_deadline="")
    assert (await member.get(f"/api/v1/admin/jobs/{job['id']}/")).json()["application_deadline"] is None


async def test_what_cannot_be_stored_is_said_beside_the_field(
    staff: Browser, member: Person, employer: tuple[Person, str]
) -> None:
    job = await post_job(*employer, title="Kept", salary_min=50)
    page = await staff.get(f"{JOBS}{job['id']}/")
    typed = {
        "title": "",
        "salary_max": "lots",
        "external_application_url": "javascript:alert(1)",
        "expires_at": "tomorrow",
        "application_limit": "0",
        "skill_requirements": "SQL; perhaps",
        "tags": "!!!",
        "salary_currency": "euro",
        "location": "typed",
    }
    page = await submit(staff, page, "#save-button", **typed)
    assert page.status == 422
    for name in typed.keys() - {"location"}:
        assert page.one(f"#{name}").attributes["aria-invalid"] == "true", name
        assert page.one(f"#{name}").attributes["aria-describedby"] == f"{name}-says"
        assert page.text(f"#{name}-says .error")
    assert page.one("#location").attributes["value"] == "typed"
    page = await submit(staff, await staff.get(f"{JOBS}{job['id']}/"), "#save-button", salary_max="40")
    assert page.status == 422
    assert "Salary min is above salary max" in page.text("#salary_min-says")
    page = await staff.get(f"{JOBS}{job['id']}/")
    page = await submit(staff, page, "#save-button", expires_at="2001-01-01T00:00")
    assert page.status == 422
    assert "Expires at is over" in page.text("#expires_at-says")
    assert await log(member, job["id"]) == []
    assert (await member.get(f"/api/v1/admin/jobs/{job['id']}/")).json()["expires_at"] is None


async def test_two_who_edit_at_once_do_not_overwrite_each_other_unseen(
    staff: Browser, member: Person, employer: tuple[Person, str]
) -> None:
    job = await post_job(*employer, title="First")
    page = await staff.get(f"{JOBS}{job['id']}/")
    await employer[0].patch(f"/api/v1/jobs/{job['id']}/", json={"title": "Theirs"})
    page = await submit(staff, page, "#save-button", location="Oslo")
    assert page.status == 412
    assert "nothing is saved yet" in page.text("[role=alert]")
    assert page.one("#title").attributes["value"] == "First"
    assert page.text("#title-says") == "Stored now: Theirs"
    assert page.text("#location-says") == "Stored now: (empty)"
    assert await log(member, job["id"]) == []
    page = await submit(staff, page, "#save-button", title="Agreed")
    assert page.text("main > [role=status]") == "Saved."
    assert page.text("h1") == "Agreed"


async def test_what_has_ended_is_shown_and_not_edited(staff: Browser, employer: tuple[Person, str]) -> None:
    job = await post_job(*employer, description="What it once said.")
    open_form = await staff.get(f"{JOBS}{job['id']}/")
    await employer[0].post(f"/api/v1/jobs/{job['id']}/close/")
    page = await staff.get(f"{JOBS}{job['id']}/")
    assert not page.all("#save-button")
    assert "What it once said." in page.text("main")
    page = await submit(staff, open_form, "#save-button", title="Too late")
    assert page.status in (409, 412)
    assert "nothing is saved yet" in page.text("main").lower()
    await staff.get(f"{JOBS}{job['id']}/")
    assert (await staff.get(f"{JOBS}{job['id']}/")).text("h1") == "Data Engineer"


async def test_removing_and_restoring_with_a_reason(
    staff: Browser, member: Person, employer: tuple[Person, str]
) -> None:
    job = await post_job(*employer)
    path = f"{JOBS}{job['slug']}/"
    page = await submit(staff, await staff.get(path), "[value=remove]", action="remove")
    assert page.text("h1") == "Remove this posting?"
    assert await log(member, job["id"]) == []
    page = await submit(staff, page, "#confirm-button", reason="asks for money")
    assert page.path == f"{JOBS}{job['id']}/?done=remove"
    assert "✕ Removed" in page.text("#moderation")
    assert "asks for money" in page.text(".log")
    assert [node.attributes["value"] for node in page.all("button[name=action]")] == ["restore"]
    page = await submit(staff, page, "[value=restore]", action="restore")
    page = await submit(staff, page, "#confirm-button", reason="a mistake")
    assert "■ Closed" in page.text("#moderation")
    assert [row["detail"]["reason"] for row in await log(member, job["id"])] == [
        "a mistake",
        "asks for money",
    ]


@pytest.mark.parametrize(("action", "status"), [("close", "closed"), ("expire", "expired")])
async def test_ending_is_asked_about(
    action: str, status: str, staff: Browser, member: Person, employer: tuple[Person, str]
) -> None:
    job = await post_job(*employer)
    page = await submit(staff, await staff.get(f"{JOBS}{job['id']}/"), f"[value={action}]", action=action)
    assert (await member.get(f"/api/v1/admin/jobs/{job['id']}/")).json()["status"] == "active"
    await submit(staff, page, "#confirm-button")
    assert (await member.get(f"/api/v1/admin/jobs/{job['id']}/")).json()["status"] == status
    assert [row["action"] for row in await log(member, job["id"])] == [f"job.{action}"]


async def test_featuring_pausing_and_activating(
    staff: Browser, member: Person, employer: tuple[Person, str]
) -> None:
    job = await post_job(*employer)
    page = await staff.get(f"{JOBS}{job['id']}/")
    for action, said in (
        ("feature", "The posting is featured."),
        ("unfeature", "The posting is no longer featured."),
        ("pause", "The posting is paused."),
        ("activate", "The posting is activated."),
    ):
        page = await submit(staff, page, f"[value={action}]", action=action, reason=f"to {action}")
        assert page.text("main > [role=status]") == said
    assert len(await log(member, job["id"])) == 4
    page = await submit(staff, page, "[value=pause]", action="explode")
    assert (page.status, page.text("[role=alert]")) == (422, "Choose what to do.")


async def test_what_the_state_forbids_is_said(staff: Browser, employer: tuple[Person, str]) -> None:
    job = await post_job(*employer)
    page = await staff.get(f"{JOBS}{job['id']}/")
    await employer[0].post(f"/api/v1/jobs/{job['id']}/close/")
    page = await submit(staff, page, "[value=feature]", action="feature", reason="kept")
    assert page.status == 409
    assert page.text("[role=alert]") == "Only an active posting can be featured."
    assert page.one("#reason").text().strip() == "kept"


async def test_a_posting_that_is_not_there(staff: Browser) -> None:
    for path in (f"{JOBS}{uuid.uuid4()}/", f"{JOBS}none/", f"/admin/users/{uuid.uuid4()}/"):
        assert (await staff.get(path)).status == 404


async def test_staff_make_a_posting_for_any_company(
    staff: Browser, member: Person, employer: tuple[Person, str]
) -> None:
    page = await staff.get(f"{JOBS}new/")
    page = await submit(staff, page, "#create-button", company="none", title="", description="Kept")
    assert page.status == 422
    assert page.one("#title").attributes["aria-invalid"] == "true"
    assert page.one("#description").text().strip() == "Kept"
    page = await submit(staff, page, "#create-button", company="none", title="By staff")
    assert (page.status, page.one("#company").attributes["aria-invalid"]) == (422, "true")
    page = await submit(staff, page, "#create-button", company=employer[1], title="By staff", status="draft")
    assert page.text("main > [role=status]") == "The posting is made."
    assert "○ Draft" in page.text("#moderation")
    job = urlsplit(page.path).path.removeprefix(JOBS).strip("/")
    assert [row["action"] for row in await log(member, job)] == ["job.create"]


# -- accounts and the log ----------------------------------------------------------------------------------


async def test_accounts_are_found_shut_and_opened(staff: Browser, member: Person, people: People) -> None:
    person = await people.seeker()
    account = person.tokens["user"]["id"]
    page = await staff.send(await staff.get("/admin/users/"), "#filter-button", q=person.email)
    page = await staff.get(str(page.one("tbody .name a").attributes["href"]))
    assert page.text("h1") == person.email
    page = await staff.send(page, "#deactivate-button")
    assert page.text("h1") == "Deactivate this account?"
    assert (await person.get("/api/v1/saved/")).status_code == 200
    page = await submit(staff, page, "#confirm-button", reason="spam")
    assert "✕ Deactivated" in page.text("#state")
    assert (await person.get("/api/v1/saved/")).status_code == 401
    assert person.email in (await staff.get("/admin/users/?active=false")).text("tbody")
    page = await submit(staff, page, "#activate-button", reason="a mistake")
    assert "● Active" in page.text("#state")
    assert [row["detail"]["reason"] for row in await log(member, account)] == ["a mistake", "spam"]


async def test_nobody_shuts_their_own_account(staff: Browser, member: Person) -> None:
    own = member.tokens["user"]["id"]
    page = await staff.get(f"/admin/users/{own}/")
    assert not page.all("#deactivate-button")
    token = str(page.all("input[name=form_token]")[0].attributes["value"])
    data = {"form_token": token, "confirmed": "yes"}
    path = f"/admin/users/{own}/deactivate/"
    answer = await staff.client.post(path, data=data, headers={"Origin": ORIGIN})
    assert answer.status_code == 409
    assert (await member.get("/api/v1/saved/")).status_code == 200


async def test_the_log_is_filtered_and_names_people(staff: Browser, member: Person, people: People) -> None:
    employer, company = await people.employer()
    jobs = [await post_job(employer, company, title=f"Logged {number}") for number in range(2)]
    for job in jobs:
        for action in ("pause", "activate"):
            body = {"action": action, "reason": "checked"}
            await member.post(f"/api/v1/admin/jobs/{job['id']}/moderate/", json=body)
    page = await staff.get(f"/admin/audit/?target={jobs[0]['id']}")
    assert page.text("#found") == "2 entries"
    assert {node.text().strip() for node in page.all("tbody td:nth-child(3)")} == {member.email}
    page = await staff.send(page, "#filter-button", action="job.pause")
    (row,) = page.all("tbody tr")
    for said in ("Posting paused", "Logged 0", "● Active → ◐ Paused", "“checked”"):
        assert said in row.text()
    actor = member.tokens["user"]["id"]
    page = await staff.get(f"/admin/audit/?action=job.pause&actor={actor}")
    assert len(page.all("tbody tr")) >= 2
    assert page.one(f"#actor option[value='{actor}']").attributes.keys() >= {"selected"}
    assert "No entry fits" in (await staff.get(f"/admin/audit/?actor={uuid.uuid4()}")).text(".empty")
    page = await staff.get("/admin/audit/verify/")
    assert page.text("h1") == "✓ The log is unchanged"
    verdict = (await member.get("/api/v1/admin/audit/verify/")).json()
    assert verdict["head"] in page.text("main")


async def test_the_log_has_pages(staff: Browser, member: Person, employer: tuple[Person, str]) -> None:
    job = await post_job(*employer)
    for action in ("pause", "activate") * 11:
        await member.post(f"/api/v1/admin/jobs/{job['id']}/moderate/", json={"action": action})
    page = await staff.get(f"{JOBS}{job['id']}/")
    assert len(page.all(".log li")) == 10
    link = next(node for node in page.all("a") if node.text() == "All 22 entries")
    page = await staff.get(str(link.attributes["href"]))
    assert len(page.all("tbody tr")) == 20
    page = await staff.get(str(page.one("a[rel=next]").attributes["href"]))
    assert len(page.all("tbody tr")) == 2


# -- what is true of every page ----------------------------------------------------------------------------


async def every_page(staff: Browser, job: str, account: str) -> list[Page]:
    one = f"{JOBS}{job}/"
    paths = ("/admin/", JOBS, f"{JOBS}?picked=all&status=moon", f"{JOBS}?q=zzzz", f"{JOBS}new/", one)
    more = ("/admin/users/", f"/admin/users/{account}/", "/admin/audit/", "/admin/audit/verify/")
    pages = [await staff.get(path) for path in (*paths, *more)]
    pages.append(await submit(staff, pages[5], "#save-button", title="", salary_min="x"))
    pages.append(await submit(staff, pages[5], "[value=remove]", action="remove"))
    pages.append(await submit(staff, pages[1], "#bulk-button", jobs=[job], action="close"))
    unknown = [job, str(uuid.uuid4())]
    pages.append(await submit(staff, pages[1], "#bulk-button", jobs=unknown, action="feature"))
    pages.append(await staff.send(pages[7], "#deactivate-button"))
    return pages


async def test_every_page_is_labelled_ordered_and_shut_to_scripts(
    staff: Browser, people: People, employer: tuple[Person, str]
) -> None:
    job = await post_job(*employer)
    person = await people.seeker()
    for page in await every_page(staff, job["id"], person.tokens["user"]["id"]):
        where = page.path
        policy = page.answer.headers["content-security-policy"]
        assert policy.startswith("default-src 'none'"), where
        assert "unsafe" not in policy
        assert page.answer.headers["cache-control"] == "no-store", where
        assert page.one("meta[name=robots]").attributes["content"] == "noindex"
        assert not page.all("[style], style, [onclick]"), where
        ids = [node.attributes["id"] for node in page.all("[id]")]
        assert len(ids) == len(set(ids)), where
        labelled = {node.attributes["for"] for node in page.all("label")}
        for field in page.all("input:not([type=hidden]), select, textarea"):
            assert field.attributes["id"] in labelled, (where, field.html)
        for node in page.all("[aria-describedby]"):
            assert page.all(f"#{node.attributes['aria-describedby']}"), where
        levels = [int(str(node.tag)[1]) for node in page.tree.css("h1, h2, h3, h4")]
        assert (levels[0], levels.count(1)) == (1, 1), where
        assert all(later - earlier <= 1 for earlier, later in itertools.pairwise(levels)), where
        for form in page.all("form[method=post]"):
            assert len(form.css("input[name=form_token]")) == 1, where
            assert str(form.attributes["action"]).startswith(("/admin/", "/logout")), where


async def test_every_link_leads_somewhere(
    staff: Browser, people: People, employer: tuple[Person, str]
) -> None:
    job = await post_job(*employer)
    person = await people.seeker()
    links = set()
    for page in await every_page(staff, job["id"], person.tokens["user"]["id"]):
        for node in page.all("a[href], link[href]"):
            target = urlsplit(urljoin(str(page.answer.url), str(node.attributes["href"])))
            assert f"{target.scheme}://{target.netloc}" == ORIGIN, target
            if not target.fragment:
                links.add(target._replace(scheme="", netloc="").geturl())
    wrong = [link for link in links if "moon" in link]
    assert len(links - set(wrong)) >= 20
    for link in links:
        status = (await staff.client.get(link, follow_redirects=True)).status_code
        assert status == (422 if link in wrong else 200), link


async def test_hostile_text_stays_text(
    staff: Browser, member: Person, people: People, employer: tuple[Person, str], database: Database
) -> None:
    """Rows from elsewhere, a reason and a typed filter: shown as they are, and nothing is made of them."""
    job = await post_job(*employer)
    body = {"action": "pause", "reason": HOSTILE}
    await member.post(f"/api/v1/admin/jobs/{job['id']}/moderate/", json=body)
    person = await people.seeker()
    account = person.tokens["user"]["id"]
    change = (
        "UPDATE job SET title = :bad, description = :bad, location = :bad, skills = ARRAY[:bad], "
        "source = :bad WHERE public_id = :id"
    )
    async with database.transaction() as session:
        await session.execute(text(change), {"bad": HOSTILE, "id": job["id"]})
        named = text("UPDATE app_user SET full_name = :bad WHERE public_id = :id")
        await session.execute(named, {"bad": HOSTILE, "id": account})
    pages = await every_page(staff, job["id"], account)
    pages.append(await staff.get(str(httpx.URL(JOBS, params={"q": HOSTILE, "company": HOSTILE}))))
    pages.append(await staff.get(str(httpx.URL("/admin/audit/", params={"action": HOSTILE}))))
    for page in pages:
        assert "<img" not in page.answer.text, page.path
        assert not page.all("script:not([src^='/static/']), [onerror]"), page.path
    assert HOSTILE in pages[5].one("h1").text()
    assert HOSTILE in pages[0].one("[aria-labelledby=log]").text()


async def test_a_long_imported_text_is_left_alone(
    staff: Browser, member: Person, employer: tuple[Person, str], database: Database
) -> None:
    """What a form can store fits into it, nine signs a letter; what is longer is not asked for."""
    job = await post_job(*employer, description="語" * 60_000)
    path = f"{JOBS}{job['id']}/"
    page = await submit(staff, await staff.get(path), "#save-button", location="Oslo")
    assert page.text("main > [role=status]") == "Saved."
    async with database.transaction() as session:
        change = text("UPDATE job SET description = :long WHERE public_id = :id")
        await session.execute(change, {"long": "語" * 120_000, "id": job["id"]})
    page = await staff.get(path)
    assert not page.all("#description")
    page = await submit(staff, page, "#save-button", location="Bergen")
    assert page.text("main > [role=status]") == "Saved."
    stored = (await member.get(f"/api/v1/admin/jobs/{job['id']}/")).json()
    assert (len(stored["description"]), stored["location"]) == (120_000, "Bergen")

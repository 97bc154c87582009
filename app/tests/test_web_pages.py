"""S-103, S-402: searching, reading and keeping postings in a browser, and a dashboard."""

from __future__ import annotations

import itertools
import json
import re
import uuid
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any
from urllib.parse import urljoin, urlsplit

import httpx
import pytest
from fastapi import FastAPI
from sqlalchemy import URL, text

from app.db import Database
from app.main import create_app
from app.search import follow
from app.search.tantivy_index import TantivyIndex
from app.tests.browsers import ORIGIN, Browser, Page
from app.tests.conftest import client_of, settings_for
from app.tests.people import PASSWORD, People, Person, post_job
from app.tests.receiver import receiving
from app.web.labels import web_address

HOSTILE = "<script>alert(1)</script>\"'><img src=x onerror=alert(2)>"


@pytest.fixture(scope="module")
async def employer(people: People) -> tuple[Person, str]:
    return await people.employer()


@pytest.fixture(scope="module")
async def posted(employer: tuple[Person, str]) -> list[dict[str, Any]]:
    fields = {"skills": ["Python", "SQL"], "location": "Oslo, Norway", "job_type": "full-time"}
    return [
        await post_job(*employer, title=f"Python Developer {number}", remote="remote", **fields)
        for number in range(23)
    ]


@pytest.fixture
async def chrome(application: FastAPI) -> AsyncIterator[Browser]:
    made = Browser(application)
    async with made.client:
        yield made


@pytest.fixture
async def signed_in(chrome: Browser, people: People) -> Browser:
    person = await people.seeker()
    await chrome.log_in(person.email, PASSWORD)
    return chrome


async def test_s402_log_in_and_search_for_python_developer(
    chrome: Browser, people: People, posted: list[dict[str, Any]]
) -> None:
    person = await people.seeker()
    page = await chrome.get("/login")
    assert page.one("#email").tag == page.one("#password").tag == "input"
    page = await chrome.send(page, "#login-button", email=person.email, password=PASSWORD)
    home = await chrome.get("/")
    page = await chrome.send(home, "#job-search", q="python developer")
    assert len(page.all(".job-card")) > 0
    assert page.one("#job-search").attributes["value"] == "python developer"
    assert page.text("#found") == f"{len(posted)} postings"


async def test_results_have_pages_and_keep_the_search(chrome: Browser, posted: list[dict[str, Any]]) -> None:
    page = await chrome.get("/jobs?q=python&remote=remote&location=")
    first = {node.attributes["href"] for node in page.all(".job-card a")}
    assert len(first) == 20
    (following,) = [str(node.attributes["href"]) for node in page.all("a[rel=next]")]
    page = await chrome.get(following)
    second = {node.attributes["href"] for node in page.all(".job-card a")}
    assert len(second) == len(posted) - 20
    assert not first & second
    assert page.one("#remote-remote").attributes.keys() >= {"checked"}
    assert (await chrome.get(str(page.one("a[rel=prev]").attributes["href"]))).path.startswith("/jobs?")
    beyond = await chrome.get("/jobs?q=python&page=9")
    assert "nothing on this page" in beyond.text(".results .empty")


async def test_filters_narrow_and_can_be_relaxed(chrome: Browser, posted: list[dict[str, Any]]) -> None:
    page = await chrome.get("/jobs?q=python&remote=on-site")
    assert page.text("#found") == "No postings found"
    link = page.one(".results .empty li a")
    assert link.text() == f"Without the remote option: {len(posted)} postings"
    page = await chrome.get(str(link.attributes["href"]))
    assert len(page.all(".job-card")) == 20
    page = await chrome.get("/jobs?q=python+zzzzqqq")
    link = page.one(".results .empty li a")
    assert "zzzzqqq" in link.text()
    assert len((await chrome.get(str(link.attributes["href"]))).all(".job-card")) == 20


async def test_values_nobody_can_search_for_are_named_and_left_out(
    chrome: Browser, posted: list[dict[str, Any]]
) -> None:
    for query in ("salary_min=lots", "remote=moon", "page=0", "page=100000", "sort=luck", "q=" + "a" * 301):
        page = await chrome.get(f"/jobs?{query}")
        assert page.status == 422, query
        assert page.text("[role=alert]").endswith("Searched without it.")
        assert page.all(".job-card")
    assert (await chrome.get("/jobs?utm_source=x")).status == 200


async def test_facets_have_counts_and_lead_to_narrower_results(
    posted: list[dict[str, Any]], database_url: URL, database: Database, tmp_path: Path
) -> None:
    await follow.rebuild(database, TantivyIndex(tmp_path))
    app = create_app(settings_for(database_url, search_url=f"tantivy:{tmp_path}"))
    browser = Browser(app)
    async with browser.client:
        page = await browser.get("/jobs?q=python+developer")
        assert not page.all(".notice")
        assert page.text("label[for=remote-remote] .count") == str(len(posted))
        assert page.text("label[for=job_type-full-time] .count") == str(len(posted))
        skills = {
            node.css_first("a").text(): node.css_first(".count").text() for node in page.all(".facet li")
        }
        assert {name.lower(): count for name, count in skills.items()}["python"] == str(len(posted))
        link = next(node for node in page.all(".facet a") if node.text().lower() == "sql")
        page = await browser.get(str(link.attributes["href"]))
        (chosen,) = page.all(".facet .chosen")
        assert chosen.text().lower() == "✓ sql"
        page = await browser.get(str(chosen.attributes["href"]))
        assert not page.all(".facet .chosen")
        misspelt = await browser.get("/jobs?q=pythom+develper")
        link = next(node for node in misspelt.all("main p a") if "python" in node.text())
        assert len((await browser.get(str(link.attributes["href"]))).all(".job-card")) == 20
    await app.state.search.close()
    await app.state.database.close()


async def test_recommendations_come_with_their_reasons(
    people: People, posted: list[dict[str, Any]], database_url: URL, database: Database
) -> None:
    async with database.reading() as session:
        job_id = await session.scalar(
            text("SELECT id FROM job WHERE public_id = :id"), {"id": posted[4]["id"]}
        )
    reasons = [{"kind": "skill", "detail": "Python"}, {"kind": "missing_skill", "detail": "<b>Rust</b>"}]
    item = {"job_id": job_id, "rank": 1, "score": 0.7, "similarity": 0.1, "propensity": 0.5}
    async with receiving() as receiver:
        receiver.canned["/recommend"] = {"items": [item | {"reasons": reasons}], "release_id": "r1"}
        app = create_app(settings_for(database_url, receiver.url))
        browser = Browser(app)
        async with app.router.lifespan_context(app), browser.client:
            person = await people.seeker(skills=["Python"])
            await browser.log_in(person.email, PASSWORD)
            page = await browser.get("/dashboard")
    (card,) = page.all("[aria-labelledby=recommended] .job-card")
    assert page.text("#recommended") == "Recommended for you"
    assert [node.text() for node in card.css(".chips li")] == [
        "✓ Python: you have it",
        "✗ <b>Rust</b>: asked for, not on your profile",
    ]


async def test_without_its_index_the_page_says_what_it_lacks(
    posted: list[dict[str, Any]], database_url: URL, tmp_path: Path
) -> None:
    app = create_app(settings_for(database_url, search_url=f"tantivy:{tmp_path}/none"))
    browser = Browser(app)
    async with browser.client:
        page = await browser.get("/jobs?q=python")
        assert "search index is not available" in page.text(".notice")
        assert page.all(".job-card")
    await app.state.database.close()


async def test_a_posting_shows_what_is_known_of_it_and_says_it_to_search_engines(
    chrome: Browser, employer: tuple[Person, str]
) -> None:
    job = await post_job(
        *employer,
        title="Site Engineer",
        description="Dig.\n\nBuild.",
        location="Oslo, Norway",
        salary_min=50_000,
        salary_max=60_000,
        salary_currency="EUR",
        skill_requirements=[{"name": "Surveying", "years": 2}],
    )
    page = await chrome.get(f"/jobs/{job['slug']}")
    assert page.status == 200
    assert page.text("h1") == "Site Engineer"
    shown = page.text("article.posting")
    assert "EUR 50,000 to 60,000 a year" in shown
    assert "Surveying, 2 years" in shown
    document = json.loads(page.one("script[type='application/ld+json']").text())
    assert (document["@type"], document["title"]) == ("JobPosting", "Site Engineer")
    assert page.one("link[rel=canonical]").attributes["href"] == f"/jobs/{job['slug']}"
    link = next(node for node in page.all("a") if "Log in to save" in node.text())
    assert link.attributes["href"] == f"/login?next=/jobs/{job['slug']}"


async def test_saving_applying_and_the_lists(signed_in: Browser, posted: list[dict[str, Any]]) -> None:
    path = f"/jobs/{posted[0]['slug']}"
    page = await signed_in.send(await signed_in.get(path), "#save-button")
    assert page.text("[role=status]") == "Saved. You find it on your dashboard."
    assert page.text("#save-button") == "Remove from saved"
    page = await signed_in.send(page, "#apply-button", cover_letter="I dig Python.")
    assert page.text("[role=status]") == "Your application is sent."
    assert not page.all("#apply-button")
    assert posted[0]["title"] in (await signed_in.get("/applications")).text(".job-card")
    saved = await signed_in.get("/saved")
    assert posted[0]["title"] in saved.text(".job-card")
    page = await signed_in.send(saved, "button[aria-label]")
    assert page.path == "/saved"
    assert "Nothing saved yet" in page.text(".empty")


async def test_an_application_elsewhere_is_noted_and_linked(
    signed_in: Browser, employer: tuple[Person, str]
) -> None:
    job = await post_job(*employer, external_application_url="https://example.org/apply")
    page = await signed_in.get(f"/jobs/{job['slug']}")
    (link,) = [node for node in page.all("a") if node.attributes["href"] == "https://example.org/apply"]
    assert {"noopener", "nofollow", "external"} <= set(str(link.attributes["rel"]).split())
    page = await signed_in.send(page, "#apply-button")
    assert page.text("[role=status]").startswith("Noted on your dashboard.")


async def test_a_closed_posting_is_a_410_page_with_alternatives(
    chrome: Browser, employer: tuple[Person, str], posted: list[dict[str, Any]]
) -> None:
    job = await post_job(*employer, title="Python Developer gone", skills=["Python", "SQL"])
    await employer[0].post(f"/api/v1/jobs/{job['id']}/close/")
    page = await chrome.get(f"/jobs/{job['slug']}")
    assert page.status == 410
    assert page.text("h1") == "This posting is closed"
    links = [str(node.attributes["href"]) for node in page.all(".job-card a")]
    assert links
    assert (await chrome.get(links[0])).status == 200


async def test_s103_a_new_account_gets_three_steps_and_then_figures(
    signed_in: Browser, posted: list[dict[str, Any]]
) -> None:
    page = await signed_in.get("/dashboard")
    assert len(page.all("#checklist li")) == 3
    assert not page.all(".stats")
    assert "Not personal yet" in page.text() or "simpler ranking" in page.text()
    page = await signed_in.send(
        await signed_in.get("/profile"),
        "#profile-button",
        desired_title="Python Developer",
        skills="Python, SQL",
    )
    assert page.path == "/settings/profile?done=saved"
    page = await signed_in.get("/dashboard")
    assert page.text("#checklist li.done").startswith("✓")
    assert page.all("[aria-labelledby=recommended] .job-card")
    again = await signed_in.get("/profile")
    assert again.one("#skills").text() == "Python, SQL"
    await signed_in.send(await signed_in.get(f"/jobs/{posted[1]['slug']}"), "#save-button")
    page = await signed_in.get("/dashboard")
    assert not page.all("#checklist")
    figures = {node.css_first("dt").text(): node.css_first("dd").text() for node in page.all(".stats div")}
    assert (figures["Saved"], figures["Postings viewed"]) == ("1", "1")
    assert posted[1]["title"] in page.text("[aria-labelledby=saved]")
    assert "You saved" in page.text("[aria-labelledby=activity]")


async def test_a_profile_that_is_not_valid_keeps_what_was_typed(signed_in: Browser) -> None:
    page = await signed_in.get("/profile")
    page = await signed_in.send(page, "#profile-button", desired_title="x" * 301, skills="Python")
    assert page.status == 422
    assert "300 characters" in page.text("#desired_title-says")
    assert page.one("#skills").text() == "Python"


async def test_hostile_text_stays_text(
    chrome: Browser, people: People, employer: tuple[Person, str], database: Database
) -> None:
    """Through the API markup is removed already; a row from elsewhere must do no harm either."""
    job = await post_job(*employer, location="Oslo, Norway", skills=["Python"])
    change = text(
        "UPDATE job SET title = :bad, description = :bad, requirements = :bad, location = :bad, "
        "skills = ARRAY[:bad] WHERE public_id = :id"
    )
    async with database.transaction() as session:
        await session.execute(change, {"bad": HOSTILE, "id": job["id"]})
    person = await people.seeker()
    await chrome.log_in(person.email, PASSWORD)
    for path in (f"/jobs/{job['slug']}", "/", "/dashboard", f"/jobs?q={HOSTILE}&location={HOSTILE}", "/jobs"):
        page = await chrome.get(path)
        assert "<img" not in page.answer.text, path
        assert "<script>" not in page.answer.text, path
        assert not page.all("[onerror]")
    page = await chrome.get(f"/jobs/{job['slug']}")
    assert HOSTILE in page.one("h1").text()
    assert json.loads(page.one("script[type='application/ld+json']").text())["title"] == HOSTILE


def test_only_web_addresses_become_links() -> None:
    assert web_address("https://example.org/") == "https://example.org/"
    for wrong in ("javascript:alert(1)", "data:text/html,x", "//example.org", ""):
        assert web_address(wrong) == ""


# -- what is true of every page ----------------------------------------------------------------------------


async def every_page(chrome: Browser, people: People, job: dict[str, Any]) -> list[Page]:
    public = ["/", "/jobs", "/jobs?q=python&skills=Python", "/jobs?q=zzzzz", "/login", "/register"]
    pages = [await chrome.get(path) for path in (*public, f"/jobs/{job['slug']}", "/nothing-here")]
    person = await people.seeker()
    await chrome.log_in(person.email, PASSWORD)
    pages.append(await chrome.get("/dashboard"))
    await chrome.send(await chrome.get(f"/jobs/{job['slug']}"), "#save-button")
    await chrome.send(await chrome.get(f"/jobs/{job['slug']}"), "#apply-button")
    mine = ("/dashboard", "/saved", "/applications", "/profile", f"/jobs/{job['slug']}")
    return [*pages, *[await chrome.get(path) for path in mine]]


async def test_every_page_is_labelled_ordered_and_runs_our_files_only(
    chrome: Browser, people: People, posted: list[dict[str, Any]]
) -> None:
    for page in await every_page(chrome, people, posted[2]):
        where = page.path
        policy = page.answer.headers["content-security-policy"]
        assert policy.startswith("default-src 'none'; style-src 'self';"), where
        assert "unsafe" not in policy
        assert "form-action 'self'" in policy
        assert page.answer.headers["x-content-type-options"] == "nosniff"
        assert page.answer.headers["referrer-policy"] == "same-origin"
        assert page.one("html").attributes["lang"] == "en"
        assert not page.all("[style], style"), where
        for node in page.all("script"):
            ours = str(node.attributes.get("src", "")).startswith("/static/") and not node.text()
            assert ours or node.attributes["type"] == "application/ld+json", (where, node.html)
        assert not [name for node in page.all("*") for name in node.attributes if name.startswith("on")], (
            where
        )
        ids = [node.attributes["id"] for node in page.all("[id]")]
        assert len(ids) == len(set(ids)), where
        labelled = {node.attributes["for"] for node in page.all("label")}
        for field in page.all("input:not([type=hidden]), select, textarea"):
            assert field.attributes["id"] in labelled, (where, field.html)
        levels = [int(node.tag[1]) for node in page.tree.css("h1, h2, h3, h4")]
        assert levels[0] == 1, where
        assert levels.count(1) == 1, where
        assert all(later - earlier <= 1 for earlier, later in itertools.pairwise(levels)), where


async def test_every_link_leads_somewhere(
    chrome: Browser, people: People, posted: list[dict[str, Any]]
) -> None:
    links = set()
    for page in await every_page(chrome, people, posted[3]):
        for node in page.all("a[href], link[href]"):
            target = urlsplit(urljoin(str(page.answer.url), str(node.attributes["href"])))
            assert f"{target.scheme}://{target.netloc}" == ORIGIN, target
            if not target.fragment:
                links.add(target._replace(scheme="", netloc="").geturl())
    assert len(links) >= 20
    for link in links:
        assert (await chrome.client.get(link, follow_redirects=True)).status_code == 200, link


async def test_personal_pages_are_not_kept_and_files_are(signed_in: Browser, application: FastAPI) -> None:
    for path in ("/dashboard", "/saved", "/profile", "/jobs", "/"):
        page = await signed_in.get(path)
        assert page.answer.headers["cache-control"] == "no-store"
    (style,) = [str(node.attributes["href"]) for node in page.all("link[rel=stylesheet]")]
    assert re.fullmatch(r"/static/pages-[0-9a-f]{16}\.css", style)
    async with client_of(application) as client:
        answer = await client.get(style)
        assert answer.headers["content-type"] == "text/css; charset=utf-8"
        assert answer.headers["cache-control"] == "public, max-age=31536000, immutable"
        for wrong in ("/static/pages.css", "/static/pages-0.css", "/static/..%2fview.py"):
            assert (await client.get(wrong)).status_code == 404
        assert (await client.get("/jobs")).headers["cache-control"] == "private, no-cache"


# -- errors ------------------------------------------------------------------------------------------------


async def test_browsers_get_pages_and_programs_get_problems(
    chrome: Browser, client: httpx.AsyncClient
) -> None:
    page = await chrome.get("/nothing-here")
    assert (page.status, page.text("h1")) == (404, "There is nothing here")
    assert (await chrome.get(f"/jobs/{uuid.uuid4()}")).status == 404
    assert (await chrome.get("/logout")).status == 405
    assert (await client.get("/nothing-here")).headers["content-type"] == "application/problem+json"
    answer = await chrome.client.get("/api/v1/nothing-here/")
    assert answer.headers["content-type"] == "application/problem+json"
    asked = await client.get("/dashboard")
    assert asked.status_code == 401
    assert asked.headers["content-type"] == "application/problem+json"


async def test_too_many_requests_is_a_page(database_url: URL) -> None:
    app = create_app(settings_for(database_url, rate_limit_factor=0.1))
    browser = Browser(app)
    async with browser.client:
        page = await browser.get("/login")
        for _ in range(4):
            page = await browser.send(await browser.get("/login"), "#login-button", email="a@example.org")
            if page.status == 429:
                break
        assert page.status == 429
        assert page.text("h1") == "That was a lot in a short time"
        assert int(page.answer.headers["retry-after"]) > 0
    await app.state.database.close()


async def test_without_a_database_there_is_a_page_too() -> None:
    nowhere = URL.create("postgresql+psycopg", username="u", host="127.0.0.1", port=9, database="x")
    app = create_app(settings_for(nowhere))
    browser = Browser(app)
    async with browser.client:
        page = await browser.get("/jobs")
        assert (page.status, page.text("h1")) == (503, "We cannot answer right now")
        assert page.answer.headers["retry-after"] == "2"
        assert page.answer.headers["content-security-policy"].startswith("default-src 'none'; style-src")
    await app.state.database.close()

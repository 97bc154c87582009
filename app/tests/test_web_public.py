"""Pages that everybody may see: what they weigh, how they are kept, where they lead, and what they say when a
part of JobPilot is silent."""

from __future__ import annotations

import asyncio
import gzip
import json
import re
import sys
import uuid
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any
from urllib.parse import urljoin, urlsplit

import pytest
from fastapi import FastAPI
from sqlalchemy import URL, text

from app.db import Database
from app.main import create_app
from app.scoring.postings import GUESTS_FROM
from app.search import follow
from app.search.tantivy_index import TantivyIndex
from app.tests.browsers import ORIGIN, Browser, Page, page_of
from app.tests.conftest import client_of, settings_for
from app.tests.listening import listening
from app.tests.people import PASSWORD, People, Person, post_job
from app.tests.receiver import Receiver, receiving
from app.web import assets, examples
from app.web.facts import Board
from app.web.labels import level, percent
from app.web.release import Live, SecondStage
from app.web.view import render

HTMX = {"HX-Request": "true", "Accept": "*/*"}
#: What a first visit to the home page may transfer, in bytes.
HOME_BYTES = 60_000
PUBLIC = ("/", "/jobs", "/jobs?q=python", "/trust", "/pricing", "/developers", "/login", "/register", "/try")


@pytest.fixture(scope="module")
async def company(people: People) -> tuple[Person, str]:
    return await people.employer()


@pytest.fixture(scope="module")
async def posted(company: tuple[Person, str]) -> list[dict[str, Any]]:
    fields: dict[str, Any] = {"skills": ["Python", "SQL", "Docker", "Kafka"], "location": "Oslo, Norway"}
    return [await post_job(*company, title=f"Python Developer {n}", **fields) for n in range(23)]


@pytest.fixture
async def chrome(application: FastAPI) -> AsyncIterator[Browser]:
    made = Browser(application)
    async with made.client:
        yield made


@pytest.fixture
async def served(database_url: URL) -> AsyncIterator[tuple[Browser, Receiver]]:
    """A browser before an app whose serving layer answers what the test puts into it."""
    async with receiving() as receiver:
        app = create_app(settings_for(database_url, receiver.url))
        browser = Browser(app)
        async with app.router.lifespan_context(app), browser.client:
            yield browser, receiver


# -- weight and keeping ------------------------------------------------------------------------------------


async def test_the_home_page_is_light(chrome: Browser, posted: list[dict[str, Any]]) -> None:
    page = await chrome.get("/")
    files = {
        str(node.attributes[name])
        for selector, name in (("link[href^='/static']", "href"), ("script[src]", "src"), ("img", "src"))
        for node in page.all(selector)
    }
    assert len(files) >= 3
    total = len(page.answer.content)
    for file in files:
        answer = await chrome.client.get(file, headers={"Accept-Encoding": "gzip"})
        assert answer.status_code == 200
        total += int(answer.headers["content-length"])
    assert total < HOME_BYTES


async def test_files_are_kept_for_good_and_compressed_for_who_takes_it(application: FastAPI) -> None:
    async with client_of(application) as client:
        for name in assets.assets():
            url = assets.asset_url(name)
            plain = await client.get(url, headers={"Accept-Encoding": "identity"})
            assert plain.headers["cache-control"] == "public, max-age=31536000, immutable"
            assert plain.headers["vary"] == "Accept-Encoding"
            assert "content-encoding" not in plain.headers
            refused = await client.get(url, headers={"Accept-Encoding": "gzip;q=0, br"})
            assert "content-encoding" not in refused.headers
            async with client.stream("GET", url, headers={"Accept-Encoding": "br, gzip"}) as zipped:
                assert zipped.headers["content-encoding"] == "gzip"
                raw = b"".join([part async for part in zipped.aiter_raw()])
            assert gzip.decompress(raw) == plain.content


async def test_scripts_come_only_where_they_are_used(chrome: Browser, posted: list[dict[str, Any]]) -> None:
    """htmx where something asks for it; nowhere a script that nothing on the page needs."""
    for path in (*PUBLIC, f"/jobs/{posted[0]['slug']}", "/nothing-here"):
        page = await chrome.get(path)
        scripts = {str(node.attributes["src"]).rpartition("-")[0] for node in page.all("script[src]")}
        uses = bool(page.all("[hx-get], [hx-post], [hx-boost]"))
        if not uses:
            assert "/static/htmx.min" not in scripts, path
        assert ("/static/htmx.min" in scripts) == ("/static/live" in scripts) == bool(page.all("#toasts"))
        assert "/static/offline" in scripts, path


async def test_images_say_their_size(chrome: Browser, posted: list[dict[str, Any]]) -> None:
    """So that nothing moves when they come."""
    for path in PUBLIC:
        for node in (await chrome.get(path)).all("img"):
            assert {"width", "height", "alt"} <= node.attributes.keys(), (path, node.html)


async def test_without_what_npm_brings_pages_are_whole(
    chrome: Browser, posted: list[dict[str, Any]], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(assets, "HTMX", tmp_path / "nothing.js")
    assets.assets.cache_clear()
    try:
        page = await chrome.get("/jobs?q=python")
        assert len(page.all(".job-card")) == 20
        assert not page.all("script[src*=htmx], script[src*=live], meta[name=htmx-config]")
    finally:
        monkeypatch.undo()
        assets.assets.cache_clear()


# -- parts for htmx ----------------------------------------------------------------------------------------


async def test_htmx_gets_the_part_that_the_page_has(chrome: Browser, posted: list[dict[str, Any]]) -> None:
    whole = await chrome.client.get("/jobs?q=python&location=")
    part = await chrome.client.get("/jobs?q=python&location=&sort=relevance", headers=HTMX)
    assert part.text.lstrip().startswith('<div id="search"')
    assert part.text.strip().splitlines() == _between(whole.text, '<div id="search"', "</main>")
    assert "<html" not in part.text
    assert part.headers["hx-push-url"] == "/jobs?q=python"
    assert whole.headers["vary"] == part.headers["vary"] == "Cookie, HX-Request"
    assert part.headers["cache-control"] == "no-store"
    restored = await chrome.client.get(
        "/jobs?q=python", headers=HTMX | {"HX-History-Restore-Request": "true"}
    )
    assert "<html" in restored.text


def _between(text: str, start: str, end: str) -> list[str]:
    return text[text.index(start) : text.index(end)].strip().splitlines()


async def test_more_results_are_cards_and_the_way_on(chrome: Browser, posted: list[dict[str, Any]]) -> None:
    more = await chrome.client.get("/jobs?q=python&page=2", headers=HTMX | {"HX-Target": "more"})
    assert more.text.count('class="job-card"') == len(posted) - 20
    assert more.text.count("autofocus") == 1
    assert 'id="search"' not in more.text
    assert "hx-push-url" not in more.headers


async def test_saving_by_htmx_turns_the_form_round(
    chrome: Browser, people: People, posted: list[dict[str, Any]]
) -> None:
    person = await people.seeker()
    await chrome.log_in(person.email, PASSWORD)
    page = await chrome.get("/jobs?q=python")
    form = page.all(".job-card form.save")[0]
    token = form.css("input[type=hidden]")[0].attributes["value"]
    sent: dict[str, Any] = {"headers": HTMX | {"Origin": ORIGIN}, "data": {"form_token": token}}
    saved = await chrome.client.post(str(form.attributes["hx-post"]), **sent)
    assert saved.status_code == 200
    assert "/unsave" in saved.text
    assert saved.headers["hx-trigger"] == '{"toast": "Saved. You find it on your dashboard."}'
    undone = await chrome.client.post(str(form.attributes["hx-post"]).replace("/save", "/unsave"), **sent)
    assert undone.status_code == 200
    assert "/unsave" not in undone.text
    refused = await chrome.client.post(str(form.attributes["hx-post"]), headers=HTMX, data={})
    assert refused.status_code == 403


# -- where links lead, and what every page is sent with ----------------------------------------------------


@pytest.mark.parametrize("who", ["anybody", "seeker"])
async def test_no_link_is_dead(
    chrome: Browser, people: People, posted: list[dict[str, Any]], who: str
) -> None:
    """From the home page on, every address of ours that a link names answers, and says what may run in it."""
    if who == "seeker":
        person = await people.seeker(desired_title="Python developer", skills=["Python"])
        await chrome.log_in(person.email, PASSWORD)
    waiting, seen = ["/", *(("/dashboard",) if who == "seeker" else ())], set[str]()
    shapes = set[str]()
    while waiting:
        path = waiting.pop()
        if path in seen or _shape(path) in shapes:
            continue
        seen.add(path)
        shapes.add(_shape(path))
        answer = await chrome.client.get(path, follow_redirects=True)
        assert answer.status_code == 200, path
        if not answer.headers["content-type"].startswith("text/html") or path.startswith("/api/"):
            continue
        assert "default-src 'none'" in answer.headers["content-security-policy"], path
        waiting += _links(page_of(answer))
    assert {"/trust", "/pricing", "/developers", "/jobs"} <= seen
    assert any(path.startswith("/companies/") for path in seen)


def _links(page: Page) -> list[str]:
    found = []
    for node in page.all("a[href]"):
        target = urlsplit(urljoin(str(page.answer.url), str(node.attributes["href"])))
        ours = f"{target.scheme}://{target.netloc}" == ORIGIN
        if ours and not re.match(r"^/(logout|resumes/.+/file)", target.path):
            found.append(target._replace(scheme="", netloc="", fragment="").geturl())
    return found


def _shape(path: str) -> str:
    """One of each kind is enough of postings, companies and searches."""
    parts = urlsplit(path)
    named = re.sub(r"^/(jobs|companies)/[^/]+", r"/\1/*", parts.path)
    return f"{named}?{'&'.join(sorted({pair.partition('=')[0] for pair in parts.query.split('&')}))}"


# -- pages -------------------------------------------------------------------------------------------------


async def test_the_home_page_counts_and_asks_for_a_resume(
    chrome: Browser, posted: list[dict[str, Any]]
) -> None:
    page = await chrome.get("/")
    assert f"{len(posted)} open postings" in page.text(".live-facts")
    assert page.one("form[action='/try']").attributes["enctype"] == "multipart/form-data"
    assert page.one("#file").attributes["name"] == "file"
    assert not page.all(".example"), "no model answers, so there is no example of what it says"


async def test_a_company_has_its_postings(
    chrome: Browser, company: tuple[Person, str], posted: list[dict[str, Any]]
) -> None:
    person, slug = company
    await person.patch(f"/api/v1/companies/{slug}/", json={"description": "We keep timetables."})
    page = await chrome.get(f"/companies/{slug}")
    assert f"{len(posted)} open postings" in page.text(".company-head")
    assert len(page.all(".job-card")) == 20
    assert "We keep timetables." in page.text("aside")
    following = await chrome.get(str(page.one("a[rel=next]").attributes["href"]))
    assert len(following.all(".job-card")) == len(posted) - 20
    assert (await chrome.get("/companies/nobody")).status == 404
    _, quiet = await People(person.client).employer()
    assert "no open postings right now" in (await chrome.get(f"/companies/{quiet}")).text(".empty")


async def test_trust_has_figures_only_while_a_model_answers(
    chrome: Browser, served: tuple[Browser, Receiver], posted: list[dict[str, Any]]
) -> None:
    silent = await chrome.get("/trust")
    assert "does not answer right now" in silent.text("[aria-labelledby=live]")
    assert not silent.all(".chart")
    browser, receiver = served
    state = {
        "release_id": "r7",
        "encoder_version": "e",
        "jobs": 1234,
        "sequence": 0,
        "index_kind": "exact",
        "started_at": "2026-01-01T00:00:00Z",
        "figures": {"ndcg": 0.5133, "best_baseline_ndcg": 0.3357, "ece": 0.0109, "users": 533.0},
    }
    receiver.canned["/state"] = state
    page = await browser.get("/trust")
    shown = page.text("[aria-labelledby=live]")
    for figure in ("r7", "1,234", "533", "1.1 points", "0.513", "0.336"):
        assert figure in shown, figure
    assert "Best postings its index finds" not in shown, "the release carries no such figure"
    assert "Second stage" not in shown


async def test_trust_has_the_figures_of_a_second_stage() -> None:
    figures = {"ndcg": 0.51, "towers_ndcg": 0.49, "fit_ece": 0.007, "fit_coverage": 0.91, "ece": 0.021}
    named = {f"second_stage/{name}": value for name, value in figures.items()}
    assert SecondStage.of(named) is None, "one figure is missing, so none is shown"
    found = SecondStage.of(named | {"second_stage/coverage": 0.9})
    assert found is not None
    assert [(item.name, item.error) for item in found.numbers] == [("Fit", 0.007), ("Interest", 0.021)]
    text = render_trust(found)
    assert "0.7 points" in text
    assert "91 %" in text


def render_trust(second: SecondStage) -> str:
    live = Live("r1", None, 7, 0.5, 0.3, 9, 0.01, 1.0, second)
    board = Board(7, [], None, 0)
    return render("trust.html", model=live, board=board, user=None, path="/trust/", notice="")


async def test_simulated_postings_are_called_so(chrome: Browser, posted: list[dict[str, Any]]) -> None:
    page = await chrome.get("/trust")
    assert not page.all("article > .notice")
    live = Live("r1", None, 7, None, None, None, None, None, None)
    shared = {"model": live, "user": None, "path": "/trust/", "notice": ""}
    text = render("trust.html", board=Board(7, [], None, 7), **shared)
    assert "All open postings on this installation come from a simulated job market" in " ".join(text.split())
    assert "carries no figures of its test" in text


async def test_prices_are_what_the_settings_allow(database_url: URL) -> None:
    app = create_app(settings_for(database_url, max_resumes=7, max_saved_jobs=-1))
    browser = Browser(app)
    async with browser.client:
        page = await browser.get("/pricing")
    limits = {row.css("th")[0].text(): row.css("td")[0].text().strip() for row in page.all("tbody tr")}
    assert (limits["Resumes"], limits["Saved postings"]) == ("7", "no limit")
    assert "no paid plans yet" in page.text(".lede")
    await app.state.database.close()


async def test_the_examples_for_developers_work_as_they_stand(
    served: tuple[Browser, Receiver], posted: list[dict[str, Any]]
) -> None:
    browser, receiver = served
    app, address = browser.app, browser.app.state.settings.public_api_url
    page = await browser.get("/developers")
    shown = [node.text() for node in page.all("pre code")]
    assert shown == [item.text for item in examples.at(f"{address}/api")]
    score = {"rank": 1, "similarity": 0.1, "propensity": 1.0}
    items = [{"job_id": GUESTS_FROM + place, "score": 0.9 - place / 2} | score for place in (0, 1)]
    receiver.canned["/score"] = {"items": items, "release_id": "r1"}
    async with listening(app) as port:
        texts = {item.name: item.text for item in examples.at(f"http://127.0.0.1:{port}/api")}
        found = json.loads(await _run("bash", "-c", texts["search"]))
        assert len(found["results"]) == 3
        token = json.loads((await _run("bash", "-c", texts["sign-in"])).splitlines()[-1])["access_token"]
        lines = (await _run(sys.executable, "-c", texts["score"], token)).splitlines()
    assert [line.split()[0] for line in lines] == ["one", "two"]


async def _run(*command: str) -> str:
    """What a program writes; it has to end well."""
    pipe = asyncio.subprocess.PIPE
    process = await asyncio.create_subprocess_exec(*command, stdout=pipe, stderr=pipe)
    out, wrong = await process.communicate()
    assert process.returncode == 0, wrong.decode()
    # answers of curl follow one another without a line between them
    return out.decode().replace("}{", "}\n{")


async def test_nothing_found_shows_what_is_near_in_meaning(
    served: tuple[Browser, Receiver], posted: list[dict[str, Any]], database: Database
) -> None:
    browser, receiver = served
    receiver.canned["/recommend"] = {"items": [], "release_id": "r1"}
    page = await browser.get("/jobs?q=zzqqxx")
    assert "Try fewer or more general words" in page.text(".list .empty")
    assert "Nearest in meaning" not in page.text("main")
    async with database.reading() as session:
        query = text("SELECT id FROM job WHERE public_id = :id")
        job_id = await session.scalar(query, {"id": posted[5]["id"]})
    item = {"job_id": job_id, "rank": 1, "score": 0.5, "similarity": 0.4, "propensity": 1.0}
    receiver.canned["/recommend"] = {"items": [item], "release_id": "r1"}
    page = await browser.get("/jobs?q=zzqqxx")
    assert page.text("#found") == "No postings found"
    (card,) = page.all(".list .job-card")
    assert posted[5]["title"] in card.text()
    assert "Nearest in meaning" in page.text("main")


# -- a posting and its reader ------------------------------------------------------------------------------


async def test_a_posting_says_why_there_is_no_number(
    chrome: Browser, people: People, posted: list[dict[str, Any]]
) -> None:
    path = f"/jobs/{posted[1]['slug']}"
    assert "Log in to see it" in (await chrome.get(path)).text("#match")
    newcomer = await people.seeker()
    await chrome.log_in(newcomer.email, PASSWORD)
    assert "do not know yet what you look for" in (await chrome.get(path)).text("#match")
    await newcomer.patch("/api/v1/auth/profile/", json={"skills": ["Python"]})
    page = await chrome.get(path)
    assert "not available right now" in page.text("#match")
    assert "not available right now" in page.text(".text .notice")
    assert page.all("#apply-button")


async def test_a_posting_shows_fit_and_interest_with_their_evidence(
    served: tuple[Browser, Receiver], people: People, posted: list[dict[str, Any]], database: Database
) -> None:
    browser, receiver = served
    person = await people.seeker(skills=["Python"])
    receiver.canned["/score"] = {"items": [_scored()], "release_id": "r1"}
    await browser.log_in(person.email, PASSWORD)
    page = await browser.get(f"/jobs/{posted[2]['slug']}")
    fit, interest = page.all("#match .score")
    assert [part in fit.text() for part in ("Strong", "82 %", "71 % to 90 %")] == [True] * 3
    assert "Not said" in interest.text()
    assert "profile says too little" in interest.text()
    rows = [" ".join(node.text().split()) for node in page.all("#match .evidence")]
    assert rows == [
        "✓ Python must have, you have it +1.40",
        "✗ <b>Kafka</b> nice to have, not in your profile",
    ]
    assert "With Kafka: 82 % → 91 %" in page.text("#match .rows")


def _scored() -> dict[str, Any]:
    row = {"kind": "skill", "label": "Python", "need": "must", "status": "met", "contribution": 1.4}
    lacks = {"kind": "skill", "label": "<b>Kafka</b>", "need": "nice", "status": "missing", "contribution": 0}
    base = {"kind": "base", "label": "before any evidence", "contribution": 0.1}
    change = {
        "edit": {"kind": "add_skill", "value": "Kafka"},
        "fit_before": 0.82,
        "fit_after": 0.91,
        "effort": "weeks",
    }
    match = {
        "fit": {"value": 0.82, "low": 0.71, "high": 0.9},
        "interest": None,
        "abstained": {"interest": "profile_says_too_little"},
        "ledgers": [{"number": "fit", "logit": 1.5, "rows": [base, lacks | {"loss": 0.9}, row]}],
        "counterfactuals": [change],
    }
    return {"job_id": 1, "rank": 1, "score": 0.4, "similarity": 0.2, "propensity": 1.0, "match": match}


async def test_a_release_without_fit_shows_its_reasons(
    served: tuple[Browser, Receiver], people: People, posted: list[dict[str, Any]]
) -> None:
    browser, receiver = served
    reasons = [{"kind": "skill", "detail": "Python"}, {"kind": "missing_skill", "detail": "Kafka"}]
    item = {"job_id": 1, "rank": 1, "score": 0.4, "similarity": 0.2, "propensity": 1.0, "reasons": reasons}
    receiver.canned["/score"] = {"items": [item], "release_id": "r1"}
    home = await browser.get("/")
    (example,) = home.all(".example")
    assert "Interest" in example.text()
    assert "Python, SQL and Docker" in " ".join(example.text().split())
    person = await people.seeker(skills=["Python"])
    await browser.log_in(person.email, PASSWORD)
    page = await browser.get(f"/jobs/{posted[2]['slug']}")
    assert "40 %" in page.text("#match .score")
    assert [node.text() for node in page.all("#match .sign")] == ["✓", "✗"]
    receiver.canned["/score"] = {"items": [], "unknown_job_ids": [1], "release_id": "r1"}
    assert "not read yet" in (await browser.get(f"/jobs/{posted[2]['slug']}")).text("#match")


@pytest.mark.parametrize(
    ("value", "name", "read"),
    [
        (0.999, "Strong", "above 99 %"),
        (0.5, "Good", "50 %"),
        (0.3, "Partial", "30 %"),
        (0.0, "Weak", "below 1 %"),
    ],
)
def test_numbers_read_as_words(value: float, name: str, read: str) -> None:
    assert (level(value).name, percent(value)) == (name, read)


# -- what failed -------------------------------------------------------------------------------------------


async def test_what_is_not_there_leads_on(
    chrome: Browser, company: tuple[Person, str], posted: list[dict[str, Any]]
) -> None:
    page = await chrome.get(f"/jobs/{uuid.uuid4()}")
    assert (page.status, page.text("h1")) == (404, "There is nothing here")
    assert page.one("#job-search")
    job = await post_job(*company, title="Python Developer gone", skills=["Python", "SQL"])
    await company[0].post(f"/api/v1/jobs/{job['id']}/close/")
    page = await chrome.get(f"/jobs/{job['slug']}")
    assert page.status == 410
    assert page.all(".cards .job-card h3 a")


async def test_too_much_says_what_was_too_much(database_url: URL) -> None:
    app = create_app(settings_for(database_url, rate_limit_factor=0.005))
    browser = Browser(app)
    async with browser.client:
        pages = [await browser.get("/pricing") for _ in range(5)]
    (last, *_) = [page for page in pages if page.status == 429]
    assert "pages in a minute" in last.text(".failed")
    assert last.answer.headers["retry-after"] in last.text(".failed")
    await app.state.database.close()


@pytest.fixture
async def indexed(database_url: URL, database: Database, tmp_path: Path) -> AsyncIterator[Browser]:
    await follow.rebuild(database, TantivyIndex(tmp_path))
    app = create_app(settings_for(database_url, search_url=f"tantivy:{tmp_path}"))
    browser = Browser(app)
    async with app.router.lifespan_context(app), browser.client:
        yield browser


async def test_conditions_are_named_and_can_be_taken_away(
    indexed: Browser, company: tuple[Person, str], posted: list[dict[str, Any]]
) -> None:
    page = await indexed.get(f"/jobs?q=python&skills=Python&company={company[1]}&location=Oslo&remote=moon")
    names = [node.text() for node in page.all(".list-head .chips a")]
    assert names == ["Oslo ×", "Python ×", f"{posted[0]['company']['name']} ×"]
    for link in page.all(".list-head .chips a"):
        assert (await indexed.get(str(link.attributes["href"]))).all(".job-card")

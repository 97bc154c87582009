"""What a seeker comes for once the models answer: matches without an account, first steps, hiding, raising a
match, comparing, alerts, leaving with everything."""

from __future__ import annotations

import itertools
import re
import zipfile
from collections.abc import AsyncIterator, Callable

import pytest
from sqlalchemy import URL

from app.tests.browser.conftest import Visit
from app.tests.browser.matched import Matched, matched
from app.tests.browser.visitor import Screen, Visitor
from app.tests.people import PASSWORD, Person
from app.tests.reader import RESUME

_numbers = itertools.count(1)
FILE = {"name": "ada.txt", "mimeType": "text/plain", "buffer": RESUME.encode()}


@pytest.fixture(scope="session")
async def board(
    new_database: Callable[[], URL], tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Matched]:
    async with matched(new_database, tmp_path_factory.mktemp("matched")) as made:
        yield made


async def _coder(board: Matched) -> Person:
    return await board.seeker(
        full_name="Ada Example", desired_title="Python developer", skills=["Python", "SQL"], remote="remote"
    )


async def _drop(visitor: Visitor, field: str, button: str) -> None:
    await visitor.page.set_input_files(field, files=[FILE])  # type: ignore[arg-type,list-item]
    await visitor.press(button)


@pytest.mark.parametrize("scripts", [True, False], ids=["scripts", "no-scripts"])
async def test_a_resume_without_an_account_gives_matches_and_signing_up_keeps_it(
    visit: Visit, board: Matched, screen: Screen, scripts: bool
) -> None:
    visitor = await visit(screen, scripts=scripts)
    await visitor.go("/try")
    await _drop(visitor, "#try-file", "Read it and show my matches")
    assert await visitor.text("h1") == "Your matches"
    assert "Data Engineer" in await visitor.text(".details")
    cards = await visitor.one(".job-card h3").all_inner_texts()
    assert len(cards) >= 7
    assert await visitor.count(".job-card .chips li") > 0
    stranger = await visit(screen, scripts=scripts)
    await stranger.go("/try")
    assert await stranger.count(".job-card") == 0
    await visitor.press("Make an account", "link")
    email = f"trier{next(_numbers)}@example.org"
    await visitor.page.fill("#email", email)
    await visitor.page.fill("#password", PASSWORD)
    await visitor.press("Make the account")
    await visitor.press("Log in", "link")
    await visitor.enter(email, PASSWORD)
    assert visitor.path == "/onboarding/confirm?done=kept"
    assert await visitor.one("#desired_title").input_value() == "Data Engineer"
    assert await visitor.page.get_by_label("Python").first.is_checked()
    await visitor.go("/resumes")
    assert await visitor.text(".resume-card h2 a") == "My resume"
    await visitor.go("/feed")
    assert await visitor.count(".match-card") > 0
    assert not visitor.complaints + stranger.complaints


async def test_what_was_tried_is_deleted_when_asked(visit: Visit, board: Matched, screen: Screen) -> None:
    visitor = await visit(screen)
    await visitor.go("/try")
    await _drop(visitor, "#try-file", "Read it and show my matches")
    await visitor.press("Delete it now")
    assert (await visitor.text("main [role=status]")).startswith("It is deleted")
    await visitor.go("/try")
    assert await visitor.count("#try-file") == 1
    assert not visitor.complaints


async def test_who_logs_in_to_an_older_account_does_not_get_a_strangers_resume(
    visit: Visit, board: Matched, screen: Screen
) -> None:
    person = await board.seeker()
    visitor = await visit(screen)
    await visitor.go("/try")
    await _drop(visitor, "#try-file", "Read it and show my matches")
    await visitor.log_in(person)
    assert visitor.path == "/dashboard"
    assert (await person.get("/api/v1/resumes/")).json()["results"] == []


async def test_a_file_that_is_no_resume_is_refused_with_its_reason(
    visit: Visit, board: Matched, screen: Screen
) -> None:
    visitor = await visit(screen)
    await visitor.go("/try")
    bad = {"name": "ada.pdf", "mimeType": "application/pdf", "buffer": b"%PDF-1.7 nothing else"}
    await visitor.page.set_input_files("#try-file", files=[bad])  # type: ignore[arg-type,list-item]
    await visitor.press("Read it and show my matches")
    assert await visitor.count("#try-says.error") == 1
    assert await visitor.count(".job-card") == 0


async def test_first_steps_show_what_was_read_and_take_corrections(
    visit: Visit, board: Matched, screen: Screen
) -> None:
    person = await board.seeker()
    visitor = await visit(screen)
    await visitor.log_in(person)
    await visitor.go("/onboarding")
    assert visitor.path == "/onboarding/resume"
    await _drop(visitor, "#resume-file", "Read it")
    assert visitor.path == "/onboarding/confirm?done=read"
    assert "Harbour Lights" in await visitor.text("main")
    await visitor.page.fill("#desired_title", "Python developer")
    await visitor.page.get_by_label("PostgreSQL").first.uncheck()
    await visitor.press("This is right")
    assert visitor.path == "/onboarding/preferences"
    await visitor.page.get_by_label("Remote or on site").select_option("remote")
    await visitor.page.fill("#salary_expectation_min", "60000")
    await visitor.page.fill("#salary_currency", "EUR")
    await visitor.press("Show my matches")
    assert visitor.path == "/feed?done=ready"
    profile = (await person.get("/api/v1/auth/profile/")).json()
    assert profile["desired_title"] == "Python developer"
    assert "Python" in profile["skills"]
    assert "PostgreSQL" not in profile["skills"]
    assert (profile["remote"], profile["salary_min"]) == ("remote", 60_000)
    await visitor.go("/onboarding")
    assert visitor.path == "/feed"
    assert not visitor.complaints


@pytest.mark.parametrize("scripts", [True, False], ids=["scripts", "no-scripts"])
async def test_a_hidden_company_is_never_shown_again(
    visit: Visit, board: Matched, screen: Screen, scripts: bool
) -> None:
    visitor = await visit(screen, scripts=scripts)
    await visitor.log_in(await _coder(board))
    await visitor.go("/feed")
    company = board.neighbour["company"]["name"]
    card = visitor.page.locator(".match-card", has_text=company)
    assert await card.count() == 1
    others = await visitor.count(".match-card")
    await card.locator("details[id^=hide] summary").click()
    await card.get_by_label("Why?").select_option("company")
    async with visitor.page.expect_navigation():
        await card.get_by_role("button", name="Hide").click()
    assert (await visitor.text("main [role=status]")).startswith("Hidden, with all of this company.")
    for path in ("/feed", "/dashboard", "/feed?remote=remote"):
        await visitor.go(path)
        assert await visitor.page.locator(".job-card", has_text=company).count() == 0
    await visitor.go("/feed")
    assert await visitor.count(".match-card") >= others - 1
    await visitor.go("/settings/privacy")
    assert company in await visitor.text("#companies")
    await visitor.press(f"Show again: {company}")
    assert company not in await visitor.text("#companies")
    assert not visitor.complaints


async def test_a_match_says_why_and_why_not_higher(visit: Visit, board: Matched, screen: Screen) -> None:
    visitor = await visit(screen)
    await visitor.log_in(await _coder(board))
    await visitor.go("/feed")
    second = visitor.one("#match-2")
    await second.locator("details[id^=why] summary").click()
    assert await second.locator(".ledger li").count() > 0
    async with visitor.page.expect_navigation():
        await second.get_by_role("link", name="Why not higher?").click()
    assert await visitor.text("h1") == "Why not higher?"
    assert await visitor.count(".stages li") >= 2
    assert await visitor.count(".stages .is-missing") == 1
    assert not visitor.complaints


async def test_filters_that_leave_nothing_say_which_one_to_drop(
    visit: Visit, board: Matched, screen: Screen
) -> None:
    visitor = await visit(screen)
    await visitor.log_in(await _coder(board))
    await visitor.go("/feed?remote=remote&job_type=internship")
    assert await visitor.text("#nothing h3") == "No posting passes all of your filters"
    async with visitor.page.expect_navigation():
        await visitor.one("#nothing li a").first.click()
    assert await visitor.count(".match-card") > 0
    assert not visitor.complaints


async def test_who_has_said_nothing_may_pick_skills(visit: Visit, board: Matched, screen: Screen) -> None:
    person = await board.seeker()
    visitor = await visit(screen)
    await visitor.log_in(person)
    await visitor.go("/feed")
    assert await visitor.one("#not-personal").is_visible()
    await visitor.page.locator(".choices").get_by_label("Python").check()
    await visitor.press("These are mine")
    assert await visitor.count("#begin-panel") == 0
    assert (await person.get("/api/v1/auth/profile/")).json()["skills"] == ["Python"]
    assert not visitor.complaints


async def test_a_promised_change_gives_exactly_what_was_promised(
    visit: Visit, board: Matched, screen: Screen
) -> None:
    visitor = await visit(screen)
    await visitor.log_in(await _coder(board))
    slug = board.open[0]["slug"]
    await visitor.go(f"/lab?job={slug}")
    raised = visitor.page.locator(".raise", has=visitor.page.get_by_text("I have this already")).first
    promised = re.findall(r"[\d.]+ %", await raised.locator(".lifts").inner_text())
    assert len(promised) == 2
    assert promised[0] != promised[1]
    await raised.locator("summary").click()
    async with visitor.page.expect_navigation():
        await raised.get_by_role("button", name="to my profile").click()
    await visitor.go(f"/lab?job={slug}")
    assert await visitor.text(".side .details dd") == promised[1]
    assert not visitor.complaints


async def test_postings_side_by_side(visit: Visit, board: Matched, screen: Screen) -> None:
    visitor = await visit(screen)
    await visitor.log_in(await _coder(board))
    await visitor.go("/feed")
    for number in (1, 2):
        await visitor.page.check(f"#compare-{number}")
    await visitor.press("Compare what is ticked")
    assert await visitor.count(".compare thead th") == 2
    assert await visitor.count(".compare .ledger") == 2
    assert await visitor.too_wide() == []
    await visitor.go(f"/jobs/compare?job={board.open[0]['slug']}&job={board.closed['slug']}")
    assert "no longer open" in await visitor.text("main [role=status]")
    assert not visitor.complaints


async def test_a_search_is_kept_and_finds_what_comes_in(visit: Visit, board: Matched, screen: Screen) -> None:
    visitor = await visit(screen)
    await visitor.log_in(await board.seeker())
    await visitor.go("/alerts")
    await visitor.page.fill("#q", "python")
    await visitor.page.fill("#location", "Oslo")
    await visitor.press("Go on")
    await visitor.press("Keep it and tell me of new postings")
    assert await visitor.text("main [role=status]") == (
        "Kept. New postings that it finds will be listed here."
    )
    name = "“python”, in Oslo"
    await visitor.press(f"Stop telling me of {name}")
    assert await visitor.count(".kept-search .badge") == 1
    await visitor.press(f"Remove {name}")
    assert await visitor.count(".kept-search") == 0
    assert not visitor.complaints


async def test_leaving_with_everything(visit: Visit, board: Matched, screen: Screen) -> None:
    """export, download, delete, receipt, and no way back in."""
    person = await _coder(board)
    visitor = await visit(screen, scripts=False)
    await visitor.log_in(person)
    await visitor.go("/settings/data")
    await visitor.press("Make a copy")
    await board.work()
    await visitor.go("/settings/data")
    async with visitor.page.expect_download() as download:
        await visitor.page.get_by_role("link", name="Download").click()
    file = await (await download.value).path()
    assert zipfile.is_zipfile(file)
    await visitor.press("Delete my account …", "link")
    await visitor.page.check("#confirmed")
    await visitor.press("Delete it for good")
    assert visitor.path.startswith("/erasures/")
    receipt = visitor.path
    await board.work()
    await visitor.go(receipt)
    assert await visitor.text("h1") == "The account is deleted"
    await visitor.log_in(person)
    assert await visitor.text("[role=alert]") == "E-mail or password is wrong."
    assert not visitor.complaints

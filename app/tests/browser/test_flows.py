"""S-402: what seekers come for, done in a real browser on a desk's and a phone's screen."""

from __future__ import annotations

import itertools

import pytest
from playwright.async_api import expect

from app.tests.browser.board import Board
from app.tests.browser.conftest import Visit
from app.tests.browser.visitor import Screen, Visitor
from app.tests.people import PASSWORD

_numbers = itertools.count(1)


async def test_s402_complete_job_search_flow(visit: Visit, board: Board, screen: Screen) -> None:
    visitor = await visit(screen)
    await visitor.log_in(await board.seeker())
    await visitor.go("/")
    await visitor.search("python developer")
    assert await visitor.count(".job-card") > 0
    assert await visitor.one("#job-search").input_value() == "python developer"
    assert not visitor.complaints


@pytest.mark.parametrize("scripts", [True, False], ids=["scripts", "no-scripts"])
async def test_from_an_account_to_an_application_and_back(
    visit: Visit, board: Board, screen: Screen, scripts: bool
) -> None:
    """register, log in, search, save, apply, see it listed, withdraw, log out."""
    visitor = await visit(screen, scripts=scripts)
    email = f"newcomer{next(_numbers)}@example.org"
    await _register(visitor, email)
    await visitor.press("Log in", "link")
    await visitor.enter(email, PASSWORD)
    assert visitor.path == "/dashboard"
    assert await visitor.count("#checklist li") == 3
    title = await _find_and_open(visitor, "python developer")
    await _save_and_apply(visitor, scripts=scripts)
    await visitor.press("Saved", "link")
    assert await visitor.text(".job-card h2") == title
    await visitor.press("Applications", "link")
    assert await visitor.text(".job-card h2") == title
    assert await visitor.text(".job-card .badge") == "Sent"
    await _withdraw(visitor)
    await visitor.press("Log out")
    assert visitor.path == "/"
    await visitor.go("/dashboard")
    assert visitor.path == "/login?next=/dashboard"
    assert not visitor.complaints


async def _register(visitor: Visitor, email: str) -> None:
    await visitor.go("/")
    await visitor.press("Register", "link")
    await visitor.page.get_by_label("Name").fill("New Comer")
    await visitor.page.get_by_label("E-mail").fill(email)
    await visitor.page.get_by_label("Password").fill(PASSWORD)
    await visitor.press("Make the account")
    assert await visitor.text("h1") == "Nearly done"


async def _find_and_open(visitor: Visitor, words: str) -> str:
    """The title of the first result, whose page the visitor is then on."""
    await visitor.press("Jobs", "link")
    await visitor.search(words)
    first = visitor.one(".job-card a").first
    title = await first.inner_text()
    async with visitor.page.expect_navigation():
        await first.click()
    assert await visitor.text("h1") == title
    similar = await visitor.one("[aria-labelledby=similar] h3").all_inner_texts()
    assert similar
    assert title not in similar
    return title


async def _save_and_apply(visitor: Visitor, *, scripts: bool) -> None:
    """Saving changes the page in place, or without a script leads to it again; applying always does."""
    if scripts:
        await visitor.page.get_by_role("button", name="Save for later").click()
        await expect(visitor.one(".toast")).to_have_text("Saved. You find it on your dashboard.")
        await expect(visitor.one("#save-button")).to_have_text("Remove from saved")
    else:
        await visitor.press("Save for later")
        assert await visitor.text("[role=status]") == "Saved. You find it on your dashboard."
    await visitor.page.get_by_label("Cover letter").fill("I keep timetables.\nIn Python.")
    await visitor.press("Send my application")
    assert await visitor.text("[role=status]") == "Your application is sent."
    assert await visitor.count("#apply-button") == 0


async def _withdraw(visitor: Visitor) -> None:
    """Cannot be undone, so it takes two steps."""
    button = visitor.page.get_by_role("button", name="Withdraw for good")
    assert not await button.is_visible()
    await visitor.one(".job-card summary").click()
    await visitor.press("Withdraw for good")
    assert await visitor.text("[role=status]") == "Your application is withdrawn."
    assert await visitor.text(".job-card .badge") == "Withdrawn"
    assert await visitor.count(".job-card summary") == 0


async def test_a_wrong_password_says_so_and_keeps_the_address(
    visit: Visit, board: Board, screen: Screen
) -> None:
    person = await board.seeker()
    visitor = await visit(screen)
    await visitor.go("/login?next=/saved")
    await visitor.enter(person.email, "not the password")
    assert await visitor.text("[role=alert]") == "E-mail or password is wrong."
    assert await visitor.one("#email").input_value() == person.email
    assert await visitor.one("#password").input_value() == ""
    await visitor.enter(person.email, PASSWORD)
    assert visitor.path == "/saved"
    assert not visitor.complaints


async def test_a_profile_is_changed_and_kept(visit: Visit, board: Board, screen: Screen) -> None:
    visitor = await visit(screen)
    await visitor.log_in(await board.seeker())
    await visitor.press("Profile and settings", "link")
    await visitor.page.get_by_label("Job title").fill("Python developer")
    await visitor.page.get_by_label("Skills").fill("Python, SQL")
    await visitor.page.get_by_label("Remote or on site").select_option("remote")
    await visitor.press("Save")
    assert await visitor.text("main [role=status]") == "Saved."
    await visitor.go("/dashboard")
    assert await visitor.count("#checklist .done") == 1
    await visitor.press("Profile and settings", "link")
    assert await visitor.page.get_by_label("Skills").input_value() == "Python, SQL"
    assert await visitor.page.get_by_label("Remote or on site").input_value() == "remote"
    assert not visitor.complaints


async def test_without_matching_the_dashboard_says_so_and_still_shows_postings(
    visit: Visit, board: Board, screen: Screen
) -> None:
    visitor = await visit(screen)
    await visitor.log_in(await board.seeker(desired_title="Python developer", skills=["Python"]))
    assert (await visitor.text("main [role=status]")).startswith("Matching is not available right now.")
    assert await visitor.count("[aria-labelledby=recommended] .job-card") > 0
    await visitor.go("/jobs?q=python&sort=match")
    assert (await visitor.text("main [role=status]")).startswith("Matching is not available right now")
    assert await visitor.count(".job-card") > 0
    assert not visitor.complaints


async def test_a_closed_posting_leads_to_open_ones(visit: Visit, board: Board, screen: Screen) -> None:
    visitor = await visit(screen)
    await visitor.go(f"/jobs/{board.closed['slug']}", 410)
    assert await visitor.text("h1") == "This posting is closed"
    async with visitor.page.expect_navigation():
        await visitor.one(".job-card a").first.click()
    assert await visitor.page.get_by_role("link", name="Log in to save or apply").is_visible()
    assert not visitor.complaints


async def test_no_results_lead_to_some(visit: Visit, board: Board, screen: Screen) -> None:
    visitor = await visit(screen)
    await visitor.go("/")
    await visitor.search("python zzqqxx")
    assert await visitor.text("#found") == "No postings found"
    async with visitor.page.expect_navigation():
        await visitor.one(".results .empty a").first.click()
    assert await visitor.count(".job-card") > 0
    assert not visitor.complaints


async def test_filters_are_a_form_and_results_a_shareable_address(
    visit: Visit, board: Board, screen: Screen
) -> None:
    """Without a script, so that the button does it."""
    visitor = await visit(screen, scripts=False)
    await visitor.go("/jobs?q=python")
    await visitor.open_filters()
    await visitor.one("#remote-remote").check()
    await visitor.press("Apply filters")
    assert "remote=remote" in visitor.path
    shown = await visitor.text("#found")
    other = await visit(screen)
    await other.go(visitor.path)
    assert await other.text("#found") == shown
    assert await other.one("#remote-remote").is_checked()
    assert not visitor.complaints + other.complaints

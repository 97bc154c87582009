"""Where htmx makes pages calmer: nothing reloads, the address follows, the keyboard stays where it was."""

from __future__ import annotations

import re

from playwright.async_api import expect

from app.tests.browser.board import Board
from app.tests.browser.conftest import Visit
from app.tests.browser.visitor import Screen

MARK = "() => { window.sameDocument = true; }"
IS_SAME = "() => window.sameDocument === true"


async def test_filters_change_the_results_in_place(visit: Visit, board: Board, screen: Screen) -> None:
    visitor = await visit(screen)
    await visitor.go("/jobs?q=python")
    await visitor.page.evaluate(MARK)
    everything = await visitor.text("#found")
    await visitor.open_filters()
    await visitor.one("#remote-remote").check()
    await expect(visitor.page).to_have_url(f"{board.url}/jobs?q=python&remote=remote")
    await expect(visitor.one("#found")).not_to_have_text(everything)
    assert await visitor.one("#remote-remote").is_checked()
    await expect(visitor.one("#remote-remote")).to_be_focused()
    assert await visitor.one("#remote-remote").is_visible(), "what was folded out stays open"
    await visitor.page.get_by_label("Without Remote").click()
    await expect(visitor.page).to_have_url(f"{board.url}/jobs?q=python")
    await expect(visitor.one("#found")).to_have_text(everything)
    assert await visitor.page.evaluate(IS_SAME)
    assert not visitor.complaints


async def test_the_way_back_is_the_page_of_before(visit: Visit, board: Board, screen: Screen) -> None:
    visitor = await visit(screen)
    await visitor.go("/jobs?q=python")
    before = await visitor.text("#found")
    await visitor.open_filters()
    await visitor.one("#remote-remote").check()
    await expect(visitor.page).to_have_url(re.compile("remote=remote"))
    await visitor.page.go_back()
    await expect(visitor.one("#found")).to_have_text(before)
    await expect(visitor.one("header.top")).to_be_visible()
    assert not visitor.complaints


async def test_saving_says_so_and_stays(visit: Visit, board: Board, screen: Screen) -> None:
    visitor = await visit(screen)
    await visitor.log_in(await board.seeker())
    await visitor.go("/jobs?q=python")
    await visitor.page.evaluate(MARK)
    title = await visitor.one(".job-card h3").first.inner_text()
    await visitor.page.get_by_role("button", name=f"Save for later: {title}").click()
    await expect(visitor.one(".toast")).to_have_text("Saved. You find it on your dashboard.")
    undo = visitor.page.get_by_role("button", name=f"Remove from saved: {title}")
    await expect(undo).to_be_visible()
    assert await visitor.page.evaluate(IS_SAME)
    await visitor.go("/saved")
    assert await visitor.text(".job-card h2") == title
    assert not visitor.complaints


async def test_a_session_that_ended_leads_to_the_login(visit: Visit, board: Board, screen: Screen) -> None:
    person = await board.seeker()
    visitor = await visit(screen)
    await visitor.log_in(person)
    await visitor.go("/jobs?q=python")
    await visitor.page.context.clear_cookies(name=re.compile("session"))
    await visitor.one(".job-card form.save button").first.click()
    await expect(visitor.page.get_by_role("heading", name="Log in")).to_be_visible()
    assert visitor.path == "/login?next=%2Fjobs%3Fq%3Dpython"


async def test_who_is_offline_is_told(visit: Visit, board: Board, screen: Screen) -> None:
    visitor = await visit(screen)
    await visitor.go("/jobs?q=python")
    banner = visitor.one("#offline")
    await expect(banner).to_be_empty()
    await visitor.page.context.set_offline(True)
    await expect(banner).to_contain_text("You are offline.")
    await visitor.page.context.set_offline(False)
    await expect(banner).to_be_empty()


async def test_the_menu_of_the_account_opens_and_closes_by_keyboard(
    visit: Visit, board: Board, screen: Screen
) -> None:
    visitor = await visit(screen)
    await visitor.log_in(await board.seeker())
    await visitor.one("#account summary").focus()
    await visitor.page.keyboard.press("Enter")
    await expect(visitor.one("#logout-button")).to_be_visible()
    await visitor.page.keyboard.press("Enter")
    await expect(visitor.one("#logout-button")).to_be_hidden()
    assert not visitor.complaints

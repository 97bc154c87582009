"""S-402: what seekers come for, done in a real browser on a desk's and a phone's screen."""

from __future__ import annotations

from app.tests.browser.board import Board
from app.tests.browser.conftest import Visit
from app.tests.browser.visitor import Screen


async def test_s402_complete_job_search_flow(visit: Visit, board: Board, screen: Screen) -> None:
    person = await board.seeker()
    visitor = await visit(screen)
    await visitor.log_in(person)
    await visitor.go("/")
    search = visitor.one("#job-search")
    await search.fill("python developer")
    async with visitor.page.expect_navigation():
        await search.press("Enter")
    assert await visitor.count(".job-card") > 0
    assert await search.input_value() == "python developer"
    assert not visitor.complaints

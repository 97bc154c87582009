"""A real browser for the whole run, before the real app over HTTP with a small board behind it.

The serving layer is absent, as it may be one day: every page has to work without it.
"""

from __future__ import annotations

import os
import subprocess
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack
from pathlib import Path

import pytest
from playwright.async_api import Browser, async_playwright
from sqlalchemy import URL

from app.main import create_app
from app.tests.browser.board import Board, fill
from app.tests.browser.visitor import Screen, Visitor
from app.tests.conftest import client_of, settings_for
from app.tests.listening import listening

FINDER = Path(__file__).parents[3] / ".ci" / "browser"
MISSING = "no browser: `.ci/browser` installs one, BROWSER_PATH names one, BROWSER_TESTS=off does without"
SCREENS = {"wide": Screen(1280, 900), "phone": Screen(390, 844)}
Visit = Callable[..., Awaitable[Visitor]]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Left out only when somebody said so: a machine without a browser fails."""
    if os.environ.get("BROWSER_TESTS") != "off":
        return
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker(pytest.mark.skip(reason="BROWSER_TESTS=off"))


@pytest.fixture(scope="session")
def browser_path() -> str:
    found = subprocess.run([str(FINDER), "--find"], capture_output=True, text=True, check=False)
    return found.stdout.strip() or pytest.fail(MISSING, pytrace=False)


@pytest.fixture(scope="session")
async def chromium(browser_path: str) -> AsyncIterator[Browser]:
    """Without its sandbox: root has none, and it opens nothing but pages of ours."""
    async with async_playwright() as driver:
        browser = await driver.chromium.launch(executable_path=browser_path, chromium_sandbox=False)
        yield browser
        await browser.close()


@pytest.fixture(scope="session")
async def board(
    new_database: Callable[[], URL], tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Board]:
    index = tmp_path_factory.mktemp("index")
    app = create_app(settings_for(new_database(), search_url=f"tantivy:{index}"))
    async with app.router.lifespan_context(app), client_of(app) as client, listening(app) as port:
        yield await fill(app, client, index, f"http://127.0.0.1:{port}")


@pytest.fixture(params=SCREENS, scope="session")
def screen(request: pytest.FixtureRequest) -> Screen:
    return SCREENS[request.param]


@pytest.fixture
async def visit(chromium: Browser, board: Board) -> AsyncIterator[Visit]:
    """Opens a window of a new visitor; afterwards nothing may have gone wrong in it."""
    async with AsyncExitStack() as stack:

        async def open_window(screen: Screen, *, scripts: bool = True) -> Visitor:
            context = await chromium.new_context(
                base_url=board.url,
                viewport={"width": screen.width, "height": screen.height},
                has_touch=screen.is_touched,
                java_script_enabled=scripts,
                reduced_motion="reduce",
            )
            stack.push_async_callback(context.close)
            context.set_default_timeout(10_000)
            return Visitor(await context.new_page(), board)

        yield open_window

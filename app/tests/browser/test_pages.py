"""True of every page: nobody scrolls sideways at 360 px, and axe finds nothing serious (WCAG 2.2 AA).

Wide pages are looked at in light colours, a phone's in dark ones, so that the contrast of both is tested.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from playwright.async_api import expect

from app.tests.browser.board import Board
from app.tests.browser.conftest import Visit
from app.tests.browser.visitor import Screen, Visitor
from app.tests.people import Person
from app.web import assets

AXE = assets.FOLDER.parent / "node_modules" / "axe-core" / "axe.min.js"
#: `preload` would fetch style sheets by script, which our pages allow nobody.
RUN_AXE = """() => axe.run(document, {
  preload: false,
  resultTypes: ["violations"],
  runOnly: ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"],
}).then(found => found.violations
  .filter(rule => ["serious", "critical"].includes(rule.impact))
  .map(rule => [rule.id, rule.nodes.map(node => node.html.slice(0, 200))]))"""
UNFOLD = "() => document.querySelectorAll('details').forEach(node => { node.open = true; })"
NARROW = Screen(360, 740)
KINDS = ("anybody", "newcomer", "regular")


@pytest.fixture(scope="session")
def axe() -> str:
    if not AXE.exists():
        pytest.fail("axe-core is missing: `.ci/browser` installs it", pytrace=False)
    return Path(AXE).read_text(encoding="utf-8")


async def pages(visitor: Visitor, board: Board, kind: str) -> AsyncIterator[str]:
    """Stops at each page that this kind of visitor can come to, with what can be folded out open."""
    for path, status in await _paths(visitor, board, kind):
        await visitor.go(path, status)
        await visitor.page.evaluate(UNFOLD)
        yield path


async def _paths(visitor: Visitor, board: Board, kind: str) -> list[tuple[str, int]]:
    if kind == "anybody":
        return [
            ("/", 200),
            ("/jobs", 200),
            ("/jobs?q=python&skills=Python&salary_min=lots", 422),
            ("/jobs?q=zzqqxx&location=Oslo", 200),
            (f"/jobs/{board.open[0]['slug']}", 200),
            (f"/jobs/{board.long['slug']}", 200),
            (f"/jobs/{board.closed['slug']}", 410),
            ("/login", 200),
            ("/register", 200),
            (f"/companies/{board.open[0]['company']['slug']}", 200),
            ("/trust", 200),
            ("/pricing", 200),
            ("/developers", 200),
            ("/nothing-here", 404),
        ]
    person = await (board.seeker() if kind == "newcomer" else board.busy_seeker())
    await visitor.log_in(person)
    own = ["/dashboard", "/saved", "/applications", "/profile", "/resumes"]
    if kind == "regular":
        own += await _resume_pages(person)
    jobs = [board.open[2], board.long, board.external]
    return [(path, 200) for path in [*own, *[f"/jobs/{job['slug']}" for job in jobs if kind == "regular"]]]


async def _resume_pages(person: Person) -> list[str]:
    document = {
        "basics": {"name": "Ann Example", "label": "Data Engineer", "summary": "Keeps pipelines boring."},
        "work": [
            {"name": "Acme", "position": "Engineer", "startDate": "2019-03", "highlights": ["Wrote SQL."]}
        ],
        "skills": [{"name": "Python"}, {"name": "W" * 60}],
    }
    made = await person.post("/api/v1/resumes/", json={"name": "Main", "document": document})
    assert made.status_code == 201, made.text
    of_it = f"/resumes/{made.json()['id']}"
    return [of_it, f"{of_it}/edit", f"{of_it}/check"]


@pytest.mark.parametrize("kind", KINDS)
async def test_axe_finds_nothing_serious(
    visit: Visit, board: Board, screen: Screen, kind: str, axe: str
) -> None:
    visitor = await visit(screen)
    await visitor.page.emulate_media(color_scheme="dark" if screen.is_touched else "light")
    found: dict[str, list[Any]] = {}
    async for path in pages(visitor, board, kind):
        await visitor.page.evaluate(axe)
        found[path] = await visitor.page.evaluate(RUN_AXE)
    assert len(found) >= 4
    assert not {path: violations for path, violations in found.items() if violations}
    assert not visitor.complaints


@pytest.mark.parametrize("kind", KINDS)
async def test_nobody_scrolls_sideways_at_360_px(visit: Visit, board: Board, kind: str) -> None:
    visitor = await visit(NARROW)
    found = {path: await visitor.too_wide() async for path in pages(visitor, board, kind)}
    assert len(found) >= 4
    assert not {path: nodes for path, nodes in found.items() if nodes}


async def test_what_was_refused_is_announced_and_tied_to_its_field(
    visit: Visit, board: Board, screen: Screen, axe: str
) -> None:
    visitor = await visit(screen)
    await visitor.go("/register")
    await visitor.page.fill("#email", "somebody@example.org")
    await visitor.page.fill("#password", "password")
    await visitor.press("Make the account")
    assert await visitor.count("[role=alert]") == 1
    described = await visitor.one("#password").get_attribute("aria-describedby")
    assert await visitor.one(f"#{described}.error").is_visible()
    await visitor.page.evaluate(axe)
    assert await visitor.page.evaluate(RUN_AXE) == []


async def test_the_keyboard_reaches_the_content_first(visit: Visit, board: Board, screen: Screen) -> None:
    visitor = await visit(screen)
    await visitor.go("/jobs")
    await visitor.page.keyboard.press("Tab")
    skip = visitor.page.get_by_role("link", name="Skip to the content")
    await expect(skip).to_be_focused()
    box = await skip.bounding_box()
    assert box is not None
    assert box["x"] >= 0
    await visitor.page.keyboard.press("Enter")
    await expect(visitor.page).to_have_url(f"{board.url}/jobs#main")
    await visitor.page.keyboard.press("Tab")
    await expect(visitor.one("#job-search")).to_be_focused()

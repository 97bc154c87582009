"""True of a seeker's own pages as well: axe finds nothing serious, and nobody scrolls sideways at 360 px."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from typing import Any

import pytest
from sqlalchemy import URL

from app.tests.browser.conftest import Visit
from app.tests.browser.matched import Matched, matched
from app.tests.browser.test_pages import NARROW, RUN_AXE, UNFOLD, axe
from app.tests.browser.visitor import Screen, Visitor
from app.tests.reader import RESUME

__all__ = ["axe"]


@pytest.fixture(scope="session")
async def board(
    new_database: Callable[[], URL], tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Matched]:
    async with matched(new_database, tmp_path_factory.mktemp("pages")) as made:
        yield made


PUBLIC = ("/try", "/forgot", "/verify", "/account/reset-password/?token=" + "x" * 30)
NEW = ("/feed", "/dashboard", "/onboarding/resume", "/onboarding/preferences", "/lab", "/alerts")
OLD = (
    *("/feed", "/feed?remote=remote&job_type=internship", "/dashboard", "/lab", "/alerts"),
    *("/alerts/new?q=python&location=Oslo", "/onboarding/confirm", "/settings/profile", "/settings/privacy"),
    *("/settings/security", "/settings/data", "/settings/data/delete", "/settings/confirm"),
)


async def pages(visitor: Visitor, board: Matched) -> AsyncIterator[str]:
    """Stops at every page, with what can be folded out open."""
    for path in PUBLIC:
        yield await _open(visitor, path)
    file = {"name": "ada.txt", "mimeType": "text/plain", "buffer": RESUME.encode()}
    await visitor.go("/try")
    await visitor.page.set_input_files("#try-file", files=[file])  # type: ignore[arg-type,list-item]
    await visitor.press("Read it and show my matches")
    yield await _open(visitor, "/try")
    await visitor.log_in(await board.seeker())
    for path in NEW:
        yield await _open(visitor, path)
    await visitor.page.context.clear_cookies()
    person = await board.busy_seeker()
    await person.client.post(
        "/api/v1/resumes/import/", headers=person.headers, files={"file": ("ada.txt", RESUME.encode())}
    )
    search = {"name": "Python in Oslo", "query": {"q": "python", "location": "Oslo"}}
    await person.post("/api/v1/saved-searches/", json=search)
    await visitor.log_in(person)
    jobs = [board.open[2]["slug"], board.long["slug"], board.neighbour["slug"]]
    for path in (*OLD, "/jobs/compare?job=" + "&job=".join(jobs), f"/jobs/{jobs[1]}/why-not?above=3"):
        yield await _open(visitor, path)


async def _open(visitor: Visitor, path: str) -> str:
    await visitor.go(path)
    await visitor.page.evaluate(UNFOLD)
    return path


async def test_axe_finds_nothing_serious(visit: Visit, board: Matched, screen: Screen, axe: str) -> None:
    visitor = await visit(screen)
    await visitor.page.emulate_media(color_scheme="dark" if screen.is_touched else "light")
    found: dict[str, list[Any]] = {}
    async for path in pages(visitor, board):
        await visitor.page.evaluate(axe)
        found[path] = await visitor.page.evaluate(RUN_AXE)
    assert len(found) >= 20
    assert not {path: violations for path, violations in found.items() if violations}
    assert not visitor.complaints


async def test_nobody_scrolls_sideways_at_360_px(visit: Visit, board: Matched) -> None:
    visitor = await visit(NARROW)
    found = {path: await visitor.too_wide() async for path in pages(visitor, board)}
    assert not {path: nodes for path, nodes in found.items() if nodes}

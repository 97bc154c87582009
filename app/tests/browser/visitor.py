"""Somebody at a browser: types, clicks and reads, and notices what a page does behind their back."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from playwright.async_api import ConsoleMessage, Locator, Page, Request

from app.tests.browser.board import Board
from app.tests.people import PASSWORD, Person

#: Chromium's note on a page whose status is 400 or more; the tests look at statuses themselves.
STATUS_NOTE = "Failed to load resource: the server responded with a status of"
#: From this width on (56 rem) filters stand beside the results.
WIDE = 896
#: What the account's menu holds.
ACCOUNT = ("Profile and settings", "Raise my match", "Log out")
WIDER_THAN_ITS_WINDOW = """() => {
  const width = document.documentElement.clientWidth;
  const wide = [...document.querySelectorAll("body *")]
    .filter(node => node.getBoundingClientRect().right > width + 1)
    .map(node => node.outerHTML.slice(0, 120));
  return document.documentElement.scrollWidth > width ? wide.concat("the document") : [];
}"""


@dataclass(frozen=True, slots=True)
class Screen:
    """CSS pixels."""

    width: int
    height: int

    @property
    def is_touched(self) -> bool:
        return self.width < 600


@dataclass
class Visitor:
    page: Page
    board: Board
    complaints: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.page.on("console", self._hear)
        self.page.on("pageerror", lambda error: self.complaints.append(f"error: {error}"))
        self.page.on("request", self._watch)

    def _hear(self, message: ConsoleMessage) -> None:
        if message.type in ("error", "warning") and not message.text.startswith(STATUS_NOTE):
            self.complaints.append(f"{self.page.url}: {message.text}")

    def _watch(self, request: Request) -> None:
        if not request.url.startswith((self.board.url, "data:")):
            self.complaints.append(f"{self.page.url} asked for {request.url}")

    async def go(self, path: str, status: int = 200) -> None:
        answer = await self.page.goto(path)
        assert answer is not None
        assert answer.status == status, f"{path}: {answer.status}"

    @property
    def path(self) -> str:
        return self.page.url.removeprefix(self.board.url)

    def one(self, selector: str) -> Locator:
        return self.page.locator(selector)

    async def count(self, selector: str) -> int:
        return await self.page.locator(selector).count()

    async def text(self, selector: str) -> str:
        return " ".join((await self.page.locator(selector).inner_text()).split())

    async def press(self, name: str, role: Any = "button") -> None:
        """The first that carries this name for everybody, who does not see included; waits for its page."""
        if name in ACCOUNT:
            await self.page.locator("#account summary").click()
        async with self.page.expect_navigation():
            await self.page.get_by_role(role, name=name, exact=True).first.click()

    async def search(self, words: str) -> None:
        """With RETURN, from the page the visitor is on."""
        await self.page.fill("#job-search", words)
        async with self.page.expect_navigation():
            await self.page.press("#job-search", "Enter")

    async def open_filters(self) -> None:
        """Beside the results they are always open; on a phone they are folded away."""
        if self.page.viewport_size and self.page.viewport_size["width"] < WIDE:
            await self.one("#filters summary").click()

    async def log_in(self, person: Person) -> None:
        await self.go("/login")
        await self.enter(person.email, PASSWORD)

    async def enter(self, email: str, password: str) -> None:
        await self.page.fill("#email", email)
        await self.page.fill("#password", password)
        async with self.page.expect_navigation():
            await self.page.click("#login-button")

    async def too_wide(self) -> list[str]:
        """What reaches beyond the right edge of the window; empty when nobody has to scroll sideways."""
        found: list[str] = await self.page.evaluate(WIDER_THAN_ITS_WINDOW)
        return found

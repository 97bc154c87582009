"""A browser without a script: keeps cookies, follows links, fills forms and says where it came from."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import httpx
from fastapi import FastAPI
from selectolax.lexbor import LexborHTMLParser, LexborNode

from app.tests.conftest import client_of

ORIGIN = "http://localhost"


@dataclass(frozen=True, slots=True)
class Page:
    answer: httpx.Response
    tree: LexborHTMLParser

    @property
    def status(self) -> int:
        return self.answer.status_code

    @property
    def path(self) -> str:
        return self.answer.url.raw_path.decode()

    def all(self, selector: str) -> list[LexborNode]:
        return self.tree.css(selector)

    def one(self, selector: str) -> LexborNode:
        found = self.tree.css(selector)
        assert len(found) == 1, f"{len(found)} of {selector} in {self.answer.text[:3000]}"
        return found[0]

    def text(self, selector: str = "body") -> str:
        return " ".join(self.one(selector).text().split())


class Browser:
    def __init__(self, app: FastAPI) -> None:
        self.app = app
        self.client = client_of(app)
        self.client.headers["Accept"] = "text/html,application/xhtml+xml,*/*;q=0.8"

    async def get(self, path: str) -> Page:
        return page_of(await self.client.get(path, follow_redirects=True))

    async def send(self, page: Page, holds: str, origin: str | None = ORIGIN, **typed: str) -> Page:
        """Fills and sends the one form of the page that holds `holds` (a selector)."""
        form = next(form for form in page.all("form") if form.css(holds))
        method, action = form.attributes.get("method", "get"), form.attributes["action"]
        values = fields(form)
        unknown = typed.keys() - values.keys()
        assert not unknown, f"the form has no {unknown}"
        values |= typed
        headers = {"Origin": origin} if origin else {}
        sent: dict[str, Any] = {"data": values} if method == "post" else {"params": values}
        answer = await self.client.request(
            method.upper(), str(action), headers=headers, follow_redirects=True, **sent
        )
        return page_of(answer)

    async def log_in(self, email: str, password: str, target: str = "") -> Page:
        page = await self.get("/login" + (f"?next={target}" if target else ""))
        return await self.send(page, "#login-button", email=email, password=password)


def fields(form: LexborNode) -> dict[str, str]:
    """What would be sent if nobody typed anything."""
    values = {}
    for node in form.css("input, textarea, select"):
        name = node.attributes.get("name")
        if not name or (node.attributes.get("type") == "checkbox" and "checked" not in node.attributes):
            continue
        chosen = node.css_first("option[selected]") if node.tag == "select" else None
        value = chosen.attributes.get("value") if chosen else node.attributes.get("value")
        if node.tag == "textarea":
            value = node.text()
        values[name] = value or ""
    return values


def page_of(answer: httpx.Response) -> Page:
    assert answer.headers["content-type"] == "text/html; charset=utf-8", answer.text
    return Page(answer, LexborHTMLParser(answer.text))

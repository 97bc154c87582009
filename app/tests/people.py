"""Accounts and postings made through the API, as a person would make them."""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from typing import Any

import httpx

PASSWORD = "correct horse battery staple"
_numbers = itertools.count(1)


@dataclass(frozen=True, slots=True)
class Person:
    client: httpx.AsyncClient
    email: str
    tokens: dict[str, Any]

    @property
    def headers(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.tokens['access_token']}"}

    async def call(self, method: str, path: str, **kwargs: Any) -> httpx.Response:
        return await self.client.request(method, path, headers=self.headers, **kwargs)

    async def get(self, path: str, **kwargs: Any) -> httpx.Response:
        return await self.call("GET", path, **kwargs)

    async def post(self, path: str, **kwargs: Any) -> httpx.Response:
        return await self.call("POST", path, **kwargs)

    async def patch(self, path: str, **kwargs: Any) -> httpx.Response:
        return await self.call("PATCH", path, **kwargs)


@dataclass(frozen=True, slots=True)
class People:
    client: httpx.AsyncClient

    async def seeker(self, **profile: Any) -> Person:
        number = next(_numbers)
        email = f"person{number}@example.org"
        account = {"email": email, "password": PASSWORD}
        made = await self.client.post("/api/v1/auth/register/", json=account)
        assert made.status_code == 202, made.text
        login = await self.client.post("/api/v1/auth/login/", json=account)
        assert login.status_code == 200, login.text
        person = Person(self.client, email, login.json())
        if profile:
            changed = await person.patch("/api/v1/auth/profile/", json=profile)
            assert changed.status_code == 200, changed.text
        return person

    async def employer(self) -> tuple[Person, str]:
        """A member of a new company, and the company's slug."""
        person = await self.seeker()
        made = await person.post("/api/v1/companies/", json={"name": f"Company {next(_numbers)}"})
        assert made.status_code == 201, made.text
        return person, made.json()["slug"]


async def post_job(person: Person, company: str, **fields: Any) -> dict[str, Any]:
    body = {"company": company, "title": "Data Engineer", "description": "Build pipelines."} | fields
    made = await person.post("/api/v1/jobs/", json=body)
    assert made.status_code == 201, made.text
    return dict(made.json())

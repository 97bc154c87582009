"""The OpenAPI document is what the server does: generated requests on every operation (Schemathesis).

The suite sends some 4,000 requests: what covers each parameter's bounds, and a few drawn ones per operation.
`FUZZ_EXAMPLES=50 pytest -s app/tests/test_openapi.py` draws more; the count is printed at the end.
"""

from __future__ import annotations

import json
import os
from collections import Counter
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from itertools import cycle
from typing import Any

import jsonschema
import pytest
import schemathesis
from fastapi import FastAPI
from hypothesis import HealthCheck, Phase, settings
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)
from sqlalchemy import URL

from app.main import create_app
from app.tests.conftest import client_of, settings_for
from app.tests.crowd import crowd
from app.tests.listening import in_a_thread
from app.tests.matcher import Matcher, SmallRelease
from app.tests.people import post_job

EXAMPLES = int(os.environ.get("FUZZ_EXAMPLES", "4"))
CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_schema_conformance,
]
#: Callers taking turns: some operations end the session or the account they are called with.
CALLERS = 60
answered: Counter[int] = Counter()


@schemathesis.serializer("application/x-ndjson")
def lines(_: schemathesis.SerializationContext, value: Any) -> bytes:
    return value.encode() if isinstance(value, str) else json.dumps(value).encode()


@schemathesis.deserializer("application/x-ndjson")
def text_of(_: schemathesis.DeserializationContext, response: schemathesis.Response) -> str:
    return response.content.decode()


def _document() -> dict[str, Any]:
    return create_app(settings_for(URL.create("postgresql+psycopg", database="none"))).openapi()


schema = schemathesis.openapi.from_dict(_document())


@dataclass(frozen=True, slots=True)
class World:
    app: FastAPI
    base_url: str
    names: dict[str, str]
    tokens: Iterator[str]


@pytest.fixture(scope="module")
async def world(database_url: URL, small_release: SmallRelease) -> AsyncIterator[World]:
    """A real server with a company, a posting and an application in it, and one that reads and scores."""
    with in_a_thread(Matcher(small_release)) as reader_url:
        async with world_over(database_url, reader_url) as made:
            yield made


@asynccontextmanager
async def world_over(database_url: URL, reader_url: str) -> AsyncIterator[World]:
    app = create_app(settings_for(database_url, reader_url))
    async with client_of(app) as client:
        (owner,) = await crowd(app, client, 1, staff=True)
        company = (await owner.post("/api/v1/companies/", json={"name": "Fuzz & Co"})).json()["slug"]
        job = (await post_job(owner, company))["id"]
        application = (await owner.post(f"/api/v1/jobs/{job}/apply/")).json()["id"]
        callers = await crowd(app, client, CALLERS, staff=True)
        for person in callers:  # members of a company, so that requests get past the first check
            made = await person.post("/api/v1/companies/", json={"name": f"Co {person.email}"})
            assert made.status_code == 201, made.text
    names = {"job": job, "slug": company, "application": application, "account": owner.tokens["user"]["id"]}
    await app.state.database.close()  # its connections belong to this loop; the server has its own
    tokens = cycle([person.tokens["access_token"] for person in callers])
    with in_a_thread(app) as url:
        yield World(app, url, names, tokens)


@schema.parametrize()
@settings(
    max_examples=EXAMPLES,
    deadline=None,
    derandomize=True,
    database=None,
    phases=[Phase.explicit, Phase.generate],
    suppress_health_check=list(HealthCheck),
)
def test_every_operation_answers_as_documented(case: schemathesis.Case, world: World) -> None:
    known = {name: value for name, value in world.names.items() if name in (case.path_parameters or {})}
    if sum(answered.values()) % 4:  # three in four name something that exists
        case.path_parameters = {**case.path_parameters, **known}
    response = case.call(base_url=world.base_url, headers={"Authorization": f"Bearer {next(world.tokens)}"})
    answered[response.status_code] += 1
    case.validate_response(response, checks=CHECKS)


def test_every_json_body_has_an_example_that_its_schema_allows() -> None:
    document = _document()
    components, seen = document["components"], 0
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            for body in [operation.get("requestBody", {}), *operation["responses"].values()]:
                for kind, content in body.get("content", {}).items():
                    if not kind.endswith("json") or "Problem" in str(content["schema"]):
                        continue
                    schema_ = {**content["schema"], "components": components}
                    jsonschema.validate(
                        content["example"], schema_, format_checker=jsonschema.FormatChecker()
                    )
                    seen += 1
            assert operation["operationId"], (method, path)
    assert seen > 80
    assert document["openapi"].startswith("3.1")


def test_the_requests_reached_more_than_the_first_check() -> None:
    """Depends on the tests above: most of what they sent must not have ended at the door."""
    total = sum(answered.values())
    print(f"{total} requests: {dict(sorted(answered.items()))}")  # noqa: T201 - for the longer run
    assert total > 50
    assert answered[401] < 0.5 * total
    assert (
        answered[200] + answered[201] + answered[202] + answered[204] > 0.05 * total
    )  # most are wrong on purpose


def test_s320_signing_in_takes_and_gives_what_was_promised() -> None:
    document = _document()
    schemas = document["components"]["schemas"]
    login = document["paths"]["/api/v1/auth/login/"]["post"]
    asked = login["requestBody"]["content"]["application/json"]["schema"]["$ref"].rsplit("/", 1)[-1]
    email, password = (schemas[asked]["properties"][name] for name in ("email", "password"))
    assert (email["type"], email["format"]) == ("string", "email")
    assert (password["type"], password["minLength"]) == ("string", 8)
    assert set(schemas[asked]["required"]) == {"email", "password"}
    given = login["responses"]["200"]["content"]["application/json"]["schema"]["$ref"].rsplit("/", 1)[-1]
    assert {"access_token", "refresh_token", "user"} <= set(schemas[given]["required"])

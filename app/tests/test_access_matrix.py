"""Who may do what: every route of the route table, called by everybody there is.

| caller | |
|---|---|
| anonymous | no token |
| expired | a token whose time is over |
| other | a signed-in seeker who owns nothing here |
| foreign | a member of another company |
| staff | staff, member of no company |
| owner | the account, and member of the company, that what the path names belongs to |

What each must get follows from the policy the route declares and from whether its path (or body) names
something owned. Nothing is listed route by route: a new route is in the matrix by being there. One that
cannot be called, because nobody said what its path parameter is, fails.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

import httpx
import pytest
from fastapi import FastAPI

from app.auth.access import policies
from app.tests.crowd import crowd
from app.tests.people import Person, post_job
from app.tests.receipts import receipt_of

ACTORS = ("anonymous", "expired", "other", "foreign", "staff", "owner")
FORMATS_UUID = "0190a8f0-0000-7000-8000-000000000000"
#: Policy -> path parameters that name what somebody owns. Elsewhere the same parameter names what is
#: public (a posting to save) or what staff may see (anybody's account).
OWNED = {
    "user": {"application", "session_id", "export", "saved_search", "resume", "batch", "score_receipt"},
    "employer": {"job", "slug", "application"},
}
#: Names that are secrets themselves: whoever has one may use it, and a made-up one names nothing.
SECRET = {"receipt": FORMATS_UUID, "name": "0" * 32 + ".jpg"}
#: Operations whose body names what is owned.
OWNED_BY_BODY = {"POST /api/v1/jobs/"}
#: How the JSON schema says "any text of this shape" where its shape is not enough.
FORMATS = {
    "uuid": FORMATS_UUID,
    "email": "nobody@example.org",
    "date-time": "2030-01-01T00:00:00Z",
    "date": "2030-01-01",
    "uri": "https://example.org/",
    "password": "correct horse battery staple",
}


@pytest.fixture(scope="module")
async def application(matched: FastAPI) -> FastAPI:
    """Over a serving layer that answers: who may ask gets more than "not now"."""
    return matched


@dataclass(frozen=True, slots=True)
class World:
    """People, and what the owner owns. Each route gets one of its own, so that order is no matter."""

    people: dict[str, Person]
    names: dict[str, str]

    def headers(self, actor: str) -> dict[str, str]:
        return self.people[actor].headers if actor in self.people else {}


async def make_world(app: FastAPI, client: httpx.AsyncClient) -> World:
    other, foreign, owner = await crowd(app, client, 3)
    (staff,) = await crowd(app, client, 1, staff=True)
    (expired,) = await crowd(app, client, 1, expired=True)
    companies = {}
    for number, person in enumerate((foreign, owner)):
        made = await person.post("/api/v1/companies/", json={"name": f"{person.email} {number}"})
        assert made.status_code == 201, made.text
        companies[person.email] = made.json()["slug"]
    job = await post_job(owner, companies[owner.email], location="Oslo, Norway")
    application = (await owner.post(f"/api/v1/jobs/{job['id']}/apply/")).json()
    people = {"other": other, "foreign": foreign, "owner": owner, "staff": staff, "expired": expired}
    names = {
        "job": job["id"],
        "slug": companies[owner.email],
        "company": companies[owner.email],
        "application": application["id"],
        "account": owner.tokens["user"]["id"],
        "score_receipt": await receipt_of(app, owner),
    }
    return World(people, names)


class CannotCallError(Exception):
    pass


async def learn(world: World, name: str) -> str:
    """What a path parameter names: something of the owner's, made if it takes a call of its own."""
    owner = world.people["owner"]
    if name == "session_id":
        return str((await owner.get("/api/v1/auth/sessions/")).json()[0]["id"])
    if name == "export":
        return str((await owner.post("/api/v1/auth/exports/")).json()["id"])
    if name == "saved_search":
        search = {"name": "Python", "query": {"q": "python"}}
        return str((await owner.post("/api/v1/saved-searches/", json=search)).json()["id"])
    if name == "resume":
        resume = {"name": "Main", "document": {"basics": {"name": "Some One"}}}
        return str((await owner.post("/api/v1/resumes/", json=resume)).json()["id"])
    if name == "batch":
        asked = {"job_ids": [world.names["job"]]}
        return str((await owner.post("/api/v2/jobs/batch-summarize/", json=asked)).json()["id"])
    known = SECRET | world.names | {"number": "1"}
    if name not in known:
        raise CannotCallError(f"what is {{{name}}}? Teach make_world() or learn()")
    return known[name]


async def path_of(template: str, world: World) -> str:
    named = {name: await learn(world, name) for name in re.findall(r"\{(\w+)\}", template)}
    return template.format(**named)


def body_of(operation: dict[str, Any], document: dict[str, Any], world: World) -> Any:
    """The smallest JSON the operation's schema allows, naming what is in the world; None without one."""
    content = operation.get("requestBody", {}).get("content", {})
    if "application/json" not in content:
        return None
    return smallest(content["application/json"]["schema"], document, world, "")


def smallest(schema: dict[str, Any], document: dict[str, Any], world: World, name: str) -> Any:
    if "$ref" in schema:
        return smallest(
            document["components"]["schemas"][schema["$ref"].split("/")[-1]], document, world, name
        )
    if "anyOf" in schema:
        some = [one for one in schema["anyOf"] if one.get("type") != "null"]
        return smallest(some[0], document, world, name)
    for key in ("const", "default"):
        if key in schema:
            return schema[key]
    if "enum" in schema:
        return schema["enum"][0]
    return _of_type(schema, document, world, name)


def _of_type(schema: dict[str, Any], document: dict[str, Any], world: World, name: str) -> Any:
    match schema.get("type"):
        case "object":
            return {
                key: smallest(schema["properties"][key], document, world, key)
                for key in schema.get("required", [])
            }
        case "array":
            item = smallest(schema.get("items", {}), document, world, name.removesuffix("s"))
            return [item] * schema.get("minItems", 0)
        case "string":
            return (
                world.names.get(name)
                or FORMATS.get(schema.get("format", ""))
                or "x" * max(1, schema.get("minLength", 1))
            )
        case "integer" | "number":
            return schema.get("minimum", schema.get("exclusiveMinimum", 0) + 1)
        case "boolean":
            return True
    return {}


REFUSALS = frozenset({"not-authenticated", "invalid-token", "forbidden", "not-found"})


@dataclass(frozen=True, slots=True)
class Expectation:
    """`code` is the problem's, "" for whoever passes: anything but a refusal of the caller.

    `but` are refusals that say something else here.
    """

    status: int = 0
    code: str = ""
    but: frozenset[str] = frozenset()

    def holds(self, answer: httpx.Response) -> bool:
        code = ""
        if answer.headers.get("content-type", "").startswith("application/problem+json"):
            code = answer.json()["type"].rpartition(":")[2]
        if self.code:
            return (answer.status_code, code) == (self.status, self.code)
        refused = code in REFUSALS - self.but
        return answer.status_code < 500 and not refused


PASSES = Expectation()
#: Open to everybody; a token in the body may still be no good.
OPEN = Expectation(but=frozenset({"invalid-token"}))
#: Where the path names nothing, what is not found is something of the caller's own.
PASSES_UNNAMED = Expectation(but=frozenset({"not-found"}))
NOT_THERE = Expectation(404, "not-found")
FORBIDDEN = Expectation(403, "forbidden")
NO_TOKEN = Expectation(401, "not-authenticated")
BAD_TOKEN = Expectation(401, "invalid-token")


def expected(policy: str, actor: str, *, owned: bool) -> Expectation:
    """The whole policy, in one place."""
    if policy == "public":
        return OPEN
    if actor == "anonymous":
        return NO_TOKEN
    if actor == "expired":
        return BAD_TOKEN
    if policy == "staff":
        return PASSES if actor == "staff" else FORBIDDEN
    if policy == "staff-page":
        return PASSES if actor == "staff" else NOT_THERE
    if policy == "employer" and actor in ("other", "staff"):
        return FORBIDDEN
    if policy not in ("user", "employer"):
        raise CannotCallError(f"policy {policy!r} means what? Teach expected()")
    return NOT_THERE if owned and actor != "owner" else PASSES


def order(policy: str) -> list[str]:
    """Whoever may act goes last: the others must meet things as they were."""
    if policy == "public":  # it does not look at who is there: some are enough
        return ["anonymous", "expired", "other"]
    last = "staff" if policy.startswith("staff") else "owner"
    return sorted(ACTORS, key=lambda actor: actor == last)


async def mismatches(
    app: FastAPI, client: httpx.AsyncClient, method: str, template: str, policy: str
) -> tuple[list[str], int]:
    """(what is not as the policy says, status that the last caller got)."""
    route = f"{method} {template}"
    document = app.openapi()
    operation = document["paths"].get(template, {}).get(method.lower(), {})
    world = await make_world(app, client)
    try:
        path, body = await path_of(template, world), body_of(operation, document, world)
        named = set(re.findall(r"\{(\w+)\}", template))
        owned = bool(named & OWNED.get(policy, set())) or route in OWNED_BY_BODY
        secret = policy == "public" and bool(named & SECRET.keys())
        wrong, status = [], 0
        for actor in order(policy):
            answer = await client.request(method, path, json=body, headers=world.headers(actor))
            status = answer.status_code
            awaited = NOT_THERE if secret else expected(policy, actor, owned=owned)
            if awaited == PASSES and not named:
                awaited = PASSES_UNNAMED
            if policy == "public" and actor == "expired" and status == BAD_TOKEN.status:
                continue  # where a token is optional, one that is sent must still be good
            if not awaited.holds(answer):
                wrong.append(f"{route} as {actor}: wanted {awaited}, got {status} {answer.text[:200]}")
    except CannotCallError as error:
        return [f"{route}: {error}"], 0
    return wrong, status


@pytest.mark.parametrize("policy", ["public", "user", "employer", "staff", "staff-page"])
async def test_every_route_answers_everybody_as_its_policy_says(
    policy: str, application: FastAPI, client: httpx.AsyncClient
) -> None:
    """OWASP API1 (objects) and API5 (functions), 2023: see the module's docstring."""
    found: list[str] = []
    statuses = []
    for method, path, declared in policies(application):
        if declared == policy:
            wrong, status = await mismatches(application, client, method, path, policy)
            found += wrong
            statuses.append(status)
    assert not found, "\n".join(found)
    # most calls of those who may were really carried out: a matrix of 422s would prove little. What is
    # public and takes a body mostly wants a secret nobody here has. A form that did its work says 303.
    done = [status for status in statuses if 200 <= status < 300 or status == 303]
    assert len(done) >= (0.4 if policy == "public" else 0.6) * len(statuses), statuses


def test_every_policy_is_in_the_matrix(application: FastAPI) -> None:
    declared = {policy for _, _, policy in policies(application)}
    assert declared == {"public", "user", "employer", "staff", "staff-page"}


async def test_an_unknown_path_parameter_or_policy_fails(
    application: FastAPI, client: httpx.AsyncClient
) -> None:
    world = await make_world(application, client)
    assert await path_of("/jobs/{job}/", world) == f"/jobs/{world.names['job']}/"
    with pytest.raises(CannotCallError, match="secret"):
        await path_of("/things/{secret}/", world)
    with pytest.raises(CannotCallError, match="wizard"):
        expected("wizard", "owner", owned=False)


def test_an_expectation_tells_a_refusal_from_another_answer() -> None:
    def problem(status: int, code: str) -> httpx.Response:
        headers = {"content-type": "application/problem+json"}
        return httpx.Response(status, json={"type": f"urn:jobpilot:problem:{code}"}, headers=headers)

    assert PASSES.holds(httpx.Response(200))
    assert PASSES.holds(problem(422, "invalid-input"))
    assert not PASSES.holds(problem(401, "invalid-token"))
    assert OPEN.holds(problem(401, "invalid-token"))
    assert not OPEN.holds(problem(401, "not-authenticated"))
    assert not PASSES.holds(problem(403, "forbidden"))
    assert not PASSES.holds(problem(404, "not-found"))
    assert not PASSES.holds(httpx.Response(500))
    assert NOT_THERE.holds(problem(404, "not-found"))
    assert not NOT_THERE.holds(httpx.Response(200))
    assert not FORBIDDEN.holds(problem(404, "not-found"))

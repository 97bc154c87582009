"""Who may call what: a matrix made from the route table, and what others own is not there."""

from __future__ import annotations

import uuid

import httpx
import pytest
from fastapi import FastAPI

from app.auth.access import policies
from app.tests.people import People, Person, post_job
from app.tests.test_problems import is_problem

#: Declared in the code and repeated here: opening a route is a change that two files must agree on.
PUBLIC = {
    "GET /",
    "GET /account/reset-password/",
    "GET /account/verify-email/",
    "GET /api/docs/",
    "GET /api/openapi.json",
    "GET /api/v1/auth/erasures/{receipt}/",
    "GET /api/v1/companies/{slug}/",
    "GET /api/v1/jobs/",
    "GET /api/v1/jobs/{job}/",
    "GET /api/v1/jobs/{job}/jsonld/",
    "GET /api/v1/jobs/suggest/",
    "GET /api/v1/media/avatars/{name}",
    "GET /api/v2/jobs/{job}/requirements/",
    "GET /api/v2/jobs/{job}/summary/",
    "GET /api/v2/receipts/keys/",
    "GET /companies/{slug}/",
    "GET /developers/",
    "GET /erasures/{receipt}/",
    "GET /forgot/",
    "GET /health/",
    "GET /health/live/",
    "GET /health/ready/",
    "GET /jobs/",
    "GET /jobs/{job}/",
    "GET /login/",
    "GET /pricing/",
    "GET /register/",
    "GET /static/{name}",
    "GET /trust/",
    "GET /try/",
    "GET /verify/",
    "POST /account/reset-password/",
    "POST /account/verify-email/",
    "POST /api/v1/auth/login/",
    "POST /api/v1/auth/login/second-factor/",
    "POST /api/v1/auth/password/forgot/",
    "POST /api/v1/auth/password/reset/",
    "POST /api/v1/auth/refresh/",
    "POST /api/v1/auth/register/",
    "POST /api/v1/auth/verify-email/",
    "POST /api/v1/auth/verify-email/resend/",
    "POST /forgot/",
    "POST /login/",
    "POST /login/second-factor/",
    "POST /register/",
    "POST /try/",
    "POST /try/forget/",
    "POST /verify/",
}
EMPLOYER = {
    "GET /api/v1/employer/jobs/",
    "GET /api/v1/jobs/{job}/applicants/",
    "PATCH /api/v1/companies/{slug}/",
    "PATCH /api/v1/jobs/{job}/",
    "PATCH /api/v1/jobs/{job}/applicants/{application}/",
    "POST /api/v1/jobs/",
    "POST /api/v1/jobs/{job}/close/",
    "POST /api/v1/jobs/{job}/pause/",
    "POST /api/v1/jobs/{job}/reopen/",
    "POST /api/v1/jobs/{job}/resume/",
}


def filled(path: str) -> str:
    for name in ("{slug}", "{job}"):
        path = path.replace(name, "something")
    for name in (
        "{application}",
        "{session_id}",
        "{export}",
        "{receipt}",
        "{score_receipt}",
        "{account}",
        "{resume}",
        "{batch}",
    ):
        path = path.replace(name, str(uuid.uuid4()))
    path = path.replace("{number}", "1")
    return path.replace("{name}", "0" * 32 + ".jpg")


def test_every_route_declares_a_policy_and_these_are_open(application: FastAPI) -> None:
    found = {f"{method} {path}": policy for method, path, policy in policies(application)}
    assert all(found.values())
    assert {route for route, policy in found.items() if policy == "public"} == PUBLIC
    assert {route for route, policy in found.items() if policy == "employer"} == EMPLOYER


async def test_nobody_passes_a_closed_route_without_a_token(
    application: FastAPI, client: httpx.AsyncClient
) -> None:
    closed = [(method, path) for method, path, policy in policies(application) if policy != "public"]
    assert len(closed) >= 15
    for method, path in closed:
        for headers in ({}, {"Authorization": "Bearer wrong"}, {"Authorization": "Basic dTpw"}):
            answer = await client.request(method, filled(path), headers=headers)
            assert answer.status_code == 401, (method, path, headers)
            assert answer.headers["www-authenticate"] == "Bearer"


async def test_seekers_are_no_employers(people: People) -> None:
    seeker = await people.seeker()
    for route in EMPLOYER:
        method, path = route.split(" ")
        body = {} if "close" not in path else None
        if route == "POST /api/v1/jobs/":
            body = {"company": "x", "title": "y"}
        is_problem(await seeker.call(method, filled(path), json=body), 403, "forbidden")


@pytest.fixture(scope="module")
async def owner(people: People) -> tuple[Person, str]:
    return await people.employer()


async def test_another_companys_postings_are_not_there(people: People, owner: tuple[Person, str]) -> None:
    mine, company = owner
    other, _ = await people.employer()
    job = await post_job(mine, company)
    draft = await post_job(mine, company, status="draft")
    for reference in (job["id"], job["slug"], draft["id"]):
        is_problem(await other.patch(f"/api/v1/jobs/{reference}/", json={"title": "Taken"}), 404, "not-found")
        is_problem(await other.post(f"/api/v1/jobs/{reference}/close/"), 404, "not-found")
    is_problem(await other.get(f"/api/v1/jobs/{draft['id']}/"), 404, "not-found")
    is_problem(await other.post("/api/v1/jobs/", json={"company": company, "title": "x"}), 404, "not-found")
    is_problem(await other.patch(f"/api/v1/companies/{company}/", json={"website": ""}), 404, "not-found")
    assert (await mine.get(f"/api/v1/jobs/{draft['id']}/")).json()["status"] == "draft"
    assert (await mine.get(f"/api/v1/jobs/{job['id']}/")).json()["title"] == "Data Engineer"


async def test_another_seekers_lists_are_not_there(people: People, owner: tuple[Person, str]) -> None:
    employer, company = owner
    job = await post_job(employer, company)
    mine, other = await people.seeker(), await people.seeker()
    application = (await mine.post(f"/api/v1/jobs/{job['id']}/apply/")).json()
    await mine.post(f"/api/v1/jobs/{job['id']}/save/")
    is_problem(await other.get(f"/api/v1/applications/{application['id']}/"), 404, "not-found")
    assert (await mine.get(f"/api/v1/applications/{application['id']}/")).status_code == 200
    for path in ("/api/v1/saved/", "/api/v1/applications/"):
        assert (await other.get(path)).json()["results"] == []
        assert len((await mine.get(path)).json()["results"]) == 1
    assert (await other.call("DELETE", f"/api/v1/jobs/{job['id']}/save/")).status_code == 204
    assert len((await mine.get("/api/v1/saved/")).json()["results"]) == 1


async def test_the_reference_lists_every_operation_with_its_policy(client: httpx.AsyncClient) -> None:
    document = (await client.get("/api/openapi.json")).json()
    assert document["openapi"].startswith("3.1")
    operations = [item for methods in document["paths"].values() for item in methods.values()]
    assert {item["x-policy"] for item in operations} == {"public", "user", "employer", "staff"}
    names = [item["operationId"] for item in operations]
    assert len(names) == len(set(names)) >= 25
    page = await client.get("/api/docs/")
    assert page.status_code == 200
    assert "<script" not in page.text
    for path in document["paths"]:
        assert path in page.text
    login = document["components"]["schemas"]["LoginRequest"]["properties"]
    assert (login["email"]["format"], login["password"]["minLength"]) == ("email", 8)
    listed = {
        item["name"]: item["schema"] for item in document["paths"]["/api/v1/jobs/"]["get"]["parameters"]
    }
    assert {"q", "location", "job_type", "salary_min", "salary_max", "page", "limit"} <= listed.keys()
    assert (listed["limit"]["default"], listed["limit"]["maximum"], listed["page"]["default"]) == (20, 100, 1)

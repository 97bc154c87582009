"""Everything a posting says (S-350 to S-357), how it is read (S-135), and its JSON-LD."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import httpx
import psycopg
import pytest
from sqlalchemy import URL, text

from app.db import Database
from app.job.simhash import simhash
from app.job.text import safe_line, safe_text, tag_slug
from app.job.upkeep import annotate_batch
from app.reading import repository as reading_repository
from app.taxonomy import files
from app.taxonomy import service as taxonomy
from app.tests.conftest import plain
from app.tests.people import People, Person, post_job
from app.tests.test_problems import is_problem

JOBS = "/api/v1/jobs/"
LATER = "2999-01-01T00:00:00Z"


@pytest.fixture(scope="module")
async def employer(people: People) -> tuple[Person, str]:
    return await people.employer()


@pytest.fixture(scope="module")
async def loaded(database: Database) -> dict[str, int]:
    """Rows of the taxonomy, stored."""
    async with database.transaction() as session:
        return await taxonomy.load(session, files.folder())


async def one(database: Database, statement: str, **values: Any) -> Any:
    async with database.transaction() as session:
        return (await session.execute(text(statement), values)).one()


# -- text ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("given", "stored"),
    [
        ("<p>Hi <b>you</b><script>alert(1)</script></p><ul><li>a<li>b</ul>", "Hi you\n\na\nb"),
        ("<img src=x onerror=alert(1)>Text", "Text"),
        ("<<script>script>alert(1)</script>", "<"),
        ('<a href="javascript:alert(1)">click</a>', "click"),
        ("<style>p{}</style><p>Seen</p><!-- not -->", "Seen"),
        ("C++, std::vector<int> and a < b", "C++, std::vector<int> and a < b"),
        ("One.\n\nTwo.<br>Three.", "One.\n\nTwo.\nThree."),
        ("Fish &amp; <b>chips</b>", "Fish & chips"),
        ("<math><mtext></form><style><img src onerror=alert(1)></style></math>left", "left"),
    ],
)
def test_posted_html_becomes_safe_text(given: str, stored: str) -> None:
    assert safe_text(given) == stored
    assert safe_text(stored) == stored


def test_lines_and_tags() -> None:
    assert safe_line("<b>Data</b>\n Engineer") == "Data Engineer"
    assert [tag_slug(name) for name in ("Node.js", "C++", "C#", "R&D")] == [
        "node-js",
        "c-plus-plus",
        "c-sharp",
        "r-and-d",
    ]
    with pytest.raises(ValueError, match="Latin"):
        tag_slug("日本")


async def test_html_is_text_when_it_is_stored(employer: tuple[Person, str]) -> None:
    """S-350: title, description, requirements, benefits."""
    job = await post_job(
        *employer,
        title="<b>Data</b> Engineer",
        description="<p>Build.</p><p>Run.</p><script>x</script>",
        requirements="<ul><li>SQL</li><li>Go</li></ul>",
        benefits="<i>Tea</i>",
    )
    assert (job["title"], job["description"]) == ("Data Engineer", "Build.\n\nRun.")
    assert (job["requirements"], job["benefits"]) == ("SQL\nGo", "Tea")
    person, company = employer
    empty = await person.post(JOBS, json={"company": company, "title": "<script>x</script>"})
    is_problem(empty, 422, "invalid-input")


# -- lists, places, summaries ---------------------------------------------------------------------------


async def test_tags_are_shared_and_replaced(employer: tuple[Person, str], database: Database) -> None:
    """S-355: tags, many to many; the slug of a posting is its own."""
    first = await post_job(*employer, tags=["Big Data", "C++", "big-data"])
    second = await post_job(*employer, tags=["big data"])
    assert (first["tags"], second["tags"]) == (["big-data", "c-plus-plus"], ["big-data"])
    assert first["slug"] != second["slug"]
    changed = await employer[0].patch(f"{JOBS}{first['id']}/", json={"tags": ["C++"]})
    assert changed.json()["tags"] == ["c-plus-plus"]
    assert (await employer[0].patch(f"{JOBS}{first['id']}/", json={"title": "T"})).json()["tags"]
    row = await one(database, "SELECT count(*) FROM tag WHERE slug = 'big-data'")
    assert row[0] == 1


async def test_requirements_have_a_table(
    employer: tuple[Person, str], database: Database, loaded: dict[str, int]
) -> None:
    """S-354: skill_requirements, tied to the taxonomy where a name means one of its skills."""
    needed = [
        {"name": "Python", "importance": "must", "years": 3},
        {"name": "Juggling of flaming hedgehogs", "importance": "nice"},
        {"name": "python", "importance": "nice"},
    ]
    job = await post_job(*employer, skill_requirements=needed)
    assert job["skill_requirements"] == [
        {"name": "python", "importance": "nice", "years": None, "source": "employer"},
        {"name": "Juggling of flaming hedgehogs", "importance": "nice", "years": None, "source": "employer"},
    ]
    row = await one(
        database,
        "SELECT array_agg(t.label ORDER BY r.id) FROM skill_requirement r LEFT JOIN skill_term t "
        "ON t.id = r.term_id JOIN job j ON j.id = r.job_id WHERE j.public_id = :id",
        id=job["id"],
    )
    assert row[0] == ["Python", None]
    cleared = await employer[0].patch(f"{JOBS}{job['id']}/", json={"skill_requirements": []})
    assert cleared.json()["skill_requirements"] == []


async def test_a_place_is_a_row(
    employer: tuple[Person, str], database: Database, loaded: dict[str, int]
) -> None:
    """S-351: location as a row of the taxonomy; the text stays, and losing the row loses no posting."""
    job = await post_job(*employer, location="Berlin, Germany")
    assert (job["location"], job["place"]["label"]) == ("Berlin, Germany", "Berlin, DE")
    assert abs(job["place"]["lat"] - 52.52) < 0.1
    assert abs(job["place"]["lon"] - 13.41) < 0.1
    remote = await post_job(*employer, location="Remote")
    assert (remote["location"], remote["place"]) == ("Remote", None)
    moved = await employer[0].patch(f"{JOBS}{job['id']}/", json={"location": "Boston, MA"})
    assert (moved.json()["place"]["country"], moved.json()["place"]["region"]) == ("US", "MA")
    await one(database, "DELETE FROM location WHERE label = 'Boston, MA, US' RETURNING id")
    left = (await employer[0].get(f"{JOBS}{job['id']}/")).json()
    assert (left["location"], left["place"]) == ("Boston, MA", None)


async def test_the_taxonomy_is_loaded_once_per_version(
    database: Database, loaded: dict[str, int], tmp_path: Path
) -> None:
    """S-120: taxonomy rows, versioned by the hash of their files."""
    assert loaded["location"] > 30_000
    assert loaded["skill_term"] > 20_000
    async with database.transaction() as session:
        assert await taxonomy.load(session, files.folder()) == {}
    for name in (*files.PLACE_FILES, *files.SKILL_FILES):
        (tmp_path / name).write_bytes((files.folder() / name).read_bytes())
    with (tmp_path / "skills_extra.csv").open("a", encoding="utf-8") as file:
        file.write("jp:hedgehogs,Hedgehog juggling,skill,juggling of flaming hedgehogs\n")
    async with database.transaction() as session:
        again = await taxonomy.load(session, tmp_path)
    assert again == {"skill_term": loaded["skill_term"] + 1}
    row = await one(database, "SELECT label FROM skill_term WHERE taxonomy_id = 'jp:hedgehogs'")
    assert row[0] == "Hedgehog juggling"


def test_a_missing_taxonomy_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(files.FOLDER_VARIABLE, str(tmp_path))
    with pytest.raises(files.TaxonomyMissingError, match=str(tmp_path)):
        files.folder()
    with pytest.raises(files.TaxonomyMissingError, match="cities"):
        files.digest(tmp_path, files.PLACE_FILES)


async def test_a_summary_is_shown_while_the_content_is_the_one_it_sums_up(
    employer: tuple[Person, str], database: Database
) -> None:
    """S-354: ai_summary keyed by model version and content."""
    job = await post_job(*employer, description="Build pipelines.")
    row = await one(database, "SELECT id, content_hash FROM job WHERE public_id = :id", id=job["id"])
    async with database.transaction() as session:
        for version, words in (("m1", "Old."), ("m2", "Pipelines."), ("m1", "Older.")):
            values = {"model_version": version, "content_hash": row.content_hash, "summary": words}
            await reading_repository.store_summary(session, row.id, values)
    path = f"{JOBS}{job['id']}/"
    assert (await employer[0].get(path)).json()["ai_summary"] == {"text": "Pipelines.", "model_version": "m2"}
    await employer[0].patch(path, json={"description": "Something else."})
    assert (await employer[0].get(path)).json()["ai_summary"] is None
    stored = await one(database, "SELECT count(*) FROM job_summary WHERE job_id = :id", id=row.id)
    assert stored[0] == 2


async def test_money_deadlines_and_how_to_apply(employer: tuple[Person, str]) -> None:
    """S-352, S-353, S-357."""
    job = await post_job(
        *employer,
        salary_min=20,
        salary_max=25.5,
        salary_interval="hour",
        application_deadline=LATER,
        expires_at=LATER,
        application_instructions="<p>Write to us.</p>",
        application_limit=5,
    )
    assert (job["salary"]["currency"], job["salary"]["interval"], job["salary"]["source"]) == (
        "USD",
        "hour",
        "employer",
    )
    assert (job["salary"]["annual_min"], job["salary"]["annual_max"]) == (41600, 53040)
    assert (job["application_instructions"], job["application_limit"]) == ("Write to us.", 5)
    assert job["application_deadline"] == job["expires_at"] == LATER
    assert job["first_seen"] <= job["last_verified"]
    euros = await employer[0].patch(f"{JOBS}{job['id']}/", json={"salary_currency": "EUR"})
    assert euros.json()["salary"]["currency"] == "EUR"
    assert (await post_job(*employer))["salary"] is None


async def test_imported_postings_are_annotated_by_a_task(
    employer: tuple[Person, str], database: Database, loaded: dict[str, int]
) -> None:
    """S-357: simhash and place follow the text, whoever stored it; `updated_at` stays."""
    words = "We look for somebody who builds pipelines in Python with our team. " * 5
    async with database.transaction() as session:
        for number in range(3):
            await session.execute(
                text(
                    "INSERT INTO job (public_id, slug, company_id, title, description, location, posted_at, "
                    "source, external_id, content_hash, updated_at) "
                    "SELECT gen_random_uuid(), :slug, min(id), "
                    "'Engineer', :words, 'Toronto, Ontario', now(), 'feed', :slug, :slug, '2020-01-01' "
                    "FROM company"
                ),
                {"slug": f"imported-{number}", "words": words},
            )
    assert await annotate_batch(database) == 3
    assert await annotate_batch(database) == 0
    row = await one(
        database,
        "SELECT count(DISTINCT simhash), min(simhash), min(l.label), max(j.updated_at)::date::text "
        "FROM job j JOIN location l ON l.id = j.location_id WHERE source = 'feed'",
    )
    assert tuple(row) == (1, simhash("Engineer", words), "Toronto, ON, CA", "2020-01-01")


def test_fingerprints_tell_texts_apart() -> None:
    words = "We look for somebody who builds pipelines in Python with our team in Berlin. " * 5

    def apart(first: int, second: int) -> int:
        return ((first ^ second) & (2**64 - 1)).bit_count()

    same = simhash("Engineer", words)
    assert same == simhash("ENGINEER", words.upper())
    assert apart(same, simhash("Engineer", words + "Apply now.")) < 10
    assert apart(same, simhash("Nurse", "Care for people by day and by night, and be paid for it.")) > 15
    assert -(2**63) <= simhash("") < 2**63


# -- what the database refuses ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("statement", "constraint"),
    [
        ("UPDATE job SET title = repeat('x', 201)", "title_length"),
        ("UPDATE job SET application_limit = 0", "application_limit_positive"),
        ("UPDATE job SET requirements = repeat('x', 60001)", "requirements_length"),
        ("UPDATE job SET external_application_url = 'http://plain.example.com'", "apply_url_https"),
        ("UPDATE job SET external_application_url = 'javascript:alert(1)'", "apply_url_https"),
        ("UPDATE job SET salary_min = 2, salary_max = 1", "salary_ordered"),
        ("UPDATE job SET salary_source = 'guess'", "salary_source_known"),
        ("UPDATE job SET salary_interval = 'decade'", "salary_interval_known"),
        ("UPDATE job SET status = 'removed'", "closed_at_set"),
        ("INSERT INTO location (label, country) VALUES ('x', 'Germany')", "country_iso"),
        ("INSERT INTO location (label, country, lat) VALUES ('x', 'DE', 1)", "coordinates_together"),
        ("INSERT INTO location (label, country, lat, lon) VALUES ('x', 'DE', 91, 1)", "coordinates_on_earth"),
        ("INSERT INTO tag (slug, name) VALUES ('Not a slug', 'x')", "slug_shape"),
        (
            (
                "INSERT INTO skill_requirement (job_id, name, name_key, importance) "
                "SELECT min(id), 'x', 'x', 'maybe' FROM job"
            ),
            "importance_known",
        ),
        (
            (
                "INSERT INTO job_summary (job_id, model_version, content_hash, summary) "
                "SELECT min(id), 'm', 'h', '' FROM job"
            ),
            "summary_length",
        ),
        (
            (
                "INSERT INTO match_score (user_id, job_id, bundle_version, score, computed_at) "
                "SELECT (SELECT min(id) FROM app_user), min(id), 'b', 1.1, now() FROM job"
            ),
            "score_probability",
        ),
        ("INSERT INTO job_view (job_id, day) SELECT min(id), current_date FROM job", "one_viewer"),
    ],
)
async def test_the_database_refuses(
    statement: str, constraint: str, employer: tuple[Person, str], database_url: URL
) -> None:
    await post_job(*employer)
    with (
        psycopg.connect(plain(database_url)) as connection,
        pytest.raises(psycopg.errors.CheckViolation, match=constraint),
    ):
        connection.execute(statement)


# -- reading -------------------------------------------------------------------------------------------


async def test_an_etag_names_a_version(employer: tuple[Person, str], client: httpx.AsyncClient) -> None:
    """S-135: ETag and If-None-Match; the body is the same by id and by slug, and so is its tag."""
    job = await post_job(*employer)
    path = f"{JOBS}{job['id']}/"
    first = await client.get(path)
    tag = first.headers["etag"]
    assert tag == (await client.get(f"{JOBS}{job['slug']}/")).headers["etag"]
    for sent in (tag, f"W/{tag}", f'"other", {tag}', "*"):
        unchanged = await client.get(path, headers={"If-None-Match": sent})
        assert (unchanged.status_code, unchanged.content) == (304, b"")
        assert unchanged.headers["etag"] == tag
    assert (await client.get(path, headers={"If-None-Match": '"other"'})).status_code == 200
    changed = await employer[0].patch(path, json={"tags": ["new"]})
    again = await client.get(path, headers={"If-None-Match": tag})
    assert (again.status_code, again.headers["etag"]) == (200, changed.headers["etag"])


@pytest.mark.parametrize("action", ["", "pause/", "close/", "reopen/"])
async def test_if_match_guards_every_change(action: str, employer: tuple[Person, str]) -> None:
    person, company = employer
    job = await post_job(person, company)
    path = f"{JOBS}{job['id']}/"
    if action == "reopen/":
        await person.post(path + "close/")
    tag = (await person.get(path)).headers["etag"]
    method, body = ("PATCH", {"title": "New"}) if not action else ("POST", None)
    for stale in ('"other"', f"W/{tag}"):
        answer = await person.client.request(
            method, path + action, json=body, headers=person.headers | {"If-Match": stale}
        )
        is_problem(answer, 412, "precondition-failed")
    assert (await person.get(path)).headers["etag"] == tag
    done = await person.client.request(
        method, path + action, json=body, headers=person.headers | {"If-Match": tag}
    )
    assert done.status_code == 200, done.text
    assert done.headers["etag"] == (await person.get(path)).headers["etag"] != tag


async def test_a_closed_posting_names_alternatives(people: People, client: httpx.AsyncClient) -> None:
    """S-135: 410 with open postings like it, the likest first."""
    person, company = await people.employer()
    gone = await post_job(person, company, title="Glass Blower", skills=["Glass", "Fire"], location="Oslo")
    await post_job(person, company, title="Accountant", skills=["Ledgers"])
    near = await post_job(person, company, title="Glass Blower, nights", skills=["Glass", "Fire"])
    far = await post_job(person, company, title="Fire Eater", skills=["Fire"])
    hidden = await post_job(person, company, title="Glass Blower", skills=["Glass", "Fire"], status="draft")
    await person.post(f"{JOBS}{gone['id']}/close/")
    for path in (f"{JOBS}{gone['id']}/", f"{JOBS}{gone['slug']}/jsonld/"):
        answer = await client.get(path)
        is_problem(answer, 410, "gone")
        assert [row["id"] for row in answer.json()["alternatives"]] == [near["id"], far["id"]]
        assert hidden["id"] not in answer.text


@pytest.mark.parametrize(
    ("title", "skills"),
    [
        ('100% O\'Brien :name \\ "quoted" & | ! (x)', ["C:\\", "it's", '"', "{a,b}", "%s", ":id", "NULL"]),
        ("The of and", []),
        ("日本", ["日本"]),
    ],
)
async def test_alternatives_of_any_title(
    title: str, skills: list[str], people: People, client: httpx.AsyncClient
) -> None:
    person, company = await people.employer()
    job = await post_job(person, company, title=title, skills=skills)
    await post_job(person, company, title=title, skills=skills)
    await person.post(f"{JOBS}{job['id']}/close/")
    is_problem(await client.get(f"{JOBS}{job['id']}/"), 410, "gone")


# -- JSON-LD -------------------------------------------------------------------------------------------


def required(document: dict[str, Any]) -> None:
    """What Google's documentation of JobPosting requires (developers.google.com/search/docs/appearance/
    structured-data/job-posting)."""
    assert document["@context"] == "https://schema.org/"
    assert document["@type"] == "JobPosting"
    assert document["title"]
    assert document["datePosted"]
    assert document["description"].startswith("<p>")
    assert document["hiringOrganization"]["@type"] == "Organization"
    assert document["hiringOrganization"]["name"]
    if document.get("jobLocationType") == "TELECOMMUTE":
        assert document["applicantLocationRequirements"]["@type"] == "Country"
        assert document["applicantLocationRequirements"]["name"]
    else:
        assert document["jobLocation"]["@type"] == "Place"
        assert document["jobLocation"]["address"]["@type"] == "PostalAddress"
        assert len(document["jobLocation"]["address"]["addressCountry"]) == 2


async def test_a_posting_as_json_ld(employer: tuple[Person, str], client: httpx.AsyncClient) -> None:
    person, company = employer
    await person.patch(f"/api/v1/companies/{company}/", json={"website": "https://company.example.com"})
    job = await post_job(
        person,
        company,
        title="Chef </script><script>alert(1)",
        description="Cook & serve.\n\nNot <raw>.",
        location="Paris, France",
        job_type="part-time",
        salary_min=20,
        salary_max=30,
        salary_interval="hour",
        salary_currency="EUR",
        application_deadline="2998-01-01T00:00:00Z",
        expires_at=LATER,
    )
    link = (await client.get(f"{JOBS}{job['id']}/")).headers["link"]
    path = link.partition(">")[0].removeprefix("<")
    assert link.endswith('rel="alternate"; type="application/ld+json"')
    answer = await client.get(path)
    assert answer.headers["content-type"] == "application/ld+json"
    assert "<" not in answer.text
    document = json.loads(answer.text)
    required(document)
    assert document["description"] == "<p>Cook &amp; serve.</p><p>Not &lt;raw&gt;.</p>"
    assert document["jobLocation"]["address"]["addressLocality"] == "Paris"
    assert document["baseSalary"] == {
        "@type": "MonetaryAmount",
        "currency": "EUR",
        "value": {"@type": "QuantitativeValue", "unitText": "HOUR", "minValue": 20, "maxValue": 30},
    }
    assert (document["employmentType"], document["directApply"]) == ("PART_TIME", True)
    assert document["validThrough"].startswith("2998")
    assert document["hiringOrganization"]["sameAs"] == "https://company.example.com"
    assert document["identifier"]["value"] == job["id"]


async def test_remote_work_as_json_ld(employer: tuple[Person, str], client: httpx.AsyncClient) -> None:
    job = await post_job(
        *employer,
        location="Remote (US)",
        remote="remote",
        external_application_url="https://company.example.com/apply",
    )
    document = (await client.get(f"{JOBS}{job['id']}/jsonld/")).json()
    required(document)
    assert document["applicantLocationRequirements"]["name"] == "US"
    assert not document["directApply"]
    assert "jobLocation" not in document
    assert "baseSalary" not in document


@pytest.mark.parametrize("fields", [{"location": ""}, {"location": "Mars"}, {"description": ""}])
async def test_no_document_that_search_engines_would_refuse(
    fields: dict[str, Any], employer: tuple[Person, str], client: httpx.AsyncClient
) -> None:
    job = await post_job(*employer, **({"location": "Oslo, Norway"} | fields))
    assert "link" not in (await client.get(f"{JOBS}{job['id']}/")).headers
    is_problem(await client.get(f"{JOBS}{job['id']}/jsonld/"), 404, "not-found")

"""Text over HTTP: a real service with a release that reads text, and one that cannot."""

from __future__ import annotations

import asyncio
import base64
import io
import shutil
from collections.abc import AsyncIterator, Iterator

import pytest
from docx import Document

from models.bundle import ModelBundle
from models.release import set_champion
from models.testing import TRACKED_ROLES, tiny_release
from serving.client import ServingClient, ServingRejectedError, ServingUnavailableError
from serving.language_schemas import (
    FindSkillsRequest,
    ReadPostingsRequest,
    ReadResumeRequest,
    StandardizeRequest,
    SummarizeRequest,
)
from serving.schemas import JobDocument, RecommendRequest, UserDocument
from serving.tests.server import Server

DESCRIPTION = """You will run our data platform for all of our harbours.

Requirements:
- At least 3 years of Python and PostgreSQL
- Kubernetes is a plus
"""
POSTING = JobDocument(job_id=5, title="Senior Data Engineer", description=DESCRIPTION)
RESUME = """Ada Example
ada@example.org

Experience
Data Engineer, Harbour Lights
Mar 2019 - Feb 2023
- Moved nightly jobs to Apache Spark.

Skills
Python, PostgreSQL
"""


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory, bundle: ModelBundle) -> Iterator[Server]:
    folder = tmp_path_factory.mktemp("reading")
    shutil.copytree(TRACKED_ROLES, folder / "language" / "roles")
    releases = folder / "releases"
    tiny_release(releases, "reads", bundle, language=folder / "language")
    tiny_release(releases, "reads-not", bundle)
    set_champion(releases, "reads")
    settings = {"SERVING_WORKERS": 1, "SERVING_RESUME_CHILDREN": 2}
    with Server(releases, folder / "log", **settings) as server:
        server.wait_until_ready(1)
        server.releases = releases  # type: ignore[attr-defined]
        yield server


@pytest.fixture
async def client(server: Server) -> AsyncIterator[ServingClient]:
    async with ServingClient(f"http://127.0.0.1:{server.port}", timeout=30.0, text_timeout=120.0) as client:
        yield client


def docx(text: str) -> bytes:
    document, out = Document(), io.BytesIO()
    for line in text.splitlines():
        document.add_paragraph(line)
    document.save(out)
    return out.getvalue()


async def test_s170_a_resume_is_read_with_spans_and_contact_data_is_kept_from_models(
    client: ServingClient,
) -> None:
    read = await client.read_resume(ReadResumeRequest(data=_base64(docx(RESUME)), filename="cv.docx"))
    (position,) = read.resume["work"]
    assert (position["name"], position["position"], position["startDate"]) == (
        "Harbour Lights",
        "Data Engineer",
        "2019-03",
    )
    fields = read.resume["x-jobpilot"]["fields"]
    span = fields["/work/0/name"]
    assert read.text[span["start"] : span["end"]] == "Harbour Lights"
    assert "ada@example.org" in read.text
    assert "ada@example.org" not in read.model_text
    assert "Ada" not in read.model_text
    assert len(read.model_text) == len(read.text)
    assert {"Python", "PostgreSQL", "Apache Spark"} <= {s.label for s in read.skills}
    for skill in read.skills:
        assert read.text[skill.start : skill.end] == skill.surface
    assert read.experience_years == pytest.approx(4.0, abs=0.1)


async def test_text_that_was_pasted_is_read_too(client: ServingClient) -> None:
    read = await client.read_resume(ReadResumeRequest(text=RESUME))
    assert read.resume["work"][0]["position"] == "Data Engineer"


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (b"\x7fELF\x02\x01\x01" + bytes(200), "unsupported_file"),
        (b"", "no_text"),
        (b"%PDF-1.7\n%%EOF", "malformed_file"),
    ],
)
async def test_a_file_that_cannot_be_read_says_why(client: ServingClient, data: bytes, code: str) -> None:
    with pytest.raises(ServingRejectedError) as refused:
        await client.read_resume(ReadResumeRequest(data=_base64(data)))
    assert (refused.value.status, refused.value.code) == (422, code)
    assert refused.value.reason.endswith(".")


async def test_many_resumes_at_once_are_all_answered_and_recommendations_go_on(
    client: ServingClient,
) -> None:
    """More files than children and threads: they wait for each other, not for ever."""
    file = _base64(docx(RESUME))
    reading = [asyncio.ensure_future(client.read_resume(ReadResumeRequest(data=file))) for _ in range(12)]
    user = UserDocument(user_id=1, skills=("Python",))
    answers = [await client.recommend(RecommendRequest(user=user)) for _ in range(5)]
    assert all(answer.items for answer in answers)
    read = await asyncio.gather(*reading)
    assert {r.resume["work"][0]["name"] for r in read} == {"Harbour Lights"}


async def test_s171_stated_skills_are_standardised(client: ServingClient) -> None:
    answer = await client.standardize(StandardizeRequest(labels=("postgres", "juggling knives at dusk")))
    assert [(s.label, bool(s.skill_id)) for s in answer.skills] == [
        ("PostgreSQL", True),
        ("juggling knives at dusk", False),
    ]


async def test_s223_skills_come_with_their_words_and_level(client: ServingClient) -> None:
    text = "Advanced Python, basic Kubernetes."
    answer = await client.find_skills(FindSkillsRequest(texts=(text, "Nothing here.")))
    found, none = answer.skills
    assert [(s.label, s.level, text[s.start : s.end]) for s in found] == [
        ("Python", "advanced", "Python"),
        ("Kubernetes", "basic", "Kubernetes"),
    ]
    assert none == ()


async def test_s214_postings_are_read(client: ServingClient) -> None:
    (facts,) = (await client.read_postings(ReadPostingsRequest(postings=(POSTING,)))).postings
    must, nice = facts.requirements
    assert (must.need, must.years_min, [s.label for s in must.skills]) == (
        "must",
        3,
        ["Python", "PostgreSQL"],
    )
    assert (nice.need, [s.label for s in nice.skills]) == ("nice", ["Kubernetes"])
    assert DESCRIPTION[must.start : must.end] == must.text


async def test_s213_postings_are_summarised(client: ServingClient) -> None:
    empty = JobDocument(job_id=6, title="Nothing")
    answer = await client.summarize(SummarizeRequest(postings=(POSTING, empty), sentences=3))
    written, nothing = answer.summaries
    assert (written.job_id, nothing.job_id, nothing.sentences) == (5, 6, ())
    assert written.sentences[0].role == "duty"
    for sentence in written.sentences:
        (span,) = sentence.spans
        assert sentence.text == DESCRIPTION[span.start : span.end]


async def test_the_answer_names_the_models_and_a_release_without_them_says_so(
    client: ServingClient, server: Server
) -> None:
    before = (await client.standardize(StandardizeRequest(labels=("Python",)))).reader
    set_champion(server.releases, "reads-not")  # type: ignore[attr-defined]
    for _ in range(600):
        if (await client.state()).release_id == "reads-not":
            break
        await asyncio.sleep(0.1)
    with pytest.raises(ServingUnavailableError, match="503"):
        await client.summarize(SummarizeRequest(postings=(POSTING,)))
    after = await client.standardize(StandardizeRequest(labels=("Python",)))
    assert after.reader != before
    assert after.skills[0].label == "Python"


def _base64(data: bytes) -> bytes:
    return base64.b64encode(data)

"""Inputs in the formats people have: recognised, read, or refused with a pointer."""

from __future__ import annotations

from contextlib import suppress
from datetime import UTC, datetime
from typing import Any

import pytest
from fastapi.exceptions import RequestValidationError
from hypothesis import given, settings
from hypothesis import strategies as st

from app.errors import InvalidInputError
from app.ingestion.errors import RowError
from app.ingestion.readers import ats
from app.kit.canonical import canonical, sha256_of
from app.scoring import postings
from app.scoring.formats import posting_format, seeker_format
from app.scoring.schemas import ForeignPosting

GREENHOUSE: dict[str, Any] = {
    "id": 127817,
    "internal_job_id": 144381,
    "title": "Vault Engineer",
    "updated_at": "2025-01-14T10:55:28-05:00",
    "location": {"name": "Oslo, Norway"},
    "company_name": "Fernhill Tools",
    "absolute_url": "https://jobs.example.org/127817",
    "content": "&lt;p&gt;You know Go &amp;amp; Rust.&lt;/p&gt;&lt;ul&gt;&lt;li&gt;5 years of Go&lt;/li&gt;"
    "&lt;/ul&gt;",
    "metadata": [{"name": "Employment Type", "value": "Full-time"}],
    "pay_input_ranges": [{"min_cents": 9000000, "max_cents": 12000000, "currency_type": "USD"}],
}
LEVER: dict[str, Any] = {
    "id": "5ac21346-8e0c-4494-8e7a-3eb92ff77902",
    "text": "Data Engineer",
    "categories": {"commitment": "Part-time", "location": "Berlin", "allLocations": ["Berlin", "Paris"]},
    "createdAt": 1600000000000,
    "descriptionPlain": "We move data.",
    "lists": [{"text": "You bring", "content": "<li>Python</li><li>Spark</li>"}],
    "additionalPlain": "Apply soon.",
    "workplaceType": "hybrid",
    "hostedUrl": "https://jobs.example.org/5ac21346",
    "salaryRange": {"currency": "EUR", "interval": "per-month-salary", "min": 4000, "max": 5000},
}
ASHBY: dict[str, Any] = {
    "title": "Product Manager",
    "location": "London, UK",
    "secondaryLocations": [{"location": "Leeds, UK"}],
    "isRemote": True,
    "descriptionHtml": "<p>Own the roadmap.</p>",
    "publishedAt": "2025-04-30T16:21:55.393+00:00",
    "employmentType": "FullTime",
    "jobUrl": "https://jobs.example.org/pm",
    "compensation": {
        "summaryComponents": [
            {"compensationType": "EquityPercentage", "interval": "NONE"},
            {
                "compensationType": "Salary",
                "interval": "1 YEAR",
                "currencyCode": "GBP",
                "minValue": 81000,
                "maxValue": 87000,
            },
        ]
    },
}
SCHEMA_ORG: dict[str, Any] = {
    "@context": "https://schema.org/",
    "@type": "JobPosting",
    "title": "Nurse",
    "description": "<p>Care for patients.</p>",
    "employmentType": "PART_TIME",
    "skills": "triage, first aid",
}
OURS: dict[str, Any] = {"title": "Cook", "company": "The Copper Ladle", "description": "Grill."}
BY_FORMAT = {
    "greenhouse": GREENHOUSE,
    "lever": LEVER,
    "ashby": ASHBY,
    "schema_org": SCHEMA_ORG,
    "posting": OURS,
}


def read(content: Any, stated: Any = None) -> postings.Target:
    return postings.foreign(ForeignPosting(format=stated, content=content), 3, "mine", "/body/postings/0")


@pytest.mark.parametrize("name", BY_FORMAT)
def test_every_format_is_known_by_its_own_marks(name: str) -> None:
    assert posting_format(None, BY_FORMAT[name], "") == name
    detected, stated = read(BY_FORMAT[name]), read(BY_FORMAT[name], name)
    assert detected == stated
    assert (detected.format, detected.key) == (name, 2**62 + 3)


def test_greenhouse() -> None:
    document = read(GREENHOUSE).document
    assert document is not None
    assert (document.title, document.company, document.location) == (
        "Vault Engineer",
        "Fernhill Tools",
        "Oslo, Norway",
    )
    assert document.description == "You know Go & Rust.\n\n5 years of Go"
    assert (document.job_type, document.remote) == ("full-time", "unspecified")
    assert (document.salary_min, document.salary_max, document.currency) == (90_000, 120_000, "USD")
    assert document.posted_at == datetime(2025, 1, 14, 15, 55, 28, tzinfo=UTC)


def test_lever() -> None:
    document = read(LEVER).document
    assert document is not None
    assert (document.title, document.company, document.remote) == ("Data Engineer", "", "hybrid")
    assert document.location == "Berlin; Paris"
    assert document.description == "We move data.\n\nYou bring\nPython\nSpark\n\nApply soon."
    assert (document.salary_min, document.salary_max, document.currency) == (48_000, 60_000, "EUR")
    assert document.job_type == "part-time"
    assert document.posted_at == datetime(2020, 9, 13, 12, 26, 40, tzinfo=UTC)


def test_ashby() -> None:
    document = read(ASHBY).document
    assert document is not None
    assert (document.title, document.remote, document.job_type) == ("Product Manager", "remote", "full-time")
    assert document.location == "London, UK; Leeds, UK"
    assert (document.salary_min, document.salary_max, document.currency) == (81_000, 87_000, "GBP")
    assert document.description == "Own the roadmap."


def test_schema_org_needs_no_employer_and_may_be_in_a_graph() -> None:
    bare, wrapped = read(SCHEMA_ORG).document, read({"@graph": [{"@type": "WebPage"}, SCHEMA_ORG]}).document
    assert bare == wrapped
    assert bare is not None
    assert (bare.title, bare.company, bare.skills) == ("Nurse", "", ("triage", "first aid"))


def test_a_text_has_its_title_on_top_or_names_a_role() -> None:
    document = read("Senior Data Engineer\n\nYou know Spark.").document
    assert document is not None
    assert (document.title, document.description[:6]) == ("Senior Data Engineer", "Senior")
    prose = "We are a company of forty that makes garden tools and robots, and " * 3
    found = read(f"{prose}we are looking for a Senior Backend Engineer to join us.").document
    assert found is not None
    assert "Backend Engineer" in found.title


@pytest.mark.parametrize(
    ("content", "stated", "pointer", "says"),
    [
        ({"title": "x", "colour": "red"}, None, "/format", "no known format"),
        (GREENHOUSE | {"hostedUrl": "x"}, None, "/format", "greenhouse or lever"),
        (LEVER | {"isRemote": True}, None, "/format", "lever or ashby"),
        ({"text": ""}, None, "/content", "title is missing"),
        ("hello", "lever", "/content", "lever is an object"),
        ({"title": "x"}, "text", "/content", "text is a text"),
        ({"@type": "JobPosting"}, None, "/content", "title is missing"),
        (ASHBY | {"compensation": 7, "title": []}, None, "/content", "title is missing"),
        (LEVER | {"salaryRange": {"min": "lots", "interval": "per-year-salary"}}, None, "/content", "min"),
        ("*** --- ***", None, "/content", "names no role"),
    ],
)
def test_what_is_not_clear_is_refused_with_a_pointer(
    content: Any, stated: Any, pointer: str, says: str
) -> None:
    with pytest.raises(InvalidInputError, match=says) as refused:
        read(content, stated)
    assert refused.value.pointer == f"/body/postings/0{pointer}"


def test_a_posting_of_ours_is_checked_field_by_field() -> None:
    with pytest.raises(RequestValidationError) as refused:
        read(OURS | {"salary_min": -1})
    assert [item["loc"] for item in refused.value.errors()] == [
        ("body", "postings", "0", "content", "salary_min")
    ]


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        ("Ada Example\nData Engineer", "text"),
        ("JVBERi0xLjcKJeLjz9M=", "file"),
        ("UEsDBBQABgAIAAAAIQ==", "file"),
        ("JVBERi0 is how a PDF starts, they say", "text"),
        ({"skills": ["Go"], "desired_title": "Cook"}, "profile"),
        ({"basics": {"name": "Ada"}, "skills": [{"name": "Go"}]}, "json_resume"),
        ({"skills": [{"name": "Go"}]}, "json_resume"),
        ({"skills": ["Go"]}, "profile"),
    ],
)
def test_seekers_are_recognised(content: Any, expected: str) -> None:
    assert seeker_format(None, content, "/body/seeker") == expected


@pytest.mark.parametrize("content", [{"work": [], "resume_text": "x"}, {}, {"skills": []}, {"name": "Ada"}])
def test_a_seeker_that_is_not_clear_is_refused(content: Any) -> None:
    with pytest.raises(InvalidInputError) as refused:
        seeker_format(None, content, "/body/seeker")
    assert refused.value.pointer == "/body/seeker/format"


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=6,
)


@settings(max_examples=200, deadline=None, derandomize=True, database=None)
@given(st.sampled_from(["greenhouse", "lever", "ashby"]), st.data())
def test_readers_answer_nonsense_with_a_row_error(name: str, data: st.DataObject) -> None:
    """Any field of a real object may hold anything."""
    whole = BY_FORMAT[name]
    broken = whole | data.draw(st.dictionaries(st.sampled_from(sorted(whole)), JSON, max_size=4))
    reader = getattr(ats, f"{name}_posting")
    with suppress(RowError):
        assert reader(broken).title


def test_a_hash_does_not_hang_on_the_order_of_keys() -> None:
    assert canonical({"b": [1, 0.1], "a": "ü"}) == '{"a":"\\u00fc","b":[1,0.1]}'
    assert read(LEVER).sha256 == read(dict(reversed(LEVER.items()))).sha256
    assert read(LEVER).sha256 != read(LEVER | {"text": "Data engineer"}).sha256
    assert read(LEVER).sha256 == sha256_of({"format": "lever", "content": LEVER})

"""Files of every format: what is read, what is refused and at which line."""

from __future__ import annotations

import gzip
import json
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.ingestion.errors import FileRefusedError, RowError
from app.ingestion.lines import MAX_LINE, InputFile
from app.ingestion.posting import MAX_DESCRIPTION, Parsed, Posting, Rejected
from app.ingestion.readers import Format, Reader, columns, hn, reader_for, schema_org

JSON = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=20)),
    lambda inner: st.one_of(
        st.lists(inner, max_size=3), st.dictionaries(st.text(max_size=8), inner, max_size=3)
    ),
    max_leaves=6,
)


def read(path: Path, name: Format, reader: Reader | None = None) -> list[Parsed | Rejected]:
    with InputFile(path) as file:
        return list((reader or reader_for(name)).read(file))


def write(path: Path, content: str | bytes) -> Path:
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return path


def only(rows: list[Parsed | Rejected]) -> Posting:
    (row,) = rows
    assert isinstance(row, Parsed), row
    return row.posting


def comment(text: str, number: int = 1) -> dict[str, object]:
    return {"id": number, "by": "x", "time": 1485937200, "parent": 2, "text": text, "month": "2017-02"}


HN_TEXT = (
    "Fernhill Tools | Senior Go Engineer | Oslo, Norway | REMOTE | Full-time | VISA | €70k-90k"
    "<p>We build garden tools &amp; robots.<p>Apply: hr@fernhill.example"
)


def test_a_comment_with_a_header() -> None:
    posting = hn.posting_of(comment(HN_TEXT, 77))
    assert posting.external_id == "77"
    assert posting.url.endswith("=77")
    assert (posting.company, posting.title, posting.location) == (
        "Fernhill Tools",
        "Senior Go Engineer",
        "Oslo, Norway",
    )
    assert (posting.remote, posting.job_type, posting.country) == ("remote", "full-time", "NO")
    assert (posting.salary_min, posting.salary_max, posting.currency) == (70_000, 90_000, "EUR")
    assert (posting.visa, posting.salary_source) == (True, "parsed")
    assert posting.posted_at == datetime(2017, 2, 1, 8, 20, tzinfo=UTC)
    assert "garden tools & robots.\n\nApply" in posting.description


@pytest.mark.parametrize(
    ("text", "company", "title", "location"),
    [
        ("Oslo, Norway<p>Fernhill Tools<p>Go engineer", "Fernhill Tools", "Go engineer", "Oslo, Norway"),
        (
            "Fernhill Tools is looking for a senior Go developer in Oslo, Norway. We build garden robots.",
            "Fernhill Tools",
            "senior Go developer",
            "Oslo, Norway",
        ),
        (
            "We are hiring!<p>Company: Fernhill Tools<p>Location: Oslo, Norway<p>Position: Go developer",
            "Fernhill Tools",
            "Go developer",
            "Oslo, Norway",
        ),
        (
            "Fernhill Tools - Oslo, Norway - We build robots and we need a Go developer right away now.",
            "Fernhill Tools",
            "Go developer",
            "Oslo, Norway",
        ),
    ],
)
def test_comments_without_a_header(text: str, company: str, title: str, location: str) -> None:
    posting = hn.posting_of(comment(text))
    assert (posting.company, posting.title, posting.location) == (company, title, location)


@pytest.mark.parametrize(
    "text",
    [
        "SEEKING WORK | Oslo | Remote ok<p>Go, Rust. My resume: https://me.example",
        "Location: Oslo<p>Remote: yes<p>Willing to relocate: no<p>Technologies: Go",
        "I made a search page for this thread: https://search.example",
        "Thanks, I applied yesterday.",
        "Do you take people from abroad?",
        "???",
    ],
)
def test_comments_that_offer_no_job(text: str) -> None:
    with pytest.raises(RowError, match="not a posting"):
        hn.posting_of(comment(text))


@pytest.mark.parametrize(
    "text",
    [
        "Oslo or remote<p>I'm looking for a programmer to work with me on bookkeeping software.",
        "Do you like boats?<p>Fernhill Boats is hiring a senior Go engineer.",
        "Oslo. Full time.<p>We build boats and I am seeking a role model engineer for our pier.",
    ],
)
def test_comments_that_sound_like_others_but_offer_a_job(text: str) -> None:
    assert hn.posting_of(comment(text)).title


def test_a_company_that_hires_is_kept_whatever_else_it_says() -> None:
    text = "Thanks to this thread we found two people! Fernhill Tools | Oslo | Go engineer | full-time"
    assert hn.posting_of(comment(text)).title == "Go engineer"


@settings(deadline=None)
@given(JSON)
def test_any_row_is_a_posting_or_a_row_error(value: object) -> None:
    row = (
        value
        if isinstance(value, dict)
        else {"id": 1, "time": 1485937200, "text": value, "title": value, "company": value}
    )
    for make in (hn.posting_of, columns.posting_of, schema_org.posting_of):
        try:
            posting = make(row)
        except RowError:
            continue
        assert posting.title
        assert posting.company
        assert len(posting.content_hash("active")) == 32


@settings(deadline=None)
@given(st.text(min_size=1, max_size=300))
def test_any_comment_is_a_posting_or_a_row_error(text: str) -> None:
    try:
        posting = hn.posting_of(comment(text))
    except RowError:
        return
    assert 0 < len(posting.title) <= 200
    posting.description.encode()


def test_json_lines_report_bad_rows_by_line(tmp_path: Path) -> None:
    good = json.dumps({"title": "Go engineer", "company": "Fernhill", "colour": "red"})
    lines = [
        good,
        "",
        "{",
        "[1]",
        '{"title": "x"}',
        '{"title": "x", "company": "y", "salary_min": "lots"}',
        good,
    ]
    path = write(tmp_path / "a.jsonl", "\n".join(lines))
    reader = reader_for("jsonl")
    rows = read(path, "jsonl", reader)
    refused = {row.line: row.reason for row in rows if isinstance(row, Rejected)}
    assert [row.line for row in rows if isinstance(row, Parsed)] == [1, 7]
    assert refused.keys() == {3, 4, 5, 6}
    assert refused[4] == "not a JSON object"
    assert refused[5] == "company is missing"
    assert refused[6] == "salary_min is not a number"
    assert reader.unknown == ("colour",)


def test_what_cannot_be_text_is_refused_and_the_rest_read(tmp_path: Path) -> None:
    good = json.dumps({"title": "Go engineer", "company": "Fernhill"}).encode()
    deep = b"[" * 100_000
    path = write(tmp_path / "a.jsonl", b"\n".join([b"\xff\xfe", b"x" * (MAX_LINE + 10), deep, good]))
    rows = read(path, "jsonl")
    assert [row.line for row in rows if isinstance(row, Rejected)] == [1, 2, 3]
    assert isinstance(rows[3], Parsed)


def test_columns_of_a_row() -> None:
    posting = columns.posting_of(
        {
            "title": "Go engineer",
            "company": "Fernhill",
            "description": "<p>a</p><p>b</p>",
            "location": "Oslo, Norway",
            "remote": True,
            "job_type": "FULL_TIME",
            "salary_min": "90,000",
            "salary_max": 70_000,
            "currency": "€",
            "salary_interval": "year",
            "skills": ["Go", "go", " SQL "],
            "url": "http://jobs.example/1",
            "posted_at": "2024-01-31",
            "external_id": 5,
        }
    )
    assert (posting.remote, posting.job_type, posting.currency) == ("remote", "full-time", "EUR")
    assert (posting.salary_min, posting.salary_max) == (70_000, 90_000)
    assert posting.notes == ("salary bounds were swapped",)
    assert posting.skills == ("Go", "SQL")
    assert (posting.url, posting.instructions) == ("", "Apply at http://jobs.example/1")
    assert posting.external_id == "5"
    assert posting.description == "a\n\nb"


@pytest.mark.parametrize(
    ("column", "value", "reason"),
    [
        ("title", "", "title is missing"),
        ("title", {"a": 1}, "title is not a text"),
        ("title", "x" * 5001, "title is longer than 5000 characters"),
        ("salary_min", -5, "salary_min is not a number from 0"),
        ("salary_min", float("inf"), "salary_min is not a number from 0"),
        ("posted_at", "yesterday", "posted_at is not a date (ISO 8601 or Unix time)"),
        ("url", "javascript:alert(1)", "url is not a web address"),
        ("skills", 3, "skills is neither a list of texts nor a text"),
    ],
)
def test_a_bad_column_is_named(column: str, value: object, reason: str) -> None:
    with pytest.raises(RowError) as refused:
        columns.posting_of({"title": "Go engineer", "company": "Fernhill", column: value})
    assert str(refused.value) == reason


def test_the_identity_of_a_row_without_one() -> None:
    base = {"title": "Go engineer", "company": "Fernhill", "location": "Oslo"}
    same = columns.posting_of({**base, "description": "changed"}).external_id
    assert columns.posting_of(base).external_id == same
    assert columns.posting_of({**base, "location": "Bergen"}).external_id != same
    assert columns.posting_of({**base, "url": "https://a.example/1"}).external_id == "https://a.example/1"


def test_csv(tmp_path: Path) -> None:
    content = (
        "\ufeffTitle;Company;skills;description;who\r\n"
        'Go engineer;Fernhill;Go; "a\r\n'
        'Go engineer;Fernhill;"Go;SQL";"two\nlines";me\r\n'
        "one;cell too few\r\n"
        "\r\n"
        "QA engineer;Fernhill;;;\r\n"
    )
    reader = reader_for("csv")
    rows = read(write(tmp_path / "a.csv", content), "csv", reader)
    assert reader.unknown == ("who",)
    by_line = {row.line: row for row in rows}
    assert isinstance(by_line[2], Rejected)
    parsed = by_line[3]
    assert isinstance(parsed, Parsed)
    assert parsed.posting.skills == ("Go", "SQL")
    assert parsed.posting.description == "two\nlines"
    assert isinstance(by_line[5], Rejected)
    assert isinstance(by_line[7], Parsed)


def test_csv_without_a_usable_header_is_refused(tmp_path: Path) -> None:
    with pytest.raises(FileRefusedError, match="lacks title"):
        read(write(tmp_path / "a.csv", "name,company\nx,y\n"), "csv")
    with pytest.raises(FileRefusedError, match="empty"):
        read(write(tmp_path / "b.csv", ""), "csv")


JOB_LD = {
    "@context": "https://schema.org",
    "@type": "JobPosting",
    "title": "Go engineer",
    "description": "<p>Build &amp; run.</p>",
    "responsibilities": "Ship",
    "datePosted": "2024-01-31",
    "validThrough": "2024-03-31T00:00:00Z",
    "employmentType": ["FULL_TIME", "CONTRACTOR"],
    "hiringOrganization": {"@type": "Organization", "name": "Fernhill", "sameAs": "https://fernhill.example"},
    "jobLocation": [
        {"@type": "Place", "address": {"addressLocality": "Oslo", "addressCountry": {"name": "Norway"}}},
        {"@type": "Place", "address": {"addressLocality": "Bergen", "addressCountry": "NO"}},
    ],
    "jobLocationType": "TELECOMMUTE",
    "baseSalary": {
        "currency": "NOK",
        "value": {"@type": "QuantitativeValue", "minValue": 50_000, "maxValue": 60_000, "unitText": "MONTH"},
    },
    "identifier": {"@type": "PropertyValue", "name": "Fernhill", "value": "G-1"},
    "skills": "Go, SQL",
    "url": "https://fernhill.example/jobs/1",
}


def test_schema_org_fields() -> None:
    posting = schema_org.posting_of(JOB_LD)
    assert posting.external_id == "Fernhill:G-1"
    assert posting.description == "Build & run.\n\nResponsibilities\n\nShip"
    assert (posting.location, posting.country) == ("Oslo, Norway; Bergen, NO", "NO")
    assert (posting.remote, posting.job_type) == ("remote", "full-time")
    assert (posting.salary_min, posting.salary_max) == (50_000, 60_000)
    assert (posting.currency, posting.salary_interval) == ("NOK", "month")
    assert posting.skills == ("Go", "SQL")
    assert posting.expires_at == datetime(2024, 3, 31, tzinfo=UTC)


def test_schema_org_markup_encoded_twice_is_decoded_twice() -> None:
    node = {**JOB_LD, "description": "&lt;p&gt;Build &amp;amp; run&lt;/p&gt;", "responsibilities": ""}
    assert schema_org.posting_of(node).description == "Build & run"


@pytest.mark.parametrize(
    "content",
    [
        json.dumps(JOB_LD),
        json.dumps(JOB_LD, indent=2),
        json.dumps([JOB_LD]),
        json.dumps({"@context": "x", "@graph": [{"@type": "Organization"}, JOB_LD]}, indent=1),
        json.dumps(JOB_LD) + "\n\n",
    ],
)
def test_schema_org_documents(tmp_path: Path, content: str) -> None:
    assert only(read(write(tmp_path / "a.json", content), "schema-org")).title == "Go engineer"


def test_schema_org_one_per_line(tmp_path: Path) -> None:
    content = "\n".join(
        [json.dumps(JOB_LD), "{broken}", json.dumps({"@type": "Person"}), json.dumps([JOB_LD] * 2)]
    )
    rows = read(write(tmp_path / "a.jsonl", content), "schema-org")
    assert [(row.line, type(row).__name__) for row in rows] == [
        (1, "Parsed"),
        (2, "Rejected"),
        (3, "Rejected"),
        (4, "Parsed"),
        (4, "Parsed"),
    ]


def test_schema_org_that_is_not_json_is_refused(tmp_path: Path) -> None:
    with pytest.raises(FileRefusedError, match="neither one JSON document"):
        read(write(tmp_path / "a.json", "<html></html>"), "schema-org")


def test_gzip_is_recognised_and_a_damaged_one_says_so(tmp_path: Path) -> None:
    line = json.dumps({"title": "Go engineer", "company": "Fernhill"})
    packed = gzip.compress("\n".join(line for _ in range(3)).encode())
    assert len(read(write(tmp_path / "a.jsonl.gz", packed), "jsonl")) == 3
    with pytest.raises(FileRefusedError, match="cannot be read"):
        read(write(tmp_path / "b.jsonl.gz", packed[:-12]), "jsonl")


def test_a_missing_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(FileRefusedError, match="No such file"):
        InputFile(tmp_path / "none")


def test_a_long_description_is_cut_and_noted(tmp_path: Path) -> None:
    row = {"title": "Go engineer", "company": "Fernhill", "description": "word " * 20_000}
    posting = only(read(write(tmp_path / "a.jsonl", json.dumps(row)), "jsonl"))
    assert len(posting.description) <= MAX_DESCRIPTION
    assert posting.notes == (f"description cut to {MAX_DESCRIPTION} characters",)

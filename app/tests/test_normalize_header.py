"""Lines of facts, whatever their order and separators."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.ingestion.normalize.header import is_prose, parse_header
from app.ingestion.normalize.roles import find_roles, names_role

PIECES = st.sampled_from(
    (
        "Acme | - , ; ( ) Berlin Engineer C++ REMOTE ONSITE $100k https://a.example VISA Full-time in at"
    ).split()
)


@settings(deadline=None)
@given(st.one_of(st.text(max_size=150), st.lists(PIECES, max_size=20).map(" ".join)))
def test_any_line_can_be_read(line: str) -> None:
    header = parse_header(line)
    assert max(map(len, (header.company, header.title, header.location))) <= 200


@pytest.mark.parametrize(
    ("line", "company", "title", "location"),
    [
        ("Acme | Backend Engineer | Berlin | REMOTE | €60k", "Acme", "Backend Engineer", "Berlin"),
        (
            "Berlin, Germany | Backend Engineer | Acme | Full-time",
            "Acme",
            "Backend Engineer",
            "Berlin, Germany",
        ),
        ("Backend Engineer | Acme GmbH | ONSITE Munich", "Acme GmbH", "Backend Engineer", "Munich"),
        ("Acme (YC W21) - Austin, TX - Full-time", "Acme", "", "Austin, TX"),
        ("Acme - C++ Developer - London, UK (no remote)", "Acme", "C++ Developer", "London, UK"),
        ("Acme, Berlin, on-site, Go developer", "Acme", "Go developer", "Berlin"),
        ("Data Scientist at Acme, Oslo", "Acme", "Data Scientist", "Oslo"),
        (
            "Acme | Tech Lead - Platform, Sr. Data Engineer | NYC",
            "Acme",
            "Tech Lead - Platform, Sr. Data Engineer",
            "NYC",
        ),
        ("Acme https://acme.example Lyon", "Acme", "", "Lyon"),
        ("Asti | Portland, OR | QA Engineer", "Asti", "QA Engineer", "Portland, OR"),
        ("Amsterdam - The Netherlands - Designer", "", "Designer", "Amsterdam; The Netherlands"),
        ("Acme | Multiple positions | Paris", "Acme", "Multiple positions", "Paris"),
        ("REMOTE | VISA | $100k-120k", "", "", ""),
    ],
)
def test_headers(line: str, company: str, title: str, location: str) -> None:
    header = parse_header(line)
    assert (header.company, header.title, header.location) == (company, title, location)


def test_a_line_that_runs_on_into_a_sentence_gives_its_role_only() -> None:
    line = "Acme | Oslo | Senior Engineer (80-90k) Acme is a company that builds boats for all who like them."
    header = parse_header(line)
    assert (header.company, header.location, header.title) == ("Acme", "Oslo", "Senior Engineer")


def test_prose() -> None:
    assert is_prose("We are a small team that builds boats and we are looking for help right now.")
    assert not is_prose("Acme - Berlin, Germany - Backend Engineer")
    assert not is_prose("We are | a header")


def test_roles() -> None:
    found = [
        role.text for role in find_roles("We want a senior Rails developer and two UX designers in May.")
    ]
    assert found == ["senior Rails developer", "UX designers"]
    assert names_role("DevOps/SRE")
    assert not names_role("Fernhill Gardens")
    assert find_roles("our engineers are kind") == []

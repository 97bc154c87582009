"""S-201: nothing that the source does not say passes."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from features.faithfulness import FaithfulnessChecker
from features.passages import passages
from features.skills import SkillMatcher

SOURCE = """Harbour Lights GmbH runs 3 ferries and a booking system in Lisbon.
You will move our Python services to Kubernetes, remotely or in our Lisbon office.
We ask for five years of experience and a bachelor's degree. Salary: 60k-75,000 EUR, 30 days of vacation.
We do not sponsor visas."""


@pytest.fixture(scope="module")
def checker(matcher: SkillMatcher) -> FaithfulnessChecker:
    return FaithfulnessChecker(SOURCE, matcher)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "Harbour Lights runs three ferries from Lisbon.",
        "Move Python services to Kubernetes.",
        "Five years of experience, a bachelor's degree.",
        "Salary 60,000 to 75k EUR and 30 days of vacation.",
        "They do not sponsor visas.",
        "harbour lights' booking system",
    ],
)
def test_what_the_source_says_passes(checker: FaithfulnessChecker, text: str) -> None:
    assert checker.unsupported(text) == []


@pytest.mark.parametrize(
    ("text", "kind", "surface"),
    [
        ("Harbour Lights runs 4 ferries.", "number", "4"),
        ("Seven years of experience.", "number", "Seven"),
        ("Salary up to 80k EUR.", "number", "80k"),
        ("Move Python services to Terraform.", "skill", "Terraform"),
        ("Harbour Lights works from Porto.", "name", "Porto"),
        ("The team uses iFerry.", "name", "iFerry"),
        ("A master's degree.", "term", "master's"),
        ("They sponsor visas, with no exception and not only in Lisbon.", "term", "no"),
        ("Experience is required.", "term", "required"),
        ("Work hybrid.", "term", "hybrid"),
    ],
)
def test_what_was_invented_is_found_and_pointed_at(
    checker: FaithfulnessChecker, text: str, kind: str, surface: str
) -> None:
    found = checker.unsupported(text)
    assert (kind, surface) in [(u.kind, u.surface) for u in found]
    assert all(text[u.start : u.end] == u.surface for u in found)


def test_a_term_counts_as_often_as_the_source_says_it(checker: FaithfulnessChecker) -> None:
    assert checker.unsupported("not") == []
    assert [u.surface for u in checker.unsupported("not and not")] == ["not"]


@given(st.text(max_size=300))
def test_a_text_is_faithful_to_itself(matcher: SkillMatcher, text: str) -> None:
    checker = FaithfulnessChecker(text, matcher)
    assert checker.unsupported(text) == []
    for part in passages(text):
        assert checker.unsupported(part.text) == []

"""S-214: what a posting asks for, read from its own words."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from features.headings import heading_role, is_heading
from features.passages import Passage, passages
from features.posting_roles import stated_roles
from features.requirements import Requirement, extract_requirements, read_degree, read_years
from features.skills import SkillMatcher

POSTING = """Brightwater Logistics moves parcels through forty harbours.

About the role
You will keep our booking platform fast and boring.

What you will bring
- At least 4 years of experience with Python
- Bachelor's degree in computer science, master's preferred
- Fluent English and conversational German
- AWS Certified Solutions Architect certification
- Patience with legacy code

Nice to have:
- Kubernetes
- Terraform or Ansible

We founded the company 12 years ago.
We are an equal opportunity employer.
"""


def part(text: str) -> Passage:
    return Passage(0, len(text), "sentence", text)


@pytest.fixture(scope="module")
def found(matcher: SkillMatcher) -> list[Requirement]:
    return extract_requirements(POSTING, matcher)


def by_text(found: list[Requirement], words: str) -> Requirement:
    return next(r for r in found if words in r.text)


def test_s214_every_requirement_points_at_its_words(found: list[Requirement]) -> None:
    assert len(found) == 8
    for requirement in found:
        assert POSTING[requirement.start : requirement.end] == requirement.text
        for mention in requirement.skills:
            assert POSTING[mention.start : mention.end] == mention.surface


def test_s214_musts_rank_before_wishes_and_facts_before_words(found: list[Requirement]) -> None:
    assert [r.rank for r in found] == list(range(1, 9))
    assert [r.need for r in found] == ["must"] * 5 + ["nice"] * 3
    musts = [r for r in found if r.need == "must"]
    assert musts[-1].text == "Patience with legacy code"


def test_s214_years_degree_certificate_languages_and_skills(found: list[Requirement]) -> None:
    years = by_text(found, "4 years").years
    assert years is not None
    assert (years.low, years.high, POSTING[years.start : years.end]) == (4, None, "4 years")
    degree = by_text(found, "Bachelor").degree
    assert degree is not None
    assert degree.name == "bachelor"
    assert [n.name for n in by_text(found, "Fluent").languages] == ["English", "German"]
    assert by_text(found, "AWS").certificates[0].name == "AWS Certified Solutions Architect certification"
    assert [m.label for m in by_text(found, "Kubernetes").skills] == ["Kubernetes"]


def test_a_wish_behind_a_condition_is_a_requirement_of_its_own(found: list[Requirement]) -> None:
    asked, wished = by_text(found, "Bachelor"), by_text(found, "master's preferred")
    assert (asked.need, wished.need) == ("must", "nice")
    assert wished.degree is not None
    assert wished.degree.name == "master"


def test_the_age_of_the_company_is_not_experience(found: list[Requirement]) -> None:
    assert not any("founded" in r.text for r in found)
    assert read_years(part("We have been doing this for over 20 years.")) is None


@pytest.mark.parametrize(
    ("text", "years"),
    [
        ("3-5 years of experience", (3, 5)),
        ("five years in sales", (5, None)),
        ("7+ yrs", (7, None)),
        ("two (2) or more years", (2, None)),
        ("must be 18 years old", None),
        ("99 years of experience", None),
    ],
)
def test_years(text: str, years: tuple[int, int | None] | None) -> None:
    read = read_years(part(text))
    assert (read and (read.low, read.high)) == years


@pytest.mark.parametrize(
    ("text", "degree"),
    [
        ("BS or MS in physics", "bachelor"),
        ("Master's degree in statistics", "master"),
        ("PhD in linguistics", "doctorate"),
        ("A degree in law", "bachelor"),
        ("High school diploma", "secondary"),
        ("Strong bs detector", None),
        ("Scrum Master", None),
    ],
)
def test_the_lowest_degree_that_is_enough(text: str, degree: str | None) -> None:
    read = read_degree(part(text))
    assert (read and read.name) == degree


@pytest.mark.parametrize(
    ("line", "role"),
    [
        ("Preferred qualifications", "nice"),
        ("What we're looking for:", "must"),
        ("WHAT YOU WILL DO", "duty"),
        ("Why join us?", "benefit"),
        ("How to apply", "logistics"),
        ("Equal Opportunity Employer", "legal"),
        ("About Brightwater", "company"),
    ],
)
def test_headings_announce_a_role(line: str, role: str) -> None:
    assert is_heading(line)
    assert heading_role(line) == role


@pytest.mark.parametrize(
    "line", ["Google Analytics", "We ship every day.", "MITRE", "Python, SQL and dbt,", "Senior Baker | Lyon"]
)
def test_other_lines_are_no_headings(line: str) -> None:
    assert not is_heading(line)


def test_prose_after_a_list_does_not_belong_to_its_heading() -> None:
    parts = passages("You have:\n- a driving licence\nWe have a canteen.")
    assert [p.heading for p in parts] == [-1, 0, -1]
    assert stated_roles(parts)[1:] == ["must", None]


def test_a_wish_may_speak_of_the_sentence_before_it() -> None:
    parts = passages("Experience with airports. This is desired, but not required.")
    assert stated_roles(parts) == ["nice", "nice"]


def test_what_a_model_says_counts_only_where_something_can_be_checked(matcher: SkillMatcher) -> None:
    text = "Our stack is Python and Kubernetes. We laugh a lot."
    assert extract_requirements(text, matcher) == []
    (read,) = extract_requirements(text, matcher, roles={0: "must", 1: "must"})
    assert (read.source, [m.label for m in read.skills]) == ("model", ["Python", "Kubernetes"])


@given(st.text(max_size=400))
def test_passages_are_the_text_they_point_at(text: str) -> None:
    end = 0
    for p in passages(text):
        assert text[p.start : p.end] == p.text
        assert p.start >= end
        assert any(c.isalnum() for c in p.text)
        end = p.end


@given(st.lists(st.sampled_from(POSTING.splitlines()), max_size=12).map("\n".join))
def test_no_word_of_a_posting_is_lost(text: str) -> None:
    kept = "".join(p.text for p in passages(text))
    letters = [c for c in text if c.isalnum()]
    assert [c for c in kept if c.isalnum()] == letters

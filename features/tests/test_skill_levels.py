"""Stated levels: words, CEFR, years; each skill gets its own clause's."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from features.skill_levels import find_level, grade_of_years, read_level


def level_of(text: str, skill: str) -> tuple[str, float | None, str] | None:
    start = text.index(skill)
    found = find_level(text, start, start + len(skill))
    return (found.level, found.years, text[found.start : found.end]) if found else None


@pytest.mark.parametrize(
    ("text", "skill", "expected"),
    [
        ("advanced Python", "Python", ("advanced", None, "advanced")),
        ("Python (advanced)", "Python", ("advanced", None, "advanced")),
        ("Python: basic knowledge", "Python", ("basic", None, "basic")),
        ("advanced SQL, basic Python", "Python", ("basic", None, "basic")),
        ("advanced SQL, basic Python", "SQL", ("advanced", None, "advanced")),
        ("Expert in Kafka and Spark", "Kafka", ("expert", None, "Expert")),
        ("German B2", "German", ("B2", None, "B2")),
        ("German (C1+) required", "German", ("C1", None, "C1+")),
        ("fluent English", "English", ("C1", None, "fluent")),
        ("Spanish - native", "Spanish", ("C2", None, "native")),
        ("fluent in C++", "C++", ("advanced", None, "fluent")),
        ("5 years of Java", "Java", ("advanced", 5.0, "5 years")),
        ("at least three years' experience with Java", "Java", ("advanced", 3.0, "three years'")),
        ("10+ years Java", "Java", ("expert", 10.0, "10+ years")),
        ("Java, 1.5 yrs", "Java", ("intermediate", 1.5, "1.5 yrs")),
        ("2-4 years of Go", "Go", ("intermediate", 2.0, "2-4 years")),
    ],
)
def test_stated_levels(text: str, skill: str, expected: tuple[str, float | None, str]) -> None:
    assert level_of(text, skill) == expected


@pytest.mark.parametrize(
    ("text", "skill"),
    [
        ("we use Java", "Java"),
        ("Advanced materials. Java is used", "Java"),
        ("founded 20 years ago. Java", "Java"),
        ("unit B21 in Java Street", "Java"),
        ("a mastermind of Java", "Java"),
    ],
)
def test_no_level_is_stated(text: str, skill: str) -> None:
    assert level_of(text, skill) is None


def test_a_short_text_by_itself() -> None:
    found = read_level("German (B2)")
    assert found is not None
    assert (found.level, found.start, found.end) == ("B2", 8, 10)
    assert read_level("German") is None


def test_a_span_outside_the_text_is_refused() -> None:
    with pytest.raises(ValueError, match="span"):
        find_level("Java", 2, 9)


@given(st.text(max_size=300), st.integers(0, 300), st.integers(0, 300))
def test_any_text_gives_a_span_inside_it(text: str, one: int, other: int) -> None:
    start, end = sorted((min(one, len(text)), min(other, len(text))))
    found = find_level(text, start, end)
    assert found is None or (0 <= found.start < found.end <= len(text) and (found.level or found.years))


def test_more_years_are_never_a_lower_grade() -> None:
    order = ["basic", "intermediate", "advanced", "expert"]
    places = [order.index(grade_of_years(years / 2)) for years in range(40)]
    assert places == sorted(places)

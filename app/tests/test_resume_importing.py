"""Documents of other tools: what is usual is understood, what is wrong is left out and told."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.errors import InvalidInputError
from app.resume.importing import imported
from app.tests.resumes import raw_documents


def left_out(data: dict[str, Any]) -> tuple[dict[str, Any], set[str]]:
    made = imported(data)
    return made.document.json_data(), {item.path for item in made.left_out}


@settings(max_examples=30, deadline=None)
@given(raw_documents())
def test_a_good_document_comes_in_whole(data: dict[str, Any]) -> None:
    found, missing = left_out(data)
    assert missing == set()
    again, _ = left_out(found)
    assert again == found


@pytest.mark.parametrize(
    ("data", "wanted", "missing"),
    [
        (
            {"work": [{"company": "A", "website": "www.a.example"}]},
            {"work": [{"name": "A", "url": "https://www.a.example"}]},
            set(),
        ),
        (
            {"work": [{"startDate": "2019-3", "endDate": "Present"}]},
            {"work": [{"startDate": "2019-03"}]},
            set(),
        ),
        (
            {"work": [{"startDate": "2019-03-01T00:00:00Z", "endDate": None}]},
            {"work": [{"startDate": "2019-03-01"}]},
            set(),
        ),
        (
            {"work": [{"name": "A", "startDate": "2019", "endDate": "summer"}]},
            {"work": [{"name": "A"}]},
            {"/work/0/startDate", "/work/0/endDate"},
        ),
        (
            {"work": [{"name": "A", "startDate": "2020", "endDate": "2019"}]},
            {"work": [{"name": "A"}]},
            {"/work/0/startDate", "/work/0/endDate"},
        ),
        (
            {"education": [{"gpa": 3.5, "area": "Law"}]},
            {"education": [{"score": "3.5", "area": "Law"}]},
            set(),
        ),
        (
            {"basics": {"name": "A", "email": "nobody", "extra": {"x": 1}}},
            {"basics": {"name": "A"}},
            {"/basics/email", "/basics/extra"},
        ),
        ({"work": ["A", {"name": "B"}, 5]}, {"work": [{"name": "B"}]}, {"/work/0", "/work/2"}),
        ({"work": {"name": "B"}, "skills": [{"name": "Go"}]}, {"skills": [{"name": "Go"}]}, {"/work"}),
        (
            {"languages": [{"name": "German", "level": "C1"}]},
            {"languages": [{"language": "German", "fluency": "C1"}]},
            set(),
        ),
        ({"custom": [1, 2], "basics": {"name": "A"}}, {"basics": {"name": "A"}}, {"/custom"}),
        (
            {"skills": [{"name": "Go", "keywords": ["", "a", None]}]},
            {"skills": [{"name": "Go", "keywords": ["a"]}]},
            {"/skills/0/keywords/0"},
        ),
    ],
)
def test_the_world_is_not_strict(data: dict[str, Any], wanted: dict[str, Any], missing: set[str]) -> None:
    assert left_out(data) == (wanted, missing)


def test_what_is_too_long_is_cut_and_told() -> None:
    data = {"basics": {"summary": "word " * 2000}, "interests": [{"name": "x"}] * 99}
    found, missing = left_out(data)
    assert missing == {"/basics/summary", "/interests"}
    assert 4900 < len(found["basics"]["summary"]) <= 5000
    assert found["basics"]["summary"].endswith("word")
    assert len(found["interests"]) == 60


def test_spans_follow_their_values() -> None:
    span = {"start": 3, "end": 9, "confidence": 0.8}
    fields = {
        "/work/1/name": span,
        "/work/0": span,
        "/work/1/endDate": span,
        "/nowhere": span,
        "/work/1/position": 7,
    }
    data = {
        "work": [7, {"name": "B", "position": "P", "endDate": "2019"}],
        "x-jobpilot": {"kind": "pdf", "pages": 2, "fields": fields},
    }
    found, _ = left_out(data)
    assert found["x-jobpilot"] == {"fields": {"/work/0/name": span, "/work/0/endDate": span}}


_json = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["name", "startDate", "endDate", "url", "keywords", "x", "a/b"]),
            inner,
            max_size=4,
        )
    ),
    max_leaves=12,
)


@settings(deadline=None)
@given(st.dictionaries(st.sampled_from(["basics", "work", "skills", "projects", "x-jobpilot", "y~z"]), _json))
def test_anything_becomes_a_document_or_is_refused(data: dict[str, Any]) -> None:
    try:
        made = imported(data)
    except InvalidInputError:
        return
    assert imported(made.document.json_data()).left_out == []

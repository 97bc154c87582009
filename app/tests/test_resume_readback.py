"""The check "what a parser sees": what was written against what was read."""

from __future__ import annotations

import copy
from typing import Any

from hypothesis import given, settings

from app.resume.document import Document
from app.resume.readback import Difference, differences
from app.tests.resumes import documents

DATA: dict[str, Any] = {
    "basics": {"name": "Ann", "label": "Nurse"},
    "work": [
        {"position": "A", "name": "One", "startDate": "2019"},
        {"position": "B", "name": "Two", "endDate": "2018", "highlights": ["Did it."]},
        {"position": "C", "name": "Three"},
    ],
    "skills": [
        {"name": "Group", "keywords": ["SQL", "Go"]},
        {"name": "Excel"},
        {"name": "More", "keywords": ["sql", "R"]},
    ],
}
READ = DATA | {"skills": [{"name": name} for name in ("Excel", "SQL", "Go", "R")]}


def found(**changes: Any) -> list[Difference]:
    return differences(Document.model_validate(DATA), copy.deepcopy(READ) | changes)


@settings(max_examples=30, deadline=None)
@given(documents())
def test_a_reader_that_sees_everything_differs_in_nothing(document: Document) -> None:
    assert [item for item in differences(document, document.json_data()) if "skills" not in item.path] == []


def test_the_same_is_no_difference() -> None:
    assert found() == []


def test_what_was_not_read_is_named_and_the_rest_is_not() -> None:
    lost = found(work=[READ["work"][0], READ["work"][2]])
    assert lost == [Difference("/work/1", DATA["work"][1], None)]
    more = found(work=[*READ["work"], {"position": "D"}])
    assert more == [Difference("/work", None, {"position": "D"})]


def test_what_was_read_wrongly_is_named() -> None:
    wrong = copy.deepcopy(READ["work"])
    wrong[1] |= {"startDate": "2018", "endDate": "", "highlights": []}
    assert found(work=wrong) == [
        Difference("/work/1/startDate", None, "2018"),
        Difference("/work/1/endDate", "2018", None),
        Difference("/work/1/highlights", ["Did it."], None),
    ]
    assert found(basics={"name": "Anna"}) == [
        Difference("/basics/name", "Ann", "Anna"),
        Difference("/basics/label", "Nurse", None),
    ]


def test_skills_are_compared_one_by_one() -> None:
    assert found(skills=[{"name": "SQL"}, {"keywords": ["Go", "Rust"]}]) == [
        Difference("/skills/1/name", "Excel", None),
        Difference("/skills/2/keywords/1", "R", "Rust"),
    ]


def test_what_is_hidden_is_not_expected() -> None:
    hidden = Document.model_validate(DATA | {"x-jobpilot": {"hidden": ["/work/1"]}})
    assert differences(hidden, READ | {"work": [READ["work"][0], READ["work"][2]]}) == []

"""S-174: a tailored resume states nothing its source does not state."""

from __future__ import annotations

import copy
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from app.resume.document import Document
from app.resume.pointers import leaves, resolve
from app.resume.provenance import Cited, as_cited, problems
from app.resume.ranking import Ranker, Wanted, tokens
from app.resume.sentences import joined, sentences, shortened
from app.resume.tailor import Plan, carry_out, tailor
from app.tests.resumes import documents, words

SOURCE: dict[str, Any] = {
    "basics": {"name": "Ann", "label": "Engineer", "summary": "One is true. Two is too. Three e.g. that."},
    "work": [
        {
            "name": "Acme",
            "position": "Lead",
            "startDate": "2019",
            "endDate": "2020",
            "highlights": ["Built A.", "Ran Bar. Sold Caz."],
        },
        {
            "name": "Beta",
            "position": "Boss",
            "startDate": "2021",
            "summary": "Led 3 people.",
            "highlights": ["Cut D."],
        },
    ],
    "skills": [{"name": "Data", "level": "Good", "keywords": ["SQL", "Spark"]}, {"name": "Go"}],
}
WANTED = Wanted(
    "Data Engineer", "Spark and streaming.", {"Spark": 3.0, "Kafka": 3.0}, {"Kafka": ["Apache Kafka"]}
)


def whole() -> tuple[dict[str, Any], dict[str, Cited]]:
    return carry_out(copy.deepcopy(SOURCE), Plan())


def test_a_faithful_copy_passes() -> None:
    result, origins = whole()
    assert result == SOURCE
    assert problems(SOURCE, result, origins) == []
    plan = Plan(
        items={"/work": [1, 0], "/work/0/highlights": [1], "/skills/0/keywords": [1]},
        sentences={"/basics/summary": [0, 2], "/work/0/highlights/1": [1], "/work/1/summary": []},
    )
    result, origins = carry_out(copy.deepcopy(SOURCE), plan)
    assert problems(SOURCE, result, origins) == []
    assert result["basics"]["summary"] == "One is true. Three e.g. that."
    assert result["work"][1]["highlights"] == ["Sold Caz."]
    assert "summary" not in result["work"][0]


#: What a dishonest (or broken) tailor could do: (path to change, new value; None takes it away).
FABRICATIONS: list[tuple[str, Any]] = [
    ("/basics/name", "Anna"),
    ("/basics/label", "Senior Engineer"),
    ("/basics/label", None),
    ("/basics/phone", "+49 30 1"),
    ("/basics/summary", "One is true. Two is too. Three e.g. that. Four."),
    ("/basics/summary", "Two is too. One is true."),
    ("/basics/summary", "One is true. One is true."),
    ("/basics/summary", "One is true"),
    ("/work/0/name", "Acme Global"),
    ("/work/0/name", "Beta"),
    ("/work/0/position", None),
    ("/work/0/startDate", "2018"),
    ("/work/0/endDate", None),
    ("/work/1/endDate", "2024"),
    ("/work/1/summary", "Led 30 people."),
    ("/work/0/highlights/0", "Built A and B."),
    ("/work/0/highlights/0", "Cut D."),
    ("/work/1/highlights/1", "Built A."),
    ("/work/2", {"name": "Gamma"}),
    ("/skills/0/level", "Expert"),
    ("/skills/0/level", None),
    ("/skills/0/keywords", None),
    ("/skills/0/keywords/2", "Kafka"),
    ("/skills/1/name", "Rust"),
    ("/languages", [{"language": "Dutch"}]),
]


@pytest.mark.parametrize(("path", "value"), FABRICATIONS)
def test_what_was_made_up_is_found(path: str, value: Any) -> None:
    """The origins claim that all is well: as they were, and naming the text itself where it is new."""
    result, origins = whole()
    put(result, path, value)
    texts = dict(leaves(result))
    claimed = {name: origins.get(name, Cited(name)) for name in texts}
    assert problems(SOURCE, result, claimed) != []
    assert problems(SOURCE, result, origins) != []


def put(document: dict[str, Any], path: str, value: Any) -> None:
    parent, _, key = path.rpartition("/")
    owner = resolve(document, parent) if parent else document
    if isinstance(owner, list):
        owner[int(key) : int(key) + 1] = [value]
    elif value is None:
        del owner[key]
    else:
        owner[key] = value


@pytest.mark.parametrize(
    ("path", "cited"),
    [
        ("/work/0/highlights/0", Cited("/work/1/highlights/0")),
        ("/work/0/name", Cited("/work/0/position")),
        ("/work/0/name", Cited("/work/9/name")),
        ("/work/0/name", Cited("/work")),
        ("/basics/summary", Cited("/basics/summary", (0, 1))),
        ("/basics/summary", Cited("/basics/summary", (0, 2, 1))),
        ("/basics/summary", Cited("/basics/summary", (0, 1, 2, 3))),
        ("/basics/name", Cited("/basics/name", (0,))),
        ("/skills/0/keywords/0", Cited("/skills/0/keywords/1")),
        ("/nowhere", Cited("/basics/name")),
    ],
)
def test_a_false_origin_is_found(path: str, cited: Cited) -> None:
    result, origins = whole()
    assert problems(SOURCE, result, origins | {path: cited}) != []


def test_bullets_of_one_job_do_not_go_to_another() -> None:
    result, origins = whole()
    result["work"][1]["highlights"].append(result["work"][0]["highlights"].pop())
    del origins["/work/0/highlights/1"]
    origins["/work/1/highlights/1"] = Cited("/work/0/highlights/1")
    assert any("put together" in problem for problem in problems(SOURCE, result, origins))


def test_one_job_does_not_become_two() -> None:
    result, _ = whole()
    first = result["work"][0]
    result["work"].insert(1, {"highlights": [first["highlights"].pop()]})
    _, moved = carry_out(copy.deepcopy(result), Plan())
    claimed = {
        path: replace(cited, source=path.replace("/work/2", "/work/1")) for path, cited in moved.items()
    }
    claimed["/work/1/highlights/0"] = Cited("/work/0/highlights/1")
    assert any("divided" in problem for problem in problems(SOURCE, result, claimed))


def test_the_posting_decides_what_comes_first() -> None:
    source = copy.deepcopy(SOURCE)
    source["work"][0]["highlights"] = ["Fed the cat.", "Watered plants.", "Moved streaming to Apache Kafka."]
    tailored = tailor(Document.model_validate(source), WANTED)
    data = tailored.document.json_data()
    assert data["work"][0]["highlights"][0] == "Moved streaming to Apache Kafka."
    assert data["skills"][0]["keywords"] == ["Spark", "SQL"]
    assert (tailored.matched, tailored.missing) == (["Spark", "Kafka"], [])
    assert [job["name"] for job in data["work"]] == ["Acme", "Beta"]


def test_long_lists_are_cut_and_nothing_asked_for_is_lost() -> None:
    work = [
        {"name": f"C{n}", "highlights": [f"Did {n} {k}." for k in range(9)] + ["Used Spark."]}
        for n in range(5)
    ]
    skills = [{"name": f"G{n}", "keywords": [f"k{n}x{k}" for k in range(20)]} for n in range(4)]
    skills[3]["keywords"].append("Kafka")
    document = Document.model_validate({"work": work, "skills": skills})
    data = tailor(document, WANTED).document.json_data()
    assert [len(job["highlights"]) for job in data["work"]] == [6, 5, 4, 3, 3]
    assert all(job["highlights"][0] == "Used Spark." for job in data["work"])
    kept = [keyword for group in data["skills"] for keyword in group["keywords"]]
    assert len(kept) == 40
    assert kept[0] == "Kafka"


def test_a_name_is_found_whatever_is_around_it() -> None:
    wanted = Wanted("", "", dict.fromkeys(["C++", "C", "Node.js", "R", "CI/CD", "machine learning"], 1.0), {})
    assert wanted.named_in("Modern C++; node.js, CI/CD.") == ["C++", "Node.js", "CI/CD"]
    assert wanted.named_in("Machine  Learning in R (C too)") == ["C", "R", "machine learning"]
    assert tokens("Pipelines, classes & .NET") == ("pipeline", "classe", ".net")


def test_common_words_of_the_resume_decide_little() -> None:
    pieces = ["data here", "data there", "data lineage", "data quality"]
    ranker = Ranker(Wanted("", "data lineage", {}, {}), pieces)
    assert ranker.score("data lineage") > 2 * ranker.score("data quality") > 0
    assert ranker.score("nothing in common") == 0


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("Ann ran. Cat sat! Eel?", ["Ann ran.", "Cat sat!", "Eel?"]),
        ("We met Dr. Who. He left.", ["We met Dr. Who.", "He left."]),
        ("Tools, e.g. Spark. Done.", ["Tools, e.g. Spark.", "Done."]),
        ("Worked at Acme Inc. Berlin", ["Worked at Acme Inc. Berlin"]),
        ("Version 1.5 is out. 3 people", ["Version 1.5 is out.", "3 people"]),
        ("Er kam. Ärzte gingen.\nПришёл. Ушёл.", ["Er kam.", "Ärzte gingen.", "Пришёл.", "Ушёл."]),
        ('"Yes." "No."', ['"Yes."', '"No."']),
    ],
)
def test_sentences(text: str, wanted: list[str]) -> None:
    assert [sentence.text for sentence in sentences(text)] == wanted


@given(st.lists(st.text('aB. !?\n1éЖ"', max_size=40), max_size=4))
def test_all_sentences_together_are_the_text(parts: list[str]) -> None:
    text = Document.model_validate({"basics": {"summary": "\n".join(parts)}}).basics.summary
    found = sentences(text)
    assert joined(found) == text
    assert shortened(text, range(len(found))) == text


@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large]
)
@given(document=documents(), asked=st.lists(words, max_size=4), text=words)
def test_no_document_and_no_posting_makes_it_lie(document: Document, asked: list[str], text: str) -> None:
    wanted = Wanted(text, text, dict.fromkeys(asked, 3.0), {})
    result = tailor(document, wanted).document
    source, made = document.json_data(), result.json_data()
    origins = as_cited(result.x_jobpilot.origins)
    assert problems(source, made, origins) == []
    texts = {path: value for path, value in leaves(made) if not path.startswith("/x-jobpilot")}
    assert set(texts) == set(origins)
    for path, value in texts.items():
        original = resolve(source, origins[path].source)
        assert all(sentence.text in original for sentence in sentences(value))

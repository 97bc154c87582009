from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from features.skills import SkillMatcher
from features.taxonomy import Taxonomy


def labels(matcher: SkillMatcher, text: str) -> list[str]:
    return [mention.label for mention in matcher.find(text)]


@pytest.mark.parametrize(
    ("stated", "label"),
    [
        ("python", "Python"), ("Python 3.8", "Python"), ("knowledge of Python", "Python"),
        ("postgres", "PostgreSQL"), ("PostgreSQL", "PostgreSQL"), ("postgre-sql", "PostgreSQL"),
        ("aws", "Amazon Web Services"), ("k8s", "Kubernetes"), ("kubernets", "Kubernetes"),
        ("js", "JavaScript"),
        ("javascipt", "JavaScript"), ("ReactJS", "React"), ("react", "React"), ("node", "Node.js"),
        ("nodejs", "Node.js"), ("NODE.JS", "Node.js"), ("go", "Go"), ("golang", "Go"), ("rust", "Rust"),
        ("typescript", "TypeScript"), ("terraform", "Terraform"), ("spark", "Apache Spark"),
        ("pyspark", "Apache Spark"), ("kafka", "Apache Kafka"), ("pytorch", "PyTorch"), ("c++", "C++"),
        ("c#", "C#"),
        (".net", ".NET"), ("ci/cd", "CI/CD"), ("CI-CD", "CI/CD"), ("machine-learning", "Machine learning"),
        ("ml", "Machine learning"), ("data engineering", "Data engineering"), ("excel", "Microsoft Excel"),
        ("R", "R"), ("c", "C"), ("rest", "REST API"), ("sales", "Sales"), ("nursing", "Nursing"),
    ],
)  # fmt: skip
def test_stated_skills_resolve(matcher: SkillMatcher, taxonomy: Taxonomy, stated: str, label: str) -> None:
    skill_id = matcher.resolve(stated)
    assert skill_id is not None
    assert taxonomy.skill(skill_id).label == label


@pytest.mark.parametrize("stated", ["", "   ", "!!!", "qwertzuiop", "x" * 5000, "embedde"])
def test_what_is_no_skill_does_not_resolve(matcher: SkillMatcher, stated: str) -> None:
    assert matcher.resolve(stated) is None


def test_every_curated_label_resolves_to_its_own_skill(matcher: SkillMatcher, taxonomy: Taxonomy) -> None:
    wrong = [row.label for row in taxonomy.extra if matcher.resolve(row.label) != taxonomy.canonical(row.id)]
    assert wrong == []


def test_mentions_carry_spans(matcher: SkillMatcher) -> None:
    text = "Stack: Python/Django, PostgreSQL on AWS; C++ and C# welcome. K8s, CI/CD."
    mentions = matcher.find(text)
    assert all(text[m.start : m.end] == m.surface for m in mentions)
    assert [m.label for m in mentions] == [
        "Python", "Django", "PostgreSQL", "Amazon Web Services", "C++", "C#", "Kubernetes", "CI/CD",
    ]  # fmt: skip


def test_the_longest_name_wins(matcher: SkillMatcher) -> None:
    assert labels(matcher, "We use React Native daily") == ["React Native"]
    assert labels(matcher, "Microsoft SQL Server") == ["Microsoft SQL Server"]


@pytest.mark.parametrize(
    "prose",
    [
        "Go the extra mile and excel at what you do.",
        "The rest of the team can access it with less effort.",
        "You make it happen; a spark of joy, swift decisions, a lead who reacts.",
        "Plan C is a Series C round, and R&D does the rest.",
        "Go ahead and apply. Rest assured. Spark joy. Excel here.",
        "Work with people at our office, support customers and make an impact.",
        "See https://www.python.org/jobs or write to rust@java.com, github.com/react",
    ],
)
def test_ordinary_prose_holds_no_technology(matcher: SkillMatcher, taxonomy: Taxonomy, prose: str) -> None:
    found = [m for m in matcher.find(prose) if taxonomy.skill(m.skill_id).type == "technology"]
    assert found == []


@pytest.mark.parametrize(
    ("text", "label"),
    [
        ("Python, Go, Kubernetes", "Go"), ("services written in Go and deployed", "Go"),
        ("Go developers", "Go"),
        ("Languages: Java, C, C++", "C"), ("Python/R/SQL", "R"), ("statistics in R", "R"),
        ("Hadoop, Spark, Kafka", "Apache Spark"), ("iOS apps in Swift", "Swift"),
        ("PHP, JSON, REST", "REST API"),
        ("Excel, SQL and Tableau", "Microsoft Excel"), ("models in Excel", "Microsoft Excel"),
        ("HTML, Less, CSS", "Less"),
        ("- Python\n- Rust\n- Docker", "Rust"),
    ],
)  # fmt: skip
def test_ambiguous_names_count_in_company(matcher: SkillMatcher, text: str, label: str) -> None:
    assert label in labels(matcher, text)


def test_a_list_of_ambiguous_names_is_reached_from_both_ends(matcher: SkillMatcher) -> None:
    assert labels(matcher, "Go, Rust, Swift, Python") == ["Go", "Rust", "Swift", "Python"]
    assert labels(matcher, "Python, Swift, Rust, Go") == ["Python", "Swift", "Rust", "Go"]


def test_sentences_and_paragraphs_end_a_name(matcher: SkillMatcher) -> None:
    assert "Machine learning" not in labels(matcher, "We build a machine. Learning is fun.")
    assert "Machine learning" not in labels(matcher, "We build a machine\n\nlearning")
    assert "Machine learning" in labels(matcher, "We do machine\nlearning")


def test_letters_that_grow_when_lowered_keep_the_spans(matcher: SkillMatcher) -> None:
    text = "İstanbul İzmir: Python and ẞ Docker"
    assert [m.surface for m in matcher.find(text)] == ["Python", "Docker"]


@settings(deadline=None)
@given(text=st.text(max_size=400))
def test_any_text_gives_ordered_disjoint_spans(matcher: SkillMatcher, text: str) -> None:
    mentions = matcher.find(text)
    assert all(text[m.start : m.end] == m.surface for m in mentions)
    assert all(one.end <= other.start for one, other in pairwise(mentions))

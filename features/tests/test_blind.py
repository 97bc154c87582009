from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest

from features.blind import Blinder, WorkWords, place_without_code
from features.records import JobRecord, UserRecord
from features.transform import FeatureTransform, TransformConfig

NOW = datetime(2026, 3, 1, tzinfo=UTC)
HEADER = """{name} {pronouns}
Senior Data Engineer | {mail} | {phone}
{street}, {postcode} {city}
Nationality: {nation}
Date of birth: {birth}
Marital status: {status}
"""
BODY = """
Summary
{name} is a data engineer with 12 years of experience. {He} builds pipelines and trains colleagues in data
quality. I am a {nation} citizen, {age} years old, and {status}.

Experience
Senior Data Engineer, Quillmark ({y3}-today)
- Built pipelines with Apache Spark, Kafka and Python; {his} team cut costs by a third
{gap}{waiter} at The Copper Ladle, {y1}-{y2}
- Served guests and trained colleagues in food safety

Education
MSc Computer Science, {school}, {y1}

Skills
Python, SQL, Airflow, Ruby

Languages
English (C1), Spanish (B2)

Interests
{hobby}
"""
ONE = {
    "name": "Anna Sampleton", "pronouns": "(she/her)", "mail": "anna@example.org", "phone": "+49 30 12345678",
    "street": "12 Rose Lane", "postcode": "10115", "city": "Berlin", "nation": "German",
    "birth": "12 March 1985", "status": "married", "He": "She", "his": "her", "age": "41", "y1": "2008",
    "y2": "2012", "y3": "2019", "gap": "", "waiter": "Waitress", "school": "Harvard University",
    "hobby": "Women's rugby, church choir",
}  # fmt: skip
OTHERS = {
    "name": {"name": "Mohammed Al-Specimen"},
    "name of skills": {"name": "Ruby Jenkins"},
    "name of occupations": {"name": "Grace Baker"},
    "pronoun": {"pronouns": "(they/them)", "He": "They", "his": "their"},
    "male": {"pronouns": "(he/him)", "He": "He", "his": "his", "waiter": "Waiter"},
    "mail": {"mail": "m.specimen@example.com", "phone": "(312) 555-0142"},
    "address": {"street": "4 Harbour Street", "postcode": "20095"},
    "nation": {"nation": "Turkish"},
    "unlisted nation": {"nation": "Burkinabe"},
    "birth": {"birth": "1 May 1961", "age": "64", "status": "divorced"},
    "years": {"y1": "1988", "y2": "1994", "y3": "2003"},
    "gap": {"gap": "Career break, 2012-2019: parental leave\n- Raising two children\n"},
    "school": {"school": "Northern Community College"},
    "school of a skill": {"school": "London School of Economics"},
    "school without a word for it": {"school": "Oxford"},
    "hobby": {"hobby": "Chess at the mosque"},
}


def write(**changes: str) -> str:
    return (HEADER + BODY).format(**{**ONE, **changes})


@pytest.fixture(scope="module")
def transform() -> FeatureTransform:
    jobs = [
        JobRecord(i, "Data Engineer", description="builds pipelines, trains colleagues") for i in range(4)
    ]
    return FeatureTransform(TransformConfig(term_buckets=512)).fit(jobs)


def seen(transform: FeatureTransform, user: UserRecord) -> tuple[list[str], dict[str, np.ndarray]]:
    """Every text that reaches the encoder, and every number beside it."""
    texts: list[str] = []

    def encode(batch: Sequence[str]) -> np.ndarray:
        texts.extend(batch)
        return np.ones((len(batch), 2), np.float32)

    inputs = transform.user_inputs([user], encode, NOW)
    numbers: dict[str, np.ndarray] = {**inputs.dense}
    for name, bag in inputs.bags.items():
        numbers[f"{name}.ids"], numbers[f"{name}.weights"] = bag.ids, bag.weights
    return texts, numbers


@pytest.mark.parametrize("edit", OTHERS)
def test_no_personal_edit_reaches_the_model(transform: FeatureTransform, edit: str) -> None:
    user = UserRecord(1, "Data Engineer", write(), ("Python",), "Berlin")
    texts, numbers = seen(transform, user)
    edited = replace(user, resume_text=write(**OTHERS[edit]))
    other_texts, other_numbers = seen(transform, edited)
    assert edited.resume_text != user.resume_text
    assert other_texts == texts
    assert all(np.array_equal(numbers[name], other_numbers[name]) for name in numbers)
    assert set(transform.evidence(edited).skills) == set(transform.evidence(user).skills)


def test_what_is_kept_is_the_work(transform: FeatureTransform) -> None:
    text = transform.blind(UserRecord(1, resume_text=write())).record.resume_text
    for kept in ("senior data engineer", "built pipelines", "apache spark", "served guests", "food safety"):
        assert kept in text
    for gone in ("anna", "she", "berlin", "german", "harvard", "waitress", "rugby", "2008", "rose"):
        assert gone not in text.split()


def test_private_spans_are_blanked_and_offsets_hold(transform: FeatureTransform) -> None:
    text = write(gap="Career break, 2012-2019\n- Raising two children\n")
    blank = transform.blinder.blank_personal(text)
    assert len(blank) == len(text)
    assert [a for a, b in zip(text, blank, strict=True) if a != b and b != " "] == []
    for private in ("Anna", "German", "anna@example", "Harvard", "children", "12345678", "Rose", "10115"):
        assert private not in blank
    for fact in ("MSc Computer Science", "English (C1)", "Spanish (B2)", "Apache Spark", "Ruby"):
        assert fact in blank


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("Ruby is a nurse with ten years on the ward.", False),
        ("Ruby Miller led the night shift.", False),
        ("Backend work in Ruby and SQL.", True),
        ("Ruby developer since 2015.", True),
    ],
)
def test_a_skill_is_not_read_out_of_a_name(transform: FeatureTransform, text: str, found: bool) -> None:
    labels = {
        transform.taxonomy.skills[i].label for i in transform.user_skills(UserRecord(1, resume_text=text))
    }
    assert ("Ruby" in labels) is found


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Waitress", "Waiter"),
        ("Data Engineer (she/her)", "Data Engineer (he/him)"),
        ("Data Engineer", "Data Engineer, anna@example.org"),
        ("Saleswoman", "Salesman"),
        ("Softwareentwicklerin", "Softwareentwickler"),
    ],
)
def test_a_desired_title_says_no_sex(transform: FeatureTransform, one: str, other: str) -> None:
    users = [UserRecord(1, title, "Five years on the job.") for title in (one, other)]
    (texts, numbers), (other_texts, other_numbers) = (seen(transform, user) for user in users)
    assert texts == other_texts
    assert all(np.array_equal(numbers[name], other_numbers[name]) for name in numbers)


@pytest.mark.parametrize(
    "coded",
    ["10115 Berlin", "Berlin 10115", "D-10115 Berlin", "12 Rose Lane, 10115 Berlin", "Berlin, Germany 10115"],
)
def test_a_postcode_does_not_move_the_place(transform: FeatureTransform, coded: str) -> None:
    plain = transform.user_place(UserRecord(1, location="Berlin"))
    assert plain is not None
    assert transform.user_place(UserRecord(1, location=coded)) == plain


def test_dutch_postcodes_are_no_provinces() -> None:
    assert place_without_code("1012 AB Amsterdam") == "Amsterdam"


def test_stated_skills_no_table_knows_lose_the_person(transform: FeatureTransform) -> None:
    user = UserRecord(1, skills=("Python", "Anna Sampleton", "kind nursing"))
    assert transform.blind(user).record.skills == ("Python", "nursing")


def test_words_of_work_are_those_that_postings_write_in_lower_case() -> None:
    counted = WorkWords()
    for i in range(5):
        counted.add(
            JobRecord(i, "Glazier at Fenwick", description="We fettle moulds at Fenwick, mail x@fenwick.com")
        )
    assert {"fettle", "moulds"} <= set(counted.words())
    assert "fenwick" not in counted.words()


def test_saved_with_the_transform_and_refused_without(transform: FeatureTransform, tmp_path: Path) -> None:
    transform.save(tmp_path / "t")
    loaded = FeatureTransform.load(tmp_path / "t").blinder
    assert loaded.digest() == transform.blinder.digest()
    meta = tmp_path / "t" / "transform.json"
    meta.write_text(meta.read_text().replace('"blind_rules"', '"other"'))
    with pytest.raises(ValueError, match="does not blind resumes"):
        FeatureTransform.load(tmp_path / "t")


def test_another_vocabulary_is_another_digest() -> None:
    assert Blinder({"nursing"}).digest() != Blinder({"nursing", "welding"}).digest()

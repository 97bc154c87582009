from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from features.places import Gazetteer
from features.titles import core_title, normalise_title, seniority


@pytest.fixture(scope="module")
def gazetteer() -> Gazetteer:
    return Gazetteer.load()


@pytest.mark.parametrize(
    ("title", "level"),
    [
        ("Software Engineering Intern", "intern"), ("Senior Intern Coordinator", "intern"),
        ("Werkstudent Marketing (m/w/d)", "intern"), ("Junior Developer", "junior"),
        ("Jr. Accountant", "junior"),
        ("Entry-Level Accountant", "junior"), ("Graduate Engineer", "junior"), ("Engineer I", "junior"),
        ("Associate Software Engineer", "junior"), ("Junior/Senior Developer", "junior"),
        ("Mid-level Designer", "mid"), ("Data Analyst II", "mid"), ("Mid/Sr Rails dev", "mid"),
        ("Sr. Software Engineer", "senior"), ("Senior or Lead Data Engineer", "senior"),
        ("Software Engineer III", "senior"), ("Senior Team Lead", "lead"),
        ("Staff Software Engineer", "lead"),
        ("Principal Engineer", "lead"), ("Engineering Manager", "lead"), ("Art Director", "lead"),
        ("VP of Engineering", "executive"), ("Chief Technology Officer", "executive"), ("CTO", "executive"),
        ("Head of Growth", "executive"), ("Director of Sales", "executive"),
    ],
)  # fmt: skip
def test_levels(title: str, level: str) -> None:
    assert seniority(title) == level


@pytest.mark.parametrize(
    "title",
    [
        "Software Engineer", "Internal Auditor", "International Sales Manager", "Executive Assistant",
        "Assistant to the CEO", "Account Executive", "Sales Associate", "Staff Nurse",
        "Lead Generation Specialist",
        "Senior Living Nurse", "Product Manager", "",
    ],
)  # fmt: skip
def test_titles_that_state_no_level(title: str) -> None:
    assert seniority(title) == "unknown"


@pytest.mark.parametrize(
    ("title", "clean"),
    [
        ("Senior Entwickler:in (m/w/d) - Berlin, Germany (Remote) #JR-10234", "Senior Entwickler"),
        ("Backend Engineer, Paris", "Backend Engineer"), ("DevOps Engineer (Remote, US)", "DevOps Engineer"),
        ("Frontend Developer at Acme", "Frontend Developer"),
        ("Frontend Developer @ Acme", "Frontend Developer"),
        ("Registered Nurse | Boston, MA | Job ID: 12345", "Registered Nurse"),
        ("QA Engineer [REQ-12345]", "QA Engineer"), ("Nurse - Full-time", "Nurse"), ("Hiring: Chef", "Chef"),
        ("UX/UI Designer (all genders)", "UX/UI Designer"), ("Koch/in m/w/d", "Koch"),
        ("Engineer (Python)", "Engineer (Python)"), ("C++ / C# Developer", "C++ / C# Developer"),
        ("Engineer, Machine Learning", "Engineer, Machine Learning"),
        ("Developer - Mobile", "Developer - Mobile"),
        ("  Data   Engineer ", "Data Engineer"), ("Remote", "Remote"), ("(m/w/d)", "(m/w/d)"), ("", ""),
    ],
)  # fmt: skip
def test_what_does_not_belong_to_a_title_goes(gazetteer: Gazetteer, title: str, clean: str) -> None:
    assert normalise_title(title, gazetteer) == clean


def test_the_named_company_goes() -> None:
    assert normalise_title("Data Engineer - Initech", company="Initech") == "Data Engineer"
    assert normalise_title("Data Engineer - Initech") == "Data Engineer - Initech"


def test_places_stay_without_a_gazetteer() -> None:
    assert normalise_title("Backend Engineer, Paris") == "Backend Engineer, Paris"


@settings(deadline=None)
@given(title=st.text(max_size=400))
def test_any_title_is_answered(title: str) -> None:
    assert bool(normalise_title(title)) == bool(title[:300].strip())
    assert seniority(title) in {"intern", "junior", "mid", "senior", "lead", "executive", "unknown"}


@pytest.mark.parametrize(
    ("title", "core"),
    [
        ("Sr. Data Engineer II (m/f/d)", "Data Engineer"), ("Junior/Senior Developer", "Developer"),
        ("Web Developer (Senior Associate)", "Web Developer (Associate)"), ("Engineer (Junior)", "Engineer"),
        ("Manager 2, Demand Planning", "Manager, Demand Planning"), ("Entry-level Chemist", "Chemist"),
        ("Senior Living Nurse", "Senior Living Nurse"), ("Assistant to the CEO", "Assistant to the CEO"),
        ("Internship", "Internship"), ("Senior", "Senior"), ("Boeing 747 Pilot", "Boeing 747 Pilot"),
        ("Sales Director", "Sales Director"), ("C++ Developer", "C++ Developer"), ("", ""),
    ],
)  # fmt: skip
def test_what_is_looked_up_states_no_level_below_lead(title: str, core: str) -> None:
    assert core_title(title) == core


@settings(deadline=None)
@given(title=st.text(max_size=400))
def test_any_title_has_a_core(title: str) -> None:
    assert bool(core_title(title)) == bool(title[:300].strip())

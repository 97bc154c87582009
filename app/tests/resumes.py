"""Resume documents drawn at random: Latin, accented, Greek and Cyrillic letters, in usual shapes."""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st
from hypothesis.strategies import DrawFn, SearchStrategy

from app.resume.document import Document

ALPHABETS = (
    "abcdefghijklmnopqrstuvwxyz",
    "aeioulmnrst" + "áàâäãåæçčďéèêëěíìîïłñńňóòôöõøœřšśťúùûüůýžźż",
    "αβγδεζηθικλμνξοπρστυφχψωάέήίόύώ",
    "абвгдежзийклмнопрстуфхцчшщыэюяёіїєў",
)
TITLES = (
    "Data Engineer",
    "Nurse",
    "Project Manager",
    "Senior Software Developer",
    "Sales Assistant",
    "Accountant",
)
DEGREES = ("BSc", "MSc", "Bachelor of Arts", "Master of Science", "PhD", "Diploma")
SPOKEN = (
    "English",
    "German",
    "French",
    "Greek",
    "Russian",
    "Ukrainian",
    "Polish",
    "Spanish",
    "Czech",
    "Swedish",
)
FLUENCIES = ("", "Native", "Fluent", "C1", "B2", "A2", "Intermediate", "Basic")
SKILLS = (
    "Python",
    "SQL",
    "C++",
    "C#",
    "Node.js",
    ".NET",
    "CI/CD",
    "Machine learning",
    "Excel",
    "SAP R/3",
    "R",
)


def _word(alphabet: str, most: int) -> SearchStrategy[str]:
    return st.text(alphabet, min_size=3, max_size=most)


def _phrase(least: int, most: int) -> SearchStrategy[str]:
    """Words of one alphabet, with a small first letter."""
    return st.sampled_from(ALPHABETS).flatmap(
        lambda alphabet: st.lists(_word(alphabet, 10), min_size=least, max_size=most).map(" ".join)
    )


#: Words with capitals, as in names of people, companies and schools.
words = _phrase(1, 3).map(str.title)
_name = _phrase(2, 3).map(str.title)
_line = _phrase(1, 4).map(str.capitalize)
_sentence = _phrase(3, 18).map(lambda text: f"{text.capitalize()}.")
_bullet = st.one_of(_sentence, st.tuples(_sentence, _sentence).map(" ".join))
_month = st.builds("{}-{:02}".format, st.integers(1980, 2023), st.integers(1, 12))
_day = st.builds("{}-{:02}".format, _month, st.integers(1, 28))
_year = st.integers(1980, 2023).map(str)
_date = st.one_of(_month, _month, _year, _day)
_skill = st.one_of(st.sampled_from(SKILLS), _line)


@st.composite
def _period(draw: DrawFn, *, open_ended: bool) -> dict[str, str]:
    """Most have a start; some go on."""
    first, second = draw(st.sampled_from((_month, _year, _day)).flatmap(lambda kind: st.tuples(kind, kind)))
    first, second = sorted((first, second))
    kinds = [{"startDate": first, "endDate": second}] * 3 + [{"endDate": second}]
    return dict(draw(st.sampled_from([*kinds, *[{"startDate": first}] * (2 * open_ended)])))


@st.composite
def _work(draw: DrawFn) -> dict[str, Any]:
    position = draw(st.one_of(st.sampled_from(TITLES), _line))
    entry = {"position": position, "name": draw(words), **draw(_period(open_ended=True))}
    return entry | {"highlights": draw(st.lists(_bullet, max_size=5, unique=True))}


@st.composite
def _education(draw: DrawFn) -> dict[str, Any]:
    entry = {"studyType": draw(st.sampled_from(DEGREES)), "institution": draw(words)}
    return entry | {"area": draw(_line)} | draw(_period(open_ended=False))


@st.composite
def _project(draw: DrawFn) -> dict[str, Any]:
    entry = {"name": draw(_line), **draw(_period(open_ended=True))}
    return entry | {"highlights": draw(st.lists(_bullet, min_size=1, max_size=3, unique=True))}


_certificate = st.fixed_dictionaries({"name": _line, "issuer": words, "date": _date})
_language = st.builds(
    lambda language, fluency: {"language": language} | ({"fluency": fluency} if fluency else {}),
    st.sampled_from(SPOKEN),
    st.sampled_from(FLUENCIES),
)
_groups = st.lists(
    st.fixed_dictionaries({"name": _line, "keywords": st.lists(_skill, min_size=1, max_size=6, unique=True)}),
    max_size=3,
)
_alone = st.lists(_skill, max_size=8, unique=True).map(lambda names: [{"name": name} for name in names])
_skills = st.one_of(_groups, _alone, st.tuples(_groups, _alone).map(lambda both: both[0] + both[1]))


def raw_documents() -> SearchStrategy[dict[str, Any]]:
    """What people put into a resume; JSON values that the document allows."""
    basics = st.fixed_dictionaries(
        {
            "name": _name,
            "label": st.one_of(st.sampled_from(TITLES), _line),
            "email": st.just("someone@example.org"),
            "phone": st.just("+49 30 901820"),
        },
        optional={"summary": st.lists(_sentence, min_size=1, max_size=6).map(" ".join)},
    )
    return st.fixed_dictionaries(
        {
            "basics": basics,
            "work": st.lists(_work(), min_size=1, max_size=5),
            # the same entry twice is read once, on purpose: some resumes print all they have twice
            "education": st.lists(_education(), max_size=3, unique_by=str),
            "projects": st.lists(_project(), max_size=2),
            "skills": _skills,
            "languages": st.lists(_language, max_size=4, unique_by=lambda item: item["language"]),
            "certificates": st.lists(_certificate, max_size=3),
        }
    )


def documents() -> SearchStrategy[Document]:
    return raw_documents().map(Document.model_validate)

"""From a file to fields: every value has the span it was read from; contact data never reaches a model."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import date
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from features.places import Gazetteer
from features.resume.cleaning import clean
from features.resume.dates import find_ranges
from features.resume.errors import NoTextError
from features.resume.levels import cefr_of, degree_level
from features.resume.parse import Parser
from features.resume.records import Field, ParsedResume
from features.resume.testing import Ink, docx, lines_pdf, paragraph, pdf, zipped
from features.resume.tongue import language_of

TODAY = date(2024, 7, 15)
RESUME = """Ann Example
Senior Data Engineer
12 Harbour Street, Boston, MA 02110 | ann.example@mail.example.org | +1 (617) 555-0134
linkedin.com/in/ann-example | github.com/annex | https://ann.example.dev
Date of birth: 3 May 1985

SUMMARY
Ann builds data platforms.

EXPERIENCE
Senior Data Engineer\tMar 2019 - Present
Acme Corp. | Boston, MA
• Moved 40 pipelines from cron to Airflow and cut the nightly
run from six hours to two.
• Led a team of four.
Data Engineer, Example Bank\t06/2016 to 05/2019
• Built the warehouse.

EDUCATION
Master of Science in Computer Science, 2014 - 2016
Northeastern University, Boston, MA
BSc, Mathematics\t2014
University of Athens

SKILLS
Languages: Python, SQL, Scala
Tools: Airflow, Spark, .NET

LANGUAGES
English (native), Greek (C1), German - basic

CERTIFICATES
AWS Certified Developer, Amazon, 2021
"""


@pytest.fixture(scope="module")
def parser() -> Parser:
    return Parser()


@pytest.fixture(scope="module")
def resume(parser: Parser) -> ParsedResume:
    return parser.parse(lines_pdf(RESUME.split("\n")), today=TODAY)


@pytest.fixture(scope="module")
def pasted(parser: Parser) -> ParsedResume:
    return parser.parse_text(RESUME, today=TODAY)


def value(field: Field[Any] | None) -> Any:
    return field.value if field is not None else None


def fields(resume: ParsedResume) -> Iterator[Field[Any]]:
    """Every field of the resume."""
    basics = resume.basics
    yield from (f for f in (basics.name, basics.label, basics.email, basics.phone, basics.url) if f)
    for work in resume.work:
        yield from (f for f in (work.position, work.name, work.start_date, work.end_date, work.current) if f)
        yield from work.highlights
    for school in resume.education:
        yield from (f for f in (school.institution, school.area, school.study_type, school.end_date) if f)
    yield from resume.skills
    yield from (spoken.language for spoken in resume.languages)
    yield from (certificate.name for certificate in resume.certificates)


def test_positions_with_employers_dates_and_points(pasted: ParsedResume) -> None:
    seen = [(value(w.position), value(w.name), value(w.start_date), value(w.end_date)) for w in pasted.work]
    assert seen == [
        ("Senior Data Engineer", "Acme Corp.", "2019-03", None),
        ("Data Engineer", "Example Bank", "2016-06", "2019-05"),
    ]
    first = pasted.work[0]
    assert value(first.current) is True
    assert first.location is not None
    assert (first.location.value.city, first.location.value.region) == ("Boston", "MA")
    assert [value(point) for point in first.highlights] == [
        "Moved 40 pipelines from cron to Airflow and cut the nightly run from six hours to two.",
        "Led a team of four.",
    ]


def test_overlapping_positions_count_once(pasted: ParsedResume) -> None:
    """June 2016 to July 2024 without a gap: 98 months, although the two share three."""
    assert pasted.experience_years == pytest.approx(98 / 12, abs=0.01)


def test_education(pasted: ParsedResume) -> None:
    seen = [
        (value(e.study_type), value(e.area), value(e.institution), value(e.end_date), e.level)
        for e in pasted.education
    ]
    assert seen == [
        ("Master of Science", "Computer Science", "Northeastern University", "2016", 7),
        ("BSc", "Mathematics", "University of Athens", "2014", 6),
    ]


def test_lists(pasted: ParsedResume) -> None:
    assert [value(s) for s in pasted.skills] == ["Python", "SQL", "Scala", "Airflow", "Spark", ".NET"]
    assert [(value(s.language), s.cefr) for s in pasted.languages] == [
        ("English", "C2"),
        ("Greek", "C1"),
        ("German", "A2"),
    ]
    certificate = pasted.certificates[0]
    assert (value(certificate.name), value(certificate.issuer), value(certificate.date)) == (
        "AWS Certified Developer",
        "Amazon",
        "2021",
    )


def test_contact_data_is_found_and_kept_from_models(pasted: ParsedResume) -> None:
    basics = pasted.basics
    assert value(basics.name) == "Ann Example"
    assert value(basics.label) == "Senior Data Engineer"
    assert value(basics.email) == "ann.example@mail.example.org"
    assert value(basics.phone) == "+1 (617) 555-0134"
    assert value(basics.url) == "https://ann.example.dev"
    assert {profile.network: profile.username for profile in basics.profiles} == {
        "LinkedIn": "ann-example",
        "GitHub": "annex",
    }
    assert basics.location is not None
    assert (basics.location.value.city, basics.location.value.country) == ("Boston", "US")
    model = pasted.model_text()
    assert len(model) == len(pasted.text)
    for secret in (
        "Ann",
        "mail.example",
        "555",
        "linkedin",
        "annex",
        "ann.example",
        "Harbour",
        "02110",
        "1985",
    ):
        assert secret not in model
    for kept in ("Senior Data Engineer", "Mar 2019", "Led a team of four.", "Northeastern University"):
        assert kept in model
        assert model.index(kept) == pasted.text.index(kept)


def test_a_pdf_says_the_same_as_its_text(resume: ParsedResume, pasted: ParsedResume) -> None:
    """Tabs of the text are spaces on this page; what is read is the same."""
    assert [value(w.start_date) for w in resume.work] == [value(w.start_date) for w in pasted.work]
    assert [value(w.position) for w in resume.work] == [value(w.position) for w in pasted.work]
    assert value(resume.basics.name) == "Ann Example"
    assert resume.document.kind == "pdf"
    assert resume.language == "en"
    assert all(resume.document.sandbox.values())


@pytest.mark.parametrize("which", ["resume", "pasted"])
def test_spans_hold_what_was_written(which: str, request: pytest.FixtureRequest) -> None:
    found: ParsedResume = request.getfixturevalue(which)
    some = list(fields(found))
    assert len(some) > 20
    for field in some:
        written = found.text[field.start : field.end]
        assert written
        assert 0 < field.confidence <= 1
        if isinstance(field.value, str) and not field.value[:4].isdigit() and "://" not in field.value:
            assert field.value == " ".join(written.split())


def test_json_resume_with_a_span_for_every_value(pasted: ParsedResume) -> None:
    document = pasted.to_json_resume()
    json.dumps(document)
    assert document["work"][0]["position"] == "Senior Data Engineer"
    assert "endDate" not in document["work"][0]
    assert document["x-jobpilot"]["current"] == [0]
    spans = document["x-jobpilot"]["fields"]
    assert spans["/work/1/startDate"]["start"] == pasted.text.index("06/2016")
    assert spans["/education/1/institution"]["confidence"] > 0.5


def page_of(columns: list[tuple[float, list[str]]], top: float = 700) -> list[Ink]:
    return [Ink(x, top - 14 * i, line) for x, lines in columns for i, line in enumerate(lines)]


def test_columns_are_read_one_after_the_other(parser: Parser) -> None:
    left = ["SKILLS", "Welding", "Forging", "Casting", "LANGUAGES", "English (C2)"]
    right = [
        "EXPERIENCE",
        "Welder, Acme Inc. 2015 - 2019",
        "Joined plates for ships and bridges",
        "and tested every seam by sound.",
        "EDUCATION",
        "Diploma in Metalwork, Trade School, 2014",
    ]
    found = parser.parse(pdf([[Ink(50, 760, "Ann Example", 20), *page_of([(50, left), (250, right)])]]))
    text = found.text
    order = ["Ann Example", "SKILLS", "Casting", "English (C2)", "EXPERIENCE", "every seam", "Trade School"]
    assert [text.index(words) for words in order] == sorted(text.index(words) for words in order)
    assert [value(s) for s in found.skills] == ["Welding", "Forging", "Casting"]
    assert value(found.work[0].position) == "Welder"


def test_a_column_of_dates_belongs_to_the_rows_beside_it(parser: Parser) -> None:
    rows = [
        ("", "EXPERIENCE"),
        ("2015 - 2019", "Welder at Acme Inc."),
        ("", "Joined plates for ships and bridges of all sizes."),
        ("", "Tested every seam by sound."),
        ("2012 - 2015", "Smith at Example Ltd."),
        ("", "Forged gates and fences for gardens and graveyards."),
        ("2010 - 2012", "Helper at Test GmbH"),
        ("", "Swept the floor and kept the fires going."),
    ]
    page = [
        Ink(x, 700 - 16 * i, cell)
        for i, row in enumerate(rows)
        for x, cell in zip((50, 150), row, strict=True)
    ]
    found = parser.parse(pdf([[ink for ink in page if ink.text]]))
    assert [(value(w.position), value(w.start_date), value(w.end_date)) for w in found.work] == [
        ("Welder", "2015", "2019"),
        ("Smith", "2012", "2015"),
        ("Helper", "2010", "2012"),
    ]


def test_running_headers_and_page_numbers_are_left_out(parser: Parser) -> None:
    body = [f"Point {number} of a long list of things that were done" for number in range(10)]
    pages = [
        [
            Ink(50, 800, "Ann Example - curriculum vitae"),
            *page_of([(50, body)]),
            Ink(280, 40, f"Page {n} of 3"),
        ]
        for n in (1, 2, 3)
    ]
    found = parser.parse(pdf(pages))
    assert found.text.count("curriculum vitae") == 1
    assert "Page 2" not in found.text
    assert "repeated_lines" in [notice.code for notice in found.warnings]


def test_words_divided_at_the_end_of_a_line_are_joined(parser: Parser) -> None:
    lines = ["Responsible for the develop-", "ment of tools and for self-", "service portals of the bank."]
    text = parser.parse(lines_pdf(lines)).text
    assert "development" in text
    assert "self-service" in text


def test_text_without_space_characters_gets_its_words(parser: Parser) -> None:
    """Each word placed on its own, as browsers print."""
    inks, x = [], 50.0
    for word in ["Built", "bridges", "of", "steel", "and", "stone"] * 2:
        inks.append(Ink(x, 700, word))
        x += 4.6 * len(word) + 5
    assert "bridges of steel and stone" in parser.parse(pdf([inks])).text


def test_word_files_tables_text_boxes_and_headings(parser: Parser) -> None:
    table = "".join(
        f"<w:tr><w:tc>{paragraph(a)}</w:tc><w:tc>{paragraph(b)}</w:tc></w:tr>"
        for a, b in [("2015 - 2019", "Welder, Acme Inc."), ("2012 - 2015", "Smith, Example Ltd.")]
    )
    box = (
        "<w:p><w:r><w:pict><w:txbxContent>"
        + paragraph("ann@example.org")
        + "</w:txbxContent></w:pict></w:r></w:p>"
    )
    styles = (
        b'<w:styles xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main"><w:style '
        b'w:styleId="H1"><w:name w:val="heading 1"/><w:rPr><w:b/></w:rPr></w:style></w:styles>'
    )
    header = (
        b'<w:hdr xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main">'
        + paragraph("Ann Example").encode()
        + b"</w:hdr>"
    )
    body = box + paragraph("Experience", "H1") + f"<w:tbl>{table}</w:tbl>"
    found = parser.parse(docx(body, {"word/styles.xml": styles, "word/header1.xml": header}))
    assert value(found.basics.name) == "Ann Example"
    assert value(found.basics.email) == "ann@example.org"
    assert [(value(w.position), value(w.name), value(w.end_date)) for w in found.work] == [
        ("Welder", "Acme Inc.", "2019"),
        ("Smith", "Example Ltd.", "2015"),
    ]


def test_deleted_text_of_word_files_is_gone_and_inserted_text_is_there(parser: Parser) -> None:
    body = (
        '<w:p><w:r><w:t xml:space="preserve">Engineer of </w:t></w:r><w:del><w:r><w:delText>roads</w:delText>'
        "</w:r></w:del><w:ins><w:r><w:t>bridges</w:t></w:r></w:ins></w:p>"
    )
    text = parser.parse(docx(body)).text
    assert "Engineer of bridges" in text
    assert "roads" not in text


def test_json_resume_is_read_with_spans_of_its_rendering(parser: Parser) -> None:
    source = {
        "basics": {
            "name": "Zoë Ångström",
            "email": "z@example.org",
            "location": {"city": "Malmö", "countryCode": "SE"},
        },
        "work": [{"name": "Acme", "position": "Cook", "startDate": "2019-03", "highlights": ["Cooked."]}],
        "education": [{"institution": "KTH", "studyType": "BSc", "area": "Food", "endDate": "2018"}],
        "skills": [{"name": "Kitchen", "keywords": ["knives", "fire"]}],
        "languages": [{"language": "Swedish", "fluency": "native"}],
    }
    found = parser.parse(json.dumps(source).encode(), today=TODAY)
    out = found.to_json_resume()
    assert found.document.kind == "json-resume"
    assert out["work"][0] == source["work"][0]  # type: ignore[index]
    assert out["education"][0] == source["education"][0]  # type: ignore[index]
    assert [value(s) for s in found.skills] == ["knives", "fire"]
    assert found.languages[0].cefr == "C2"
    for field in fields(found):
        assert found.text[field.start : field.end]
    assert "Ångström" not in found.model_text()
    assert "z@example.org" not in found.model_text()


def test_linkedin_export(parser: Parser) -> None:
    export = zipped(
        {
            "Profile.csv": b"First Name,Last Name,Headline,Geo Location\nAnn,Example,Welder,Boston\n",
            "Positions.csv": b"Company Name,Title,Description,Location,Started On,Finished On\n"
            b'Acme,Welder,"Plates, seams",Boston,Mar 2019,\nTest,Smith,,,Jan 2015,Feb 2019\n',
            "Education.csv": b"School Name,Start Date,End Date,Degree Name\nTrade School,2010,2014,Diploma\n",
            "Skills.csv": b"Name\nWelding\nForging\n",
            "Languages.csv": b"Name,Proficiency\nEnglish,Native or bilingual proficiency\n",
            "Certifications.csv": b"Name,Url,Authority,Started On\nWelder II,,AWS,May 2020\n",
        }
    )
    found = parser.parse(export, today=TODAY)
    assert found.document.kind == "linkedin"
    assert value(found.basics.name) == "Ann Example"
    assert [(value(w.name), value(w.start_date), value(w.end_date)) for w in found.work] == [
        ("Acme", "2019-03", None),
        ("Test", "2015-01", "2019-02"),
    ]
    assert [value(s) for s in found.skills] == ["Welding", "Forging"]
    assert value(found.certificates[0].date) == "2020-05"
    assert found.languages[0].cefr == "C2"


@pytest.mark.parametrize(
    ("words", "encoding"),
    [
        ("Curriculum de José Muñoz, ingeniero de caminos", "utf-8"),
        ("Curriculum de José Muñoz, ingeniero de caminos", "cp1252"),
        ("Lebenslauf von Jürgen Groß, Ingenieur", "utf-16"),
        ("Резюме инженера строителя мостов и дорог Иванова", "cp1251"),
        ("Резюме инженера строителя мостов и дорог Иванова", "koi8-r"),
        ("Βιογραφικό σημείωμα μηχανικού από την Αθήνα", "cp1253"),
        ("Βιογραφικό σημείωμα μηχανικού από την Αθήνα", "utf-8"),
    ],
)
def test_letters_of_plain_text_survive(parser: Parser, words: str, encoding: str) -> None:
    assert parser.parse(words.encode(encoding)).text.strip() == words


@pytest.mark.parametrize(
    ("written", "first", "last", "open_"),
    [
        ("Mar 2019 - Present", "2019-03", None, True),
        ("03/2019 to 06/2021", "2019-03", "2021-06", False),
        ("2016-18", "2016", "2018", False),
        ("Since May 2020", "2020-05", None, True),
        ("Sept. '14 – heute", "2014-09", None, True),
        ("May - August 2019", "2019-05", "2019-08", False),
        ("Nov - Feb 2020", "2019-11", "2020-02", False),
        ("14 March 2019 - 02.05.2020", "2019-03-14", "2020-05-02", False),
        ("2019-03 – 2020-11", "2019-03", "2020-11", False),
        ("January 2006", "2006-01", None, False),
        ("Μάρ 2019 - σήμερα", "2019-03", None, True),
        ("янв 2019 - настоящее время", "2019-01", None, True),
        ("February 2017 Present", "2017-02", None, True),
        ("2015 – ", "2015", None, True),
    ],
)
def test_dates(written: str, first: str, last: str | None, open_: bool) -> None:
    found = find_ranges(written)
    assert len(found) == 1
    assert found[0].first.value == first
    assert (found[0].last.value if found[0].last else None) == last
    assert (found[0].present is not None) == open_


@pytest.mark.parametrize(
    "written", ["call 555-2019", "$2000 a month", "2000 employees", "room 1234", "13/45"]
)
def test_no_dates(written: str) -> None:
    assert find_ranges(written) == []


@given(st.text(max_size=200))
def test_cleaning_twice_changes_nothing_more(text: str) -> None:
    once = clean(text)
    assert clean(once) == once


@pytest.mark.parametrize(
    ("broken", "mended"),
    [
        ("JosÃ© GarcÃ\xada", "José García"),
        ("Acmeâ€“City", "Acme–City"),
        ("ofÂ the", "of the"),
        ("\ufb01nance of\ufb01ce", "finance office"),
    ],
)
def test_broken_letters_are_mended(broken: str, mended: str) -> None:
    assert clean(broken) == mended


@pytest.mark.parametrize("word", ["Ângela", "çœš", "naïve résumé", "Łódź", "Ἀθῆναι", "m²", "½"])
def test_right_letters_are_left_alone(word: str) -> None:
    assert clean(word) == word


@pytest.mark.parametrize(
    ("degree", "level"),
    [
        ("PhD", 8),
        ("Master of Science", 7),
        ("MBA", 7),
        ("B.Sc.", 6),
        ("Associate of Arts", 5),
        ("GED", 3),
        ("", 0),
    ],
)
def test_degrees_have_levels(degree: str, level: int) -> None:
    assert degree_level(degree) == level


@pytest.mark.parametrize(
    ("stated", "level"),
    [("Professional working proficiency", "B2"), ("fluent", "C1"), ("B1+", "B1"), ("a little", "")],
)
def test_fluency_on_the_common_framework(stated: str, level: str) -> None:
    assert cefr_of(stated) == level


def test_languages_of_texts() -> None:
    german = (
        "Ich habe in der Firma mit dem Team an den Maschinen und für die Kunden auf der Baustelle gearbeitet"
    )
    assert language_of(german + " und von dort aus auch im Ausland") == "de"
    assert language_of("Опыт работы инженером в компании") == "ru"
    assert language_of("Java Python") == ""


def test_a_scan_says_what_to_do(parser: Parser) -> None:
    with pytest.raises(NoTextError, match="OCR"):
        parser.parse(pdf([[]]))


def test_a_text_without_headings_says_so() -> None:
    found = Parser(gazetteer=Gazetteer({})).parse_text("just some words about nothing much")
    assert {notice.code for notice in found.warnings} == {"no_sections", "no_positions"}


def test_a_group_of_skills_runs_over_its_line_end(parser: Parser) -> None:
    text = "Ann Example\n\nSkills\n.NET, Ada\n\nOld ones: Modula two, Algol sixty\nrevised, C++, Eiffel\n"
    assert [s.value for s in parser.parse_text(text).skills] == [
        ".NET", "Ada", "Modula two", "Algol sixty revised", "C++", "Eiffel",
    ]  # fmt: skip

"""Files of a resume: the same words in every format, nothing read as code, nothing off the page."""

from __future__ import annotations

import asyncio
import importlib.util
import io
import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, get_args

import docx
import pypdfium2
import pypdfium2.raw as pdfium
import pytest

from app.errors import InvalidInputError, PayloadTooLargeError, UnavailableError
from app.resume.document import Document
from app.resume.render.file import File, Format, render
from app.resume.render.markdown import escaped
from app.resume.render.outline import outline
from app.resume.render.typst import CHILD, Compiler, Limits, Paper, Template
from app.resume.render.wording import HEADINGS, day, listed, period

TEMPLATES: tuple[Template, ...] = get_args(Template)
EVERYTHING: dict[str, Any] = {
    "basics": {
        "name": "Zoë Müller-Παπαδοπούλου",
        "label": "Инженер данных",
        "email": "zoe@example.org",
        "phone": "+49 30 901820",
        "url": "https://zoe.example.org",
        "summary": "First paragraph. It is short.\nSecond paragraph.",
        "location": {"city": "Łódź", "postalCode": "90-001", "countryCode": "PL"},
        "profiles": [
            {"network": "LinkedIn", "username": "zoe", "url": "https://linkedin.example.org/in/zoe"},
            {"network": "Mastodon", "username": "@zoe"},
        ],
    },
    "work": [
        {
            "name": "Čedok & Søn",
            "location": "Praha",
            "position": "Lead",
            "startDate": "2019-03",
            "summary": "Led the office.",
            "highlights": ["Cut costs by 12 %.", "Ωμέγα was shipped."],
        },
        {"name": "ООО Ромашка", "startDate": "2014-09-15", "endDate": "2019"},
    ],
    "volunteer": [{"organization": "Code Club", "position": "Mentor", "startDate": "2016"}],
    "education": [
        {"institution": "TU Berlin", "studyType": "MSc", "area": "Physics", "endDate": "2014", "score": "1.3"}
    ],
    "awards": [{"title": "Best Talk", "awarder": "PyCon", "date": "2020"}],
    "certificates": [{"name": "CKA", "issuer": "CNCF", "date": "2022-05"}],
    "publications": [
        {"name": "Small joins", "publisher": "VLDB", "releaseDate": "2018-08", "summary": "On joins."}
    ],
    "skills": [
        {"name": "Data", "level": "Expert", "keywords": ["SQL", "Spark"]},
        {"name": "Go"},
        {"name": "C++"},
    ],
    "languages": [{"language": "German", "fluency": "Native"}, {"language": "Greek"}],
    "interests": [{"name": "Climbing"}],
    "references": [{"name": "Ada", "reference": "Hire her."}],
    "projects": [
        {"name": "pgdiff", "description": "Compares schemas.", "keywords": ["Go"], "roles": ["Author"]}
    ],
}
#: What the page says about it, in this order; dates stand at the right end of their line.
LINES = """Zoë Müller-Παπαδοπούλου
Инженер данных
Summary
First paragraph. It is short.
Second paragraph.
Experience
Lead Mar 2019 - Present
Čedok & Søn | Praha
Led the office.
Cut costs by 12 %.
Ωμέγα was shipped.
ООО Ромашка 15 Sep 2014 - 2019
Education
MSc, Physics 2014
TU Berlin
Grade: 1.3
Projects
pgdiff
Author
Compares schemas.
Keywords: Go
Skills
Go, C++
Data (Expert): SQL, Spark
Certificates
CKA | CNCF May 2022
Languages
German (Native), Greek
Publications
Small joins Aug 2018
VLDB
On joins.
Awards
Best Talk | PyCon 2020
Volunteering
Mentor 2016 - Present
Code Club
Interests
Climbing
References
Ada
Hire her.""".splitlines()


def made(data: dict[str, Any], kind: Format, template: Template = "classic", paper: Paper = "a4") -> File:
    return asyncio.run(render(Compiler(), Document.model_validate(data), kind, template, paper))


def pages(content: bytes) -> Iterator[pypdfium2.PdfPage]:
    document = pypdfium2.PdfDocument(content)
    for number in range(len(document)):
        yield document[number]
    document.close()


def pdf_lines(content: bytes) -> list[str]:
    texts = [page.get_textpage().get_text_bounded() for page in pages(content)]
    return [" ".join(line.removeprefix("•").split()) for text in texts for line in text.splitlines()]


def docx_lines(content: bytes) -> list[str]:
    return [" ".join(line.text.split()) for line in docx.Document(io.BytesIO(content)).paragraphs]


def in_order(wanted: list[str], lines: list[str]) -> list[str]:
    """Those that are not found after the ones before them."""
    rest = iter(lines)
    return [line for line in wanted if line not in rest]


@pytest.mark.parametrize("template", TEMPLATES)
def test_every_letter_and_line_is_in_the_pdf(template: Template) -> None:
    assert in_order(LINES, pdf_lines(made(EVERYTHING, "pdf", template).content)) == []


@pytest.mark.parametrize("template", TEMPLATES)
def test_every_letter_and_line_is_in_the_docx(template: Template) -> None:
    content = made(EVERYTHING, "docx", template).content
    assert in_order(LINES, docx_lines(content)) == []
    document = docx.Document(io.BytesIO(content))
    styles = {line.text: line.style.name for line in document.paragraphs if line.style}
    assert [text for text, style in styles.items() if style == "Heading 1"] == list(HEADINGS.values())
    assert styles["Lead\tMar 2019 - Present"] == "Heading 2"
    assert styles["Cut costs by 12 %."] == "List Bullet"
    assert styles["Zoë Müller-Παπαδοπούλου"] == "Title"
    assert document.core_properties.author == "Zoë Müller-Παπαδοπούλου"


def test_text_and_markdown_say_the_same() -> None:
    text = made(EVERYTHING, "txt").content.decode()
    assert (
        "\nEXPERIENCE\nLead | Mar 2019 - Present\nČedok & Søn | Praha\nLed the office.\n- Cut costs by 12 %."
        in text
    )
    marked = made(EVERYTHING, "md").content.decode()
    assert (
        "\n## Experience\n\n### Lead | Mar 2019 - Present\n\n*Čedok \\& Søn | Praha*\n\nLed the office."
        in marked
    )
    assert "<zoe@example.org> | \\+49 30 901820 | 90-001 Łódź, PL | <https://zoe.example.org>" in marked


def test_json_is_the_standard_document() -> None:
    data = EVERYTHING | {"x-jobpilot": {"fields": {"/work": {"start": 0, "end": 4}}}}
    found = json.loads(made(data, "json").content)
    assert found.pop("$schema").endswith("v1.0.0/schema.json")
    assert found == EVERYTHING


def test_papers_tags_and_fit() -> None:
    for paper, size in (("a4", (595, 842)), ("letter", (612, 792))):
        file = made(EVERYTHING, "pdf", paper=paper)  # type: ignore[arg-type]  # one of the two
        assert [round(side) for side in next(pages(file.content)).get_size()] == list(size)
    document = pypdfium2.PdfDocument(file.content)
    assert pdfium.FPDFCatalog_IsTagged(document.raw)
    assert document.get_metadata_dict()["Title"] == "Zoë Müller-Παπαδοπούλου - Resume"
    assert (file.pages, len(document)) == (2, 2)
    document.close()
    assert file.fill is not None
    assert 0.05 < file.fill < 0.4
    longer = EVERYTHING | {"work": EVERYTHING["work"] * 12}
    file = made(longer, "pdf")
    assert file.pages == len(list(pages(file.content))) > 1


CODE = (
    '#read("/etc/passwd") #panic("x") #import "common.typ"',
    "*bold* _soft_ `raw` $x^2$ <label> @cite = Heading",
    '\\ " \\" #{ } [ ] // comment /* more */ \\u{41} ~ --- ...',
    '"; #sys.inputs.data; "',
    "{{ 7*7 }} ${jndi:ldap://x} <script>alert(1)</script> &amp;",
)


@pytest.mark.parametrize("template", TEMPLATES)
def test_nothing_in_a_resume_is_code(template: Template) -> None:
    data = {
        "basics": {"name": CODE[0], "label": CODE[1], "summary": CODE[2]},
        "work": [{"position": CODE[3], "name": CODE[4], "highlights": list(CODE)}],
        "skills": [{"name": CODE[1], "keywords": list(CODE)}],
    }
    document = Document.model_validate(data)
    text = " ".join(pdf_lines(made(data, "pdf", template).content))
    for line in (
        document.basics.name,
        document.basics.label,
        document.work[0].position,
        *document.work[0].highlights,
    ):
        assert line in text
    words = "\n".join(docx_lines(made(data, "docx", template).content))
    assert all(code in words for code in CODE)


def test_the_compiler_sees_its_templates_only(tmp_path: Path) -> None:
    (tmp_path / "secret.typ").write_text("secret")
    root = tmp_path / "root"
    root.mkdir()
    (root / "inner.typ").write_text('#set document(title: "x")\nfine')
    for source, fails in (
        ('#include "inner.typ"', "exactly one"),
        ('#read("../secret.typ")', "root"),
        ('#read("/../secret.typ")', "root"),
        ('#read("/etc/passwd")', "not found"),
        ('#import "@preview/example:0.1.0": *', "failed to download package"),
    ):
        (root / "page.typ").write_text(source)
        order = {
            "template": "page",
            "root": str(root),
            "fonts": [],
            "timestamp": 0,
            "limits": {"cpu_s": 5, "memory_mb": 1024},
            "inputs": {},
        }
        child = [sys.executable, "-I", str(CHILD)]
        ran = subprocess.run(
            child, input=json.dumps(order), capture_output=True, text=True, check=False, timeout=30
        )
        assert fails in json.loads(ran.stdout.splitlines()[0])["error"], ran


@pytest.mark.parametrize("template", TEMPLATES)
def test_nothing_runs_off_the_page(template: Template) -> None:
    long = "W" * 200
    data = {
        "basics": {
            "name": long,
            "label": long,
            "url": f"https://example.org/{'x' * 400}",
            "summary": "Я" * 3000,
        },
        "work": [{"position": long, "name": long, "startDate": "2019-03", "highlights": ["Ω" * 1000]}],
        "education": [
            {"studyType": "MSc " * 49, "institution": long, "url": f"https://example.org/{'y' * 400}"}
        ],
        "skills": [{"name": long, "keywords": [long, "SQL"]}],
    }
    content = made(data, "pdf", template).content
    for page in pages(content):
        width, height = page.get_size()
        text = page.get_textpage()
        for index in range(text.count_chars()):
            left, bottom, right, top = text.get_charbox(index)
            if text.get_text_range(index, 1).strip():
                assert (left >= 0, bottom >= 0, right <= width, top <= height) == (True,) * 4
    assert "".join(pdf_lines(content)).count("Ω") == 1000


def test_letters_that_no_font_has_are_named() -> None:
    with pytest.raises(InvalidInputError, match=r"U\+6F22"):
        made({"basics": {"name": "漢字"}}, "pdf")


def test_fonts_of_the_operator_are_used() -> None:
    """Tifinagh is in none of the compiler's fonts; DejaVu Sans, which comes with matplotlib, has it."""
    found = importlib.util.find_spec("matplotlib")
    assert found is not None
    assert found.origin is not None
    fonts = Path(found.origin).parent / "mpl-data" / "fonts" / "ttf"
    document = Document.model_validate({"basics": {"name": "ⵣⴰⵏ"}})
    with pytest.raises(InvalidInputError, match=r"U\+2D63"):
        made({"basics": {"name": "ⵣⴰⵏ"}}, "pdf")
    file = asyncio.run(render(Compiler([fonts]), document, "pdf", "classic", "a4"))
    assert pdf_lines(file.content)[0] == "ⵣⴰⵏ"


async def test_what_takes_too_long_is_stopped() -> None:
    page = outline(Document.model_validate(EVERYTHING))
    with pytest.raises(PayloadTooLargeError):
        await Compiler(limits=Limits(wall_s=0.001)).compile(page, "classic", "a4")
    with pytest.raises(PayloadTooLargeError):
        await Compiler(limits=Limits(memory_mb=60)).compile(page, "classic", "a4")


async def test_too_many_at_once_are_told_to_wait() -> None:
    compiler = Compiler(limits=Limits(running=1, waiting=1))
    page = outline(Document.model_validate(EVERYTHING))
    asked = [compiler.compile(page, "classic", "a4") for _ in range(4)]
    answers = await asyncio.gather(*asked, return_exceptions=True)
    assert sum(isinstance(answer, UnavailableError) for answer in answers) == 2
    assert (await compiler.compile(page, "compact", "a4")).pages == 1


def test_the_largest_document_is_printed() -> None:
    bullets = ["Moved the nightly load to Spark and cut its time to a third of what it was before. " * 2] * 18
    data = {"work": [{"name": f"C{n}", "startDate": "2019", "highlights": bullets} for n in range(60)]}
    assert len(json.dumps(data)) > 180_000
    file = made(data, "pdf")
    assert file.pages is not None
    assert file.pages > 40


@pytest.mark.parametrize(
    ("start", "end", "wanted"),
    [
        ("2019", "", "2019 - Present"),
        ("2019-03", "2020-12-24", "Mar 2019 - 24 Dec 2020"),
        ("", "2014", "Until 2014"),
        ("", "", ""),
    ],
)
def test_periods(start: str, end: str, wanted: str) -> None:
    assert period(start, end) == wanted
    assert day("2019-01-05") == "5 Jan 2019"


def test_lists_with_commas_in_them() -> None:
    assert listed(["a", "b"]) == "a, b"
    assert listed(["a, b", "c"]) == "a, b; c"


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("1. *x* [a](b) <i>", r"1\. \*x\* \[a\](b) \<i\>"),
        ("- item", r"\- item"),
        ("+49", r"\+49"),
        ("# no", r"\# no"),
        ("snake_case `x` a\\b", r"snake\_case \`x\` a\\b"),
        ("2019", "2019"),
    ],
)
def test_markdown_is_escaped(text: str, wanted: str) -> None:
    assert escaped(text) == wanted

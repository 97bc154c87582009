"""What we write, our own reader reads: documents drawn at random, through every template, as PDF and as DOCX.

`RESUME_ROUNDTRIPS=200 pytest -s app/tests/test_resume_roundtrip.py` is the full run. It prints what came
back and what did not, by kind of value; `RESUME_ROUNDTRIP_REPORT=FILE` gets every difference, a line each.
"""

from __future__ import annotations

import asyncio
import json
import os
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import get_args

import pytest
from hypothesis import HealthCheck, Phase, given, settings

from app.resume.document import Document
from app.resume.pointers import leaves
from app.resume.provenance import shape
from app.resume.readback import Difference, differences
from app.resume.render.file import Format, render
from app.resume.render.typst import Compiler, Template
from app.tests.resumes import documents
from features.resume.parse import Parser

COUNT = int(os.environ.get("RESUME_ROUNDTRIPS", "4"))
REPORT = os.environ.get("RESUME_ROUNDTRIP_REPORT", "")
FORMATS: tuple[Format, ...] = ("pdf", "docx")
TEMPLATES: tuple[Template, ...] = get_args(Template)


@pytest.fixture(scope="module")
def parser() -> Parser:
    return Parser()


@pytest.fixture(scope="module")
def tally() -> Iterator[Counter[str]]:
    """Documents that came back whole, and differences by kind of value."""
    counts: Counter[str] = Counter()
    yield counts
    print(f"\n{json.dumps(dict(counts.most_common()))}")  # noqa: T201 - the result of the full run


@pytest.mark.parametrize("kind", FORMATS)
@pytest.mark.parametrize("template", TEMPLATES)
def test_what_is_written_is_read_back(
    kind: Format, template: Template, parser: Parser, tally: Counter[str]
) -> None:
    failures: list[str] = []

    @settings(
        max_examples=COUNT,
        deadline=None,
        derandomize=True,
        database=None,
        phases=[Phase.generate],  # every document is tried: one failure does not end the run
        suppress_health_check=list(HealthCheck),
    )
    @given(documents())
    def there_and_back(document: Document) -> None:
        found = round_trip(parser, document, kind, template)
        tally[f"{kind} {template}"] += 1
        tally[f"{kind} {template} whole"] += not found
        for difference in found:
            tally[f"{kind} {template} {shape(difference.path)}"] += 1
            failures.append(report(kind, template, document, difference))

    there_and_back()
    if REPORT:
        with Path(REPORT).open("a", encoding="utf-8") as file:
            file.writelines(f"{line}\n" for line in failures)
    assert not failures, f"{len(failures)} differences, such as:\n" + "\n".join(failures[:5])


def round_trip(parser: Parser, document: Document, kind: Format, template: Template) -> list[Difference]:
    file = asyncio.run(render(Compiler(), document, kind, template, "a4"))
    read = parser.parse(file.content, f"resume.{kind}").to_json_resume()
    return differences(document, read)


def report(kind: Format, template: Template, document: Document, found: Difference) -> str:
    line = {
        "format": kind,
        "template": template,
        "path": found.path,
        "written": found.written,
        "read": found.read,
    }
    return json.dumps(line | {"document": document.json_data()}, ensure_ascii=False)


def test_the_documents_hold_all_kinds_of_values() -> None:
    """A generator that draws empty resumes would make the tests above say nothing."""
    seen: Counter[str] = Counter()

    @settings(max_examples=100, deadline=None, derandomize=True, database=None, phases=[Phase.generate])
    @given(documents())
    def look(document: Document) -> None:
        seen.update({shape(path) for path, _ in leaves(document.json_data())})

    look()
    wanted = (
        "/work/*/highlights/*",
        "/work/*/endDate",
        "/education/*/studyType",
        "/skills/*/keywords/*",
        "/skills/*/name",
    )
    wanted += ("/languages/*/fluency", "/certificates/*/date", "/basics/summary")
    assert all(seen[kind] >= 3 for kind in wanted), seen

"""`docx`: real Word CVs through the whole reader: no crash, no word lost, no contact data left.

Protocol: the first CVs of the folder by number (30 of them are what others measured on). A CV passes if it is
read without an error, keeps the words that python-docx finds in paragraphs and tables (at least 99 % of the
distinct ones, hidden text aside) and leaves no e-mail address and no phone number in the text that models
get.
Sections, skills, dated positions and education are counted beside it: some of these files are the text of a
converter that lost line breaks and dashes. Baseline: python-docx, paragraphs and tables, the same rules after
it, so the difference is what layout, text boxes and headers add.
"""

from __future__ import annotations

import io
import re
import time
from pathlib import Path

import docx as python_docx
import numpy as np
import numpy.typing as npt

from features.resume.cleaning import clean
from features.resume.contact import emails, phones
from features.resume.dates import find_ranges
from features.resume.errors import ResumeError
from features.resume.parse import Parser
from features.resume.records import ParsedResume
from training.benchmarks.report import (
    BenchmarkDataError,
    BenchmarkReport,
    Meter,
    Slice,
    as_command,
    estimates,
    finish,
)
from training.metrics import Estimate
from training.progress import say
from training.tracking import Run

F64 = npt.NDArray[np.float64]
FILES = 30
_WORD = re.compile(r"[^\W_]+")
CHECKS = ("parsed", "words_kept", "sections", "skills", "dated_positions", "education", "name_free", "passed")


def paragraphs_and_tables(data: bytes) -> str:
    """What the usual few lines of python-docx read."""
    document = python_docx.Document(io.BytesIO(data))
    lines = [paragraph.text for paragraph in document.paragraphs]
    lines += ["\t".join(cell.text for cell in row.cells) for table in document.tables for row in table.rows]
    return "\n".join(lines)


def words_of(text: str) -> set[str]:
    return {word for line in text.splitlines() for word in _WORD.findall(clean(line).casefold())}


def checks(resume: ParsedResume, expected: str) -> dict[str, float]:
    """Each check of `CHECKS` as 0 or 1."""
    hidden = {w for notice in resume.warnings if notice.code == "hidden_text" for w in words_of(notice.text)}
    wanted = words_of(expected) - hidden
    squeezed = "".join(_WORD.findall(resume.text.casefold()))  # a word joined over a line's end counts
    model = resume.model_text()
    results = {
        "parsed": bool(resume.text.strip()),
        "words_kept": sum(word in squeezed for word in wanted) >= 0.99 * len(wanted),
        "sections": sum(section.title is not None for section in resume.sections) >= 2,
        "skills": len(resume.skills) >= 3,
        "dated_positions": any(work.start_date for work in resume.work),
        "education": bool(resume.education),
        "name_free": not (emails(model) or phones(model, [(r.start, r.end) for r in find_ranges(model)])),
    }
    needed = ("parsed", "words_kept", "name_free")
    passed = all(results[name] for name in needed)
    return {name: float(value) for name, value in (results | {"passed": passed}).items()}


def numbered(data: Path) -> list[Path]:
    """CV/<number>.docx in the order of the numbers."""
    found = sorted(data.glob("CV/*.docx"), key=lambda path: (len(path.stem), path.stem))
    if not found:
        raise BenchmarkDataError(f"{data} lacks CV/*.docx")
    return found[:FILES]


def run(
    data: Path, *, json_out: Path | None = None, seed: int = 0, run: Run | None = None
) -> BenchmarkReport:
    """Raises BenchmarkDataError if there are no files."""
    meter = Meter()
    parser = Parser()
    ours: list[dict[str, float]] = []
    plain: list[dict[str, float]] = []
    times: list[float] = []
    for path in numbered(data):
        content = path.read_bytes()
        expected = paragraphs_and_tables(content)
        begun = time.perf_counter()
        try:
            ours.append(checks(parser.parse(content, path.name), expected))
        except ResumeError as error:
            say(f"docx: {path.name}: {error}")
            ours.append(dict.fromkeys(CHECKS, 0.0))
        times.append(1000 * (time.perf_counter() - begun))
        plain.append(checks(parser.parse_text(expected), expected))
    slice_ = Slice(
        "docx: Word CVs",
        len(ours),
        _estimated(ours, seed),
        {"python-docx, paragraphs and tables": _estimated(plain, seed)},
        label="our reader",
    )
    params = {"seed": seed, "files": len(ours), "ms_p50": round(float(np.median(times)), 1)}
    say(f"docx: {params}, p95 {np.percentile(times, 95):.0f} ms")
    report = BenchmarkReport("docx", (slice_,), params, meter.seconds(), meter.peak_mb())
    return finish(report, json_out, run)


def _estimated(rows: list[dict[str, float]], seed: int) -> dict[str, Estimate]:
    return estimates({name: np.array([row[name] for row in rows]) for name in CHECKS}, seed)


main = as_command(run, __doc__)

if __name__ == "__main__":
    main()

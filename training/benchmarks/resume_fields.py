"""`resume-fields`: how often position, employer, dates and degree are read right, against hand-made labels.

Protocol: labels are a JSON list of `{"file", "work": [{"position", "employer": [accepted] | null, "start",
"end": partial ISO date | "present" | null}], "degrees": [text]}`; `file` is relative to the folder of PDFs.
Predicted entries are paired with labelled ones to the most equal fields (Hungarian assignment); a field
counts if its letters and digits are equal, case aside (an employer: any accepted one; none stated and none
predicted is equal). Recall is over labelled entries, precision over predicted ones; intervals resample
documents. Repeated entries of a document (some repeat whole sections) count once. The labels were made by one
reader from the text, before the rules were tried on these files.
"""

from __future__ import annotations

import argparse
import json
import re
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy.optimize import linear_sum_assignment

from features.resume.dates import find_ranges
from features.resume.parse import Parser
from features.resume.records import ParsedResume
from training.benchmarks.report import BenchmarkDataError, BenchmarkReport, Meter, Slice, finish
from training.metrics import Estimate
from training.progress import say
from training.tracking import Run

F64 = npt.NDArray[np.float64]
FIELDS = ("position", "employer", "start", "end")
_ALNUM = re.compile(r"[^\W_]+")


@dataclass(frozen=True, slots=True)
class Job:
    """One position as labelled or read; texts as written, dates partial ISO, "present" or ""."""

    position: str
    employer: tuple[str, ...]
    start: str
    end: str


@dataclass(frozen=True, slots=True)
class Read:
    jobs: list[Job]
    degrees: list[str]


def same(one: str, other: str) -> bool:
    return "".join(_ALNUM.findall(one.casefold())) == "".join(_ALNUM.findall(other.casefold()))


def agreement(label: Job, found: Job) -> tuple[bool, bool, bool, bool]:
    """Which of the four fields are equal."""
    employer = (
        any(same(a, b) for a in label.employer for b in found.employer)
        if label.employer
        else not found.employer
    )
    return (
        same(label.position, found.position),
        employer,
        label.start == found.start,
        label.end == found.end,
    )


def read_labels(path: Path) -> list[tuple[str, Read]]:
    """Raises BenchmarkDataError if the file is not there or not of this form."""
    try:
        rows = json.loads(path.read_text())
        return [(row["file"], Read([_label(w) for w in row["work"]], list(row["degrees"]))) for row in rows]
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise BenchmarkDataError(f"{path} holds no labels ({type(error).__name__})") from None


def _label(row: Mapping[str, Any]) -> Job:
    return Job(row["position"], tuple(row["employer"] or ()), row["start"] or "", row["end"] or "")


def read_by_us(resume: ParsedResume) -> Read:
    jobs = [
        Job(
            work.position.value if work.position else "",
            (work.name.value,) if work.name else (),
            work.start_date.value if work.start_date else "",
            work.end_date.value if work.end_date else "present" if work.current else "",
        )
        for work in resume.work
    ]
    degrees = {
        (e.study_type.value, e.area and e.area.value, e.institution and e.institution.value): None
        for e in resume.education
        if e.study_type
    }
    return Read(list(dict.fromkeys(jobs)), [degree for degree, _, _ in degrees])


def read_by_lines(text: str) -> Read:
    """The baseline: a line with a date range opens an entry; what else it says, or the line above, is the
    position, the line below the employer; degrees by five words."""
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    jobs = []
    for i, line in enumerate(lines):
        found = next((r for r in find_ranges(line) if not r.single), None)
        if found is None:
            continue
        rest = (line[: found.start] + line[found.end :]).strip(" ,:|-–")
        title = rest or (lines[i - 1] if i else "")
        employer = lines[i + 1] if i + 1 < len(lines) else ""
        end = found.last.value if found.last else "present"
        jobs.append(Job(title, (employer,) if employer else (), found.first.value, end))
    degrees = re.findall(
        r"(?:Bachelor|Master|Associate|Doctor)[^\s]*(?: of \w+)?|High School Diploma|MBA|Ph\.?D", text
    )
    return Read(list(dict.fromkeys(jobs)), degrees)


def score(label: Read, found: Read) -> dict[str, tuple[float, float, float]]:
    """field -> (correct, labelled, predicted) of one document; "all four" = every field of an entry."""
    table = np.array([[agreement(a, b) for b in found.jobs] for a in label.jobs], np.float64)
    table = table.reshape(len(label.jobs), len(found.jobs), 4)
    rows, columns = linear_sum_assignment(-(table @ np.array([1.2, 1.0, 1.1, 1.1])))
    pairs = table[rows, columns]  # (pairs, 4)
    counts = float(len(label.jobs)), float(len(found.jobs))
    out = {name: (float(pairs[:, i].sum()), *counts) for i, name in enumerate(FIELDS)}
    out["all four"] = (float(pairs.all(1).sum()), *counts)
    left = list(found.degrees)
    right = 0
    for degree in label.degrees:
        hit = next((d for d in left if same(d, degree)), None)
        if hit is not None:
            left.remove(hit)
            right += 1
    return out | {"degree": (float(right), float(len(label.degrees)), float(len(found.degrees)))}


def estimates(
    per_document: Sequence[dict[str, tuple[float, float, float]]], seed: int
) -> dict[str, Estimate]:
    """ "<field> recall" and "<field> precision", with bootstrap intervals over documents."""
    out: dict[str, Estimate] = {}
    rng = np.random.default_rng(seed)
    draws = rng.integers(0, len(per_document), (2000, len(per_document)))
    for name in per_document[0]:
        counts = np.array([document[name] for document in per_document], np.float64)  # (documents, 3)
        for label, column in (("recall", 1), ("precision", 2)):
            sums = counts[draws].sum(1)
            ratios = sums[:, 0] / np.maximum(sums[:, column], 1.0)
            low, high = np.percentile(ratios, [2.5, 97.5])
            total = counts.sum(0)
            mean = float(total[0] / max(total[column], 1.0))
            out[f"{name} {label}"] = Estimate(mean, float(low), float(high), len(per_document))
    return out


def run(
    data: Path,
    *,
    labels: Path,
    json_out: Path | None = None,
    seed: int = 0,
    run: Run | None = None,
    parser: Parser | None = None,
    show: Callable[[str, Read, Read], None] | None = None,
) -> BenchmarkReport:
    """`data` is the folder with the PDFs in it. `show` is told every document's labels and reading. Raises
    BenchmarkDataError if files are missing."""
    meter = Meter()
    parser = parser or Parser()
    ours, lines = [], []
    known = read_labels(labels)
    for name, label in known:
        path = data / name
        if not path.is_file():
            raise BenchmarkDataError(f"{data} lacks {name}")
        resume = parser.parse(path.read_bytes(), path.name)
        found = read_by_us(resume)
        if show is not None:
            show(name, label, found)
        ours.append(score(label, found))
        lines.append(score(label, read_by_lines(resume.text)))
    say(f"resume-fields: {len(known)} documents, {sum(len(label.jobs) for _, label in known)} positions")
    slice_ = Slice(
        "resume-fields: documents labelled by hand",
        len(known),
        estimates(ours, seed),
        {"lines around date ranges": estimates(lines, seed)},
        label="our reader",
    )
    report = BenchmarkReport(
        "resume-fields", (slice_,), {"seed": seed, "documents": len(known)}, meter.seconds(), meter.peak_mb()
    )
    return finish(report, json_out, run)


def _tell(name: str, label: Read, found: Read) -> None:
    marks = score(label, found)
    wrong = {field: counts for field, counts in marks.items() if counts[0] < max(counts[1:])}
    say(f"{name}: {wrong or 'all right'}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True, help="folder of the PDFs")
    parser.add_argument("--labels", type=Path, required=True)
    parser.add_argument("--json", type=Path, default=None)
    parser.add_argument("--verbose", action="store_true", help="say which documents were misread")
    given = parser.parse_args()
    try:
        run(given.data, labels=given.labels, json_out=given.json, show=_tell if given.verbose else None)
    except BenchmarkDataError as e:
        say(f"skipped: {e}")
        sys.exit(2)


if __name__ == "__main__":
    main()

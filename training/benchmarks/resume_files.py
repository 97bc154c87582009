"""`resume-files`: every PDF of a folder (or tar archive) through the whole reader: crashes, time, memory.

A file passes if it gives text or the documented error of a document without any. Nothing is compared with
anything: this is a gate, not a score.
"""

from __future__ import annotations

import tarfile
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from features.places import Gazetteer
from features.resume.documents import document_of
from features.resume.errors import NoTextError, ResumeError
from features.resume.parse import Parser
from features.resume.records import Limits, ParsedResume
from features.resume.runner import Children
from training.benchmarks.report import BenchmarkDataError, BenchmarkReport, Meter, Slice, as_command, finish
from training.metrics import Estimate, estimate
from training.progress import say
from training.tracking import Run


@dataclass
class Tally:
    """What happened to the files. Times in milliseconds, memory in MB."""

    child_ms: list[float] = field(default_factory=list)
    structure_ms: list[float] = field(default_factory=list)
    pages: list[int] = field(default_factory=list)
    resident_mb: list[float] = field(default_factory=list)
    address_mb: list[float] = field(default_factory=list)
    held: Counter[str] = field(default_factory=Counter)
    errors: Counter[str] = field(default_factory=Counter)
    resumes: list[ParsedResume] = field(default_factory=list)


def files_of(data: Path) -> Iterator[tuple[str, bytes]]:
    """PDFs below a folder and inside the tar archives in it, by name."""
    for path in sorted(data.rglob("*.pdf")):
        yield str(path.relative_to(data)), path.read_bytes()
    for archive in sorted(data.glob("*.tar")):
        with tarfile.open(archive) as tar:
            for member in sorted(tar.getmembers(), key=lambda m: m.name):
                part = tar.extractfile(member) if member.name.endswith(".pdf") else None
                if part is not None:
                    yield member.name, part.read()


def read_all(files: Iterator[tuple[str, bytes]], limits: Limits) -> Tally:
    """One file after the other, one child each."""
    tally = Tally()
    children = Children(1, 60.0)
    parser = Parser(gazetteer=Gazetteer.load())
    for name, data in files:
        begun = time.perf_counter()
        try:
            answer = children.read(data, limits)
            document = document_of(answer, limits)
        except ResumeError as error:
            tally.errors[error.code] += 1
            if not isinstance(error, NoTextError):
                say(f"resume-files: {name}: {error}")
            continue
        read = time.perf_counter()
        tally.resumes.append(parser.structure(document))
        tally.structure_ms.append(1000 * (time.perf_counter() - read))
        tally.child_ms.append(1000 * (read - begun))
        tally.pages.append(document.pages)
        tally.resident_mb.append(answer["usage"].get("resident", 0) / 1024)
        tally.address_mb.append(answer["usage"].get("address_space", 0) / 1024)
        tally.held.update(name for name, holds in document.sandbox.items() if holds)
    return tally


def figures(tally: Tally, seed: int) -> dict[str, Estimate]:
    total = np.array(tally.child_ms) + np.array(tally.structure_ms)
    read = len(tally.resumes)
    count = read + sum(tally.errors.values())

    def exact(value: float) -> Estimate:
        return Estimate(value, value, value, count)

    def share(values: list[bool]) -> Estimate:
        return estimate(np.array(values, np.float64), seed=seed)

    return {
        "read": exact(float(read)),
        "failed": exact(float(count - read)),
        "ms_p50": exact(float(np.percentile(total, 50))),
        "ms_p95": exact(float(np.percentile(total, 95))),
        "ms_max": exact(float(total.max())),
        "structure_ms_p50": exact(float(np.percentile(tally.structure_ms, 50))),
        "child_resident_mb_max": exact(max(tally.resident_mb)),
        "child_address_space_mb_max": exact(max(tally.address_mb)),
        "with_positions": share([bool(r.work) for r in tally.resumes]),
        "with_education": share([bool(r.education) for r in tally.resumes]),
        "with_skills": share([bool(r.skills) for r in tally.resumes]),
    }


def run(
    data: Path, *, json_out: Path | None = None, seed: int = 0, run: Run | None = None
) -> BenchmarkReport:
    """Raises BenchmarkDataError if there is no PDF."""
    meter = Meter()
    tally = read_all(files_of(data), Limits())
    if not tally.resumes:
        raise BenchmarkDataError(f"{data} lacks readable PDFs")
    count = len(tally.resumes) + sum(tally.errors.values())
    slice_ = Slice("resume-files: PDFs", count, figures(tally, seed), {}, label="our reader")
    params = {
        "files": count,
        "pages": sum(tally.pages),
        "errors": dict(tally.errors),
        "sandbox": dict(tally.held),
    }
    say(f"resume-files: {params}")
    report = BenchmarkReport("resume-files", (slice_,), params, meter.seconds(), meter.peak_mb())
    return finish(report, json_out, run)


main = as_command(run, __doc__)

if __name__ == "__main__":
    main()

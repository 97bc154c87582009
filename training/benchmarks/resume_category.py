"""`resume-category`: real resumes as PDF -> one of 24 categories (Kaggle "Resume Dataset", the part at hand).

Protocol: every file goes through our own reader (features/resume, in its confined child); 5 folds, stratified
by category; accuracy and macro-F1 over all files; a file that cannot be read counts as an error of every
method that needs our text. Baseline in the same run: plain text of the PDF, words by TF-IDF, LinearSVC.
Categories are the folders; the file's name is no feature. The views were chosen among seven sets on these
files (folds of seed 0): another seed tells how much of the figure that choice is worth.
"""

from __future__ import annotations

import tarfile
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

import numpy as np
import numpy.typing as npt
import pypdfium2  # type: ignore[import-untyped]
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.metrics import f1_score
from sklearn.model_selection import StratifiedKFold
from sklearn.pipeline import make_pipeline
from sklearn.svm import LinearSVC

from features.resume.errors import ResumeError
from features.resume.parse import Parser
from models.classifier import RESUME_VIEWS, View
from training.benchmarks.report import (
    BenchmarkDataError,
    BenchmarkReport,
    Meter,
    Slice,
    as_command,
    finish,
    require_files,
)
from training.language.classifier import fit_classifier
from training.metrics import Estimate
from training.progress import say
from training.tracking import Run

F64 = npt.NDArray[np.float64]
Strings = npt.NDArray[np.str_]
FILES = ("resume_pdfs.tar",)
FOLDS, READERS = 5, 2
_PATIENCE_S = 600.0
_RESAMPLES = 1_000
MAX_PDF_BYTES = 20 * 2**20


@dataclass(frozen=True)
class Resumes:
    """`texts` are ours ("" where a file could not be read), `plain` pypdfium2's, `labels` the categories."""

    texts: list[str]
    plain: list[str]
    labels: list[str]
    failures: int


#: (training texts, training labels, test texts) -> (labels, confidences or nothing)
Method = Callable[[list[str], list[str], list[str]], tuple[list[str], list[float]]]


def run(
    data: Path,
    *,
    json_out: Path | None = None,
    seed: int = 0,
    run: Run | None = None,
    views: Sequence[View] = RESUME_VIEWS,
    resumes: Resumes | None = None,
) -> BenchmarkReport:
    """Every file is predicted once, by a model of the other folds; `resumes` saves reading them again.

    Raises BenchmarkDataError.
    """
    meter = Meter()
    if resumes is None:
        require_files(data, FILES)
        resumes = read_resumes(data / FILES[0])
    say(f"resume-category: {len(resumes.labels):,} files, {resumes.failures} could not be read")
    headless = [v for v in views if v.name not in ("headline", "head")]
    truth = np.array(resumes.labels)
    baseline, _ = cross_validate(_svm, resumes.plain, resumes.labels, seed)
    same, _ = cross_validate(_svm, resumes.texts, resumes.labels, seed)
    bare, _ = cross_validate(_ours(headless, seed, calibrate=False), resumes.texts, resumes.labels, seed)
    ours, confidence = cross_validate(_ours(views, seed), resumes.texts, resumes.labels, seed)
    table = {
        "pypdfium2 text, word TF-IDF + LinearSVC": figures(truth, baseline, seed),
        "our text, word TF-IDF + LinearSVC": figures(truth, same, seed),
        "our text, ours without headline and head": figures(truth, bare, seed),
    }
    published = {"pdftotext, TF-IDF + LinearSVC, on all 2,484": {"accuracy": 0.673, "macro-F1": 0.622}}
    part = Slice(
        "resume-category", len(truth), figures(truth, ours, seed), table, published, label="ours, all views"
    )
    params = {
        "seed": seed,
        "unreadable files": resumes.failures,
        "mean confidence": round(float(np.mean(confidence)), 4),
        "expected calibration error": round(calibration_error(confidence, ours == truth), 4),
    }
    report = BenchmarkReport("resume-category", (part,), params, meter.seconds(), meter.peak_mb())
    return finish(report, json_out, run)


def read_resumes(archive: Path) -> Resumes:
    """Nothing is unpacked to disk."""
    files = [(label, content) for label, content in _members(archive)]
    if not files:
        raise BenchmarkDataError(f"{archive} holds no PDF")
    parser = Parser(max_children=READERS, patience=_PATIENCE_S)
    with ThreadPoolExecutor(READERS) as pool:
        texts = list(pool.map(lambda file: _text(parser, file[1]), files))
    plain = [_plain_text(content) for _, content in files]
    labels = [label for label, _ in files]
    return Resumes([t or "" for t in texts], plain, labels, sum(t is None for t in texts))


def _members(archive: Path) -> list[tuple[str, bytes]]:
    out = []
    with tarfile.open(archive) as tar:
        for member in sorted(tar.getmembers(), key=lambda m: m.name):
            file = tar.extractfile(member) if member.isfile() else None
            if file is not None and member.name.lower().endswith(".pdf"):
                out.append((PurePosixPath(member.name).parent.name, file.read(MAX_PDF_BYTES)))
    return out


def _text(parser: Parser, content: bytes) -> str | None:
    try:
        return parser.read_document(content).text
    except ResumeError:
        return None


def _plain_text(content: bytes) -> str:
    try:
        document = pypdfium2.PdfDocument(content)
    except pypdfium2.PdfiumError:
        return ""
    with document:
        return "\n".join(page.get_textpage().get_text_range() for page in document)


def cross_validate(method: Method, texts: list[str], labels: list[str], seed: int) -> tuple[Strings, F64]:
    """(n,) predicted label and confidence of each text; an empty text is predicted as ""."""
    found = np.full(len(texts), "", dtype=np.array(labels).dtype)
    confidence = np.zeros(len(texts))
    folds = StratifiedKFold(FOLDS, shuffle=True, random_state=seed)
    for train, test in folds.split(np.zeros(len(texts)), labels):
        known, asked = [i for i in train if texts[i]], [i for i in test if texts[i]]
        part = [texts[i] for i in known], [labels[i] for i in known], [texts[i] for i in asked]
        found[asked], confidence[asked] = method(*part)
    return found, confidence


def _svm(texts: list[str], labels: list[str], asked: list[str]) -> tuple[list[str], list[float]]:
    model = make_pipeline(TfidfVectorizer(sublinear_tf=True, min_df=2), LinearSVC(random_state=0))
    return list(model.fit(texts, labels).predict(asked)), [0.0] * len(asked)


def _ours(views: Sequence[View], seed: int, *, calibrate: bool = True) -> Method:
    def predict(texts: list[str], labels: list[str], asked: list[str]) -> tuple[list[str], list[float]]:
        model = fit_classifier(texts, labels, views=views, seed=seed, calibrate=calibrate)
        best = [found[0] for found in model.predict(asked, k=1)]
        return [p.label for p in best], [p.probability for p in best]

    return predict


def figures(truth: Strings, found: Strings, seed: int) -> dict[str, Estimate]:
    """Accuracy and macro-F1 with 95 % bootstrap intervals over files."""
    categories = np.unique(truth)

    def both(at: npt.NDArray[np.int64]) -> tuple[float, float]:
        f1 = f1_score(truth[at], found[at], labels=categories, average="macro", zero_division=0)
        return float((truth[at] == found[at]).mean()), float(f1)

    n, rng = len(truth), np.random.default_rng(seed)
    drawn = np.array([both(rng.integers(0, n, n)) for _ in range(_RESAMPLES)])
    low, high = np.percentile(drawn, [2.5, 97.5], axis=0)
    return {
        name: Estimate(value, float(low[i]), float(high[i]), n)
        for i, (name, value) in enumerate(zip(("accuracy", "macro-F1"), both(np.arange(n)), strict=True))
    }


def calibration_error(confidence: F64, right: npt.NDArray[np.bool_], bins: int = 10) -> float:
    """Expected calibration error over equal-width bins (Guo et al. 2017)."""
    at = np.minimum((confidence * bins).astype(int), bins - 1)
    gaps = [abs(confidence[at == b].mean() - right[at == b].mean()) * (at == b).mean() for b in np.unique(at)]
    return float(sum(gaps))


main = as_command(run, __doc__)

if __name__ == "__main__":
    main()

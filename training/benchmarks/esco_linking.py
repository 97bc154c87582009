"""`esco-linking`: a sentence of a posting -> the ESCO skills that it asks for (Decorte et al. 2022, 2023).

Protocol: the query is a sentence with at least one label of the list; all 13,896 labels are ranked; mean
reciprocal rank, and RP@k = hits in the top k over min(k, labels). The test part reports, the validation parts
chose. The linker was trained on ESCO's own names and definitions: no sentence of this data.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import numpy.typing as npt
import platformdirs

from models.encoder import SentenceEncoder, export_encoder
from models.linker import SkillLinker, linker_from
from models.linker_evidence import COLUMNS
from models.tfidf import Tfidf, TfidfConfig
from training.benchmarks.esco_linking_data import (
    LABELS,
    PARTS,
    Sentences,
    as_skills,
    ranking_metrics,
    read_labels,
    read_sentences,
)
from training.benchmarks.report import (
    BenchmarkReport,
    Meter,
    Slice,
    estimates,
    finish,
    require_files,
)
from training.progress import say
from training.tracking import Run

F32 = npt.NDArray[np.float32]
TRAINED = Path(__file__).resolve().parents[2] / "data" / "language" / "skill_linker"
#: Figures of the papers, as quoted by techwolf-ai/workrb.
PUBLISHED: Mapping[str, Mapping[str, Mapping[str, float]]] = {
    "TECH test": {
        "CurriculumMatch": {"MRR": 0.573, "RP@5": 0.5940, "RP@10": 0.6993},
        "ConTeXT-Match": {"MRR": 0.632, "RP@1": 0.5099, "RP@5": 0.6398, "RP@10": 0.7399},
    },
    "HOUSE test": {"CurriculumMatch": {"MRR": 0.484, "RP@5": 0.4914, "RP@10": 0.5961}},
}
#: What our row is made of, one kind of evidence after the other, each counting the same.
_STEPS = {
    "bi-encoder, whole sentence": ("sentence",),
    "bi-encoder, sentence + phrases": ("sentence", "phrase"),
    "bi-encoder, sentence + character n-grams": ("sentence", "chars"),
}


def run(
    data: Path,
    *,
    json_out: Path | None = None,
    seed: int = 0,
    run: Run | None = None,
    trained: Path = TRAINED,
) -> BenchmarkReport:
    """Scores every part that is there and reports. Raises BenchmarkDataError if files are missing."""
    require_files(data, (LABELS, PARTS["TECH test"]))
    meter, cache = Meter(), Path(platformdirs.user_cache_dir("jobpilot"))
    labels = read_labels(data)
    say(f"esco-linking: encoding {len(labels):,} labels")
    linker = linker_from(as_skills(labels), trained, cache / "skill_linker")
    zero = _Baselines(labels, SentenceEncoder(export_encoder(cache / "encoder")))
    slices, speed = [], 0.0
    for part, name in PARTS.items():
        if (data / name).is_file():
            sentences = read_sentences(data / name, labels)
            say(f"esco-linking: {part}, {len(sentences.texts)} sentences")
            slices.append(_slice(part, sentences, linker, zero))
            speed = speed or _speed(linker, sentences.texts)
    params = {"seed": seed, "labels": len(labels), "sentences_per_second": round(speed, 1)}
    report = BenchmarkReport("esco-linking", tuple(slices), params, meter.seconds(), meter.peak_mb())
    return finish(report, json_out, run)


class _Baselines:
    """Character TF-IDF and the packaged encoder as it is, over labels alone."""

    def __init__(self, labels: list[str], encoder: SentenceEncoder) -> None:
        self._tfidf = Tfidf.fit(labels, TfidfConfig())
        self._rows = self._tfidf.transform(labels)
        self._encoder = encoder
        self._vectors = encoder.encode(labels)

    def scores(self, texts: list[str]) -> dict[str, F32]:
        lexical = (self._tfidf.transform(texts) @ self._rows.T).toarray()
        dense = self._encoder.encode(texts) @ self._vectors.T
        return {"character TF-IDF": lexical, "MiniLM, zero-shot": dense}


def _slice(part: str, sentences: Sentences, linker: SkillLinker, baselines: _Baselines) -> Slice:
    columns = linker.names.columns(sentences.texts, linker.encode)
    scores = baselines.scores(sentences.texts)
    for label, kinds in _STEPS.items():
        scores[label] = columns[[COLUMNS.index(kind) for kind in kinds]].sum(0)
    ours = linker.with_names(sentences.texts, linker.reranker.logits(columns))
    rows = {label: estimates(ranking_metrics(s, sentences.relevant)) for label, s in scores.items()}
    suffix = "" if part == "TECH test" else "_" + part.lower().replace(" ", "_")
    return Slice(
        f"esco-linking: {part}",
        len(sentences.texts),
        estimates(ranking_metrics(ours, sentences.relevant)),
        rows,
        published=PUBLISHED.get(part, {}),
        suffix=suffix,
        label="skill linker",
    )


def _speed(linker: SkillLinker, texts: list[str]) -> float:
    """Sentences a second through `link`, one thread."""
    started = time.perf_counter()
    linker.link(texts[:100], 10)
    return len(texts[:100]) / (time.perf_counter() - started)

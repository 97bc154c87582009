"""`melo`: O*NET occupation titles -> surface forms of ESCO (MELO, Retyk et al. 2024, usa/en-en).

Protocol: every query ranks all surface forms; a form is relevant if the official ESCO-O*NET crosswalk links
the two concepts; MRR and MAP over queries with ties broken by the order of the corpus. Nothing of ours has
seen the crosswalk: the projection is trained on names inside either taxonomy, and the weights below were
chosen on ESCO names held out from that training, not on these queries.
"""

from __future__ import annotations

import gzip
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import platformdirs

from models.encoder import SentenceEncoder, export_encoder
from models.occupations_evidence import FORM_COLUMNS, Encode, Forms, Titles
from models.projection import Projection
from training.benchmarks.report import (
    BenchmarkDataError,
    BenchmarkReport,
    Meter,
    Slice,
    as_command,
    estimates,
    finish,
    require_files,
)
from training.language.titles import tracked
from training.progress import say
from training.tracking import Run

F32 = npt.NDArray[np.float32]
F64 = npt.NDArray[np.float64]
I64 = npt.NDArray[np.int64]
FOLDER = "usa_q_en_c_en"
FILES = tuple(f"{FOLDER}/{n}.tsv.gz" for n in ("queries", "corpus_elements", "annotations"))
#: From the benchmark's own table of results (usa, English to English).
PUBLISHED = {
    "BM25, lemmas": {"MRR": 0.600, "MAP": 0.231},
    "BGE-M3": {"MRR": 0.623, "MAP": 0.326},
    "GIST": {"MRR": 0.643, "MAP": 0.399},
    "E5": {"MRR": 0.674, "MAP": 0.474},
    "OpenAI text-embedding-3-large": {"MRR": 0.684, "MAP": 0.464},
}


@dataclass(frozen=True)
class Melo:
    """`concept` (forms,) is ascending: forms of one concept stand together in the files."""

    queries: list[str]
    forms: list[str]
    concept: I64
    relevant: list[set[int]]


@dataclass(frozen=True)
class Blend:
    """How much a form's own similarity counts (by n-grams, by vectors, by moved vectors) and its concept's
    (mean of names by n-grams, by moved vectors)."""

    lexical: float = 0.0
    vector: float = 0.0
    moved: float = 0.0
    lexical_concept: float = 0.0
    moved_concept: float = 0.0

    def scores(self, forms: Forms, titles: Titles) -> F32:
        """(n, forms) float32."""
        lexical, vector, moved = forms.form_scores(titles)
        out = self.lexical * lexical + self.vector * vector + self.moved * moved
        if self.lexical_concept or self.moved_concept:
            evidence = dict(zip(FORM_COLUMNS, np.moveaxis(forms.evidence(titles), 2, 0), strict=True))
            concept = self.lexical_concept * evidence["lexical_profile"]
            concept = concept + self.moved_concept * evidence["moved_profile"]
            out += concept[:, forms.owner]
        return np.asarray(out, np.float32)


#: Chosen on names of ESCO held out from the training of the projection, asked for among the names kept.
SURFACE = Blend(lexical=0.1, vector=0.3, moved=1.0)
OURS = Blend(lexical=0.4, vector=0.3, moved=0.7, lexical_concept=0.2, moved_concept=1.0)


def run(
    data: Path,
    *,
    json_out: Path | None = None,
    seed: int = 0,
    run: Run | None = None,
    encode: Encode | None = None,
    projection: Projection | None = None,
) -> BenchmarkReport:
    """Scores the queries once per method. Raises BenchmarkDataError if files are missing."""
    require_files(data, FILES)
    meter, melo = Meter(), load_melo(data)
    say(f"melo: {len(melo.queries):,} queries, {len(melo.forms):,} surface forms")
    if encode is None:
        folder = export_encoder(Path(platformdirs.user_cache_dir("jobpilot")) / "encoder")
        encode = SentenceEncoder(folder, cache_size=0).encode
    index, asked = _ready(melo, encode(melo.forms), encode(melo.queries), projection or tracked()[0])
    rows = {
        name: estimates(_figures(melo, blend, index, asked), seed)
        for name, blend in (
            ("char TF-IDF", Blend(lexical=1.0)),
            ("MiniLM", Blend(vector=1.0)),
            ("ours, projection alone", Blend(moved=1.0)),
            ("ours, surface forms alone", SURFACE),
        )
    }
    final = estimates(_figures(melo, OURS, index, asked), seed)
    part = Slice("melo: usa, English", len(melo.queries), final, rows, PUBLISHED, label="ours, concepts too")
    params = {"seed": seed, "blend": OURS}
    return finish(BenchmarkReport("melo", (part,), params, meter.seconds(), meter.peak_mb()), json_out, run)


def _ready(melo: Melo, forms: F32, queries: F32, projection: Projection) -> tuple[Forms, Titles]:
    concepts = np.arange(int(melo.concept[-1]) + 1)
    index = Forms(melo.forms, melo.concept, concepts, forms, projection)
    return index, Titles(tuple(melo.queries), queries, projection(queries))


def _figures(melo: Melo, blend: Blend, forms: Forms, titles: Titles) -> dict[str, F64]:
    parts: list[tuple[float, float]] = []
    for start in range(0, len(titles.texts), 64):
        here = slice(start, start + 64)
        some = Titles(titles.texts[here], titles.vectors[here], titles.moved[here])
        scores = blend.scores(forms, some)
        parts.extend(average_precision(s, r) for s, r in zip(scores, melo.relevant[start:], strict=False))
    both = np.array(parts, np.float64).reshape(-1, 2)
    return {"MRR": both[:, 0], "MAP": both[:, 1]}


def average_precision(scores: F32, relevant: set[int]) -> tuple[float, float]:
    """(reciprocal rank of the first relevant form, average precision over all of them) of one ranking."""
    ranked = np.argsort(-scores, kind="stable")
    ranks = np.flatnonzero(np.isin(ranked, list(relevant))) + 1
    if not len(ranks):
        return 0.0, 0.0
    return float(1 / ranks[0]), float((np.arange(1, len(ranks) + 1) / ranks).mean())


def load_melo(data: Path) -> Melo:
    queries, corpus, links = (_rows(data / name) for name in FILES)
    row = {element: i for i, (element, _) in enumerate(corpus)}
    concepts = [element.split("_")[0] for element, _ in corpus]
    _, concept = np.unique(concepts, return_inverse=True)
    if (np.diff(concept) < 0).any():
        raise BenchmarkDataError("the surface forms of a concept do not stand together")
    relevant: dict[str, set[int]] = {}
    for query, _, element, value in links:
        if value != "0":
            relevant.setdefault(query, set()).add(row[element])
    asked = [(identifier, text) for identifier, text in queries if identifier in relevant]
    texts = [text for _, text in asked]
    return Melo(texts, [t for _, t in corpus], concept, [relevant[i] for i, _ in asked])


def _rows(path: Path) -> list[list[str]]:
    with gzip.open(path, "rt") as file:
        return [line.rstrip("\n").split("\t") for line in file]


main = as_command(run, __doc__)

if __name__ == "__main__":
    main()

"""From the unpacked taxonomy packages to the small folder that a release is built from.

`adapter.safetensors` (float16 deltas of the packaged encoder), `reranker.json`, `card.json`. What is measured
on the way: names and definitions of skills that took no part in training.
"""

from __future__ import annotations

import json
import tempfile
import time
from dataclasses import asdict
from pathlib import Path

import numpy as np
import numpy.typing as npt

from features.taxonomy import Skill, Taxonomy
from models.adapters import save_adapter
from models.encoder import SentenceEncoder, export_encoder
from models.linker import ADAPTER, RERANKER, Reranker
from models.linker_encoder import Encode, export_linker_encoder
from models.linker_evidence import Names
from training.language.linker import LinkerTrainConfig, LinkerTrainer
from training.language.linker_data import HeldOut, hold_out, read_named_skills
from training.language.linker_reranker import (
    Pairs,
    candidate_pairs,
    fit_reranker,
    held_sentences,
    with_refusal,
)
from training.metrics import score_ranks
from training.progress import say
from training.tracking import NullRun, Run, git_sha

F32 = npt.NDArray[np.float32]
CARD = "card.json"
#: Kinds of evidence that the reranker adds up; they and their equal weights were chosen on the validation
#: sentences of `esco-linking`.
USED = ("sentence", "phrase", "chars")
SENTENCES = 400
#: Share of the reranker's mentions that are clauses of definitions; chosen like `USED`.
DEFINITIONS = 0.6
LICENCE = "CC BY 4.0 (ESCO (c) European Union); base encoder Apache-2.0"


def train_linker(
    taxonomy: Path,
    out: Path,
    config: LinkerTrainConfig | None = None,
    run: Run | None = None,
    sentences: int = SENTENCES,
    source: Path | None = None,
) -> dict[str, float]:
    """Writes the folder; returns the figures of its card. `taxonomy`: see `read_named_skills`; `source` is
    another base encoder than the packaged one.

    Raises TaxonomySourcesError if a file is missing.
    """
    config, run, started = config or LinkerTrainConfig(), run or NullRun(), time.perf_counter()
    data = hold_out(read_named_skills(taxonomy), config.seed)
    run.params(asdict(config))
    trainer = LinkerTrainer(data, config, related_skills(data), source=source)
    save_adapter(out / ADAPTER, trainer.train(run))
    figures = finish_linker(data, out, trainer.base, config.seed, sentences, source)
    figures["seconds"] = round(time.perf_counter() - started, 1)
    run.metrics(figures)
    (out / CARD).write_text(json.dumps(_card(config, data, figures), indent=1) + "\n")
    run.artifact(out, "skill_linker")
    return figures


def finish_linker(
    data: HeldOut, out: Path, base: F32, seed: int, sentences: int, source: Path | None = None
) -> dict[str, float]:
    """Fits `reranker.json` for the adapter in `out` through the engine that will serve it."""
    with tempfile.TemporaryDirectory() as folder:
        work = Path(folder)
        encode = SentenceEncoder(export_linker_encoder(out / ADAPTER, work / "texts", source)).encode
        labels = SentenceEncoder(export_encoder(work / "labels", source))
        say("encoding labels")
        vectors = labels.encode([s.label for s in data.kept])
        names = Names([_skill(data, i) for i in range(len(data.kept))], vectors)
        reranker, figures = _reranker(data, names, encode, base, seed, sentences)
        figures |= held_names(data, vectors, encode)
    reranker.save(out / RERANKER)
    return {k: round(v, 4) for k, v in figures.items()}


def _reranker(
    data: HeldOut, names: Names, encode: Encode, base: F32, seed: int, sentences: int
) -> tuple[Reranker, dict[str, float]]:
    say("fitting the reranker")

    def pairs(half: int, definitions: float) -> Pairs:
        return candidate_pairs(
            held_sentences(data, sentences, seed + 5 + half, half, definitions),
            lambda texts: names.columns(texts, encode, USED),
            lambda skill: base @ base[skill],
            seed,
        )

    reranker, figures = with_refusal(fit_reranker(pairs(0, DEFINITIONS), USED), pairs(1, DEFINITIONS))
    # What `standardize` is asked are names in somebody's own words: these decide when to refuse.
    reranker, spans = with_refusal(reranker, pairs(1, 0.0))
    sentences_figures = {f"sentences_{k}": v for k, v in figures.items() if k != "refuse"}
    return reranker, sentences_figures | {(k if k == "refuse" else f"names_{k}"): v for k, v in spans.items()}


def held_names(data: HeldOut, vectors: F32, encode: Encode, most: int = 1_000) -> dict[str, float]:
    """Unseen names -> their skill among all, by the mean vector alone; skills never trained on apart."""
    queries = data.queries[:most]
    texts = encode([text for text, _ in queries])
    target = np.array([position for _, position in queries], np.int64)
    reciprocal = 1.0 / score_ranks(texts @ vectors.T, target)
    unseen = np.array([position in data.away for _, position in queries])
    figures = {"held_names_mrr": float(reciprocal[~unseen].mean()) if (~unseen).any() else 0.0}
    return figures | {"unseen_skills_mrr": float(reciprocal[unseen].mean()) if unseen.any() else 0.0}


def related_skills(data: HeldOut) -> list[list[int]]:
    """Skills that a source says one occupation needs (our tables: ESCO's ICT occupations)."""
    position = {skill.id: i for i, skill in enumerate(data.kept)}
    links = Taxonomy.load().occupation_skills.values()
    given = ([x.skill_id for x in needed if x.origin == "given"] for needed in links)
    return [[position[i] for i in ids if i in position] for ids in given if ids]


def _skill(data: HeldOut, position: int) -> Skill:
    named = data.kept[position]
    return Skill(named.id, named.label, "skill" if named.does else "knowledge", "esco", named.names[1:])


def _card(config: LinkerTrainConfig, data: HeldOut, figures: dict[str, float]) -> dict[str, object]:
    return {
        "what": "skill linker: low-rank deltas of all-MiniLM-L6-v2 (models/adapters.py) and a reranker",
        "data": {
            "ESCO skills and knowledge (labels, alternative labels, definitions)": len(data.kept),
            "of these kept out of training; the reranker is fitted on them": len(data.away),
            "names kept out of training": len(data.queries),
        },
        "sentences": "made by training/language/linker_sentences.py from names and definitions",
        "licence": LICENCE,
        "command": "jobpilot-ml train-linker --taxonomy DIR",
        "git_sha": git_sha(),
        "config": asdict(config),
        "evidence": list(USED),
        "figures": figures,
    }

"""Training of the occupation linker on names alone: no labelled vacancy title is seen.

1. A projection of the encoder's vectors (contrastive): pairs are two names of one ESCO occupation, or two
   titles of one O*NET occupation. The two taxonomies are not joined here, so what is learnt may be measured
   on links between them. A quarter of the ESCO occupations with four names or more give one away for
   validation; nothing trains on it.
2. Weights of the evidence (titles_fusion): titles of O*NET occupations that the official crosswalk calls an
   exact match of one ESCO occupation, looked up among ESCO's names. Half of these occupations are set apart
   for it, and the projection does not see them: it would be trusted too much on what it was trained on.
"""

from __future__ import annotations

import json
import random
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from features.taxonomy import Occupation
from models.occupations import Fusion, OccupationLinker
from models.occupations_evidence import Encode, unit
from models.occupations_files import read_fusion, write_fusion
from models.projection import Projection
from training.language.contrastive import ProjectionConfig, Source, train_projection
from training.language.titles_data import NamedOccupation, read_crosswalk, read_esco, read_onet
from training.language.titles_fusion import Candidates, calibrated, candidates, first_answers, fit_weights
from training.metrics import score_ranks
from training.progress import say
from training.tracking import NullRun, Run, git_sha

F32 = npt.NDArray[np.float32]
I64 = npt.NDArray[np.int64]
TRACKED = Path("data/language/occupations")
FUSION, CARD = "fusion.json", "card.json"
LICENCE = "CC BY 4.0 (ESCO (c) European Union; O*NET by USDOL/ETA); vectors of all-MiniLM-L6-v2, Apache-2.0"
_HELD_SHARE, _HELD_MIN_NAMES = 0.25, 4
#: Titles of one O*NET occupation, and titles in all, that the weights of the evidence are fitted on.
_PER_CODE, _FUSION_TITLES = 20, 3_000
_BATCH = 64
#: Vectors an encoder should remember: names are asked for again when the evidence is weighed.
CACHED_NAMES = 120_000


@dataclass(frozen=True)
class Names:
    """Names to train on, and one unseen name each of some occupations (with its row in `kept`)."""

    kept: list[NamedOccupation]
    held: list[tuple[str, int]]


def hold_out(occupations: Sequence[NamedOccupation], seed: int) -> Names:
    """The label is never held out. Drawn per occupation: one more leaves the others as they were."""
    kept, held = [], []
    for i, occupation in enumerate(occupations):
        draw = random.Random(f"{seed} {occupation.id}")
        names = occupation.names
        if len(names) >= _HELD_MIN_NAMES and draw.random() < _HELD_SHARE:
            away = draw.choice(names[1:])
            held.append((away, i))
            names = tuple(n for n in names if n != away)
        kept.append(NamedOccupation(occupation.id, occupation.group, names))
    return Names(kept, held)


def train_titles(
    taxonomy: Path,
    out: Path,
    encode: Encode,
    config: ProjectionConfig | None = None,
    run: Run | None = None,
) -> dict[str, float]:
    """Writes projection, fusion and card into `out`; returns the validation figures.

    `taxonomy` holds `taxonomy_esco_tabiya/` and `taxonomy_onet27/`. Raises BenchmarkDataError if it does not.
    """
    config, run, started = config or ProjectionConfig(), run or NullRun(), time.perf_counter()
    esco, onet = read_esco(taxonomy), read_onet(taxonomy)
    crosswalk = read_crosswalk(taxonomy, ("exactMatch",))
    names, apart = hold_out(esco, config.seed), _set_apart(crosswalk, config.seed)
    texts = list(dict.fromkeys(n for o in (*esco, *onet) for n in o.names))
    say(f"{len(texts):,} names of {len(esco):,} ESCO and {len(onet):,} O*NET occupations: vectors")
    vectors = dict(zip(texts, encode(texts), strict=True))
    run.params(asdict(config))
    seen = [o for o in onet if o.id not in apart]
    projection = train_projection(_sources(names.kept, seen), vectors, config, run)
    projection.save(out)
    unseen = [o for o in onet if o.id in apart]
    linker = esco_linker(esco, encode, projection, None)
    fusion, fitted = _fusion(esco, unseen, crosswalk, linker, config.seed)
    figures = {
        **{f"before_{k}": v for k, v in validate(None, names, vectors).items()},
        **validate(projection, names, vectors),
        **fitted,
        "seconds": round(time.perf_counter() - started, 1),
    }
    write_fusion(out / FUSION, fusion)
    (out / CARD).write_text(json.dumps(_card(config, names, seen, figures), indent=1) + "\n")
    run.metrics(figures)
    run.artifact(out, "occupations")
    return figures


def tracked(folder: Path = TRACKED) -> tuple[Projection, Fusion]:
    """What the repository carries. Raises ProjectionError or OccupationError if it is damaged."""
    return Projection.load(folder), read_fusion(folder / FUSION)


def _set_apart(crosswalk: dict[str, list[str]], seed: int) -> set[str]:
    """Half of the O*NET occupations that match one ESCO occupation."""
    codes = sorted(code for code, uris in crosswalk.items() if len(uris) == 1)
    return set(random.Random(seed).sample(codes, len(codes) // 2))


def _sources(esco: Sequence[NamedOccupation], onet: Sequence[NamedOccupation]) -> tuple[Source, Source]:
    return (
        Source([o.names for o in esco], share=0.5),
        Source([o.names for o in onet], share=0.5, to_label=0.5),
    )


def esco_linker(
    esco: Sequence[NamedOccupation], encode: Encode, projection: Projection | None, fusion: Fusion | None
) -> OccupationLinker:
    """A linker over ESCO as published, smoothed over ISCO unit groups."""
    occupations = [Occupation(o.id, o.names[0], "", o.names[1:]) for o in esco]
    groups = [o.group for o in esco]
    return OccupationLinker.build(occupations, encode, fusion, projection=projection, groups=groups)


def _fusion(
    esco: Sequence[NamedOccupation],
    onet: Sequence[NamedOccupation],
    crosswalk: dict[str, list[str]],
    linker: OccupationLinker,
    seed: int,
) -> tuple[Fusion, dict[str, float]]:
    titles, target = _crosswalk_titles(esco, onet, crosswalk, seed)
    say(f"weights of the evidence from {len(titles):,} O*NET titles")
    apart = len(titles) // 4  # shuffled, so these are any; their titles judge what the others teach
    data = collect(linker, titles[apart:], target[apart:])
    weighed = linker.weighed(Fusion(fit_weights(data, linker.columns)))
    probability, right = first_answers(_all_logits(weighed, titles[:apart]), target[:apart])
    fusion = calibrated(weighed.fusion.weights, probability, right)
    return fusion, {"crosswalk_titles": float(len(titles)), "crosswalk_accuracy": float(right.mean())}


def _all_logits(linker: OccupationLinker, titles: Sequence[str]) -> F32:
    """By the evidence alone: a title that is a label to the letter needs no weighing."""
    parts = [
        linker.fusion.logits(linker.evidence(titles[a : a + _BATCH]), linker.columns)
        for a in range(0, len(titles), _BATCH)
    ]
    return np.concatenate(parts)


def collect(linker: OccupationLinker, titles: Sequence[str], target: I64) -> Candidates:
    """Evidence of the best candidates for each title, in batches: all of it would fill the memory."""
    parts = [
        candidates(linker.evidence(titles[a : a + _BATCH]), target[a : a + _BATCH])
        for a in range(0, len(titles), _BATCH)
    ]
    return Candidates(np.concatenate([p.rows for p in parts]))


def _crosswalk_titles(
    esco: Sequence[NamedOccupation],
    onet: Sequence[NamedOccupation],
    crosswalk: dict[str, list[str]],
    seed: int,
) -> tuple[list[str], I64]:
    row, draw = {o.id: i for i, o in enumerate(esco)}, random.Random(seed)
    pairs: list[tuple[str, int]] = []
    for occupation in onet:
        found = [row[uri] for uri in crosswalk.get(occupation.id, ()) if uri in row]
        if len(found) == 1:
            some = draw.sample(occupation.names, min(_PER_CODE, len(occupation.names)))
            pairs.extend((name, found[0]) for name in some)
    draw.shuffle(pairs)
    pairs = pairs[:_FUSION_TITLES]
    return [name for name, _ in pairs], np.array([i for _, i in pairs], np.int64)


def validate(projection: Projection | None, names: Names, vectors: dict[str, F32]) -> dict[str, float]:
    """Held-out names -> their occupation among all, by the nearest name and by the mean of names."""

    def rows(texts: Sequence[str]) -> F32:
        plain = np.stack([vectors[text] for text in texts])
        return plain if projection is None else projection(plain)

    counts = [len(o.names) for o in names.kept]
    starts = np.concatenate([[0], np.cumsum(counts)[:-1]])
    forms = rows([n for o in names.kept for n in o.names])
    queries = rows([text for text, _ in names.held])
    target = np.array([i for _, i in names.held], np.int64)
    nearest = score_ranks(np.maximum.reduceat(queries @ forms.T, starts, axis=1), target)
    profile = score_ranks(queries @ unit(np.add.reduceat(forms, starts, axis=0)).T, target)
    return {"held_mrr_nearest": float((1 / nearest).mean()), "held_mrr_profile": float((1 / profile).mean())}


def _card(
    config: ProjectionConfig, names: Names, onet: Sequence[NamedOccupation], figures: dict[str, float]
) -> dict[str, object]:
    return {
        "what": "projection of all-MiniLM-L6-v2 vectors for names of occupations; weights of the evidence",
        "data": {
            "ESCO 1.1.1 occupations, labels and alternative labels": sum(len(o.names) for o in names.kept),
            "ESCO names held out for validation": len(names.held),
            "O*NET 27.0 titles, alternate titles and reported titles": sum(len(o.names) for o in onet),
            "ESCO-O*NET crosswalk (for the weights of the evidence alone)": "exact matches",
        },
        "licence": LICENCE,
        "command": "jobpilot-ml train-titles --taxonomy DIR",
        "git_sha": git_sha(),
        "config": asdict(config),
        "figures": {k: round(v, 4) for k, v in figures.items()},
    }

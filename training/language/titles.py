"""Training of the occupation linker's encoder on names alone: no labelled vacancy title is seen.

Pairs are two names of one ESCO occupation, or two titles of one O*NET occupation. The two taxonomies are
never joined here, so the result may be measured on links between them. A quarter of the ESCO occupations with
four names or more give one name away for validation; nothing trains on it.
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

from models.adapters import AdaptedEncoder, AdapterConfig, save_adapter
from models.occupations_evidence import unit
from training.language.contrastive import ContrastiveConfig, Source, TextEmbedder, train_contrastive
from training.language.titles_data import NamedOccupation, read_esco, read_onet
from training.metrics import score_ranks
from training.progress import say
from training.tracking import NullRun, Run, git_sha

F32 = npt.NDArray[np.float32]
I64 = npt.NDArray[np.int64]
ADAPTER, CARD = "adapter.safetensors", "card.json"
LICENCE = "CC BY 4.0 (ESCO (c) European Union; O*NET by USDOL/ETA); base encoder Apache-2.0"
_HELD_SHARE, _HELD_MIN_NAMES = 0.25, 4


@dataclass(frozen=True)
class Names:
    """Names to train on, and one unseen name each of some occupations (index into `kept`)."""

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
    taxonomy: Path, out: Path, config: ContrastiveConfig | None = None, run: Run | None = None
) -> dict[str, float]:
    """Writes `adapter.safetensors` and `card.json` into `out`; returns the validation figures.

    `taxonomy` holds `taxonomy_esco_tabiya/` and `taxonomy_onet27/`. Raises BenchmarkDataError if it does not.
    """
    config, run, started = config or ContrastiveConfig(), run or NullRun(), time.perf_counter()
    names, onet = hold_out(read_esco(taxonomy), config.seed), read_onet(taxonomy)
    say(f"{sum(len(o.names) for o in names.kept):,} ESCO and {sum(len(o.names) for o in onet):,} O*NET names")
    run.params(asdict(config))
    encoder = train_contrastive(_sources(names.kept, onet), config, run, lambda e: _keep(out, e))
    _keep(out, encoder)
    figures = {
        **{f"before_{k}": v for k, v in validate(_untrained(), names, config).items()},
        **validate(encoder, names, config),
        "seconds": round(time.perf_counter() - started, 1),
    }
    run.metrics(figures)
    (out / CARD).write_text(json.dumps(_card(config, names, onet, figures), indent=1) + "\n")
    run.artifact(out, "occupations")
    return figures


def _sources(esco: Sequence[NamedOccupation], onet: Sequence[NamedOccupation]) -> tuple[Source, Source]:
    return (
        Source([o.names for o in esco], share=0.5),
        Source([o.names for o in onet], share=0.5, to_label=0.5),
    )


def _keep(out: Path, encoder: AdaptedEncoder) -> None:
    save_adapter(out / ADAPTER, encoder)


def _untrained() -> AdaptedEncoder:
    return AdaptedEncoder(AdapterConfig(rank=1)).eval()


def validate(encoder: AdaptedEncoder, names: Names, config: ContrastiveConfig) -> dict[str, float]:
    """Held-out names -> their occupation among all, by the nearest name and by the mean of names."""
    embed = TextEmbedder(encoder, 64, bfloat16=config.bfloat16)
    owner = np.repeat(np.arange(len(names.kept)), [len(o.names) for o in names.kept])
    forms = embed.encode([n for o in names.kept for n in o.names])
    queries = embed.encode([text for text, _ in names.held])
    target = np.array([i for _, i in names.held], np.int64)
    starts = np.searchsorted(owner, np.arange(len(names.kept)))
    nearest = score_ranks(np.maximum.reduceat(queries @ forms.T, starts, axis=1), target)
    profile = score_ranks(queries @ unit(np.add.reduceat(forms, starts, axis=0)).T, target)
    return {"held_mrr_nearest": float((1 / nearest).mean()), "held_mrr_profile": float((1 / profile).mean())}


def _card(
    config: ContrastiveConfig, names: Names, onet: Sequence[NamedOccupation], figures: dict[str, float]
) -> dict[str, object]:
    return {
        "what": "low-rank deltas of all-MiniLM-L6-v2 for names of occupations (models/adapters.py)",
        "data": {
            "ESCO 1.1.1 occupations, labels and alternative labels": sum(len(o.names) for o in names.kept),
            "O*NET 27.0 titles, alternate titles and reported titles": sum(len(o.names) for o in onet),
            "ESCO names held out for validation": len(names.held),
        },
        "licence": LICENCE,
        "command": "jobpilot-ml train-titles --taxonomy DIR",
        "git_sha": git_sha(),
        "config": asdict(config),
        "figures": {k: round(v, 4) for k, v in figures.items()},
    }

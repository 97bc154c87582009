"""Spans of a tagger under training: torch as the engine, gold and found spans per sentence, calibration."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

import numpy as np
import torch

from models.bio import OUTSIDE, spans
from models.calibration import Calibration
from models.tagger import F32, KINDS, TAGS, Engine, Kind, SpanReader, TaggerConfig, WordSpan, best_spans
from models.tagger_net import TaggerNet
from models.tagger_text import I64, PieceReader
from training.calibrate import fit_calibration
from training.language.span_metrics import SpanKey, count
from training.language.tagger_data import Document

GROUPS: dict[str, tuple[Kind, ...]] = {"skill": ("skill",), "knowledge": ("knowledge",), "combined": KINDS}
SHIFTS = tuple(float(s) for s in np.arange(-1.5, 1.6, 0.25))


def torch_engine(net: TaggerNet, batch_size: int = 16) -> Engine:
    """Windows in padded batches of like length."""

    @torch.inference_mode()
    def run(windows: list[I64]) -> list[F32]:
        order = sorted(range(len(windows)), key=lambda i: len(windows[i]))
        out: list[F32] = [np.zeros((0, 0), np.float32)] * len(windows)
        for at in range(0, len(order), batch_size):
            rows = order[at : at + batch_size]
            ids = torch.nn.utils.rnn.pad_sequence(
                [torch.from_numpy(windows[i]) for i in rows], batch_first=True
            )
            mask = torch.zeros_like(ids)
            for row, i in enumerate(rows):
                mask[row, : len(windows[i])] = 1
            scores = net(ids, mask).numpy()
            for row, i in enumerate(rows):
                out[i] = scores[row, : len(windows[i])]
        return out

    return run


def span_reader(net: TaggerNet, reader: PieceReader, config: TaggerConfig | None = None) -> SpanReader:
    shape_scores = net.shapes.detach().numpy()
    return SpanReader(
        torch_engine(net), reader, replace(config or TaggerConfig.plain(), shape_scores=shape_scores)
    )


def find_spans(net: TaggerNet, reader: PieceReader, documents: Sequence[Document]) -> list[list[WordSpan]]:
    return span_reader(net, reader).read([d.segments() for d in documents])


def gold_keys(documents: Sequence[Document]) -> list[set[SpanKey]]:
    """One set per sentence of every document."""
    return [
        {(kind, start, end) for kind in KINDS for start, end in spans(s.tags[kind])}
        for d in documents
        for s in d.sentences
    ]


def found_keys(found: Sequence[Sequence[WordSpan]], documents: Sequence[Document]) -> list[set[SpanKey]]:
    out: list[set[SpanKey]] = []
    for own, document in zip(found, documents, strict=True):
        keys: list[set[SpanKey]] = [set() for _ in document.sentences]
        for span in own:
            keys[span.segment].add((span.kind, span.start, span.end))
        out.extend(keys)
    return out


def f1_scores(found: Sequence[Sequence[WordSpan]], documents: Sequence[Document]) -> dict[str, float]:
    keys, gold = found_keys(found, documents), gold_keys(documents)
    return {name: count(keys, gold, kinds).f1() for name, kinds in GROUPS.items()}


def shift_outside(net: TaggerNet, reader: PieceReader, documents: Sequence[Document]) -> dict[str, float]:
    """Moves each kind's O bias in `net` to where its F1 on `documents` is best; returns the shifts.

    Cross-entropy asks for honest probabilities, F1 for as many right spans as wrong ones missed: the two
    meet at different thresholds.
    """
    segments = [d.segments() for d in documents]
    log_p = span_reader(net, reader).log_probabilities(segments)
    gold = gold_keys(documents)
    shifts: dict[str, float] = {}
    for row, kind in enumerate(KINDS):

        def f1(shift: float, row: int = row, kind: Kind = kind) -> float:
            moved = [own + _at(row, shift) for own in log_p]
            found = [list(best_spans(s, own)) for s, own in zip(segments, moved, strict=True)]
            return count(found_keys(found, documents), gold, (kind,)).f1()

        shifts[kind] = max(SHIFTS, key=lambda shift: (round(f1(shift), 4), -abs(shift)))
        with torch.no_grad():
            net.head.bias[row * TAGS] += shifts[kind]
    return shifts


def _at(row: int, shift: float) -> F32:
    out = np.zeros((len(KINDS), TAGS), np.float32)
    out[row, OUTSIDE] = shift
    return out


def calibrated(
    net: TaggerNet, found: Sequence[Sequence[WordSpan]], documents: Sequence[Document]
) -> TaggerConfig:
    """Platt scaling of a span's log-probability against "exactly this span is in the gold", per kind."""
    calibration = {kind: _platt(list(_outcomes(found, documents, kind)), kind) for kind in KINDS}
    return TaggerConfig(net.shapes.detach().numpy().copy(), calibration)


def _outcomes(
    found: Sequence[Sequence[WordSpan]], documents: Sequence[Document], kind: Kind
) -> Iterator[tuple[float, bool]]:
    for own, document in zip(found, documents, strict=True):
        gold = [set(spans(s.tags[kind])) for s in document.sentences]
        for span in own:
            if span.kind == kind:
                yield span.log_p, (span.start, span.end) in gold[span.segment]


def _platt(outcomes: list[tuple[float, bool]], kind: Kind) -> Calibration:
    event = f"exactly this span is a {kind} span by SkillSpan's guidelines"
    log_p = np.array([o[0] for o in outcomes], np.float32)
    right = np.array([o[1] for o in outcomes], np.int64)
    if len(set(right.tolist())) < 2:  # too little to fit a slope: the smoothed share, whatever the score
        share = (right.sum() + 1) / (len(right) + 2)
        return Calibration(0.0, float(np.log(share / (1 - share))), event)
    return replace(fit_calibration(log_p, right), event=event)

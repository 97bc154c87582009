from __future__ import annotations

import json
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
import torch

from models.adapters import AdapterConfig
from models.calibration import Calibration
from models.tagger import KINDS, MAX_CHARS, SkillTagger, Span, SpanReader, TaggerConfig, TaggerError
from models.tagger_net import export_tagger, load_net, new_net, save_net
from models.tagger_text import I64, WINDOW, PieceReader, read_segments
from models.tests.small_base import write_small_base

TEXTS = [
    "You know Python, SQL and C++. You lead a small team!",
    "• Strong communication skills\n• Nursing degree (BSc), 3 years in intensive care",
    "Café staff: pour coffee, greet guests; English B2 / Deutsch A1",
]
HOSTILE = [
    "",
    " \n\t\u2028 ",
    ",,,,",
    "x" * 60_000,
    "a,b;c. " * 9_000,
    "\u202eדרוש מפתח Python מנוסה\u202c عربي مطور",
    "👩🏽‍💻🚀 Python 🐍\u200d\u200d",
    "\x00\x1a\ufffe\ud800 Python",
    "C" + "̶" * 5_000,
    "漢字" * 2_000,
]


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_small_base(tmp_path_factory.mktemp("base"))


@pytest.fixture(scope="module")
def weights(base: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Random, but with scores far enough apart that many spans are found."""
    net = new_net(AdapterConfig(rank=2, norms=True), base, seed=3)
    generator = torch.Generator().manual_seed(3)
    with torch.no_grad():
        for parameter in [*net.encoder.trainable(), net.shapes]:
            parameter += 0.1 * torch.randn(parameter.shape, generator=generator)
        net.head.weight += torch.randn(net.head.weight.shape, generator=generator)
        net.head.bias += torch.tensor([1.0, 0.0, 0.0, 1.0, 0.0, 0.0])
    config = TaggerConfig(
        net.shapes.detach().numpy(), {kind: Calibration(0.4, 0.5, "test") for kind in KINDS}
    )
    return save_net(net, tmp_path_factory.mktemp("weights"), config, {"name": "test"})


@pytest.fixture(scope="module")
def folder(weights: Path, base: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return export_tagger(weights, tmp_path_factory.mktemp("tagger"), base)


@pytest.fixture(scope="module")
def tagger(folder: Path) -> SkillTagger:
    return SkillTagger(folder)


def check(text: str, found: list[Span]) -> None:
    assert all(0 <= s.start < s.end <= len(text) and 0 <= s.confidence <= 1 for s in found)
    assert found == sorted(found, key=lambda s: (s.start, s.end, s.kind))
    for kind in KINDS:
        own = [s for s in found if s.kind == kind]
        assert all(a.end <= b.start for a, b in pairwise(own))
    for span in found:
        assert text[span.start : span.end].strip() == text[span.start : span.end]


def test_spans_lie_in_the_text_and_those_of_one_kind_do_not_overlap(tagger: SkillTagger) -> None:
    found = tagger.find(TEXTS)
    for text, spans in zip(TEXTS, found, strict=True):
        check(text, spans)
    assert {s.kind for spans in found for s in spans} == set(KINDS)


@pytest.mark.parametrize("text", HOSTILE, ids=lambda t: ascii(t[:8]))
def test_hostile_text_is_read_like_any_other(text: str, tagger: SkillTagger) -> None:
    (found,) = tagger.find([text])
    check(text, found)
    if not text.strip(" ,\n\t\u2028"):
        assert found == []


def test_nothing_beyond_the_limit_is_read(tagger: SkillTagger) -> None:
    text = " \n" * (MAX_CHARS // 2) + TEXTS[0]
    assert tagger.find([text]) == [[]]
    assert tagger.find([]) == []


def test_a_text_does_not_depend_on_its_neighbours_or_on_threads(tagger: SkillTagger, folder: Path) -> None:
    together = tagger.find([*TEXTS, TEXTS[1] * 60])
    assert [tagger.find([text])[0] for text in TEXTS] == together[:3]
    assert SkillTagger(folder, threads=2).find([*TEXTS, TEXTS[1] * 60]) == together


def test_no_knowledge_reaches_over_a_comma(tagger: SkillTagger) -> None:
    text = "Python, SQL, Go, Rust, Java, Scala, Perl, Ruby, Haskell, Lisp, Prolog, Ada " * 4
    for span in tagger.find([text])[0]:
        if span.kind == "knowledge":
            assert "," not in text[span.start : span.end]


def test_the_int8_engine_agrees_with_torch(tagger: SkillTagger, weights: Path, base: Path) -> None:
    net, config = load_net(weights, base)
    pieces = PieceReader(base / "tokenizer.json")
    reader = SpanReader(lambda batch: [_torch(net, ids) for ids in batch], pieces, config)
    segments = [read_segments(text) for text in TEXTS]
    full = np.concatenate(reader.log_probabilities(segments)).ravel()
    quick = np.concatenate(tagger._reader.log_probabilities(segments)).ravel()
    assert np.corrcoef(full, quick)[0, 1] > 0.99
    best = [np.concatenate(r.log_probabilities(segments)).argmax(-1) for r in (reader, tagger._reader)]
    assert (best[0] == best[1]).mean() > 0.9


def test_a_short_text_is_read_whole_and_a_long_one_in_windows(base: Path) -> None:
    seen: list[int] = []

    def engine(batch: list[I64]) -> list[np.ndarray]:
        """Scores that tell where in its window a piece stood."""
        seen.extend(len(ids) for ids in batch)
        return [
            np.arange(len(ids), dtype=np.float32)[:, None] * np.eye(6, dtype=np.float32)[0] for ids in batch
        ]

    reader = SpanReader(engine, PieceReader(base / "tokenizer.json"), TaggerConfig.plain())
    short, long = read_segments(TEXTS[0]), read_segments(TEXTS[0] * 40)
    whole = reader.log_probabilities([short])[0]
    first = reader.log_probabilities([long])[0][: len(whole)]
    np.testing.assert_array_equal(first, whole)
    assert seen[0] < WINDOW
    assert max(seen) == WINDOW + 2
    assert len(seen) > 3


def test_a_changed_or_missing_file_is_refused(folder: Path, tmp_path: Path) -> None:
    for name in ("tagger.onnx", "tokenizer.json", "tagger.json", "card.json"):
        (tmp_path / name).write_bytes((folder / name).read_bytes())
    assert SkillTagger(tmp_path).version == SkillTagger(folder).version
    (tmp_path / "tokenizer.json").write_text("{}")
    with pytest.raises(TaggerError, match=r"altered.*tokenizer\.json"):
        SkillTagger(tmp_path)
    (tmp_path / "tagger.onnx").unlink()
    with pytest.raises(TaggerError, match="not a whole tagger"):
        SkillTagger(tmp_path)


def test_the_card_travels_with_the_weights(folder: Path) -> None:
    assert json.loads((folder / "card.json").read_text()) == {"name": "test"}


@torch.inference_mode()
def _torch(net: torch.nn.Module, ids: I64) -> np.ndarray:
    return net(torch.from_numpy(ids)[None])[0].numpy()

"""The tagger's training on invented sentences over a tiny random encoder; no real data."""

from __future__ import annotations

import gzip
import json
from pathlib import Path

import numpy as np
import pytest
import torch

from models.tagger_net import load_net
from models.tagger_text import PieceReader, read_segments
from models.tests.small_base import write_small_base
from training.benchmarks import skillspan
from training.benchmarks.report import BenchmarkDataError
from training.language.span_metrics import count
from training.language.tagger import Tagger, train_step, train_tagger
from training.language.tagger_config import RECIPES, TaggerTrainConfig
from training.language.tagger_data import (
    IGNORED,
    Document,
    SkillSpanError,
    WindowBatches,
    encode,
    read_documents,
    split_documents,
)
from training.language.tagger_scoring import f1_scores, find_spans, gold_keys, span_reader
from training.tracking import NullRun

KNOWN = ["Python", "SQL", "Norwegian", "bookkeeping", "botany", "Rust"]
ABLE = [["lead", "a", "team"], ["greet", "guests"], ["plan", "the", "week"]]


def sentence(rng: np.random.Generator) -> tuple[list[str], list[str], list[str]]:
    """ "You VERB ... and know THING .": what follows "know" is knowledge, what follows "must" a skill."""
    able, thing = ABLE[rng.integers(len(ABLE))], KNOWN[rng.integers(len(KNOWN))]
    words = ["You", "must", *able, "and", "know", thing, "."]
    skill = ["O", "O", "B", *["I"] * (len(able) - 1), "O", "O", "O", "O"]
    knowledge = ["O"] * (len(able) + 4) + ["B", "O"]
    return words, skill, knowledge


def write_part(folder: Path, part: str, documents: int, seed: int) -> None:
    rng = np.random.default_rng(seed)
    (folder / "json").mkdir(parents=True, exist_ok=True)
    with gzip.open(folder / "json" / f"{part}.json.gz", "wt") as file:
        for number in range(documents):
            for _ in range(4):
                words, skill, knowledge = sentence(rng)
                row = {"idx": number, "tokens": words, "tags_skill": skill, "tags_knowledge": knowledge}
                file.write(json.dumps(row | {"source": "house" if number % 2 else "tech"}) + "\n")


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("skillspan")
    write_part(folder, "train", 24, 1)
    write_part(folder, "dev", 6, 2)
    return folder


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_small_base(tmp_path_factory.mktemp("base"))


@pytest.fixture(scope="module")
def trained(data: Path, base: Path) -> Tagger:
    return train_tagger(RECIPES["debug"](), read_documents(data, "train"), base)


def test_debug_training_learns(trained: Tagger, data: Path, base: Path) -> None:
    dev = read_documents(data, "dev")
    f1 = f1_scores(find_spans(trained.net, PieceReader(base / "tokenizer.json"), dev), dev)
    assert f1["skill"] > 0.9
    assert f1["knowledge"] > 0.9
    assert trained.figures["held_out_F1"] > 0.9


def test_training_is_deterministic(trained: Tagger, data: Path, base: Path) -> None:
    again = train_tagger(RECIPES["debug"](), read_documents(data, "train"), base)
    state = trained.net.state_dict()
    assert all(torch.equal(state[k], v) for k, v in again.net.state_dict().items())
    other = RECIPES["debug"]().model_copy(update={"seed": 8, "epochs": 1})
    assert not torch.equal(
        train_tagger(other, read_documents(data, "train"), base).net.head.weight, state["head.weight"]
    )


def test_the_command_writes_weights_and_a_card_and_the_benchmark_reads_them(
    data: Path, base: Path, tmp_path: Path
) -> None:
    weights = tmp_path / "weights"
    trained = train_step(data, weights, RECIPES["debug"](), base, NullRun())
    card = json.loads((weights / "card.json").read_text())
    assert card["data_licence"] == "MIT"
    assert card["seed"] == card["config"]["seed"] == 7
    assert card["figures"]["dev_F1_knowledge_tech"] > 0.9
    _, config = load_net(weights, base)
    assert config.calibration == trained.config.calibration
    assert sum(f.stat().st_size for f in weights.iterdir()) < 2_000_000
    out = tmp_path / "skillspan.json"
    skillspan.run(data, json_out=out, weights=weights, source=base)
    document = json.loads(out.read_text())
    assert document["benchmark"] == "skillspan"
    assert document["metrics"]["F1_skill_tech"] > 0.9
    assert document["metrics"]["F1_knowledge_house"] > 0.9
    assert document["baselines"]["gazetteer: spans of the training part"]["F1_skill_tech"] == 1.0
    assert document["baselines"]["gazetteer: our taxonomy"]["F1_combined_tech"] < 0.9
    assert {"logistic tagger, hand-made features", "ours, torch fp32"} <= set(document["baselines"])
    assert set(document) >= {"intervals_95", "seconds", "peak_mb"}


def test_a_whole_encoder_is_no_adapter(data: Path, base: Path, tmp_path: Path) -> None:
    config = RECIPES["debug"]().model_copy(update={"whole": True})
    with pytest.raises(ValueError, match="cannot be saved as adapters"):
        train_step(data, tmp_path, config, base, NullRun())


def test_a_misspelt_setting_is_refused() -> None:
    with pytest.raises(ValueError, match="learning_rat"):
        TaggerTrainConfig(learning_rat=1.0)  # type: ignore[call-arg]


# -- data ------------------------------------------------------------------------------------------------


def test_documents_keep_their_sentences_together(data: Path) -> None:
    documents = read_documents(data, "train")
    assert [(d.source, d.number) for d in documents[:3]] == [("tech", 0), ("house", 1), ("tech", 2)]
    assert all(len(d.sentences) == 4 for d in documents)


def test_the_held_out_documents_come_from_every_source(data: Path) -> None:
    documents = read_documents(data, "train")
    kept, held = split_documents(documents, 0.1, 7)
    assert {d.source for d in held} == {"house", "tech"}
    assert sorted(map(repr, [*kept, *held])) == sorted(map(repr, documents))
    assert split_documents(documents, 0.1, 7) == (kept, held)


def test_windows_of_an_epoch_hold_every_word_once_with_its_label(data: Path, base: Path) -> None:
    reader = PieceReader(base / "tokenizer.json")
    documents = read_documents(data, "train")
    encoded = [encode(d, reader) for d in documents]
    batches = WindowBatches(encoded, reader, 20, 3).epoch(np.random.default_rng(0))
    labels = torch.cat([b.labels[b.labels[..., 0] != IGNORED] for b in batches])
    words = sum(len(s.words) for d in documents for s in d.sentences)
    assert labels.shape == (words, 2)
    assert int((labels[:, 1] == 1).sum()) == 24 * 4
    assert max(b.ids.shape[1] for b in batches) == 22
    assert all(torch.equal(b.mask.bool(), b.ids != 0) for b in batches)


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("{", "line 1"),
        ('{"tokens": ["a"], "tags_skill": ["O"], "idx": 1, "source": "tech"}', "tags_knowledge"),
        (json.dumps({"tokens": ["a"], "tags_skill": ["X"], "tags_knowledge": ["O"]}), "X"),
        (json.dumps({"tokens": ["a"], "tags_skill": [], "tags_knowledge": ["O"]}), "differ"),
    ],
)
def test_a_bad_line_is_named(line: str, message: str, tmp_path: Path) -> None:
    (tmp_path / "json").mkdir()
    with gzip.open(tmp_path / "json" / "train.json.gz", "wt") as file:
        file.write(line + "\n")
    with pytest.raises(SkillSpanError, match=message):
        read_documents(tmp_path, "train")
    with pytest.raises(SkillSpanError, match="lacks"):
        read_documents(tmp_path, "dev")


# -- measuring -------------------------------------------------------------------------------------------


def test_strict_f1_wants_kind_and_both_ends() -> None:
    gold = [{("skill", 0, 2), ("knowledge", 3, 4)}, set()]
    found = [{("skill", 0, 2), ("skill", 3, 4), ("knowledge", 3, 5)}, {("knowledge", 0, 1)}]
    both = count(found, gold, ("skill", "knowledge"))
    assert both.values.tolist() == [[1, 3, 2], [0, 1, 0]]
    assert both.f1() == pytest.approx(2 * 1 / (4 + 2))
    assert (both.precision(), both.recall()) == (0.25, 0.5)
    assert count(found, gold, ("knowledge",)).f1() == 0.0
    interval = both.interval(resamples=200)
    assert interval.low <= interval.mean <= interval.high
    assert interval.n == 2


def test_gold_and_found_spans_are_numbered_per_sentence(data: Path) -> None:
    documents: list[Document] = read_documents(data, "dev")
    keys = gold_keys(documents)
    assert len(keys) == 24
    assert all(len(own) == 2 for own in keys)


def test_absent_weights_are_one_line(data: Path, tmp_path: Path) -> None:
    with pytest.raises(BenchmarkDataError, match="lacks adapter"):
        skillspan.run(data, weights=tmp_path)


# -- the weights that ship -------------------------------------------------------------------------------


def test_the_tracked_weights_read_an_invented_posting() -> None:
    net, config = load_net(skillspan.WEIGHTS)
    reader = span_reader(net, PieceReader(net.encoder.source / "tokenizer.json"), config)
    text = "You know Python, SQL and Docker.\nYou can communicate clearly with customers and lead a team."
    segments = read_segments(text)
    found = {
        (s.kind, text[segments[s.segment][s.start].start : segments[s.segment][s.end - 1].end])
        for s in reader.read([segments])[0]
    }
    assert {("knowledge", "Python"), ("knowledge", "SQL"), ("knowledge", "Docker")} <= found
    assert {("skill", "communicate clearly with customers"), ("skill", "lead a team")} <= found
    assert sum(f.stat().st_size for f in skillspan.WEIGHTS.iterdir()) < 2_000_000
    card = json.loads((skillspan.WEIGHTS / "card.json").read_text())
    assert card["config"] == RECIPES["full"]().model_dump(mode="json")

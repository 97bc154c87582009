"""The title linker's training and benchmarks, on invented taxonomies and titles in the sources' formats."""

from __future__ import annotations

import csv
import gzip
import json
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest

from models.occupations import Fusion
from models.projection import Projection
from training.benchmarks import melo, titles
from training.benchmarks.report import BenchmarkDataError
from training.language.contrastive import PairSampler, ProjectionConfig, Source, train_projection
from training.language.titles import CARD, hold_out, tracked, train_titles
from training.language.titles_data import NamedOccupation, read_crosswalk, read_esco, read_onet
from training.language.titles_fusion import Candidates, calibrated, candidates, first_answers, fit_weights

TRADES = "baker welder nurse driver farmer tailor singer lawyer waiter plumber".split()
PLACES = "hotel ship factory hospital".split()
F32 = npt.NDArray[np.float32]


def letters(texts: Sequence[str]) -> F32:
    """Stands for the sentence encoder: unit vectors of counts of letter pairs."""
    out = np.zeros((len(texts), 384), np.float32)
    for i, text in enumerate(texts):
        for a, b in zip(text.lower(), text.lower()[1:], strict=False):
            out[i, (ord(a) * 31 + ord(b)) % 384] += 1
    return np.asarray(out / np.maximum(np.linalg.norm(out, axis=1, keepdims=True), 1e-9), np.float32)


def uri(i: int) -> str:
    return f"http://data.europa.eu/esco/occupation/{i}"


def write(path: Path, columns: Sequence[str], rows: Sequence[Sequence[str]], delimiter: str = ",") -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with gzip.open(path, "wt", newline="") as file:
        writer = csv.writer(file, delimiter=delimiter)
        writer.writerow(columns)
        writer.writerows(rows)


@pytest.fixture(scope="module")
def sources(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("sources")
    occupations = [
        [uri(i), f"72{i}", trade, "\n".join(f"{place} {trade}" for place in PLACES)]
        for i, trade in enumerate(TRADES)
    ]
    columns = ["ORIGINURI", "ISCOGROUPCODE", "PREFERREDLABEL", "ALTLABELS"]
    write(folder / "taxonomy_esco_tabiya/csv/occupations.csv.gz", columns, occupations)
    onet, code = folder / "taxonomy_onet27", "O*NET-SOC Code"
    codes = [f"{11 + i}-1011.00" for i in range(len(TRADES))]
    names = [(c, t) for c, t in zip(codes, TRADES, strict=True)]
    write(onet / "Occupation Data.txt.gz", [code, "Title"], [[c, f"{t}s"] for c, t in names], "\t")
    alternate = [[c, f"{word} {t}"] for c, t in names for word in ("Head", "Night shift", "Chief")]
    write(onet / "Alternate Titles.txt.gz", [code, "Alternate Title"], alternate, "\t")
    reported = [[c, f"{t} I"] for c, t in names]
    write(onet / "Sample of Reported Titles.txt.gz", [code, "Reported Job Title"], reported, "\t")
    links = [[c, uri(i), "exactMatch"] for i, c in enumerate(codes)] + [[codes[0], uri(3), "broadMatch"]]
    path = onet / "crosswalk_esco_onet.csv.gz"
    write(path, ["O*NET Id", "ESCO or ISCO URI", "Type of Match"], links)
    with gzip.open(path) as file:
        table = file.read()
    with gzip.open(path, "wb") as file:
        file.write(b"\xef\xbb\xbfMapping project name,x\n,\n" + table)
    titles_folder = folder / "titles_jobbert"
    rows = [
        [str(i), f"{level} {t} {n}", uri(i)]
        for i, t in enumerate(TRADES)
        for n, level in enumerate(("Senior", "JUNIOR", "great", "urgent:", "our", "two"))
    ]
    write(titles_folder / "titles.csv.gz", ["", "vacancyTitle", "conceptUri"], [*rows, ["99", "x", uri(99)]])
    return folder


@pytest.fixture(scope="module")
def trained(sources: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("trained")
    train_titles(sources, out, letters, ProjectionConfig(rank=8, steps=20, batch=16))
    return out


def test_the_sources_are_read_as_published(sources: Path) -> None:
    esco, onet = read_esco(sources), read_onet(sources)
    assert esco[0] == NamedOccupation(uri(0), "720", ("baker", *(f"{p} baker" for p in PLACES)))
    assert onet[0].names == ("bakers", "Head baker", "Night shift baker", "Chief baker", "baker I")
    assert onet[0].group == "11-1"
    assert read_crosswalk(sources, ("exactMatch",))["11-1011.00"] == [uri(0)]
    assert read_crosswalk(sources, ("broadMatch",)) == {"11-1011.00": [uri(3)]}
    with pytest.raises(BenchmarkDataError, match="lacks"):
        read_esco(sources / "titles_jobbert")


def test_held_out_names_are_never_labels_and_never_trained_on(sources: Path) -> None:
    esco = read_esco(sources)
    names = hold_out(esco, 1)
    assert names.held
    assert names == hold_out(esco, 1)
    for text, row in names.held:
        assert text != esco[row].names[0]
        assert text in esco[row].names
        assert text not in names.kept[row].names


def test_training_writes_what_the_linker_reads_and_is_deterministic(
    sources: Path, trained: Path, tmp_path: Path
) -> None:
    train_titles(sources, tmp_path, letters, ProjectionConfig(rank=8, steps=20, batch=16))
    one, other = tracked(trained), tracked(tmp_path)
    assert one[0].digest() == other[0].digest()
    assert one[1] == other[1]
    assert one[1].weights["prior"] == 1.0
    card = json.loads((trained / CARD).read_text())
    assert card["command"].startswith("jobpilot-ml train-titles")
    assert card["figures"]["crosswalk_titles"] == 25
    assert "CC BY 4.0" in card["licence"]


def test_a_projection_brings_names_of_one_thing_together() -> None:
    rng = np.random.default_rng(0)
    groups = [[f"{i} {n}" for n in range(4)] for i in range(20)]
    centre = rng.normal(size=(20, 16))
    vectors = {
        text: np.concatenate([centre[i], 4 * rng.normal(size=16)]).astype(np.float32)
        for i, group in enumerate(groups)
        for text in group
    }
    vectors = {t: v / np.linalg.norm(v) for t, v in vectors.items()}
    config = ProjectionConfig(rank=32, steps=80, batch=32)
    projection = train_projection([Source(groups)], vectors, config)
    rows = np.stack([vectors[t] for group in groups for t in group])

    def nearest_is_a_sibling(x: F32) -> float:
        similarity = x @ x.T - 2 * np.eye(len(x), dtype=np.float32)
        return float((similarity.argmax(1) // 4 == np.arange(len(x)) // 4).mean())

    assert nearest_is_a_sibling(projection(rows)) > nearest_is_a_sibling(rows) + 0.1


def test_a_name_of_two_concepts_repels_neither() -> None:
    sampler = PairSampler([Source([["cook", "chef"], ["chef", "leader"], ["pilot", "flyer"]])], 0)
    same = sampler.shared([("chef", 0), ("pilot", 2)], [("leader", 1), ("CHEF", 0), ("flyer", 2)])
    assert same.tolist() == [[True, True, False], [False, False, True]]
    with pytest.raises(ValueError, match="two names"):
        PairSampler([Source([["alone"]])], 0)


def test_weights_find_the_evidence_that_tells() -> None:
    rng = np.random.default_rng(0)
    evidence = rng.normal(size=(400, 30, 2)).astype(np.float32)
    target = rng.integers(0, 30, 400)
    evidence[np.arange(400), target, 0] += 2.5
    data = candidates(evidence, target, limit=30)
    weights = fit_weights(data, ("telling", "noise"))
    assert weights["telling"] > 1.0
    assert abs(weights["noise"]) < 0.3
    logits = Fusion(weights).logits(evidence, ("telling", "noise"))
    probability, right = first_answers(4 * logits, target)  # four times too sure of itself
    fusion = calibrated(weights, probability, right)
    confidence = fusion.confidence(probability.astype(np.float32))
    assert abs(float(confidence.mean()) - float(right.mean())) < 0.02
    assert float(probability.mean()) > float(right.mean()) + 0.1


def test_candidates_put_the_true_one_first_and_mark_the_rest() -> None:
    evidence = np.arange(10, dtype=np.float32).reshape(1, 5, 2)
    rows = candidates(evidence, np.array([0]), limit=2).rows
    assert rows.shape == (1, 5, 2)
    assert rows[0, 0].tolist() == [0.0, 1.0]
    assert int(np.isnan(rows[0, :, 0]).sum()) == 2
    assert len(Candidates(rows).take(np.array([0, 0]))) == 2


def test_the_titles_benchmark_follows_its_protocol(sources: Path, trained: Path, tmp_path: Path) -> None:
    data = sources / "titles_jobbert"
    even, odd = titles.load_titles(data, read_esco(sources))
    assert len(even) + len(odd) == 60
    assert not set(even.titles) & set(odd.titles)
    out = tmp_path / "titles.json"
    report = titles.run(data, json_out=out, encode=letters, trained=tracked(trained))
    document = json.loads(out.read_text())
    assert set(document["metrics"]) == {
        f"{m}{suffix}" for m in ("MRR", "R@1", "R@5", "R@10") for suffix in ("", "_supervised")
    }
    assert document["metrics"]["MRR"] > 0.9
    assert [s.users for s in report.slices] == [len(odd), len(odd)]
    assert "char TF-IDF + synonyms" in document["baselines"]


def test_the_melo_benchmark_follows_its_protocol(tmp_path: Path) -> None:
    folder = tmp_path / melo.FOLDER
    folder.mkdir()
    corpus = [
        (f"C{i:06d}_en_{n:03d}", f"{p}{t}") for i, t in enumerate(TRADES) for n, p in enumerate(("", "big "))
    ]
    queries = [(f"Q{i:06d}", f"{t}s") for i, t in enumerate(TRADES)]
    links = [(q, "0", f"C{i:06d}_en_{n:03d}", "1") for i, (q, _) in enumerate(queries) for n in (0, 1)]
    for name, rows in (("queries", queries), ("corpus_elements", corpus), ("annotations", links)):
        with gzip.open(folder / f"{name}.tsv.gz", "wt") as file:
            file.writelines("\t".join(row) + "\n" for row in rows)
    report = melo.run(tmp_path, encode=letters, projection=Projection.identity(384))
    figures = report.document()["metrics"]
    assert isinstance(figures, dict)
    assert figures["MRR"] > 0.9
    assert report.slices[0].users == 10
    with pytest.raises(BenchmarkDataError, match="lacks"):
        melo.run(folder)


def test_average_precision_counts_every_relevant_form() -> None:
    scores = np.array([0.9, 0.5, 0.5, 0.1], np.float32)
    first, mean = melo.average_precision(scores, {0, 2})
    assert (first, round(mean, 6)) == (1.0, round((1 + 2 / 3) / 2, 6))
    assert melo.average_precision(scores, {3}) == (0.25, 0.25)


def test_what_the_repository_carries_loads() -> None:
    projection, fusion = tracked()
    assert projection.down.shape[0] == 384
    assert isinstance(fusion, Fusion)
    assert fusion.weights["moved_profile"] > 0

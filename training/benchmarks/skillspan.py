"""`skillspan`: skill and knowledge spans in sentences of job postings (Zhang et al. 2022, NAACL).

Protocol: train on `train`, measure on `dev`; a span counts if kind and both ends are right (strict F1), per
source, intervals by bootstrap over sentences. The paper's figures include a third source that was never
released, so only figures per source compare. Our tagger is the one in the repository (its card says how it
was trained, on `train` alone, held-out documents for early stopping coming out of `train` too); `retrain`
trains it again from other seeds.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from features.taxonomy import Taxonomy
from models.tagger import SkillTagger
from models.tagger_net import export_tagger, load_net
from models.tagger_text import PieceReader
from training.benchmarks.report import (
    BenchmarkDataError,
    BenchmarkReport,
    Meter,
    Slice,
    finish,
    require_files,
)
from training.benchmarks.skillspan_baselines import Gazetteer, LinearTagger, SeenSpans, sentences
from training.language.span_metrics import SpanKey, count
from training.language.tagger import train_tagger
from training.language.tagger_config import RECIPES, TaggerTrainConfig
from training.language.tagger_data import Document, by_source, read_documents
from training.language.tagger_scoring import GROUPS, find_spans, found_keys, gold_keys
from training.metrics import Estimate
from training.progress import say
from training.tracking import Run

FILES = ("json/train.json.gz", "json/dev.json.gz")
WEIGHTS = Path("data/language/skill_tagger")
#: documents -> spans found, one set per sentence
Finder = Callable[[Sequence[Document]], list[set[SpanKey]]]


def run(
    data: Path,
    *,
    json_out: Path | None = None,
    seed: int = 0,
    run: Run | None = None,
    weights: Path = WEIGHTS,
    source: Path | None = None,
    retrain: Sequence[int] = (),
    recipe: TaggerTrainConfig | None = None,
) -> BenchmarkReport:
    """Scores the dev part once per method. Raises BenchmarkDataError if files or weights are missing."""
    require_files(data, FILES)
    require_files(weights, ("adapter.safetensors", "tagger.json", "card.json"))
    meter = Meter()
    train, dev = read_documents(data, "train"), read_documents(data, "dev")
    rows = _baselines(train, seed)
    rows["ours, torch fp32"] = torch_finder(weights, source)
    for other in retrain:
        config = (recipe or RECIPES["full"]()).model_copy(update={"seed": other})
        rows[f"ours, torch fp32, seed {other}"] = _retrained(config, train, source)
    with tempfile.TemporaryDirectory() as folder:
        tagger = SkillTagger(export_tagger(weights, Path(folder), source))
        found = {name: _on(finder, dev, name) for name, finder in rows.items()}
        started = time.perf_counter()
        ours = onnx_finder(tagger)(dev)
        rate = len(ours) / (time.perf_counter() - started)
    slices = tuple(_slices(dev, found, ours, seed))
    params = {"seed": seed, "sentences": len(ours), "int8 sentences/s, 1 thread": round(rate, 1)}
    report = BenchmarkReport("skillspan", slices, params, meter.seconds(), meter.peak_mb())
    return finish(report, json_out, run)


def torch_finder(weights: Path, source: Path | None) -> Finder:
    net, _ = load_net(weights, source)
    reader = PieceReader(net.encoder.source / "tokenizer.json")
    return lambda documents: found_keys(find_spans(net, reader, documents), documents)


def onnx_finder(tagger: SkillTagger) -> Finder:
    return lambda documents: found_keys(tagger.find_words([d.segments() for d in documents]), documents)


def _retrained(config: TaggerTrainConfig, train: Sequence[Document], source: Path | None) -> Finder:
    def find(documents: Sequence[Document]) -> list[set[SpanKey]]:
        net = train_tagger(config, train, source).net
        reader = PieceReader(net.encoder.source / "tokenizer.json")
        return found_keys(find_spans(net, reader, documents), documents)

    return find


def _baselines(train: Sequence[Document], seed: int) -> dict[str, Finder]:
    gazetteer, seen = Gazetteer(Taxonomy.load()), SeenSpans(sentences(train))
    linear = LinearTagger(sentences(train), seed)
    return {
        gazetteer.name: lambda documents: [gazetteer.find(s) for s in sentences(documents)],
        seen.name: lambda documents: [seen.find(s) for s in sentences(documents)],
        linear.name: lambda documents: linear.find_all(sentences(documents)),
    }


def _on(finder: Finder, documents: Sequence[Document], name: str) -> list[set[SpanKey]]:
    say(f"skillspan: {name}")
    return finder(documents)


def _slices(
    dev: Sequence[Document], found: Mapping[str, list[set[SpanKey]]], ours: list[set[SpanKey]], seed: int
) -> list[Slice]:
    gold = gold_keys(dev)
    origin = [d.source for d in dev for _ in d.sentences]
    out = []
    for source in by_source(dev):
        rows = [i for i, s in enumerate(origin) if s == source]

        def measured(keys: list[set[SpanKey]], rows: list[int] = rows) -> dict[str, Estimate]:
            own, right = [keys[i] for i in rows], [gold[i] for i in rows]
            return {f"F1_{name}": count(own, right, kinds).interval(seed) for name, kinds in GROUPS.items()}

        others = {name: measured(keys) for name, keys in found.items()}
        title = f"skillspan, {source}: strict span F1 on dev sentences"
        out.append(
            Slice(title, len(rows), measured(ours), others, suffix=f"_{source}", label="ours, ONNX int8")
        )
    return out


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--json", type=Path)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--retrain", type=int, nargs="*", default=[], help="seeds to train from again")
    args = parser.parse_args()
    try:
        run(args.data, json_out=args.json, seed=args.seed, retrain=args.retrain)
    except BenchmarkDataError as error:
        say(f"skipped: {error}")
        sys.exit(2)


if __name__ == "__main__":
    main()

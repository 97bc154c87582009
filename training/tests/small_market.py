"""A small simulated market as a corpus with untrained towers: real files, seconds to make."""

from __future__ import annotations

import atexit
import shutil
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from tempfile import mkdtemp

from features.snapshot import snapshot_from_market
from features.transform import TransformConfig
from models.bundle import ModelBundle
from models.encoder import SentenceEncoder
from models.recipes import tower_config_for
from models.testing import encoder_folder
from models.two_tower import TwoTower
from training.corpus import Corpus, build_corpus
from training.job_columns import corpus_columns
from training.market import MarketConfig, generate
from training.ranker_data import PairFeatures
from training.text_cache import CachedEncoder

MARKET = MarketConfig.small()
TINY = TransformConfig(term_buckets=1024, place_buckets=256, company_buckets=256, geo_waves=16)


@dataclass(frozen=True)
class SmallMarket:
    folder: Path  # market/, corpus/
    corpus: Corpus
    bundle: ModelBundle
    features: PairFeatures


@lru_cache(1)
def small_market() -> SmallMarket:
    folder = Path(mkdtemp(prefix="small-market-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    generate(MARKET, folder / "market")
    snapshot = snapshot_from_market(folder / "market", folder / "snapshots")
    encoder = SentenceEncoder(encoder_folder())
    cached = CachedEncoder(encoder, folder / "sentences.sqlite")
    corpus = build_corpus(snapshot, folder / "corpus", cached, config=TINY)
    cached.close()
    towers = TwoTower(tower_config_for(corpus.transform, hidden=16))
    bundle = ModelBundle(corpus.transform, encoder, towers)
    features = PairFeatures(corpus, bundle, corpus_columns(corpus, folder / "columns"))
    return SmallMarket(folder, corpus, bundle, features)

"""The serving layer's reader and matcher behind the wire, without BentoML: a small release with a second
stage whose weights are drawn at random. What is scored, explained and replayed is computed by the real
code."""

from __future__ import annotations

import random
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np

from app.tests.reader import Reader, language_models
from features.cross import CROSS_FEATURE_ORDER, GROUPS
from models.fit import FitModel
from models.intervals import Intervals
from models.match import MatchModel
from models.ranker import Ranker, RankerConfig, Standardisation
from models.testing import tiny_bundle, tiny_release
from serving.behaviour import GuardedBehaviour, MemoryBehaviour
from serving.engine import Engine
from serving.errors import ReleaseGoneError
from serving.loader import assemble
from serving.match_schemas import ReplayRequest
from serving.recommender import Recommender
from serving.replay import ReplayDesk
from serving.schemas import RecommendRequest, ScoreRequest, WhyNotRequest

NOW = datetime(2026, 3, 2, tzinfo=UTC)
RELEASE = "matches"


class Matcher(Reader):
    """`releases` is the folder that replays look into."""

    def __init__(self, engine: Engine, releases: Path) -> None:
        super().__init__(engine)
        behaviour = GuardedBehaviour(MemoryBehaviour())
        self.recommender = Recommender(behaviour, epsilon=0.0, draw=random.Random(0))
        self.desk_of_replays = ReplayDesk(releases)

    def _respond(self, path: str, request: Any) -> tuple[int, Any]:
        try:
            return super()._respond(path, request)
        except ReleaseGoneError as error:
            return 410, {"error": str(error), "code": "release_gone"}

    def _answer(self, path: str, request: Any) -> Any:
        if self.canned.get(path):
            return super()._answer(path, request)
        match path:
            case "/score":
                asked = ScoreRequest.model_validate(request)
                self.requests.append(asked)
                return self.recommender.score(self.engine, asked, NOW).model_dump(mode="json")
            case "/recommend":
                page = RecommendRequest.model_validate(request)
                return self.recommender.recommend(self.engine, page, NOW).model_dump(mode="json")
            case "/why_not":
                question = WhyNotRequest.model_validate(request)
                return self.recommender.why_not(self.engine, question, NOW).model_dump(mode="json")
            case "/replay":
                replay = ReplayRequest.model_validate(request)
                return self.desk_of_replays.replay(replay).model_dump(mode="json")
        return super()._answer(path, request)


def tiny_match(folder: Path, seed: int = 0) -> MatchModel:
    """Saved to an empty `folder` and loaded from it, so that it has its version."""
    draw = np.random.default_rng(seed)
    config = RankerConfig(tuple((name, tuple(f"{name}/{f}" for f in features)) for name, features in GROUPS))
    groups, widest = config.columns().shape
    many = len(CROSS_FEATURE_ORDER)
    ranker = Ranker(
        config,
        Standardisation(np.zeros(many), np.ones(many), np.full(many, -10.0), np.full(many, 10.0)),
        hidden_weight=draw.normal(size=(groups, widest, config.hidden)),
        hidden_bias=draw.normal(size=(groups, config.hidden)),
        out_weight=draw.normal(size=(groups, config.hidden)) / 8,
        slope=np.zeros((groups, widest)),
        centre=np.zeros(groups),
        bias=-0.5,
    )
    narrow = Intervals((0.0, 1.0), (0.5,), (-0.1,), (0.1,))
    MatchModel(FitModel(), ranker, narrow, narrow).save(folder)
    return MatchModel.load(folder)


def new_matcher(folder: Path) -> Matcher:
    """`folder` is empty and the test's own."""
    bundle = tiny_bundle()
    bundle.match = tiny_match(folder / "match")
    release = tiny_release(folder / "releases", RELEASE, bundle, language=language_models(folder))
    return Matcher(assemble(release, bundle), folder / "releases")

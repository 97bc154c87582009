"""The serving layer's reader and matcher behind the wire, without BentoML: a small release with a second
stage whose weights are drawn at random. What is scored, explained and replayed is computed by the real
code."""

from __future__ import annotations

import random
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from app.tests.reader import Reader, language_models
from models.match import MatchModel
from models.testing import tiny_bundle, tiny_release
from serving.behaviour import GuardedBehaviour, MemoryBehaviour
from serving.engine import Engine
from serving.errors import ReleaseGoneError, SnapshotRefusedError, UnknownJobError, UnknownPlaceError
from serving.loader import assemble
from serving.match_schemas import ReplayRequest
from serving.recommender import Recommender
from serving.replay import ReplayDesk
from serving.schemas import RecommendRequest, ScoreRequest, WhyNotRequest

NOW = datetime(2026, 3, 2, tzinfo=UTC)
RELEASE = "matches"
#: As the service answers them.
_STATUS: dict[type[Exception], int] = {
    ReleaseGoneError: 409,
    SnapshotRefusedError: 422,
    UnknownJobError: 404,
    UnknownPlaceError: 422,
}


@dataclass(frozen=True, slots=True)
class SmallRelease:
    """`releases` is the folder that replays look into."""

    engine: Engine
    releases: Path


class Matcher(Reader):
    def __init__(self, release: SmallRelease) -> None:
        super().__init__(release.engine)
        behaviour = GuardedBehaviour(MemoryBehaviour())
        self.recommender = Recommender(behaviour, epsilon=0.0, draw=random.Random(0))
        self.desk_of_replays = ReplayDesk(release.releases)

    def _respond(self, path: str, request: Any) -> tuple[int, Any]:
        try:
            return super()._respond(path, request)
        except tuple(_STATUS) as error:
            return _STATUS[type(error)], {"error": str(error)}

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


def new_release(folder: Path) -> SmallRelease:
    """`folder` is empty and the test's own."""
    bundle = tiny_bundle()
    release = tiny_release(folder / "releases", RELEASE, bundle, language=language_models(folder))
    bundle.match = MatchModel.load(
        release.folder / "bundle" / "match"
    )  # named by its files, as in production
    return SmallRelease(assemble(release, bundle), folder / "releases")

"""Recomputing what was said: the figures of a receipt against the weights of the release that said it."""

from __future__ import annotations

import hashlib
import threading
from collections import OrderedDict
from pathlib import Path

from models.bundle import MATCH
from models.match import MatchModel, MatchModelError
from models.release import ReleaseError, read_release, release_folder
from serving.errors import ReleaseGoneError, SnapshotRefusedError
from serving.match_schemas import Match, ReplayRequest, ReplayResponse
from serving.pairs import replayed

#: Match models are tens of kilobytes: many stay in memory.
KEPT = 32


class ReplayDesk:
    """Loads the second stage of any stored release, without its encoder and index. Safe from any thread."""

    def __init__(self, releases: Path) -> None:
        self._releases = releases
        self._models: OrderedDict[str, MatchModel] = OrderedDict()
        self._lock = threading.Lock()

    def replay(self, request: ReplayRequest) -> ReplayResponse:
        """Raises ReleaseGoneError, SnapshotRefusedError."""
        model = self._model(request.release_id)
        try:
            numbers = replayed(model, request.snapshots)
        except ValueError as error:
            raise SnapshotRefusedError(str(error)) from error
        return ReplayResponse(
            matches=tuple(Match(fit=fit, interest=interest) for fit, interest in numbers),
            release_id=request.release_id,
            match_version=model.version,
        )

    def _model(self, release_id: str) -> MatchModel:
        with self._lock:
            known = self._models.get(release_id)
            if known is None:
                known = self._models[release_id] = self._load(release_id)
            self._models.move_to_end(release_id)
            while len(self._models) > KEPT:
                self._models.popitem(last=False)
            return known

    def _load(self, release_id: str) -> MatchModel:
        try:
            folder = release_folder(self._releases, release_id)
            release = read_release(folder)
            start = f"bundle/{MATCH}/"
            for name, digest in release.files.items():
                if (
                    name.startswith(start)
                    and hashlib.sha256((folder / name).read_bytes()).hexdigest() != digest
                ):
                    raise ReleaseError(f"release {release_id} was altered: {name}")
            return MatchModel.load(folder / "bundle" / MATCH)
        except (ReleaseError, MatchModelError, OSError) as error:
            raise ReleaseGoneError(f"release {release_id} cannot be replayed: {error}") from error

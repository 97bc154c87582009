"""A challenger beside the champion: some people's pages come from it, or from both at once.

`<releases>/CHALLENGER` names a release, the share of people who meet it, and how: "split" answers them with
the challenger alone, "interleave" with a team draft of both (Radlinski et al. 2008), in which each posting is
credited to the release that put it there. A person stays on one side as long as the challenger stays.
"""

from __future__ import annotations

import hashlib
import logging
import random
import threading
from collections.abc import Callable
from pathlib import Path

from models.release import Challenger, ReleaseError, challenger
from serving.engine import Engine
from serving.errors import JournalUnavailableError, ReleaseRefusedError
from serving.interleave import team_draft
from serving.journal import Journal
from serving.loader import load_engine
from serving.schemas import RecommendRequest, RecommendResponse, ScoredJob

log = logging.getLogger(__name__)
Answer = Callable[[Engine, RecommendRequest], RecommendResponse]
#: How the release of an interleaved posting is logged: its propensity is not that of either release alone,
#: so off-policy evaluation, which goes by the release, must not take it for one of them.
INTERLEAVED = "interleaved:"


def meets(user_id: int, experiment: Challenger) -> bool:
    """Whether a person is among the challenger's share: by hash, so the same every time and everywhere."""
    digest = hashlib.sha256(f"{experiment.release_id}:{user_id}".encode()).digest()
    return int.from_bytes(digest[:8], "big") / 2**64 < experiment.share


def interleaved(
    champion: RecommendResponse, other: RecommendResponse, limit: int, draw: random.Random
) -> RecommendResponse:
    """One page of both; every posting says whose pick it was."""
    by_team = {"A": champion, "B": other}
    items = {team: {item.job_id: item for item in answer.items} for team, answer in by_team.items()}
    picks = team_draft(list(items["A"]), list(items["B"]), limit, draw)
    page = tuple(
        _picked(items[pick.team][pick.job_id], rank, by_team[pick.team].release_id)
        for rank, pick in enumerate(picks, 1)
    )
    return champion.model_copy(update={"items": page})


def _picked(item: ScoredJob, rank: int, release_id: str) -> ScoredJob:
    logged = f"{INTERLEAVED}{release_id}"
    return item.model_copy(update={"rank": rank, "propensity": 1.0, "release_id": logged})


class Experiment:
    """Keeps the challenger's engine loaded and up to date in a thread of its own. Reading is always safe."""

    def __init__(self, releases: Path, journal: Journal, *, seconds: float, encoder_threads: int = 1) -> None:
        self._releases, self._journal = releases, journal
        self._seconds, self._encoder_threads = seconds, encoder_threads
        self._running: tuple[Challenger, Engine] | None = None
        self._refused = ""
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._watch, name="challenger", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        self._stop.set()
        self._thread.join(timeout=10.0)

    def answer(
        self, champion: Engine, request: RecommendRequest, recommend: Answer, draw: random.Random
    ) -> RecommendResponse:
        """The champion's answer, or what the experiment makes of it for this person."""
        running = self._running
        if running is None or running[1].release.release_id == champion.release.release_id:
            return recommend(champion, request)
        experiment, engine = running
        if not meets(request.user.user_id, experiment):
            return recommend(champion, request)
        if experiment.mode == "split":
            return recommend(engine, request)
        return interleaved(recommend(champion, request), recommend(engine, request), request.limit, draw)

    # -- the challenger's engine -----------------------------------------------------------------------

    def look(self) -> None:
        """Loads, drops or catches up, as the file says now. Raises nothing: the champion goes on."""
        try:
            wanted = challenger(self._releases)
            if wanted is None:
                self._running = None
            elif self._running is not None and self._running[1].release.release_id == wanted.release_id:
                self._running[1].catch_up(self._journal, lambda: not self._stop.is_set())
                self._running = (wanted, self._running[1])
            elif wanted.release_id != self._refused:
                self._load(wanted)
        except (ReleaseError, JournalUnavailableError) as error:
            log.warning("no challenger: %s", error)

    def _load(self, wanted: Challenger) -> None:
        try:
            engine = load_engine(self._releases, wanted.release_id, encoder_threads=self._encoder_threads)
        except ReleaseRefusedError as error:
            log.error("%s; it challenges nobody", error)
            self._refused = wanted.release_id
            return
        engine.catch_up(self._journal, lambda: not self._stop.is_set())
        self._running = (wanted, engine)
        log.warning(
            "release %s challenges, %s for %.0f %% of people",
            wanted.release_id, wanted.mode, 100 * wanted.share,
        )  # fmt: skip

    def _watch(self) -> None:
        while not self._stop.wait(self._seconds):
            try:
                self.look()
            except Exception:
                log.exception("following the challenger failed; trying again")

"""One worker process, put together: journal, engine, follower, recommender and change desk."""

from __future__ import annotations

import logging
import os
import random
import socket
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

from models.facts import EncodedJob, encode_with_facts
from serving import mapping
from serving.behaviour import Behaviour, GuardedBehaviour, LateBehaviour, MemoryBehaviour
from serving.changes import ChangeDesk
from serving.engine import Engine
from serving.errors import ReleaseRefusedError
from serving.experiment import Experiment
from serving.follower import Follower
from serving.journal import Journal, MemoryJournal
from serving.journal_postgres import PostgresJournal
from serving.language import LanguageDesk
from serving.loader import load_engine, named_champion
from serving.memory import settle_memory
from serving.metrics import Metrics
from serving.recommender import Recommender
from serving.replay import ReplayDesk
from serving.schemas import JobDocument, RecommendRequest, RecommendResponse, StateResponse
from serving.settings import ServingSettings

log = logging.getLogger(__name__)

#: Files in `run_dir`, by which the workers of one supervisor speak to it and to those that come after them.
ANSWERING, REFUSAL = "answering", "refusal"


class Worker:
    """Raises ReleaseRefusedError if no release may answer; `python -m serving` reports it and ends."""

    def __init__(self, settings: ServingSettings) -> None:
        self._settings = settings
        self.metrics = Metrics()
        self.language = LanguageDesk(max_children=settings.resume_children, rewriter=settings.rewriter)
        engine = self._first_engine()
        journal = _journal(settings)
        self.follower = Follower(
            engine,
            journal,
            settings.releases_dir,
            self,
            tail_seconds=settings.tail_seconds,
            champion_seconds=settings.champion_seconds,
            encoder_threads=settings.encoder_threads,
        )
        self.follower.start()
        self.experiment = Experiment(
            settings.releases_dir,
            journal,
            seconds=settings.champion_seconds,
            encoder_threads=settings.encoder_threads,
        )
        self.experiment.start()
        behaviour = GuardedBehaviour(_behaviour(settings))
        self.recommender = Recommender(behaviour, epsilon=settings.epsilon, draw=random.SystemRandom())
        self.changes = ChangeDesk(journal, self.follower, behaviour)
        self.replay = ReplayDesk(settings.releases_dir)
        self._journal = journal
        self._started_at = datetime.now(UTC)
        log.info("%s", self._summary())
        self.language.warm(engine)

    @property
    def engine(self) -> Engine:
        """Take it once per request: the next request may be answered by another release."""
        return self.follower.engine

    def recommend(self, request: RecommendRequest) -> RecommendResponse:
        """By the champion, or by what the experiment makes of it."""
        now = datetime.now(UTC)

        def by(engine: Engine, asked: RecommendRequest) -> RecommendResponse:
            return self.recommender.recommend(engine, asked, now)

        return self.experiment.answer(self.engine, request, by, random.SystemRandom())

    def encode(self, documents: Sequence[JobDocument]) -> tuple[list[EncodedJob], str]:
        """The vectors and the encoder version that made them."""
        engine = self.engine
        jobs = [mapping.job_record(d) for d in documents]
        return encode_with_facts(engine.bundle, jobs), engine.encoder_version

    def state(self) -> StateResponse:
        engine = self.engine
        return StateResponse(
            release_id=engine.release.release_id,
            encoder_version=engine.encoder_version,
            jobs=len(engine.index),
            sequence=engine.sequence,
            index_kind=engine.index.kind,
            started_at=self._started_at,
            worker=f"{socket.gethostname()}:{os.getpid()}",
            refused=self.follower.refused,
            released_at=engine.release.created_at,
            figures=dict(engine.release.metrics),
        )

    def close(self) -> None:
        self.experiment.stop()
        self.follower.stop()
        self._journal.close()

    # -- the first release ---------------------------------------------------------------------------

    def _first_engine(self) -> Engine:
        """The champion; a worker that is started again beside living ones may also join what they answer."""
        try:
            return self._load(named_champion(self._settings.releases_dir))
        except ReleaseRefusedError as error:
            answering = self._read(ANSWERING)
            if answering:
                log.error("%s; joining release %s", error, answering)
                return self._load(answering)
            self._write(REFUSAL, str(error))
            raise

    def _load(self, release_id: str) -> Engine:
        return load_engine(
            self._settings.releases_dir, release_id, encoder_threads=self._settings.encoder_threads
        )

    def _read(self, name: str) -> str:
        path = self._note(name)
        return path.read_text() if path is not None and path.is_file() else ""

    def _write(self, name: str, text: str) -> None:
        path = self._note(name)
        if path is not None:
            temporary = path.with_suffix(f".{os.getpid()}.tmp")
            temporary.write_text(text)
            temporary.replace(path)

    def _note(self, name: str) -> Path | None:
        return None if self._settings.run_dir is None else self._settings.run_dir / name

    # -- Observer of the follower --------------------------------------------------------------------

    def applied(self, engine: Engine, lag: int | None) -> None:
        self.metrics.applied(engine, lag)

    def swapped(self, engine: Engine) -> None:
        self.metrics.swapped(engine)
        self.language.warm(engine)
        self._write(ANSWERING, engine.release.release_id)

    def refused(self, reason: str) -> None:
        self.metrics.refused(reason)

    def _summary(self) -> str:
        engine = self.engine
        return (
            f"worker {os.getpid()} answers with release {engine.release.release_id}: "
            f"{len(engine.index)} postings, encoder {engine.encoder_version}, change log at {engine.sequence}"
        )


def _journal(settings: ServingSettings) -> Journal:
    if settings.database_url is None:
        log.warning("no DATABASE_URL: changes live in this process only and are lost when it ends")
        return MemoryJournal()
    return PostgresJournal(settings.database_url, timeout=settings.database_timeout_seconds)


def _behaviour(settings: ServingSettings) -> Behaviour:
    if settings.database_url is None or not settings.use_feast:
        log.warning("Feast is off: what people did lives in this process only, besides what requests bring")
        return MemoryBehaviour()
    return LateBehaviour(lambda: _open_store(settings))


def _open_store(settings: ServingSettings) -> Behaviour:
    from features.store import BehaviourStore  # importing Feast costs seconds

    assert settings.database_url is not None  # noqa: S101  (a programming error, never an input error)
    store = BehaviourStore(settings.database_url, timeout_s=settings.database_timeout_seconds)
    store.apply()
    settle_memory()
    return store

"""The BentoML service: parse, one call to a plain class, answer. The only module that knows BentoML.

A worker accepts connections once its release is loaded and verified and the change log is applied, so
whoever gets an answer from /readyz gets recommendations too.
"""

# BentoML has no types; its decorators are checked by the tests, which speak HTTP.
# mypy: disable-error-code="untyped-decorator"
from __future__ import annotations

import functools
import inspect
import logging
import os
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, NoReturn, TypeVar, cast

import bentoml
import numpy as np
from anyio import CapacityLimiter
from anyio.to_thread import run_sync
from pydantic import BaseModel
from starlette.responses import JSONResponse

from features.resume.errors import ParserBusyError, ResumeError
from serving.errors import (
    BehaviourUnavailableError,
    JournalUnavailableError,
    PartMissingError,
    ReleaseGoneError,
    ReleaseRefusedError,
    SnapshotRefusedError,
    UnknownJobError,
    UnknownPlaceError,
)
from serving.http import BadInputInOneLine, BodyLimit
from serving.language_schemas import (
    FindSkillsRequest,
    FindSkillsResponse,
    ReadPostingsRequest,
    ReadPostingsResponse,
    ReadResumeRequest,
    ReadResumeResponse,
    StandardizeRequest,
    StandardizeResponse,
    SummarizeRequest,
    SummarizeResponse,
)
from serving.match_schemas import ReplayRequest, ReplayResponse, WhyNotResponse
from serving.memory import collector_paused, settle_memory
from serving.schemas import (
    ChangeResponse,
    DeleteRequest,
    EmbedRequest,
    EmbedResponse,
    EventsRequest,
    EventsResponse,
    ForgetRequest,
    ForgetResponse,
    JobDocument,
    RecommendRequest,
    RecommendResponse,
    ScoreRequest,
    ScoreResponse,
    SimilarRequest,
    StateResponse,
    UpsertRequest,
    WhyNotRequest,
)
from serving.settings import ServingSettings

if TYPE_CHECKING:  # torch, FAISS and the rest are loaded by the workers only, not by their supervisor
    from models.facts import EncodedJob
    from serving.engine import Engine
    from serving.worker import Worker

Method = TypeVar("Method", bound=Callable[..., Any])
Request = TypeVar("Request")
Answer = TypeVar("Answer")

#: Postings per call of the batched encoder. Small, so that a bulk import and a single new posting take turns.
ENCODE_ROWS = 16
BATCH_ROWS = 64
#: A deadline, not a target: BentoML answers 503 to a call that waits longer.
BATCH_DEADLINE_MS = 30_000
MAX_CONCURRENCY = 128
_STATUS: dict[type[Exception], int] = {
    ParserBusyError: 503,
    ResumeError: 422,
    PartMissingError: 503,
    UnknownJobError: 404,
    UnknownPlaceError: 422,
    ReleaseGoneError: 409,
    SnapshotRefusedError: 422,
    JournalUnavailableError: 503,
    BehaviourUnavailableError: 503,
}
_settings = ServingSettings()  # BentoML's decorator wants its figures when the class is made


class EncodedDocument(BaseModel):
    """A vector on its way from the batched encoder, with the facts found beside it."""

    vector: tuple[float, ...]
    facts: dict[str, Any]
    encoder_version: str

    def unpack(self) -> EncodedJob:
        from models.facts import EncodedJob, JobFacts

        return EncodedJob(np.array(self.vector, np.float32), JobFacts.from_dict(self.facts))


def refusals(method: Method) -> Method:
    """Our own errors become their status and one sentence; everything else is a bug and stays a 500."""

    @functools.wraps(method)
    async def in_loop(*args: Any, **kwargs: Any) -> Any:
        try:
            return await method(*args, **kwargs)
        except tuple(_STATUS) as error:
            return _refusal(error)

    @functools.wraps(method)
    def in_thread(*args: Any, **kwargs: Any) -> Any:
        try:
            return method(*args, **kwargs)
        except tuple(_STATUS) as error:
            return _refusal(error)

    return in_loop if inspect.iscoroutinefunction(method) else in_thread  # type: ignore[return-value]


def _refusal(error: Exception) -> JSONResponse:
    status = next(status for kind, status in _STATUS.items() if isinstance(error, kind))
    body = {"error": str(error), "code": getattr(error, "code", "")}
    return JSONResponse({k: v for k, v in body.items() if v}, status_code=status)


def _set_up_logs() -> None:
    """BentoML sets up its own loggers only; ours speak on standard error."""
    handler = logging.StreamHandler()
    handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(name)s: %(message)s"))
    ours = logging.getLogger("serving")
    ours.handlers, ours.propagate = [handler], False
    ours.setLevel(logging.INFO)
    # Feast turns deprecation warnings on, and BentoML 1.4 causes one with every request.
    logging.captureWarnings(True)
    logging.getLogger("py.warnings").disabled = True
    logging.getLogger("bentoml._internal.server.http_app").addFilter(BadInputInOneLine())


def _load_worker() -> Worker:
    with collector_paused():
        import torch

        from serving.worker import Worker

        torch.set_num_threads(1)
        worker = Worker(_settings)
    settle_memory()
    return worker


def _refuse_to_start(error: ReleaseRefusedError) -> NoReturn:
    """One line instead of BentoML's tracebacks; nothing was opened that would have to be closed."""
    if _settings.run_dir is None:  # else `python -m serving` says it, once for all workers
        logging.getLogger("serving").error("%s", error)
    os._exit(1)


@bentoml.service(
    name="JobPilotService",
    workers=_settings.workers,
    threads=_settings.threads,
    traffic={"timeout": _settings.request_timeout_seconds, "max_concurrency": MAX_CONCURRENCY},
    logging={"access": {"enabled": False}},
    metrics={"enabled": True},
    tracing={"excluded_urls": ".*"},  # nobody collects them, and a span costs as much as a search
)
class JobPilotService:
    to_async: Any  # set by BentoML: the APIs of this instance as coroutines, with batching

    def __init__(self) -> None:
        _set_up_logs()
        try:
            self._worker = _load_worker()
        except ReleaseRefusedError as error:
            _refuse_to_start(error)
        self._answered = self._worker.metrics.answered
        self._reading: CapacityLimiter | None = None

    @bentoml.on_shutdown
    def close(self) -> None:
        self._worker.close()

    # -- reading: computed in a thread ---------------------------------------------------------------

    @bentoml.api
    @refusals
    def recommend(self, request: RecommendRequest) -> RecommendResponse:
        worker = self._worker
        answer = worker.recommend(request)
        self._answered("recommend", len(answer.items), answer.stages_ms)
        return answer

    @bentoml.api
    @refusals
    def score(self, request: ScoreRequest) -> ScoreResponse:
        worker = self._worker
        answer = worker.recommender.score(worker.engine, request, datetime.now(UTC))
        self._answered("score", len(answer.items))
        return answer

    @bentoml.api
    @refusals
    def similar(self, request: SimilarRequest) -> RecommendResponse:
        """`score` is the cosine here; see Recommender.similar."""
        answer = self._worker.recommender.similar(self._worker.engine, request)
        self._answered("similar", len(answer.items), answer.stages_ms)
        return answer

    @bentoml.api
    @refusals
    def why_not(self, request: WhyNotRequest) -> WhyNotResponse:
        worker = self._worker
        answer = worker.recommender.why_not(worker.engine, request, datetime.now(UTC))
        self._answered("why_not", 1)
        return answer

    @bentoml.api
    @refusals
    def replay(self, request: ReplayRequest) -> ReplayResponse:
        """With any stored release: whether its numbers can be had again does not hang on what answers now."""
        answer = self._worker.replay.replay(request)
        self._answered("replay", len(answer.matches))
        return answer

    @bentoml.api
    async def state(self) -> StateResponse:
        return self._worker.state()

    # -- text: in threads of its own, so that reading never keeps a recommendation waiting -------------

    async def _read(self, name: str, method: Callable[[Engine, Request], Answer], request: Request) -> Answer:
        if self._reading is None:  # a limiter belongs to the loop that runs
            self._reading = CapacityLimiter(_settings.text_threads)
        answer = await run_sync(method, self._worker.engine, request, limiter=self._reading)
        self._answered(name, 1)
        return answer

    @bentoml.api
    @refusals
    async def read_resume(self, request: ReadResumeRequest) -> ReadResumeResponse:
        return await self._read("read_resume", self._worker.language.read_resume, request)

    @bentoml.api
    @refusals
    async def find_skills(self, request: FindSkillsRequest) -> FindSkillsResponse:
        return await self._read("find_skills", self._worker.language.find_skills, request)

    @bentoml.api
    @refusals
    async def standardize(self, request: StandardizeRequest) -> StandardizeResponse:
        return await self._read("standardize", self._worker.language.standardize, request)

    @bentoml.api
    @refusals
    async def read_postings(self, request: ReadPostingsRequest) -> ReadPostingsResponse:
        return await self._read("read_postings", self._worker.language.read_postings, request)

    @bentoml.api
    @refusals
    async def summarize(self, request: SummarizeRequest) -> SummarizeResponse:
        return await self._read("summarize", self._worker.language.summarize, request)

    # -- encoding: batched over concurrent requests --------------------------------------------------

    @bentoml.api(batchable=True, max_batch_size=BATCH_ROWS, max_latency_ms=BATCH_DEADLINE_MS)
    def encode_jobs(self, documents: list[JobDocument]) -> list[EncodedDocument]:
        """For `embed` and `upsert_jobs`; what concurrent calls bring goes through the towers together."""
        encoded, version = self._worker.encode(documents)
        return [
            EncodedDocument(vector=tuple(e.vector.tolist()), facts=e.facts.to_dict(), encoder_version=version)
            for e in encoded
        ]

    @bentoml.api
    @refusals
    async def embed(self, request: EmbedRequest) -> EmbedResponse:
        """All vectors of an answer are of one release, also while another takes over."""
        while True:
            engine = self._worker.engine
            jobs = await self._encoded(request.jobs)
            if all(j.encoder_version == engine.encoder_version for j in jobs):
                break
        embed_users = self._worker.recommender.embed_users
        users = await run_sync(embed_users, engine, request.users, datetime.now(UTC))
        self._answered("embed", len(jobs) + len(users))
        return EmbedResponse(
            jobs=tuple(j.vector for j in jobs),
            users=tuple(tuple(u) for u in users),
            release_id=engine.release.release_id,
        )

    async def _encoded(self, documents: Sequence[JobDocument]) -> list[EncodedDocument]:
        out: list[EncodedDocument] = []
        for start in range(0, len(documents), ENCODE_ROWS):
            out += await self.to_async.encode_jobs(documents=list(documents[start : start + ENCODE_ROWS]))
        return out

    # -- changes: acknowledged once they are in the log ----------------------------------------------

    @bentoml.api
    @refusals
    async def upsert_jobs(self, request: UpsertRequest) -> ChangeResponse:
        desk, version = self._worker.changes, self._worker.engine.encoder_version
        postings = desk.postings(request.jobs)
        documents = {d.job_id: d for d in request.jobs}
        wanted = [p.job.job_id for p in await run_sync(desk.to_encode, postings)]
        vectors = await self._encoded([documents[i] for i in wanted])
        # a vector of a release that took over meanwhile is left out: the tail computes what is missing
        encoded = {
            i: v.unpack() for i, v in zip(wanted, vectors, strict=True) if v.encoder_version == version
        }
        done = await run_sync(desk.upsert, postings, encoded, version)
        self._answered("upsert_jobs", done.changed)
        return ChangeResponse(changed=done.changed, sequence=done.sequence)

    @bentoml.api
    @refusals
    async def delete_jobs(self, request: DeleteRequest) -> ChangeResponse:
        done = await run_sync(self._worker.changes.delete, request.job_ids)
        self._answered("delete_jobs", done.changed)
        return ChangeResponse(changed=done.changed, sequence=done.sequence)

    @bentoml.api
    @refusals
    async def record_events(self, request: EventsRequest) -> EventsResponse:
        applied = await run_sync(self._worker.changes.record, request.events)
        self._answered("record_events", applied)
        return EventsResponse(applied=applied)

    @bentoml.api
    @refusals
    async def forget_users(self, request: ForgetRequest) -> ForgetResponse:
        deleted = await run_sync(self._worker.changes.forget, request.user_ids)
        self._answered("forget_users", len(request.user_ids))
        return ForgetResponse(deleted=deleted)


cast("Any", JobPilotService).add_asgi_middleware(BodyLimit)

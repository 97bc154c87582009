"""The other end of the wire, without a model: an HTTP server on a real port that checks every body
against the wire schemas, keeps what it was told, and can be slow or broken on demand.

It stands in for no logic of the serving layer; what that layer answers is tested with the real one.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable, Collection
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from app.tests.listening import listening
from serving.schemas import (
    ChangeResponse,
    DeleteRequest,
    EventsRequest,
    EventsResponse,
    ForgetRequest,
    ForgetResponse,
    JobDocument,
    RecommendRequest,
    ScoreRequest,
    UpsertRequest,
    UserEvent,
)


@dataclass
class Receiver:
    url: str = ""
    jobs: dict[int, JobDocument] = field(default_factory=dict)
    events: dict[str, UserEvent] = field(default_factory=dict)
    calls: list[str] = field(default_factory=list)
    forgotten: set[int] = field(default_factory=set)
    #: What really forgets, where a test brings it.
    forget: Callable[[Collection[int]], dict[str, int]] | None = None
    #: Status answered instead of working, and seconds waited before anything.
    status: int = 200
    delay: float = 0.0
    #: The exact bodies that /recommend and /score answer with.
    canned: dict[str, Any] = field(default_factory=dict)
    requests: list[RecommendRequest | ScoreRequest] = field(default_factory=list)
    changed: asyncio.Event = field(default_factory=asyncio.Event)

    async def until(self, condition: Any, seconds: float = 20.0) -> None:
        """Waits for what was told to satisfy `condition(self)`; fails after a generous while."""
        async with asyncio.timeout(seconds):
            while not condition(self):
                self.changed.clear()
                await self.changed.wait()

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] != "http":
            return
        body = b""
        while True:
            message = await receive()
            body += message.get("body", b"")
            if not message.get("more_body"):
                break
        path = scope["path"]
        self.calls.append(path)
        self.changed.set()
        await asyncio.sleep(self.delay)
        status, answer = self.status, b"refused"
        if status == 200:
            status, said = self._respond(path, json.loads(body or b"{}").get("request"))
            answer = json.dumps(said).encode()
        self.changed.set()
        headers = [(b"content-type", b"application/json"), (b"content-length", str(len(answer)).encode())]
        await send({"type": "http.response.start", "status": status, "headers": headers})
        await send({"type": "http.response.body", "body": answer})

    def _respond(self, path: str, request: Any) -> tuple[int, Any]:
        return 200, self._answer(path, request)

    def _answer(self, path: str, request: Any) -> Any:
        match path:
            case "/upsert_jobs":
                jobs = UpsertRequest.model_validate(request).jobs
                self.jobs.update({job.job_id: job for job in jobs})
                return ChangeResponse(changed=len(jobs), sequence=len(self.calls)).model_dump()
            case "/delete_jobs":
                ids = DeleteRequest.model_validate(request).job_ids
                gone = [self.jobs.pop(job_id, None) for job_id in ids]
                return ChangeResponse(changed=len(gone), sequence=len(self.calls)).model_dump()
            case "/record_events":
                events = EventsRequest.model_validate(request).events
                self.events.update({event.event_id: event for event in events})
                return EventsResponse(applied=len(events)).model_dump()
            case "/forget_users":
                users = ForgetRequest.model_validate(request).user_ids
                self.forgotten.update(users)
                deleted = self.forget(users) if self.forget else {}
                return ForgetResponse(deleted=deleted).model_dump()
            case "/recommend":
                self.requests.append(RecommendRequest.model_validate(request))
            case "/score":
                self.requests.append(ScoreRequest.model_validate(request))
        return self.canned.get(path, {})


@asynccontextmanager
async def receiving(receiver: Receiver | None = None) -> AsyncIterator[Receiver]:
    receiver = receiver or Receiver()
    async with listening(receiver) as port:
        receiver.url = f"http://127.0.0.1:{port}"
        yield receiver

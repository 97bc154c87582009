"""ASGI apps behind real servers on free ports of the loopback interface."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from typing import Any

import uvicorn

START_SECONDS = 20


@asynccontextmanager
async def listening(app: Any) -> AsyncIterator[int]:
    """The port of a server in the running loop; `app` gets no lifespan events."""
    config = uvicorn.Config(app, port=0, log_config=None, lifespan="off", timeout_graceful_shutdown=1)
    server = uvicorn.Server(config)
    socket = config.bind_socket()
    task = asyncio.create_task(server.serve(sockets=[socket]))
    try:
        while not server.started:  # noqa: ASYNC110 - uvicorn has no event for it
            await asyncio.sleep(0.01)
        yield socket.getsockname()[1]
    finally:
        server.should_exit = True
        await task
        socket.close()


@contextmanager
def in_a_thread(app: Any) -> Iterator[str]:
    """The base URL of a server with a loop of its own, for clients that block."""
    server = uvicorn.Server(uvicorn.Config(app, port=0, log_config=None))
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    try:
        deadline = time.monotonic() + START_SECONDS
        while not server.started:
            assert time.monotonic() < deadline, "the server never started"
            time.sleep(0.02)
        yield f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}"
    finally:
        server.should_exit = True
        thread.join(START_SECONDS)

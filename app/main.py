"""The FastAPI application: `uvicorn --factory app.main:served`."""

from __future__ import annotations

import asyncio
import gc
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial
from importlib.metadata import version
from pathlib import Path

from fastapi import FastAPI
from starlette.middleware.cors import CORSMiddleware

from app import logging, openapi, problems
from app.api import routes
from app.auth.access import refuse_undeclared
from app.auth.rules import SessionRules
from app.db import Database, PoolLimits
from app.kit.cache import TtlCache
from app.kit.storage import storage_at
from app.middleware import HostCheck, ProblemForTooLarge, RequestContext, TrailingSlash
from app.migrations.runner import newest
from app.ratelimit import RateLimits
from app.receipt.keys import ReceiptKeys
from app.recommendation.matching import Matching
from app.resume.render.typst import Compiler
from app.search.provider import search_at
from app.search.tasks import queue_rebuild
from app.settings import Settings
from app.web.errors import HtmlErrors
from serving.client import ServingClient

EXPOSED = ["ETag", "Link", "RateLimit", "RateLimit-Policy", "Retry-After", "Server-Timing"]
EXPOSED += [
    "Content-Disposition",
    "X-JobPilot-Bundle",
    "X-Request-Id",
    "X-Resume-Last-Page",
    "X-Resume-Pages",
]
DESCRIPTION = "Job search and recommendation. Errors are application/problem+json (RFC 9457)."


def served() -> FastAPI:
    """For a process of its own: settings from the environment, logging set up. Raises SettingsError."""
    settings = Settings.load()
    logging.configure(settings.log_level, settings.log_format)
    app = create_app(settings)
    gc.collect()
    gc.freeze()  # what was imported lives as long as the process: no collection has to walk it again
    return app


def create_app(settings: Settings) -> FastAPI:
    """Connects to nothing before the first request. Raises SettingsError when no database is named."""
    app = FastAPI(
        title="JobPilot",
        version=version("jobpilot"),
        description=DESCRIPTION,
        debug=False,
        docs_url=None,
        redoc_url=None,
        openapi_url=None,
        redirect_slashes=False,
        lifespan=_lifespan,
        generate_unique_id_function=lambda route: route.name,
    )
    _provide(app, settings)
    app.include_router(routes())
    problems.install(app)
    refuse_undeclared(app)
    openapi.install(app)
    _add_middleware(app, settings)
    return app


def _provide(app: FastAPI, settings: Settings) -> None:
    """What requests share. One of each per process."""
    limits = PoolLimits(size=settings.database_pool_size, connect_s=settings.database_connect_timeout_s)
    state = app.state
    state.settings = settings
    state.database = Database(settings.database, limits)
    state.serving = ServingClient(settings.serving_url, timeout=settings.serving_timeout_s)
    state.matching = Matching(state.serving)
    state.receipt_keys = ReceiptKeys.of(settings)
    state.search = search_at(settings.search_url.get_secret_value())
    state.search.mend = partial(queue_rebuild, state.database)
    state.cache = TtlCache[object]()
    state.revision = newest()
    state.compiler = Compiler([Path(folder) for folder in settings.resume_fonts])
    state.storage = storage_at(settings.storage_url)
    state.session_rules = SessionRules.of(settings)
    state.signer = state.session_rules.signer


@asynccontextmanager
async def _lifespan(app: FastAPI) -> AsyncIterator[None]:
    warming = asyncio.create_task(asyncio.to_thread(app.state.search.warm))
    yield
    await warming
    await app.state.serving.close()
    await app.state.search.close()
    await app.state.database.close()


def _add_middleware(app: FastAPI, settings: Settings) -> None:
    """Each call wraps those before it: the last one is the outermost."""
    app.add_middleware(TrailingSlash)
    app.add_middleware(ProblemForTooLarge)
    app.add_middleware(
        RateLimits,
        signer=app.state.signer,
        factor=settings.rate_limits,
        workers=settings.app_workers,
    )
    if settings.cors_allowed_origins:
        app.add_middleware(
            CORSMiddleware,
            allow_origins=list(settings.cors_allowed_origins),
            allow_methods=["GET", "POST", "PUT", "PATCH", "DELETE"],
            allow_headers=["Authorization", "Content-Type", "Idempotency-Key", "If-Match", "X-Request-Id"],
            expose_headers=EXPOSED,
            max_age=600,
        )
    app.add_middleware(HostCheck, allowed=settings.allowed_hosts)
    app.add_middleware(RequestContext, secure=settings.environment != "development")
    app.add_middleware(HtmlErrors)

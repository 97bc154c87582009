"""What a running task may use: handed over by the worker, never global."""

from __future__ import annotations

from procrastinate import JobContext

from app.db import Database
from app.settings import Settings
from serving.client import ServingClient


def context(database: Database, serving: ServingClient) -> dict[str, object]:
    return {"database": database, "serving": serving}


def resources(job: JobContext) -> tuple[Database, ServingClient]:
    """Raises RuntimeError when the task does not run under our worker."""
    database, serving = job.additional_context.get("database"), job.additional_context.get("serving")
    if not isinstance(database, Database) or not isinstance(serving, ServingClient):
        raise RuntimeError("tasks run under `jobpilot worker`, which gives them the database and serving")
    return database, serving


def settings_of(job: JobContext) -> Settings:
    """Raises RuntimeError when the task does not run under our worker."""
    settings = job.additional_context.get("settings")
    if not isinstance(settings, Settings):
        raise RuntimeError("tasks run under `jobpilot worker`, which gives them the settings")
    return settings

"""The serving layer's reader behind the wire, without BentoML (which has its own tests): what is read is read
by the real models of a small release."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

from app.tests.receiver import Receiver
from features.resume.errors import ResumeError
from models.testing import TRACKED_ROLES, tiny_bundle, tiny_release
from serving.engine import Engine
from serving.language import LanguageDesk
from serving.language_schemas import (
    FindSkillsRequest,
    ReadPostingsRequest,
    ReadResumeRequest,
    StandardizeRequest,
    SummarizeRequest,
)
from serving.loader import assemble

#: A resume as it is pasted.
RESUME = """Ada Example
ada@example.org | Lisbon, Portugal

Experience
Data Engineer, Harbour Lights
Mar 2019 - Feb 2023
- Moved nightly jobs to Apache Spark.

Skills
Python, PostgreSQL
"""
_ASKED = {
    "/read_resume": ReadResumeRequest,
    "/find_skills": FindSkillsRequest,
    "/standardize": StandardizeRequest,
    "/read_postings": ReadPostingsRequest,
    "/summarize": SummarizeRequest,
}


class Reader(Receiver):
    def __init__(self, engine: Engine) -> None:
        super().__init__()
        self.engine, self.desk = engine, LanguageDesk()

    def _respond(self, path: str, request: Any) -> tuple[int, Any]:
        """Refusals as the service words them."""
        try:
            return super()._respond(path, request)
        except ResumeError as error:
            return 422, {"error": str(error), "code": error.code}

    def _answer(self, path: str, request: Any) -> Any:
        if path not in _ASKED:
            return super()._answer(path, request)
        asked = _ASKED[path].model_validate(request)
        return getattr(self.desk, path[1:])(self.engine, asked).model_dump(mode="json")


def language_models(folder: Path) -> Path:
    """What a release has beside its bundle to read text with, below `folder`."""
    shutil.copytree(TRACKED_ROLES, folder / "language" / "roles")
    return folder / "language"


def new_reader(folder: Path) -> Reader:
    """`folder` is empty and the test's own."""
    bundle = tiny_bundle()
    release = tiny_release(folder / "releases", "reads", bundle, language=language_models(folder))
    return Reader(assemble(release, bundle))

"""Wire shapes of companies."""

from __future__ import annotations

import uuid
from typing import Annotated

from pydantic import AfterValidator, Field, StringConstraints

from app.job.text import safe_line, safe_text
from app.kit.schemas import Answer, RequestBody

HttpsUrl = Annotated[str, StringConstraints(pattern=r"^(https://\S+)?$", max_length=500)]


class CompanyAnswer(Answer):
    id: uuid.UUID = Field(validation_alias="public_id")
    slug: str
    name: str
    website: str
    description: str


def _present(name: str) -> str:
    if not name:
        raise ValueError("must have text in it")
    return name


Name = Annotated[
    str,
    StringConstraints(min_length=1, max_length=300),
    AfterValidator(safe_line),
    AfterValidator(_present),
]
#: HTML is welcome and kept as text: see `app.job.text`.
Description = Annotated[str, StringConstraints(max_length=5000), AfterValidator(safe_text)]


class CompanyCreate(RequestBody):
    name: Name
    website: HttpsUrl = ""
    description: Description = ""


class CompanyPatch(RequestBody):
    website: HttpsUrl | None = None
    description: Description | None = None

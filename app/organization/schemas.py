"""Wire shapes of companies."""

from __future__ import annotations

import uuid
from typing import Annotated

from pydantic import Field, StringConstraints

from app.kit.schemas import Answer, RequestBody

HttpsUrl = Annotated[str, StringConstraints(pattern=r"^(https://\S+)?$", max_length=500)]


class CompanyAnswer(Answer):
    id: uuid.UUID = Field(validation_alias="public_id")
    slug: str
    name: str
    website: str
    description: str


class CompanyCreate(RequestBody):
    name: str = Field(min_length=1, max_length=300)
    website: HttpsUrl = ""
    description: str = Field("", max_length=5000)


class CompanyPatch(RequestBody):
    website: HttpsUrl | None = None
    description: str | None = Field(None, max_length=5000)

"""Bases of what crosses the API: requests refuse unknown fields, answers are read from rows."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel, ConfigDict, field_validator


class RequestBody(BaseModel):
    """Unknown fields are an error, text is trimmed, and NUL is refused (PostgreSQL cannot hold it)."""

    model_config = ConfigDict(extra="forbid", str_strip_whitespace=True, frozen=True)

    @field_validator("*", mode="after")
    @classmethod
    def no_nul(cls, value: Any) -> Any:
        items = value if isinstance(value, tuple | list) else (value,)
        if any(isinstance(item, str) and "\x00" in item for item in items):
            raise ValueError("must not contain NUL characters")
        return value


class Answer(BaseModel):
    model_config = ConfigDict(from_attributes=True)


class Detail(Answer):
    detail: str

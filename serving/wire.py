"""What every wire document has in common: unknown fields are refused, a parsed one never changes."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict


class Wire(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

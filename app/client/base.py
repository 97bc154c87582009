"""What the models have in common: how strict they are, and their words."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict

Purpose = Literal["seeker_guidance", "candidate_screening", "research"]
Band = Literal["strong", "good", "partial", "weak"]
Number = Literal["fit", "interest"]
Abstention = Literal["posting_says_too_little", "profile_says_too_little"]
Remote = Literal["on-site", "hybrid", "remote", "unspecified"]
JobType = Literal["full-time", "part-time", "contract", "internship", "temporary", "other"]
Stage = Literal["unknown", "filters", "dismissed", "retrieval", "ranking", "diversity", "shown"]
RowKind = Literal[
    "base",
    "skill",
    "years",
    "degree",
    "certificate",
    "language",
    "likeness",
    "title",
    "skills",
    "place",
    "remote",
    "salary",
    "level",
    "freshness",
    "company",
    "history",
    "contract",
    "rest",
]
Need = Literal["must", "nice", "mentioned", ""]
Status = Literal["met", "missing", "unknown", ""]


class Sent(BaseModel):
    model_config = ConfigDict(extra="forbid")


class Given(BaseModel):
    model_config = ConfigDict(extra="ignore", frozen=True)

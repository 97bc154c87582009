"""Settings of the serving processes, read once per process from SERVING_* variables.

`DATABASE_URL`, which the whole system shares, stands in for `SERVING_DATABASE_URL`.
"""

from __future__ import annotations

from pathlib import Path

from pydantic import AliasChoices, Field, field_validator, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from features.postgres import conninfo


class ServingSettings(BaseSettings):
    model_config = SettingsConfigDict(
        env_prefix="SERVING_", env_file=None, extra="ignore", frozen=True, populate_by_name=True
    )

    host: str = "127.0.0.1"
    port: int = Field(default=3100, ge=1, le=65_535)
    workers: int = Field(default=2, ge=1, le=64)
    threads: int = Field(default=4, ge=1, le=64, description="requests a worker computes at a time")
    encoder_threads: int = Field(default=1, ge=1, le=64, description="texts a worker encodes at a time")
    releases_dir: Path = Path("data/releases")
    database_url: str | None = Field(
        default=None, validation_alias=AliasChoices("SERVING_DATABASE_URL", "DATABASE_URL"), repr=False
    )
    use_feast: bool = Field(default=True, description="read and write behaviour in Feast's online store")
    run_dir: Path | None = Field(default=None, description="notes of the workers, set by `python -m serving`")
    tail_seconds: float = Field(
        default=0.3, gt=0, le=1.0, description="polling of the change log between wake-ups"
    )
    champion_seconds: float = Field(default=1.0, gt=0, le=60.0)
    database_timeout_seconds: float = Field(default=3.0, gt=0, le=60.0)
    request_timeout_seconds: int = Field(default=60, ge=1, le=600)
    resume_children: int = Field(
        default=2, ge=1, le=32, description="resume files a worker has read at once, each in a process"
    )
    text_threads: int = Field(
        default=2, ge=1, le=32, description="texts a worker reads at once, beside recommendations"
    )
    rewriter: Path | None = Field(
        default=None, description="folder of a sequence-to-sequence model that rewrites summaries"
    )
    epsilon: float = Field(
        default=0.05, ge=0, lt=1, description="share of responses with one exploring position"
    )

    @field_validator("database_url")
    @classmethod
    def _as_libpq_reads_it(cls, url: str | None) -> str | None:
        return None if url is None else conninfo(url)

    @model_validator(mode="after")
    def _one_worker_without_database(self) -> ServingSettings:
        if self.database_url is None and self.workers > 1:
            raise ValueError(
                "without DATABASE_URL changes live in one process: set SERVING_WORKERS=1 or give a database"
            )
        return self

"""Where the training side finds its database, its tracking store and its files."""

from __future__ import annotations

from pathlib import Path
from typing import Self
from urllib.parse import quote

from pydantic import Field, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict


class TrainingSettings(BaseSettings):
    """Read from the environment: each field in capitals, DATABASE_URL and so on."""

    model_config = SettingsConfigDict(extra="ignore")

    database_url: str | None = Field(default=None, description="the app's PostgreSQL")
    mlflow_tracking_uri: str | None = Field(default=None, description="default: a schema of that database")
    data_dir: Path = Path("data")
    audit_people: int = Field(default=800, ge=60, description="invented applicants of a release's audit")
    encoder_source: Path | None = Field(default=None, description="a transformers folder instead of MiniLM")

    @model_validator(mode="after")
    def find_embedded(self) -> Self:
        """Without DATABASE_URL, the embedded server that `make run` keeps in the data folder, if it is up."""
        if self.database_url is None:
            socket = _socket_folder(self.data_dir / "postgres" / "postmaster.pid")
            if socket:
                self.database_url = f"postgresql+psycopg://postgres:@/jobpilot?host={socket}"
        return self

    @property
    def tracking_uri(self) -> str | None:
        """The tracking store; its tables live in a schema of their own beside the app's."""
        if self.mlflow_tracking_uri:
            return self.mlflow_tracking_uri
        return with_schema(self.database_url, "mlflow") if self.database_url else None

    @property
    def snapshots(self) -> Path:
        return self.data_dir / "snapshots"

    @property
    def work(self) -> Path:
        return self.data_dir / "work"

    @property
    def releases(self) -> Path:
        return self.data_dir / "releases"

    @property
    def artifacts(self) -> Path:
        return self.data_dir / "mlruns"


def _socket_folder(pid_file: Path) -> str:
    """The fifth line of PostgreSQL's postmaster.pid; "" if there is none."""
    lines = pid_file.read_text().splitlines() if pid_file.is_file() else []
    return lines[4].strip() if len(lines) > 4 else ""


def with_schema(url: str, schema: str) -> str:
    """The same database with `schema` first on the search path."""
    joint = "&" if "?" in url else "?"
    return f"{url}{joint}options={quote(f'-csearch_path={schema}', safe='')}"

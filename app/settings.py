"""Every setting of the app, read once per process from the environment (see `.env.example`)."""

from __future__ import annotations

import os
import re
from collections.abc import Callable
from functools import cached_property
from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import AliasChoices, Field, SecretStr, ValidationError, field_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict
from sqlalchemy import URL, make_url
from sqlalchemy.exc import ArgumentError

from app.kit.envfile import load_environment
from app.settings_audit import problems

#: Signs tokens on a developer's machine only; staging and production refuse it.
DEVELOPMENT_SECRET = "development-only-secret-not-for-real-use"  # noqa: S105 - refused outside development

_SEARCH_URL = re.compile(r"^(tantivy:.+|opensearch\+https?://[^/]+/[a-z][a-z0-9_-]*|postgresql:)$")
_KEY = re.compile(r"[A-Za-z0-9_-]{43}=?")
CommaList = Annotated[tuple[str, ...], NoDecode]


class SettingsError(Exception):
    """The environment cannot be used; the message names every variable at fault and no value."""


class Settings(BaseSettings):
    model_config = SettingsConfigDict(env_prefix="", case_sensitive=False, frozen=True, extra="ignore")

    environment: Literal["development", "staging", "production"] = "development"
    debug: bool = False
    secret_key: SecretStr = SecretStr(DEVELOPMENT_SECRET)
    secret_keys_previous: Annotated[tuple[SecretStr, ...], NoDecode] = ()
    password_pepper: SecretStr = SecretStr("")
    allowed_hosts: CommaList = ("localhost", "127.0.0.1", "[::1]")
    cors_allowed_origins: CommaList = ()

    # One URL, or its parts; the URL wins. Without either, development looks for the embedded server.
    database_url: str = ""
    postgres_db: str = "jobpilot"
    postgres_user: str = "postgres"
    postgres_password: SecretStr = SecretStr("")
    postgres_host: str = ""
    postgres_port: int = 5432
    postgres_data: Path = Path("data/postgres")
    database_pool_size: int = Field(default=20, ge=1, le=200)
    database_connect_timeout_s: int = Field(default=3, ge=1, le=60)

    app_host: str = "127.0.0.1"
    app_port: int = Field(default=8000, ge=1, le=65535)
    app_workers: int = Field(default=1, ge=1, le=64)
    forwarded_allow_ips: str = "127.0.0.1"
    public_api_url: str = Field(
        default="http://127.0.0.1:8000",
        validation_alias=AliasChoices("PUBLIC_API_URL", "NEXT_PUBLIC_API_URL"),
    )
    public_ws_url: str = Field(
        default="ws://127.0.0.1:8000", validation_alias=AliasChoices("PUBLIC_WS_URL", "NEXT_PUBLIC_WS_URL")
    )

    serving_url: str = "http://127.0.0.1:3000"
    serving_timeout_s: float = Field(default=1.0, gt=0, le=30)
    #: What a page waits for that it can be shown without.
    page_patience_s: float = Field(default=0.8, gt=0, le=60)
    mlflow_tracking_uri: str = "http://127.0.0.1:5000"
    feast_repo_path: str = "features/feature_repo"
    storage_url: str = "file:data/storage"
    #: May hold a password. `postgresql:` is no index: the database answers.
    search_url: SecretStr = SecretStr("tantivy:data/search")
    sentry_dsn: str = ""

    access_token_minutes: int = Field(default=15, ge=1, le=60)
    refresh_token_days: int = Field(default=14, ge=1, le=90)
    session_days: int = Field(default=60, ge=1, le=365)
    token_issuer: str = "jobpilot"  # noqa: S105 - a name
    token_audience: str = "jobpilot-api"  # noqa: S105 - a name

    # Empty: automatic in development, required elsewhere.
    email_verification: Literal["", "automatic", "required"] = ""
    mail_url: SecretStr = SecretStr("files:data/mail")
    mail_from: str = "JobPilot <no-reply@localhost>"
    public_web_url: str = ""
    export_days: int = Field(default=3, ge=1, le=30)

    # Multiplies the limits of app/ratelimit.py; 0 turns them off. Empty: 20 in development, else 1.
    rate_limit_factor: float | None = Field(default=None, ge=0, le=1000)
    # What one account may do; -1 is no limit.
    max_saved_jobs: int = Field(default=1000, ge=-1)
    max_applications_per_day: int = Field(default=100, ge=-1)
    max_saved_searches: int = Field(default=50, ge=-1)
    max_resumes: int = Field(default=50, ge=-1)
    max_resume_downloads_per_day: int = Field(default=200, ge=-1)
    # Folders of fonts for letters that those of the PDF compiler lack (CJK, for one).
    resume_fonts: CommaList = ()
    #: From this score on a posting counts as a match.
    match_threshold: float = Field(default=0.5, ge=0, le=1)
    # Ed25519, 32 bytes as base64url: the secret half that signs receipts (empty: from SECRET_KEY), and
    # the public halves of keys that signed before.
    receipt_key: SecretStr = SecretStr("")
    receipt_keys_previous: CommaList = ()

    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = "INFO"
    log_format: Literal["json", "text"] = "json"
    worker_concurrency: int = Field(default=4, ge=1, le=64)

    @field_validator(
        "allowed_hosts",
        "cors_allowed_origins",
        "secret_keys_previous",
        "resume_fonts",
        "receipt_keys_previous",
        mode="before",
    )
    @classmethod
    def split_commas(cls, value: object) -> object:
        if isinstance(value, str):
            return tuple(part.strip() for part in value.split(",") if part.strip())
        return value

    @field_validator("search_url")
    @classmethod
    def engine_known(cls, value: SecretStr) -> SecretStr:
        if not _SEARCH_URL.match(value.get_secret_value()):
            raise ValueError("tantivy:FOLDER, opensearch+https://host/name or postgresql:")
        return value

    @field_validator("receipt_key", "receipt_keys_previous")
    @classmethod
    def keys_of_32_bytes(cls, value: SecretStr | tuple[str, ...]) -> SecretStr | tuple[str, ...]:
        texts = (value.get_secret_value(),) if isinstance(value, SecretStr) else value
        if any(text and not _KEY.fullmatch(text) for text in texts):
            raise ValueError("32 bytes as base64url: 43 characters")
        return value

    @property
    def web_url(self) -> str:
        """Where the pages are that mail links to: beside the API, unless said otherwise."""
        return self.public_web_url or self.public_api_url

    @property
    def verifies_email(self) -> bool:
        """Whether an account needs a confirmed address before its first login."""
        return (self.email_verification or self._verification()) == "required"

    @field_validator("rate_limit_factor", mode="before")
    @classmethod
    def empty_is_none(cls, value: object) -> object:
        return None if value == "" else value

    @property
    def rate_limits(self) -> float:
        """What the limits are multiplied by: in development one address is everybody, load tests included."""
        if self.rate_limit_factor is not None:
            return self.rate_limit_factor
        return 20.0 if self.environment == "development" else 1.0

    def _verification(self) -> str:
        return "automatic" if self.environment == "development" else "required"

    @cached_property
    def database(self) -> URL:
        """SQLAlchemy URL on psycopg 3.

        Raises SettingsError when nothing names a database or the URL is not PostgreSQL's.
        """
        return database_url(self)

    @classmethod
    def load(cls, folder: Path | None = None, announce: Callable[[str], None] = lambda line: None) -> Self:
        """Environment file, then environment, then the audit; `announce` is told which file was read.

        Raises SettingsError.
        """
        announce(load_environment(folder or Path.cwd(), os.environ))
        try:
            settings = cls()
        except ValidationError as error:
            lines = (
                f"{'.'.join(str(part) for part in item['loc']).upper()}: {item['msg']}"
                for item in error.errors(include_input=False, include_url=False)
            )
            raise SettingsError("; ".join(lines)) from None
        found = problems(settings)
        if found:
            raise SettingsError(f"unsafe for {settings.environment}: " + "; ".join(found))
        return settings


def database_url(settings: Settings) -> URL:
    if settings.database_url:
        return _psycopg(settings.database_url)
    if settings.postgres_host:
        return URL.create(
            "postgresql+psycopg",
            username=settings.postgres_user,
            password=settings.postgres_password.get_secret_value() or None,
            host=settings.postgres_host,
            port=settings.postgres_port,
            database=settings.postgres_db,
        )
    if settings.environment == "development":
        folder = embedded_socket(settings.postgres_data)
        if folder:
            return _psycopg(f"postgresql://postgres:@/{settings.postgres_db}?host={folder}")
    raise SettingsError(
        "no database: set DATABASE_URL (or POSTGRES_HOST and its companions), or start the embedded one"
    )


def _psycopg(text: str) -> URL:
    try:
        url = make_url(text)
    except (ArgumentError, ValueError):
        raise SettingsError("DATABASE_URL is not a URL") from None
    if url.get_backend_name() not in ("postgresql", "postgres"):
        raise SettingsError("DATABASE_URL: only PostgreSQL is supported")
    return url.set(drivername="postgresql+psycopg")


def embedded_socket(data: Path) -> str:
    """Socket folder of the embedded server running on `data` ("" if none): 5th line of postmaster.pid."""
    try:
        lines = (data / "postmaster.pid").read_text().splitlines()
    except OSError:
        return ""
    return lines[4].strip() if len(lines) > 4 else ""

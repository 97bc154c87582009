from __future__ import annotations

import re
from pathlib import Path

import pytest

from app.kit.envfile import load_environment
from app.settings import Settings, SettingsError, embedded_socket

PRODUCTION = {
    "ENVIRONMENT": "production",
    "SECRET_KEY": "k9Zr4wq0Vt7sYb2NfXm8Lc3HdPa6GjTe1RuWiQo5",
    "ALLOWED_HOSTS": "jobs.example.com",
    "CORS_ALLOWED_ORIGINS": "https://jobs.example.com",
    "PUBLIC_API_URL": "https://jobs.example.com",
    "PUBLIC_WS_URL": "wss://jobs.example.com",
    "DATABASE_URL": "postgresql://app:Vq8rTz2LmX@db.example.com/jobpilot",
    "MAIL_URL": "smtps://app:Vq8rTz2LmX@mail.example.com",
}


@pytest.fixture
def environment(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    for name in Settings.model_fields:
        monkeypatch.delenv(name.upper(), raising=False)
    for name in ("NEXT_PUBLIC_API_URL", "NEXT_PUBLIC_WS_URL"):
        monkeypatch.delenv(name, raising=False)
    return monkeypatch


def load(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, **values: str) -> Settings:
    for name, value in values.items():
        monkeypatch.setenv(name, value)
    return Settings.load(tmp_path)


# -- which file is read (five cases) ---------------------------------------------------------------


def test_env_local_is_read_alone_when_both_exist(tmp_path: Path) -> None:
    (tmp_path / ".env.local").write_text("A=local\n")
    (tmp_path / ".env").write_text("A=plain\nONLY_IN_ENV=1\n")
    environment: dict[str, str] = {}
    line = load_environment(tmp_path, environment)
    assert environment == {"A": "local"}
    assert line == f"✅ Loaded environment from: {tmp_path / '.env.local'}"


def test_env_is_read_when_there_is_no_env_local(tmp_path: Path) -> None:
    (tmp_path / ".env").write_text("A=plain\n")
    environment: dict[str, str] = {}
    assert load_environment(tmp_path, environment).endswith(".env")
    assert environment == {"A": "plain"}


def test_the_operating_system_wins_even_with_an_empty_value(tmp_path: Path) -> None:
    (tmp_path / ".env.local").write_text("A=file\nB=file\nC=file\n")
    environment = {"A": "system", "B": ""}
    load_environment(tmp_path, environment)
    assert environment == {"A": "system", "B": "", "C": "file"}


def test_an_empty_env_local_still_stops_the_search(tmp_path: Path) -> None:
    (tmp_path / ".env.local").write_text("")
    (tmp_path / ".env").write_text("A=plain\n")
    environment: dict[str, str] = {}
    load_environment(tmp_path, environment)
    assert environment == {}


def test_without_a_file_the_line_says_so(tmp_path: Path) -> None:
    environment = {"A": "system"}
    line = load_environment(tmp_path, environment)
    assert line == "⚠️ No environment file found, using system environment variables"
    assert environment == {"A": "system"}


# -- values ----------------------------------------------------------------------------------------


def test_the_url_wins_over_its_parts(tmp_path: Path, environment: pytest.MonkeyPatch) -> None:
    settings = load(
        tmp_path, environment, DATABASE_URL="postgres://u:p@one/db?sslmode=require", POSTGRES_HOST="two"
    )
    assert settings.database.drivername == "postgresql+psycopg"
    assert (settings.database.host, settings.database.query["sslmode"]) == ("one", "require")


def test_parts_make_a_url(tmp_path: Path, environment: pytest.MonkeyPatch) -> None:
    values = {"POSTGRES_HOST": "two", "POSTGRES_PASSWORD": "p@ss/word", "POSTGRES_DB": "jobs"}
    url = load(tmp_path, environment, **values).database
    assert (url.host, url.port, url.database, url.password) == ("two", 5432, "jobs", "p@ss/word")


def test_development_finds_the_embedded_server(tmp_path: Path, environment: pytest.MonkeyPatch) -> None:
    (tmp_path / "postmaster.pid").write_text("1\n/data\n0\n5432\n/run/pg\n\n")
    assert embedded_socket(tmp_path) == "/run/pg"
    settings = load(tmp_path, environment, POSTGRES_DATA=str(tmp_path))
    assert settings.database.query["host"] == "/run/pg"


def test_no_database_is_one_clear_error(tmp_path: Path, environment: pytest.MonkeyPatch) -> None:
    settings = load(tmp_path, environment, POSTGRES_DATA=str(tmp_path / "absent"))
    with pytest.raises(SettingsError, match="set DATABASE_URL"):
        _ = settings.database


@pytest.mark.parametrize("url", ["mysql://a/b", "not a url", "sqlite:///x"])
def test_other_databases_are_refused(url: str, tmp_path: Path, environment: pytest.MonkeyPatch) -> None:
    settings = load(tmp_path, environment, DATABASE_URL=url)
    with pytest.raises(SettingsError, match="DATABASE_URL"):
        _ = settings.database


def test_old_names_of_public_addresses_work(tmp_path: Path, environment: pytest.MonkeyPatch) -> None:
    settings = load(tmp_path, environment, NEXT_PUBLIC_API_URL="http://old")
    assert settings.public_api_url == "http://old"


def test_a_bad_value_is_named_and_not_shown(tmp_path: Path, environment: pytest.MonkeyPatch) -> None:
    with pytest.raises(SettingsError) as caught:
        load(tmp_path, environment, APP_PORT="hunter2", WORKER_CONCURRENCY="0")
    assert "APP_PORT" in str(caught.value)
    assert "WORKER_CONCURRENCY" in str(caught.value)
    assert "hunter2" not in str(caught.value)


# -- what production refuses -----------------------------------------------------------------------


def test_a_safe_production_starts(tmp_path: Path, environment: pytest.MonkeyPatch) -> None:
    assert load(tmp_path, environment, **PRODUCTION).environment == "production"


@pytest.mark.parametrize("environment_name", ["staging", "production"])
@pytest.mark.parametrize(
    ("variable", "value"),
    [
        ("SECRET_KEY", "short"),
        ("SECRET_KEY", "a" * 64),
        ("SECRET_KEY", "development-only-secret-not-for-real-use"),
        ("ALLOWED_HOSTS", "*"),
        ("ALLOWED_HOSTS", ""),
        ("CORS_ALLOWED_ORIGINS", "*"),
        ("CORS_ALLOWED_ORIGINS", "http://jobs.example.com"),
        ("PUBLIC_API_URL", "http://jobs.example.com"),
        ("PUBLIC_API_URL", "https://localhost"),
        ("PUBLIC_API_URL", "https://10.0.0.7"),
        ("PUBLIC_WS_URL", "ws://jobs.example.com"),
        ("DATABASE_URL", "postgresql://app:postgres@db.example.com/jobpilot"),
        ("DATABASE_URL", "postgresql://app@db.example.com/jobpilot"),
        ("EMAIL_VERIFICATION", "automatic"),
        ("MAIL_URL", "files:data/mail"),
        ("PUBLIC_WEB_URL", "http://jobs.example.com"),
    ],
)
def test_unsafe_values_are_refused(
    environment_name: str, variable: str, value: str, tmp_path: Path, environment: pytest.MonkeyPatch
) -> None:
    values = PRODUCTION | {"ENVIRONMENT": environment_name, variable: value}
    with pytest.raises(SettingsError, match="unsafe for") as caught:
        load(tmp_path, environment, **values)
    assert not value or value not in str(caught.value)


def test_debug_is_for_staging_at_most(tmp_path: Path, environment: pytest.MonkeyPatch) -> None:
    assert load(tmp_path, environment, **PRODUCTION | {"ENVIRONMENT": "staging", "DEBUG": "1"}).debug
    with pytest.raises(SettingsError, match="DEBUG"):
        load(tmp_path, environment, **PRODUCTION | {"DEBUG": "1"})


def test_the_example_names_every_setting_and_nothing_else() -> None:
    text = (Path(__file__).parents[2] / ".env.example").read_text()
    named = set(re.findall(r"^([A-Z_]+)=", text, re.MULTILINE))
    assert named == {name.upper() for name in Settings.model_fields}

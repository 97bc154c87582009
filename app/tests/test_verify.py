"""S-077 and S-311: what operators run against code and against a running installation."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import URL

from app.main import create_app
from app.tests.conftest import settings_for
from app.tests.listening import in_a_thread
from app.url_audit import audit
from app.verify import CHECKS, verify


@pytest.fixture
def base_url(database_url: URL) -> Iterator[str]:
    """The app behind a real server on a free port."""
    with in_a_thread(create_app(settings_for(database_url))) as url:
        yield url


def test_s311_verify_finds_a_healthy_installation_well(base_url: str) -> None:
    checks = verify(base_url)
    assert [check.name for check in checks] == [name for name, _, _ in CHECKS]
    assert [check for check in checks if not check.ok] == []


def test_s311_verify_fails_every_check_where_nobody_listens() -> None:
    checks = verify("http://127.0.0.1:1")
    assert {check.ok for check in checks} == {False}
    assert "ConnectError" in checks[0].detail


def test_s077_no_address_is_written_into_the_code() -> None:
    assert audit() == []


def test_s077_the_audit_sees_literals_but_not_docstrings_or_tests(tmp_path: Path) -> None:
    room = tmp_path / "app"
    (room / "tests").mkdir(parents=True)
    (room / "tests" / "test_x.py").write_text('A = "http://127.0.0.1:8000"\n')
    (room / "x.py").write_text(
        '"""See http://localhost:3000."""\n# localhost\nURL = "https://api.example.org/v1"\n'
    )
    assert [(f.file, f.line) for f in audit(tmp_path, ("app",))] == [("app/x.py", 3)]

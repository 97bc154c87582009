from __future__ import annotations

import json
import logging
import sys

from app.logging import JsonFormatter, request_id


def line(message: str, *args: object, **extra: object) -> dict[str, object]:
    record = logging.LogRecord("app.test", logging.INFO, __file__, 1, message, args, None)
    vars(record).update(extra)
    text = JsonFormatter().format(record)
    assert "\n" not in text
    return dict(json.loads(text))


def test_a_line_is_json_with_its_request_and_extras() -> None:
    token = request_id.set("request-1")
    try:
        made = line("hello %s", "Ünï", user=7)
    finally:
        request_id.reset(token)
    assert made.pop("at")
    assert made == {
        "level": "INFO",
        "logger": "app.test",
        "message": "hello Ünï",
        "request_id": "request-1",
        "user": 7,
    }
    assert "request_id" not in line("outside a request")


def test_a_line_break_cannot_forge_a_line() -> None:
    forged = 'x\n{"level": "INFO", "message": "forged"}'
    assert line("%s", forged, path=forged)["path"] == forged


def test_an_exception_is_one_field() -> None:
    try:
        raise ValueError("bad")
    except ValueError:
        record = logging.LogRecord("app.test", logging.ERROR, __file__, 1, "failed", (), sys.exc_info())
    made = json.loads(JsonFormatter().format(record))
    assert made["exception"].endswith("ValueError: bad")

"""Text or number -> moment in UTC."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

_EARLIEST, _LATEST = datetime(1990, 1, 1, tzinfo=UTC), datetime(2100, 1, 1, tzinfo=UTC)
_MONTH = re.compile(r"\d{4}-\d{2}")
_MILLISECONDS_FROM = 1e11  # the year 5138 in seconds: a larger number counts milliseconds


def parse_date(value: str | float | None) -> datetime | None:
    """ISO 8601, RFC 2822 or a Unix time in seconds or milliseconds; None if not a date of 1990..2099.

    A moment without an offset is taken as UTC. Day-first and month-first forms are not guessed at.
    """
    if value is None or isinstance(value, bool):
        return None
    try:
        moment = _from_number(float(value)) if _is_number(value) else _from_text(str(value).strip())
        moment = moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
    except (ValueError, OverflowError, OSError, TypeError, IndexError):
        return None
    return moment if _EARLIEST <= moment < _LATEST else None


def _is_number(value: str | float) -> bool:
    # Eight digits are a compact ISO date (20190131), not a moment of 1970.
    return not isinstance(value, str) or bool(re.fullmatch(r"\s*\d{9,13}(\.\d{1,9})?\s*", value, re.ASCII))


def _from_number(number: float) -> datetime:
    return datetime.fromtimestamp(number / 1000 if number > _MILLISECONDS_FROM else number, UTC)


def _from_text(text: str) -> datetime:
    if _MONTH.fullmatch(text):
        text += "-01"
    try:
        return datetime.fromisoformat(text)
    except ValueError:
        return parsedate_to_datetime(text)

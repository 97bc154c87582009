"""Plain text of unknown encoding -> lines."""

from __future__ import annotations

import re
from typing import Any

from features.resume.errors import TooLargeError, UnsupportedFileError
from features.resume.raw import RawDocument, RawLine

_BOMS = ((b"\xef\xbb\xbf", "utf-8"), (b"\xff\xfe", "utf-16-le"), (b"\xfe\xff", "utf-16-be"))
_INDENT = re.compile(r"[ \t]*")
_RULE = re.compile(r"[\W_]{3,}")
_PRINTED = re.compile(r"\x0c")


def read_plain(data: bytes, limits: dict[str, Any]) -> RawDocument:
    """UTF-8 and UTF-16 by proof, else the likeliest 8-bit encoding. Raises UnsupportedFileError, "
    "TooLargeError."""
    return RawDocument("txt", text_lines(decode(data), limits), 1, [], [])


def decode(data: bytes) -> str:
    for mark, name in _BOMS:
        if data.startswith(mark):
            return data[len(mark) :].decode(name, "replace")
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError:
        return _eight_bit(data)


def _eight_bit(data: bytes) -> str:
    """Windows-1252 unless most letters above ASCII then look like Cyrillic or Greek read wrongly.

    Western text has few of them, each beside ASCII letters; Cyrillic and Greek text consists of them. The
    shares of lower and upper case tell Windows-1251 from KOI8-R, whose cases are swapped.
    """
    high = [byte for byte in data if byte >= 0x80]
    letters = sum(0x41 <= byte <= 0x5A or 0x61 <= byte <= 0x7A for byte in data)
    if not high or len(high) < 0.15 * (letters + len(high)):
        return data.decode("cp1252", "replace")
    tried = {name: data.decode(name, "replace") for name in ("cp1251", "koi8-r", "cp1253")}
    return max(tried.values(), key=_plausible)


def _plausible(text: str) -> float:
    """Lower-case Cyrillic or Greek letters count for, signs and capitals inside words against."""
    good = len(re.findall(r"(?<=[а-яα-ωά-ώ])[а-яα-ωά-ώ]", text))
    bad = len(re.findall(r"(?<=[а-яα-ωά-ώ])[А-ЯΑ-Ω]|[^\w\s.,;:!?()/@+\-–—'\"«»•%&#*=|]|\ufffd", text))
    greek = len(re.findall(r"[α-ωά-ώ]{2}", text))
    return good - 3 * bad + 0.1 * greek


def text_lines(text: str, limits: dict[str, Any]) -> list[RawLine]:
    """Lines with the empty ones before them counted as `gap`; rules of dashes and the like are white "
    "space."""
    if len(text) > limits["max_chars"]:
        raise TooLargeError("This text is far longer than a resume; please shorten it.")
    controls = sum(ord(char) < 32 and char not in "\t\n\r\x0c" for char in text)
    if controls > 0.02 * len(text):
        raise UnsupportedFileError
    lines: list[RawLine] = []
    gap = -1.0
    for raw in _PRINTED.sub("\n", text).splitlines():
        bare = raw.strip()
        if not bare or _RULE.fullmatch(bare):
            gap = 1.0 if gap < 0 and lines else gap + 1.0 if lines else -1.0
            gap = max(gap, 1.0) if lines else -1.0
            continue
        indent = _INDENT.match(raw.expandtabs(4))
        left = len(indent.group()) if indent else 0
        inner = re.sub(r"[ \t]{3,}|\t", "\t", bare)
        lines.append(RawLine(inner, gap=gap, left=min(left, 60) / 100))
        gap = 0.0
    return lines

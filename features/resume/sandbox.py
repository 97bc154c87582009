"""The confined child: `python -m features.resume.sandbox` reads one file on stdin and answers on stdout.

In: one line of JSON (limits), then the bytes. Out: one JSON object, {"held": {...}} with either "document" or
"error" {"code", "message"}. The readers for the kind are imported first, then everything that the work does
not need is given up (`confinement`), and only then are the bytes looked into.
"""

from __future__ import annotations

import json
import sys
from typing import Any

from features.resume.errors import MalformedFileError, NoTextError, ResumeError, TooLargeError
from features.resume.finish import finished
from features.resume.kinds import kind_of
from features.resume.raw import RawDocument, RawLine

#: Codecs are modules: import them while files can still be opened.
_CODECS = (
    "utf-8",
    "utf-16",
    "utf-16-le",
    "utf-16-be",
    "cp1252",
    "cp1251",
    "cp1253",
    "iso8859-7",
    "koi8-r",
    "latin-1",
    "cp437",
    "cp1250",
)


def main() -> None:
    from features.resume import confinement

    confinement.die_with_parent()
    limits: dict[str, Any] = json.loads(sys.stdin.buffer.readline(65_536))
    data = sys.stdin.buffer.read(limits["max_bytes"] + 1)
    answer: dict[str, Any] = {"held": {}}
    try:
        if len(data) > limits["max_bytes"]:
            raise TooLargeError
        kind = kind_of(data)
        read = _reader(kind)
        usage = confinement.open_usage()
        answer["held"] = confinement.confine(limits["memory_mb"] * 2**20, limits["cpu_seconds"])
        answer["document"] = _dump(read(data, limits), limits)
        answer["usage"] = confinement.usage(usage)
    except ResumeError as error:
        answer["error"] = {"code": error.code, "message": str(error)}
    except MemoryError:
        answer["error"] = _failure(TooLargeError())
    except RecursionError:
        answer["error"] = _failure(MalformedFileError())
    _send(answer)


def _failure(error: ResumeError) -> dict[str, str]:
    return {"code": error.code, "message": str(error)}


def _reader(kind: str) -> Any:
    """Imports what this kind needs, codecs included, and returns its function (bytes, limits) -> document."""
    for codec in _CODECS:
        "".encode(codec)
    if kind == "pdf":
        from features.resume.pdf import read_pdf

        return read_pdf
    if kind == "zip":
        from features.resume.packages import read_package

        return read_package
    if kind == "json":
        from features.resume.json_file import read_json

        return read_json
    from features.resume.plain import read_plain

    return read_plain


def _dump(document: RawDocument, limits: dict[str, Any]) -> dict[str, Any]:
    lines = finished(document.lines)
    if document.structured is None and not any(char.isalpha() for line in lines for char in line.text):
        raise NoTextError
    if sum(len(line.text) + 1 for line in lines) > limits["max_chars"]:
        raise TooLargeError("This document holds far more text than a resume; please shorten it.")
    return {**document._asdict(), "lines": [list(RawLine(*line)) for line in lines]}


def _send(answer: dict[str, Any]) -> None:
    text = json.dumps(answer, ensure_ascii=True, separators=(",", ":"))
    sys.stdout.buffer.write(text.encode("ascii"))
    sys.stdout.buffer.flush()


if __name__ == "__main__":
    main()

"""The parent's side of the sandbox: start a child, feed it, bound it, believe nothing it says unchecked."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import asdict
from pathlib import Path
from typing import Any

from features.resume.errors import (
    BY_CODE,
    MalformedFileError,
    ParserBusyError,
    ReadTimeoutError,
    ResumeError,
    TooLargeError,
)
from features.resume.records import Limits

_ROOT = Path(__file__).resolve().parents[2]
#: Memory ran out: Python's or the allocator's abort, or pdfium's trap.
_OUT_OF_MEMORY = (signal.SIGABRT, signal.SIGILL, signal.SIGTRAP, signal.SIGKILL)
#: What a child's stderr may hold at most; it goes nowhere, but must not fill a pipe.
_READ_AT_ONCE = 65_536


class Children:
    """At most `limit` children at once; a caller waits `patience` seconds for a place, then gets a clear
    error. Threads may share it."""

    def __init__(self, limit: int, patience: float) -> None:
        self._places = threading.BoundedSemaphore(limit)
        self._patience = patience

    def read(self, data: bytes, limits: Limits) -> dict[str, Any]:
        """The child's answer {"held", "document"}. Raises ResumeError; ParserBusyError if no place is "
        "free."""
        if len(data) > limits.max_bytes:
            raise TooLargeError(
                f"This file is larger than {limits.max_bytes // 2**20} MB; please upload a smaller one."
            )
        if not self._places.acquire(timeout=self._patience):
            raise ParserBusyError
        try:
            return _answer(*_run(data, limits), limits)
        finally:
            self._places.release()


def _run(data: bytes, limits: Limits) -> tuple[int, bytes]:
    """(exit status, output). The child leads its own session, so that killing its group leaves nobody."""
    with tempfile.TemporaryDirectory(prefix="resume-") as folder:
        child = subprocess.Popen(
            [sys.executable, "-B", "-P", "-s", "-m", "features.resume.sandbox"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            cwd=folder,
            env={
                "PYTHONPATH": str(_ROOT),
                "PYTHONHASHSEED": "0",
                "LC_ALL": "C.UTF-8",
                "MALLOC_ARENA_MAX": "1",
            },
            close_fds=True,
            start_new_session=True,
        )
        try:
            return _exchange(child, data, limits)
        finally:
            _kill(child)


def _exchange(child: subprocess.Popen[bytes], data: bytes, limits: Limits) -> tuple[int, bytes]:
    deadline = time.monotonic() + limits.wall_seconds
    header = json.dumps(asdict(limits)).encode() + b"\n"
    feeder = threading.Thread(target=_feed, args=(child, header + data), daemon=True)
    feeder.start()
    output = _collect(child, limits, deadline)
    try:
        status = child.wait(timeout=max(0.05, deadline - time.monotonic()))
    except subprocess.TimeoutExpired:
        raise ReadTimeoutError from None
    return status, output


def _feed(child: subprocess.Popen[bytes], data: bytes) -> None:
    """In a thread: a child that stops reading must not stop us."""
    pipe = child.stdin
    if pipe is None:
        return
    with suppress(OSError, ValueError):
        pipe.write(data)
    with suppress(OSError, ValueError):
        pipe.close()


def _collect(child: subprocess.Popen[bytes], limits: Limits, deadline: float) -> bytes:
    """Reads until the end, the cap or the deadline."""
    if child.stdout is None:
        return b""
    handle = child.stdout.fileno()
    os.set_blocking(handle, False)
    parts: list[bytes] = []
    size = 0
    import select

    while True:
        left = deadline - time.monotonic()
        if left <= 0:
            raise ReadTimeoutError
        ready, _, _ = select.select([handle], [], [], left)
        if not ready:
            raise ReadTimeoutError
        part = os.read(handle, _READ_AT_ONCE)
        if not part:
            return b"".join(parts)
        size += len(part)
        if size > limits.max_output_bytes:
            raise TooLargeError
        parts.append(part)


def _kill(child: subprocess.Popen[bytes]) -> None:
    """The whole group, whatever state it is in; then the zombie and the pipes."""
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(child.pid, signal.SIGKILL)
    child.wait()
    for pipe in (child.stdin, child.stdout):
        if pipe is not None:
            with suppress(OSError):
                pipe.close()


def _answer(status: int, output: bytes, limits: Limits) -> dict[str, Any]:
    if status == -signal.SIGXCPU:
        raise ReadTimeoutError
    if -status in _OUT_OF_MEMORY:
        raise TooLargeError
    if status != 0:
        raise MalformedFileError
    try:
        answer = json.loads(output)
    except ValueError:
        raise MalformedFileError from None
    if not isinstance(answer, dict):
        raise MalformedFileError
    error = answer.get("error")
    if error is not None:
        raise _error(error)
    return answer


def _error(error: Any) -> ResumeError:
    if not isinstance(error, Mapping):
        return MalformedFileError()
    kind = BY_CODE.get(str(error.get("code")), MalformedFileError)
    return kind(str(error.get("message", ""))[:300] or None)

"""PDF by Typst, compiled in a child process that can be stopped: tagged (PDF/UA-1), fonts inside, no network.

The templates are the only files the compiler can see, and a resume reaches them as JSON: it is never code.
"""

from __future__ import annotations

import asyncio
import json
import re
import sys
from collections.abc import Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from app.errors import InvalidInputError, PayloadTooLargeError, UnavailableError
from app.kit.clock import utcnow
from app.resume.render.outline import Outline

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

Template = Literal["classic", "modern", "compact"]
Paper = Literal["a4", "letter"]
TEMPLATES = Path(__file__).parent.parent / "templates"
CHILD = Path(__file__).with_name("child.py")
MAX_PDF = 10_000_000
_NO_GLYPH = re.compile(r"the text `\"?(.+?)\"?` could not be displayed")


@dataclass(frozen=True, slots=True)
class Limits:
    """Of one compilation, and how many may run and wait in one process of the app."""

    wall_s: float = 10.0
    cpu_s: int = 8
    memory_mb: int = 1024
    running: int = 2
    waiting: int = 8


@dataclass(frozen=True, slots=True)
class Pdf:
    """`fill`: how far down the last page is written, 0..1 of its height."""

    content: bytes
    pages: int
    fill: float


class Compiler:
    """One per process of the app. `fonts` are folders of fonts beside those that Typst brings."""

    def __init__(self, fonts: Sequence[Path] = (), limits: Limits | None = None) -> None:
        self.fonts = [str(folder.resolve()) for folder in fonts]
        self.limits = limits or Limits()
        self._asked = 0
        self._turns = asyncio.Semaphore(self.limits.running)

    async def compile(self, outline: Outline, template: Template, paper: Paper) -> Pdf:
        """Raises InvalidInputError for letters no font has, PayloadTooLargeError for what takes too long or
        gets too large, UnavailableError when too many are waiting."""
        order = {
            "template": template,
            "root": str(TEMPLATES),
            "fonts": self.fonts,
            "timestamp": int(utcnow().timestamp()),
            "limits": {"cpu_s": self.limits.cpu_s, "memory_mb": self.limits.memory_mb},
            "inputs": {"data": json.dumps(outline.json_data()), "paper": paper},
        }
        async with self._turn():
            written, code = await self._run(json.dumps(order).encode())
        head, _, content = written.partition(b"\n")
        if code != 0 or not head:
            raise PayloadTooLargeError("the resume is too large to be printed")
        return _pdf(json.loads(head), content)

    @asynccontextmanager
    async def _turn(self) -> AsyncIterator[None]:
        if self._asked >= self.limits.running + self.limits.waiting:
            raise UnavailableError("too many files are being made", retry_after_s=2)
        self._asked += 1
        try:
            async with self._turns:
                yield
        finally:
            self._asked -= 1

    async def _run(self, order: bytes) -> tuple[bytes, int]:
        """(what the child wrote, its exit code; -1 when it had to be stopped)."""
        child = await asyncio.create_subprocess_exec(
            *(sys.executable, "-I", str(CHILD)),
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.DEVNULL,
            env={"RAYON_NUM_THREADS": "1"},
        )
        try:
            async with asyncio.timeout(self.limits.wall_s):
                written, _ = await child.communicate(order)
        except TimeoutError:
            return b"", -1
        finally:
            await _stop(child)
        return written, -1 if len(written) > MAX_PDF else child.returncode or 0


async def _stop(child: asyncio.subprocess.Process) -> None:
    """Also when the request was given up in the middle."""
    if child.returncode is None:
        with suppress(ProcessLookupError):
            child.kill()
        await child.wait()


def _pdf(head: dict[str, Any], content: bytes) -> Pdf:
    if "error" not in head:
        return Pdf(content, pages=head["pages"], fill=round(head["fill"], 3))
    missing = _NO_GLYPH.search(head["error"])
    if missing is None:
        raise RuntimeError(f"template: {head['error'][:200]}")
    letters = missing.group(1)[:20]
    names = " ".join(f"U+{ord(letter):04X}" for letter in letters)
    raise InvalidInputError(
        f"none of our fonts has {letters!r} ({names}): take another format", pointer="/body"
    )

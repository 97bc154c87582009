"""Compiles one resume in a process of its own: `python -I child.py < order > answer`.

Order: JSON `{"template", "root", "fonts", "inputs", "limits": {"cpu_s", "memory_mb"}}`. Answer: one line of
JSON, then the PDF; `{"pages", "fill"}` if there is one, else `{"error"}`. Imports nothing of the app: it
starts in milliseconds and has nothing to give away.
"""

from __future__ import annotations

import ctypes
import json
import os
import resource
import sys
from typing import Any

import typst

#: Typst fetches packages when a file imports one; no template does. Nobody listens there.
NOWHERE = "http://127.0.0.1:9"
NEW_USER_AND_NETWORK = 0x1000_0000 | 0x4000_0000


def main() -> None:
    order = json.load(sys.stdin.buffer)
    _limit(order["limits"])
    _leave_network()
    try:
        head, pdf = _compile(order)
    except (RuntimeError, ValueError) as error:  # TypstError is a RuntimeError
        head, pdf = {"error": getattr(error, "message", str(error))}, b""
    sys.stdout.buffer.write(json.dumps(head).encode() + b"\n" + pdf)


def _limit(limits: dict[str, int]) -> None:
    memory = limits["memory_mb"] * 2**20
    resource.setrlimit(resource.RLIMIT_AS, (memory, memory))
    resource.setrlimit(resource.RLIMIT_CPU, (limits["cpu_s"], limits["cpu_s"]))
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))  # it writes to its pipe only
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def _leave_network() -> None:
    """A network namespace without interfaces where the system allows it, and a dead proxy anyway."""
    os.environ["ALL_PROXY"] = os.environ["https_proxy"] = NOWHERE
    ctypes.CDLL(None).unshare(NEW_USER_AND_NETWORK)


def _compile(order: dict[str, Any]) -> tuple[dict[str, Any], bytes]:
    compiler = typst.Compiler(
        f"{order['root']}/{order['template']}.typ",
        root=order["root"],
        font_paths=typst.Fonts(include_system_fonts=False, font_paths=order["fonts"]),
        ignore_system_fonts=True,
        sys_inputs=order["inputs"],
    )
    pdf = compiler.compile(format="pdf", pdf_standards="ua-1", timestamp=order["timestamp"])
    fit = json.loads(compiler.query("<fit>", field="value", one=True))
    if not isinstance(pdf, bytes):
        raise ValueError("no PDF")
    return {"pages": fit["pages"], "fill": fit["fill"]}, pdf


if __name__ == "__main__":
    main()

"""Child processes: started in their own process group, logged to files, ended together."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

STOP_SECONDS = 15.0


class StartError(RuntimeError):
    """Something is missing or taken; the message is one line that says what to do."""


@dataclass
class Process:
    """One long-running child. `ready` answers whether it does its work yet."""

    name: str
    command: Sequence[str]
    ready: Callable[[], bool]
    log: Path
    environment: Mapping[str, str] = field(default_factory=dict)
    restarts: int = 0
    _child: subprocess.Popen[bytes] | None = None
    _down_since: float = 0.0

    def start(self) -> None:
        self.log.parent.mkdir(parents=True, exist_ok=True)
        with self.log.open("ab") as out:
            self._child = subprocess.Popen(
                self.command,
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=subprocess.STDOUT,
                env={**os.environ, **self.environment},
                start_new_session=True,
            )

    @property
    def running(self) -> bool:
        return self._child is not None and self._child.poll() is None

    def wait_ready(self, seconds: float) -> None:
        """Raises StartError if the child ends or is not ready in time; its last log line says why."""
        deadline = time.monotonic() + seconds
        while not self.ready():
            if not self.running:
                raise StartError(f"{self.name} ended at once: {last_line(self.log)} (see {self.log})")
            if time.monotonic() > deadline:
                raise StartError(f"{self.name} is not ready after {seconds:.0f} s (see {self.log})")
            time.sleep(0.1)

    def revive(self) -> bool:
        """Restarts a child that ended, with a growing pause; True if it did."""
        if self.running:
            return False
        now = time.monotonic()
        if not self._down_since:
            self._down_since = now
        if now - self._down_since < min(30.0, 2.0**self.restarts):
            return False
        self.restarts, self._down_since = self.restarts + 1, 0.0
        self.start()
        return True

    def signal(self, number: signal.Signals) -> None:
        if self._child is not None:
            try:
                os.killpg(self._child.pid, number)  # the group: workers of workers too
            except ProcessLookupError:
                return

    def wait(self, seconds: float) -> bool:
        if self._child is None:
            return True
        try:
            self._child.wait(max(seconds, 0.01))
        except subprocess.TimeoutExpired:
            return False
        return True


def stop_all(processes: Sequence[Process]) -> None:
    """Asks all at once, waits, then insists."""
    for process in processes:
        process.signal(signal.SIGTERM)
    deadline = time.monotonic() + STOP_SECONDS
    for process in processes:
        if not process.wait(deadline - time.monotonic()):
            process.signal(signal.SIGKILL)
            process.wait(2.0)
        process.signal(signal.SIGKILL)  # whatever of the group outlived its leader


def require_free(ports: Mapping[str, tuple[str, int]]) -> None:
    """Raises StartError naming the first taken port and the setting that changes it."""
    for setting, (host, port) in ports.items():
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind((host, port))
            except OSError:
                raise StartError(f"port {port} is taken: stop what uses it or set {setting}") from None


def last_line(path: Path) -> str:
    lines = path.read_text(errors="replace").strip().splitlines() if path.is_file() else []
    return lines[-1][:300] if lines else "it printed nothing"

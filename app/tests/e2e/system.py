"""The whole system as real processes on free ports, over a small simulated market."""

from __future__ import annotations

import os
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

import httpx

BIN = Path(sys.executable).parent
T = TypeVar("T")
PASSWORD = "an end to end password"


def free_port() -> int:
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return int(s.getsockname()[1])


def until(check: Callable[[], T | None], seconds: float, what: str) -> tuple[T, float]:
    """(the first true answer, seconds it took). Fails when it never comes."""
    started = time.monotonic()
    while time.monotonic() - started < seconds:
        answer = check()
        if answer:
            return answer, time.monotonic() - started
        time.sleep(0.1)
    raise AssertionError(f"{what}: not within {seconds:.0f} s")


@dataclass
class System:
    """`jobpilot run` with its data in one folder. `client` talks to the app."""

    folder: Path
    database_url: str
    app_port: int = field(default_factory=free_port)
    serving_port: int = field(default_factory=free_port)
    mlflow_port: int = field(default_factory=free_port)

    def __post_init__(self) -> None:
        self.client = httpx.Client(base_url=f"http://127.0.0.1:{self.app_port}", timeout=20)

    @property
    def environment(self) -> dict[str, str]:
        ours = {
            "DATA_DIR": str(self.folder),
            "AUDIT_PEOPLE": "100",
            "DATABASE_URL": self.database_url,
            "APP_PORT": str(self.app_port),
            "SERVING_URL": f"http://127.0.0.1:{self.serving_port}",
            "MLFLOW_PORT": str(self.mlflow_port),
            "OMP_NUM_THREADS": "1",
            "OMP_WAIT_POLICY": "passive",
        }
        return {**os.environ, **ours}

    def command(self, *words: str) -> str:
        """Runs one of our console scripts to its end; its output, standard error included."""
        done = subprocess.run(
            [str(BIN / words[0]), *words[1:]],
            env=self.environment, cwd=self.folder, capture_output=True, text=True, timeout=600, check=False,
        )  # fmt: skip
        assert done.returncode == 0, f"{' '.join(words)}: {done.stdout[-2000:]}{done.stderr[-2000:]}"
        return done.stdout + done.stderr

    def release(self, seed: int) -> str:
        """Trains, and makes the result champion even where so little data lets a gate fail."""
        output = self.command("jobpilot-ml", "pipeline", "--recipe", "debug", "--seed", str(seed))
        found = re.search(r"release (\S+) is", output)
        assert found is not None, output
        self.command("jobpilot-ml", "promote", found[1], "--force")
        return found[1]

    @contextmanager
    def running(self) -> Iterator[subprocess.Popen[str]]:
        log = (self.folder / "run.log").open("w+")
        child = subprocess.Popen(
            [str(BIN / "jobpilot"), "run", "--no-demo"],
            env=self.environment, cwd=self.folder, stdout=log, stderr=subprocess.STDOUT, text=True,
            start_new_session=True,
        )  # fmt: skip
        try:
            until(lambda: self._is_up(child), 240, "the system is up")
            yield child
        finally:
            child.send_signal(signal.SIGINT)
            child.wait(60)
            log.close()

    def _is_up(self, child: subprocess.Popen[str]) -> bool:
        log = (self.folder / "run.log").read_text()
        assert child.poll() is None, log
        return "JobPilot is up" in log

    def serving_pids(self) -> list[int]:
        """Our supervisor's serving process and everything below it."""
        import psutil

        out = []
        for process in psutil.process_iter(["cmdline", "environ"]):
            line = " ".join(process.info["cmdline"] or ())
            port = (process.info["environ"] or {}).get("SERVING_PORT")
            if port == str(self.serving_port) and ("serving" in line or "bentoml" in line):
                out.append(process.pid)
        return out


@dataclass
class Person:
    """A signed-in account."""

    system: System
    email: str

    def __post_init__(self) -> None:
        body = {"email": self.email, "password": PASSWORD}
        self._send("POST", "/api/v1/auth/register/", 202, body)
        token = self._send("POST", "/api/v1/auth/login/", 200, body)["access_token"]
        self._headers = {"Authorization": f"Bearer {token}"}

    def _send(self, method: str, path: str, status: int, body: object = None) -> Any:
        headers = getattr(self, "_headers", {})
        response = self.system.client.request(method, path, json=body, headers=headers)
        assert response.status_code == status, f"{method} {path}: {response.status_code} {response.text}"
        return response.json() if response.content else None

    def get(self, path: str, status: int = 200) -> Any:
        return self._send("GET", path, status)

    def post(self, path: str, body: object = None, status: int = 201) -> Any:
        return self._send("POST", path, status, body)

    def describe(self, **profile: object) -> None:
        self._send("PATCH", "/api/v1/auth/profile/", 200, profile)

    def recommendations(self, limit: int = 20) -> Any:
        return self.get(f"/api/v2/recommendations/?limit={limit}")

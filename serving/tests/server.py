"""`python -m serving` as a process of its own, as the supervisor starts it."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import httpx

START_SECONDS = 240.0


class Server:
    def __init__(self, releases: Path, log: Path, **settings: object) -> None:
        self.port = free_port()
        self.log = log
        ours = {"SERVING_RELEASES_DIR": releases, "SERVING_PORT": self.port, **settings}
        environment = {k: v for k, v in os.environ.items() if not k.startswith(("SERVING_", "DATABASE_"))}
        environment |= {k: str(v) for k, v in ours.items()}
        with log.open("ab") as file:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "serving"], env=environment, stdout=file, stderr=file
            )

    def client(self, timeout: float = 30.0) -> httpx.Client:
        """A new connection per request: the kernel then hands it to any of the workers."""
        return httpx.Client(
            base_url=f"http://127.0.0.1:{self.port}",
            timeout=timeout,
            limits=httpx.Limits(max_keepalive_connections=0),
            trust_env=False,
        )

    def wait_until_ready(self, workers: int, other_than: int = 0) -> set[str]:
        """Until so many different workers answered; returns their names."""
        seen: set[str] = set()
        deadline = time.monotonic() + START_SECONDS
        with self.client() as client:
            while len(seen) < workers and time.monotonic() < deadline and self.process.poll() is None:
                try:
                    worker = client.post("/state", json={}).json()["worker"]
                    if not worker.endswith(f":{other_than}"):
                        seen.add(worker)
                except httpx.TransportError:
                    time.sleep(0.1)
        assert len(seen) == workers, self.log.read_text()
        return seen

    def call(self, path: str, request: dict[str, Any] | None = None) -> Any:
        with self.client() as client:
            response = client.post(path, json={} if request is None else {"request": request})
        assert response.status_code == 200, (path, response.status_code, response.text)
        return response.json()

    def stop(self) -> int:
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
        return self.process.wait(timeout=60)

    def __enter__(self) -> Server:
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])

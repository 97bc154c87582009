"""`python -m serving`: starts `bentoml serve` with our settings and stops it cleanly.

Exit status: 0 after SIGTERM or Ctrl-C, 1 if no release may answer or BentoML failed, 2 for bad settings.
A problem is one line on standard error.
"""

from __future__ import annotations

import ctypes
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from types import FrameType

from pydantic import ValidationError

from serving.settings import ServingSettings

TARGET = "serving.service:JobPilotService"
REFUSAL, ANSWERING = "refusal", "answering"
STOP_SECONDS = 20.0
_PR_SET_PDEATHSIG = 1


def main() -> int:
    try:
        settings = ServingSettings()
    except ValidationError as error:
        return _problem("; ".join(f"{_name(e['loc'])}: {e['msg']}" for e in error.errors()), 2)
    if not _is_free(settings.host, settings.port):
        return _problem(f"port {settings.port} of {settings.host} is taken; set SERVING_PORT", 2)
    with _run_dir() as folder:
        return _serve(settings, folder)


def _serve(settings: ServingSettings, folder: Path) -> int:
    child = subprocess.Popen(
        command(settings),
        env=environment(settings, folder),
        start_new_session=True,  # Ctrl-C reaches it through us, once
        preexec_fn=_die_with_parent if sys.platform == "linux" else None,
    )
    asked = _Stop(child)
    try:
        while True:
            try:
                status = child.wait(timeout=0.2)
                return 0 if asked.to_stop else status or 1
            except subprocess.TimeoutExpired:
                # later refusals are the business of the workers that go on answering
                if (folder / REFUSAL).is_file() and not (folder / ANSWERING).is_file():
                    return _problem((folder / REFUSAL).read_text(), 1)
    finally:
        _end(child)


def command(settings: ServingSettings) -> list[str]:
    address = ["--host", settings.host, "--port", str(settings.port)]
    return [sys.executable, "-m", "bentoml", "serve", TARGET, *address, "--quiet", "--do-not-track"]


def environment(settings: ServingSettings, folder: Path) -> dict[str, str]:
    """BentoML keeps its metric files under its home: one folder per run, or two servers would mix theirs."""
    ours = {
        "SERVING_RUN_DIR": str(folder),
        "SERVING_RELEASES_DIR": str(settings.releases_dir.resolve()),
        "BENTOML_HOME": str(folder / "bentoml"),
        "BENTOML_DO_NOT_TRACK": "True",
        "DO_NOT_TRACK": "1",
        "OMP_NUM_THREADS": "1",
        "TOKENIZERS_PARALLELISM": "false",
    }
    return {**os.environ, **ours}


class _Stop:
    """Passes SIGTERM and SIGINT on as SIGTERM, once."""

    def __init__(self, child: subprocess.Popen[bytes]) -> None:
        self.to_stop = False
        self._child = child
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, self._handle)

    def _handle(self, number: int, frame: FrameType | None) -> None:
        if not self.to_stop:
            self.to_stop = True
            self._child.terminate()


def _end(child: subprocess.Popen[bytes]) -> None:
    """Workers finish what they are answering; what is left after that is ended."""
    if child.poll() is None:
        child.terminate()
    with suppress(subprocess.TimeoutExpired):
        child.wait(timeout=STOP_SECONDS)
    with suppress(ProcessLookupError):
        os.killpg(child.pid, signal.SIGKILL)


def _die_with_parent() -> None:
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)


@contextmanager
def _run_dir() -> Iterator[Path]:
    folder = Path(tempfile.mkdtemp(prefix="jobpilot-serving-"))
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _is_free(host: str, port: int) -> bool:
    with socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError:
            return False
    return True


def _name(location: tuple[int | str, ...]) -> str:
    text = "_".join(str(part) for part in location)
    return f"SERVING_{text.upper()}" if text and not text.isupper() else text or "settings"


def _problem(text: str, status: int) -> int:
    print(f"serving: {text}", file=sys.stderr)  # noqa: T201
    return status

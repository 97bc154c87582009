"""What a first run does once: migrate, load the demo market, train and release a first model."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path

from app.supervisor.processes import StartError

BIN = Path(sys.executable).parent
DEMO_SEED = "7"


def tool(name: str) -> str:
    """A console script of this environment. Raises StartError if it is not installed."""
    path = BIN / name
    if not path.is_file():
        raise StartError(f"{name} is not installed in {BIN}: run `make setup`")
    return str(path)


def stage(label: str, command: Sequence[str], environment: Mapping[str, str]) -> None:
    """Runs one step with its own progress on this terminal. Raises StartError if it fails."""
    done = subprocess.run(command, env={**os.environ, **environment}, check=False)
    if done.returncode:
        raise StartError(f"{label} failed (exit code {done.returncode}); run `jobpilot run` to try again")


def migrate(environment: Mapping[str, str]) -> None:
    stage("migrating the database", [tool("jobpilot"), "migrate"], environment)


def load_demo(data: Path, environment: Mapping[str, str], password: str) -> None:
    """Simulated postings, seekers and behaviour, labelled synthetic, and one account to log in with."""
    market = data / "market" / "demo"
    today = datetime.now(UTC).date().isoformat()  # so that the demo's postings are open now
    generate = [tool("jobpilot-ml"), "market", "--preset", "demo", "--out", str(market)]
    generate += ["--seed", DEMO_SEED, "--end", today]
    stage("simulating the demo market", generate, environment)
    load = [tool("jobpilot"), "import", "market", str(market), "--demo-password", password, "--no-sync"]
    stage("loading the demo market", load, environment)


def first_model(environment: Mapping[str, str]) -> None:
    stage("training the first model", [tool("jobpilot-ml"), "pipeline", "--recipe", "demo"], environment)

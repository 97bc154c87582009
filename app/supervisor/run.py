"""The supervisor: everything in order, a table of addresses, then watch until Ctrl-C."""

from __future__ import annotations

import json
import os
import secrets
import signal
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from types import FrameType

import httpx
import psycopg
from psycopg import sql
from rich.console import Console
from rich.table import Table

from app.settings import Settings
from app.supervisor import stages
from app.supervisor.postgres import EmbeddedPostgres
from app.supervisor.processes import Process, StartError, require_free, stop_all

DEMO_EMAIL = "demo@example.org"


class _Terminated(Exception):  # noqa: N818  (a request to stop, not an error)
    """Ctrl-C or SIGTERM: end everything in order."""


class Supervisor:
    def __init__(
        self, settings: Settings, data: Path, *, mlflow_port: int, demo: bool, console: Console
    ) -> None:
        self.settings, self.data, self.demo, self.console = settings, data, demo, console
        self.mlflow_port = mlflow_port
        self.serving_port = httpx.URL(settings.serving_url).port or 3000
        self.processes: list[Process] = []
        self.environment: Mapping[str, str] = {}

    def run(self) -> None:
        """Blocks until SIGINT or SIGTERM. Raises StartError; in every case all children are ended."""
        started = time.perf_counter()
        host = self.settings.app_host
        require_free(
            {
                "APP_PORT": (host, self.settings.app_port),
                "SERVING_URL": ("127.0.0.1", self.serving_port),
                "MLFLOW_PORT": ("127.0.0.1", self.mlflow_port),
            }
        )
        with _terminable(), self._database() as url:
            self.environment = self._child_environment(url)
            self._prepare(url)
            self.processes = self._services(url)
            try:
                for process in self.processes:
                    process.start()
                for process in self.processes:
                    process.wait_ready(180)
                self._announce(time.perf_counter() - started)
                self._watch()
            except _Terminated:
                self.console.print("stopping ...")
            finally:
                stop_all(self.processes)

    # -- in order ------------------------------------------------------------------------------------

    @contextmanager
    def _database(self) -> Iterator[str]:
        if self.settings.database_url or self.settings.postgres_host:
            yield self.settings.database.render_as_string(hide_password=False)
            return
        embedded = EmbeddedPostgres(self.settings.postgres_data, self.settings.postgres_db)
        self._say("starting the embedded PostgreSQL")
        try:
            yield embedded.start()
        finally:
            embedded.stop()

    def _child_environment(self, url: str) -> Mapping[str, str]:
        return {
            "DATABASE_URL": url,
            "DATA_DIR": str(self.data),
            "SERVING_DATABASE_URL": url,
            "SERVING_RELEASES_DIR": str(self.data / "releases"),
            "SERVING_PORT": str(self.serving_port),
            "OMP_NUM_THREADS": "1",
            "OMP_WAIT_POLICY": "passive",
            "BENTOML_DO_NOT_TRACK": "True",
            "MLFLOW_DISABLE_TELEMETRY": "true",
            "MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false",  # idle worker pools
            "DO_NOT_TRACK": "true",
        }

    def _prepare(self, url: str) -> None:
        self._say("migrating the database")
        stages.migrate(self.environment)
        _ensure_schema(url, "mlflow")
        if self.demo and not (self.data / "demo.json").is_file() and not _has_real_jobs(url):
            self._say("loading demo data (simulated, labelled synthetic)")
            password = secrets.token_urlsafe(9)
            stages.load_demo(self.data, self.environment, password)
            self._remember_demo(password)
        if not (self.data / "releases" / "CHAMPION").is_file():
            self._say("training and releasing the first model (a few minutes)")
            stages.first_model(self.environment)

    def _services(self, url: str) -> list[Process]:
        logs = self.data / "logs"
        python = sys.executable
        mlflow = [
            *(stages.tool("mlflow"), "server", "--host", "127.0.0.1", "--port", str(self.mlflow_port)),
            *("--backend-store-uri", _with_schema(url, "mlflow"), "--workers", "1"),
            *("--artifacts-destination", (self.data / "mlruns").resolve().as_uri()),
        ]
        app_url = f"http://{self.settings.app_host}:{self.settings.app_port}/health/live/"
        mlflow_url = f"http://127.0.0.1:{self.mlflow_port}/health"
        serving_url = f"{self.settings.serving_url}/readyz"
        jobpilot = stages.tool("jobpilot")
        return [
            Process(
                "serving", [python, "-m", "serving"], _ok(serving_url), logs / "serving.log", self.environment
            ),
            Process("mlflow", mlflow, _ok(mlflow_url), logs / "mlflow.log", self.environment),
            Process("worker", [jobpilot, "worker"], lambda: True, logs / "worker.log", self.environment),
            Process("app", [jobpilot, "serve"], _ok(app_url), logs / "app.log", self.environment),
        ]

    def _watch(self) -> None:
        while True:
            time.sleep(0.5)
            for process in self.processes:
                if process.revive():
                    self.console.print(f"[yellow]{process.name} had ended and was restarted[/]")

    # -- for people ----------------------------------------------------------------------------------

    def _say(self, message: str) -> None:
        self.console.print(f"[bold cyan]>[/] {message}")

    def _remember_demo(self, password: str) -> None:
        path = self.data / "demo.json"
        path.touch(mode=0o600)
        path.write_text(json.dumps({"email": DEMO_EMAIL, "password": password}))

    def _announce(self, seconds: float) -> None:
        base = f"http://{self.settings.app_host}:{self.settings.app_port}"
        table = Table(title=f"JobPilot is up ({seconds:.0f} s)", title_justify="left", show_header=False)
        table.add_row("pages", f"{base}/")
        table.add_row("API and documentation", f"{base}/api/docs/")
        table.add_row("health", f"{base}/health/")
        table.add_row("MLflow", f"http://127.0.0.1:{self.mlflow_port}")
        table.add_row("serving (BentoML)", self.settings.serving_url)
        demo = self.data / "demo.json"
        if demo.is_file():
            login = json.loads(demo.read_text())
            table.add_row("demo login", f"{login['email']}  {login['password']}")
        table.add_row("logs", str(self.data / "logs"))
        self.console.print(table)
        self.console.print("Ctrl-C stops everything.")


@contextmanager
def _terminable() -> Iterator[None]:
    """SIGTERM and SIGINT end the block quietly; the latter even where a shell's `&` had it ignored."""

    def stop(_number: int, _frame: FrameType | None) -> None:
        raise _Terminated

    before = {number: signal.signal(number, stop) for number in (signal.SIGTERM, signal.SIGINT)}
    try:
        yield
    except _Terminated:
        return
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _ok(url: str) -> Callable[[], bool]:
    def ready() -> bool:
        try:
            return httpx.get(url, timeout=2.0).status_code == 200
        except httpx.HTTPError:
            return False

    return ready


def _has_real_jobs(url: str) -> bool:
    """Postings of the demo itself do not count: an interrupted first run loads it again."""
    with psycopg.connect(_plain(url), connect_timeout=10) as c:
        return c.execute("SELECT 1 FROM job WHERE source <> 'market' LIMIT 1").fetchone() is not None


def _ensure_schema(url: str, schema: str) -> None:
    """MLflow creates its tables, but not the schema they live in."""
    with psycopg.connect(_plain(url), autocommit=True, connect_timeout=10) as c:
        c.execute(sql.SQL("CREATE SCHEMA IF NOT EXISTS {}").format(sql.Identifier(schema)))


def _plain(url: str) -> str:
    return url.replace("postgresql+psycopg://", "postgresql://")


def _with_schema(url: str, schema: str) -> str:
    joint = "&" if "?" in url else "?"
    return f"{url}{joint}options=-csearch_path%3D{schema}"


def main(*, mlflow_port: int, demo: bool) -> int:
    """The exit code: 0 after Ctrl-C, 1 with one line if something could not start."""
    console = Console()
    data = Path(os.environ.get("DATA_DIR", "data"))
    try:
        Supervisor(Settings.load(), data, mlflow_port=mlflow_port, demo=demo, console=console).run()
    except StartError as error:
        console.print(f"[red]error:[/] {error}", highlight=False)
        return 1
    return 0

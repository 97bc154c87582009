"""Where a run's numbers and files go: MLflow, or nowhere. The rest of the code never asks which."""

from __future__ import annotations

import logging
import re
import subprocess
import warnings
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from matplotlib.figure import Figure
    from mlflow import MlflowClient

#: MLflow refuses longer parameter values.
_MAX_VALUE = 500


class Run(Protocol):
    run_id: str

    def params(self, values: Mapping[str, object]) -> None: ...
    def metrics(self, values: Mapping[str, float], step: int = 0) -> None: ...
    def tags(self, values: Mapping[str, str]) -> None: ...
    def artifact(self, path: Path, folder: str | None = None) -> None: ...
    def text(self, content: str, name: str) -> None: ...
    def figure(self, figure: Figure, name: str) -> None: ...
    def dataset(self, name: str, digest: str, source: str, role: str) -> None: ...


class NullRun:
    """Takes everything, keeps nothing."""

    run_id = ""

    def params(self, values: Mapping[str, object]) -> None: ...
    def metrics(self, values: Mapping[str, float], step: int = 0) -> None: ...
    def tags(self, values: Mapping[str, str]) -> None: ...
    def artifact(self, path: Path, folder: str | None = None) -> None: ...
    def text(self, content: str, name: str) -> None: ...
    def figure(self, figure: Figure, name: str) -> None: ...
    def dataset(self, name: str, digest: str, source: str, role: str) -> None: ...


class MlflowRun:
    """One MLflow run, addressed by id through a client: no global "active run" to trip over."""

    def __init__(self, client: MlflowClient, run_id: str) -> None:
        self._client, self.run_id = client, run_id

    def params(self, values: Mapping[str, object]) -> None:
        from mlflow.entities import Param

        entries = [Param(_key(k), str(v)[:_MAX_VALUE]) for k, v in values.items()]
        self._client.log_batch(self.run_id, params=entries)

    def metrics(self, values: Mapping[str, float], step: int = 0) -> None:
        import time

        from mlflow.entities import Metric

        now = int(time.time() * 1000)
        entries = [Metric(_key(k), float(v), now, step) for k, v in values.items()]
        self._client.log_batch(self.run_id, metrics=entries)

    def tags(self, values: Mapping[str, str]) -> None:
        for key, value in values.items():
            self._client.set_tag(self.run_id, key, value)

    def artifact(self, path: Path, folder: str | None = None) -> None:
        if path.is_dir():
            self._client.log_artifacts(self.run_id, str(path), folder or path.name)
        else:
            self._client.log_artifact(self.run_id, str(path), folder)

    def text(self, content: str, name: str) -> None:
        self._client.log_text(self.run_id, content, name)

    def figure(self, figure: Figure, name: str) -> None:
        import matplotlib.pyplot as plt

        self._client.log_figure(self.run_id, figure, name)
        plt.close(figure)

    def dataset(self, name: str, digest: str, source: str, role: str) -> None:
        from mlflow.entities import Dataset, DatasetInput, InputTag

        tag = InputTag("mlflow.data.context", role)
        entry = Dataset(name=name, digest=digest[:36], source_type="local", source=source)
        self._client.log_inputs(self.run_id, datasets=[DatasetInput(entry, tags=[tag])])


@contextmanager
def start_run(
    experiment: str,
    *,
    uri: str | None,
    artifacts: Path | None = None,
    tags: Mapping[str, str] | None = None,
    run_id: str | None = None,
) -> Iterator[Run]:
    """A run in `experiment` at the tracking server or store `uri`, ended FINISHED, FAILED or KILLED.

    With `run_id` an earlier run goes on, so that the steps of one pipeline share one run.

    Without `uri` everything goes nowhere. `artifacts` is used when the experiment is new and the store is a
    database that we open ourselves.
    """
    if uri is None:
        yield NullRun()
        return
    client = tracking_client(uri)
    if run_id is None:
        experiment_id = _experiment(client, experiment, uri, artifacts)
        run_id = client.create_run(experiment_id, tags={"git_sha": git_sha(), **(tags or {})}).info.run_id
    else:
        client.update_run(run_id, status="RUNNING")
    status = "FAILED"
    try:
        yield MlflowRun(client, run_id)
        status = "FINISHED"
    except KeyboardInterrupt:
        status = "KILLED"
        raise
    finally:
        client.set_terminated(run_id, status)


def tracking_client(uri: str) -> MlflowClient:
    """Also makes `uri` MLflow's own default: artifact look-ups inside the library still ask for it."""
    # MLflow uses what SQLAlchemy is phasing out, and tells of every table it makes: neither is our user's
    warnings.filterwarnings("ignore", category=DeprecationWarning, module=r"mlflow\.")
    logging.getLogger("mlflow.store.db.utils").setLevel(logging.WARNING)
    import mlflow

    _ensure_schema(uri)
    mlflow.set_tracking_uri(uri)
    mlflow.set_registry_uri(uri)
    return mlflow.MlflowClient(tracking_uri=uri, registry_uri=uri)


def _ensure_schema(uri: str) -> None:
    """MLflow creates its tables but not the schema that a search_path in `uri` names."""
    schema = re.search(r"search_path%3D(\w+)", uri)
    if schema is None:
        return
    from psycopg import sql

    from features.postgres import connect

    with connect(uri.split("options=")[0].rstrip("?&"), statement_timeout_s=10) as database:
        database.execute(sql.SQL("CREATE SCHEMA IF NOT EXISTS {}").format(sql.Identifier(schema[1])))


def _experiment(client: MlflowClient, name: str, uri: str, artifacts: Path | None) -> str:
    from mlflow.exceptions import MlflowException

    found = client.get_experiment_by_name(name)
    if found is None:
        location = artifacts.resolve().as_uri() if artifacts and not uri.startswith("http") else None
        try:
            return str(client.create_experiment(name, artifact_location=location))
        except MlflowException:  # somebody else was first
            found = client.get_experiment_by_name(name)
    if found is None:
        raise RuntimeError(f"the tracking store neither has nor makes the experiment {name}")
    return str(found.experiment_id)


def git_sha() -> str:
    """The commit the code stands at, or "unknown" outside a checkout."""
    here = Path(__file__).resolve().parent
    try:
        out = subprocess.run(
            ["git", "-C", str(here), "rev-parse", "HEAD"],
            capture_output=True,
            text=True,
            timeout=5,
            check=True,
        )
    except (OSError, subprocess.SubprocessError):
        return "unknown"
    return out.stdout.strip()


def _key(name: str) -> str:
    """MLflow allows letters, digits and _-. :/ in names."""
    return re.sub(r"[^\w\-. :/]", "_", name.replace("@", "_at_").replace("+", "and"))

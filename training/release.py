"""From a trained bundle to what answers: gates, the release folder, MLflow's registry and its aliases.

The registry is the record, data/releases/CHAMPION is what serving reads; both move together, the file last.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from models.release import (
    Challenger,
    Release,
    ReleaseError,
    challenger,
    champion,
    read_release,
    set_challenger,
    set_champion,
)
from training.tracking import tracking_client

if TYPE_CHECKING:
    from mlflow import MlflowClient

MODEL = "jobpilot-matcher"


@dataclass(frozen=True)
class Gate:
    """One condition for promotion, with the figures that decided it."""

    name: str
    passed: bool
    detail: str


class Registry:
    """Model versions by release id, with aliases champion and previous. Without `uri` only files count."""

    def __init__(self, releases: Path, uri: str | None) -> None:
        self.releases = releases
        self._client: MlflowClient | None = tracking_client(uri) if uri else None

    def register(self, release: Release, run_id: str, gates: Sequence[Gate]) -> str:
        """The number of the new model version ("" without a registry). The verdict stays with the release,
        for whoever promotes it later."""
        self._verdict(release.release_id).write_text(json.dumps([asdict(g) for g in gates], indent=1))
        if self._client is None:
            return ""
        from mlflow.exceptions import MlflowException

        with suppress(MlflowException):  # it exists already, which is all we want
            self._client.create_registered_model(MODEL, description="Two-tower bundle with its index")
        tags = {"release_id": release.release_id, "encoder_version": release.encoder_version}
        tags |= {f"gate.{g.name}": f"{'pass' if g.passed else 'fail'}: {g.detail}" for g in gates}
        source = release.folder.resolve().as_uri()
        version = self._client.create_model_version(MODEL, source, run_id=run_id or None, tags=tags)
        return str(version.version)

    def failed_gates(self, release_id: str) -> list[Gate]:
        """Of the last verdict; a release that never was judged has failed one."""
        path = self._verdict(release_id)
        if not path.is_file():
            return [Gate("judged", False, "no verdict is kept of this release")]
        verdict = [Gate(**raw) for raw in json.loads(path.read_text())]
        return [gate for gate in verdict if not gate.passed]

    def promote(self, release_id: str, *, force: bool = False) -> None:
        """Makes a release the champion; the one before becomes previous.

        Raises ReleaseError, also if a gate failed and it is not forced. Going back to what was champion
        before needs no new verdict.
        """
        release = read_release(self.releases / release_id)
        failed = [] if force else self.failed_gates(release_id)
        if failed:
            told = "; ".join(f"{gate.name} ({gate.detail})" for gate in failed)
            raise ReleaseError(f"release {release_id} failed: {told}")
        before = champion(self.releases)
        if before == release.release_id:
            return
        if before:
            self._alias("previous", before)
            (self.releases / "PREVIOUS").write_text(before)
        self._alias("champion", release.release_id)
        set_champion(self.releases, release.release_id)

    def challenge(self, named: Challenger | None) -> None:
        """Puts a release before a share of people beside the champion; None ends it.

        Raises ReleaseError, also if a gate failed: nobody is to meet what may not be champion.
        """
        if named is not None:
            failed = self.failed_gates(named.release_id)
            if failed:
                raise ReleaseError(f"release {named.release_id} failed: {', '.join(g.name for g in failed)}")
            self._alias("challenger", named.release_id)
        set_challenger(self.releases, named)

    def rollback(self) -> str:
        """Back to the previous champion, whose id is returned. Raises ReleaseError if there is none."""
        path = self.releases / "PREVIOUS"
        if not path.is_file():
            raise ReleaseError("there is no previous champion to roll back to")
        release_id = path.read_text().strip()
        self.promote(release_id, force=True)
        return release_id

    def status(self) -> dict[str, object]:
        current = champion(self.releases)
        folders = sorted(p.parent.name for p in self.releases.glob("*/release.json"))
        beside = challenger(self.releases)
        out: dict[str, object] = {"champion": current, "releases": folders}
        out["challenger"] = None if beside is None else asdict(beside)
        out["failed_gates"] = {name: [g.name for g in self.failed_gates(name)] for name in folders}
        if current:
            release = asdict(read_release(self.releases / current))
            out |= {k: release[k] for k in ("created_at", "jobs", "index_kind", "snapshot_id", "metrics")}
        return out

    def _verdict(self, release_id: str) -> Path:
        return self.releases / f"{release_id}.gates.json"

    def _alias(self, alias: str, release_id: str) -> None:
        if self._client is None:
            return
        for version in self._client.search_model_versions(f"name = '{MODEL}'"):
            if version.tags.get("release_id") == release_id:
                self._client.set_registered_model_alias(MODEL, alias, version.version)
                return

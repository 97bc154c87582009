"""A release: bundle, index, catalogue and golden vectors in one folder, written once and never changed.

    <releases>/<release_id>/release.json   who, when, encoder version, metrics, sha256 of every other file
                            bundle/        ModelBundle
                            index/         JobIndex of the same encoder version
                            language/      LanguageModels, if the release reads text
                            jobs.parquet   what filters and explanations read, one row per indexed posting
                            golden.json    records with the vectors this release gave them
    <releases>/CHAMPION                    the id of the release that answers, replaced atomically
    <releases>/CHALLENGER                  who is tried on a share of people, if somebody is

ReleaseError is raised for everything that makes a folder unfit to answer, always as one line.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import shutil
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal

from models.bundle import ModelBundle, file_digests
from models.golden import Golden, read_golden
from models.index import JobIndex
from models.jobs_table import JobsWriter

CHAMPION, CHALLENGER = "CHAMPION", "CHALLENGER"
MANIFEST = "release.json"
LANGUAGE = "language"
_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")


class ReleaseError(RuntimeError):
    """The release is missing, incomplete, altered, or does not compute what it computed when it was made."""


@dataclass(frozen=True)
class Release:
    """`files` maps relative POSIX paths to sha256; `metrics` are those the gate saw."""

    release_id: str
    created_at: datetime
    encoder_version: str
    index_kind: str
    jobs: int
    snapshot_id: str
    metrics: Mapping[str, float]
    files: Mapping[str, str]
    folder: Path

    def load_bundle(self, *, threads: int = 1) -> ModelBundle:
        return ModelBundle.load(self.folder / "bundle", threads=threads)

    def load_index(self) -> JobIndex:
        return JobIndex.load(self.folder / "index", encoder_version=self.encoder_version)

    def golden(self) -> Golden:
        return read_golden(self.folder / "golden.json")

    @property
    def language_path(self) -> Path:
        """Does not exist where the release reads no text."""
        return self.folder / LANGUAGE

    @property
    def language_files(self) -> dict[str, str]:
        """Relative path below `language_path` -> sha256; empty where the release reads no text."""
        start = f"{LANGUAGE}/"
        return {name.removeprefix(start): d for name, d in self.files.items() if name.startswith(start)}

    @property
    def jobs_path(self) -> Path:
        return self.folder / "jobs.parquet"


class ReleaseWriter:
    """Writes a release beside its final place; `finish` makes it visible in one rename.

    with ReleaseWriter(releases, "2026-05-01-a") as writer:
        writer.jobs.append(jobs, facts)      # as often as needed: a corpus need not fit in memory
        release = writer.finish(bundle, index, golden, snapshot_id="...", metrics={...})

    Leaving the block without `finish` removes what was written.
    """

    def __init__(self, releases: Path, release_id: str) -> None:
        """Raises ReleaseError if the id is malformed or taken."""
        self._final = release_folder(releases, release_id)
        if self._final.exists():
            raise ReleaseError(f"release {release_id} exists already: a release never changes")
        self._id = release_id
        self._temporary = releases / f".{release_id}.tmp"
        shutil.rmtree(self._temporary, ignore_errors=True)
        self._temporary.mkdir(parents=True)
        self.jobs = JobsWriter(self._temporary / "jobs.parquet")

    def __enter__(self) -> ReleaseWriter:
        return self

    def __exit__(self, *_: object) -> None:
        self.jobs.close()
        shutil.rmtree(self._temporary, ignore_errors=True)

    def finish(
        self,
        bundle: ModelBundle,
        index: JobIndex,
        golden: Golden,
        *,
        snapshot_id: str,
        metrics: Mapping[str, float] | None = None,
        created_at: datetime | None = None,
        language: Path | None = None,
    ) -> Release:
        """`language` is a folder that is copied. Raises ReleaseError if the parts do not belong together."""
        self.jobs.close()
        versions = {bundle.encoder_version, index.encoder_version, golden.encoder_version}
        if len(versions) != 1:
            raise ReleaseError(
                f"bundle, index and golden vectors are of different encoders: {sorted(versions)}"
            )
        bundle.save(self._temporary / "bundle")
        index.save(self._temporary / "index")
        golden.write(self._temporary / "golden.json")
        if language is not None:
            shutil.copytree(language, self._temporary / LANGUAGE)
        release = Release(
            release_id=self._id,
            created_at=created_at or datetime.now(UTC),
            encoder_version=bundle.encoder_version,
            index_kind=index.kind,
            jobs=len(index),
            snapshot_id=snapshot_id,
            metrics=dict(metrics or {}),
            files=file_digests(self._temporary),
            folder=self._final,
        )
        (self._temporary / MANIFEST).write_text(_to_json(release))
        _sync_tree(self._temporary)
        self._temporary.rename(self._final)
        return release


def read_release(folder: Path) -> Release:
    """The manifest, once every file was compared with it. Raises ReleaseError.

    Files inside bundle/ and index/ are left to `ModelBundle.load` and `JobIndex.load`, which compare them
    with their own manifests, which are compared here: none is left out and none is read twice.
    """
    release = _parse(folder / MANIFEST)
    if release.release_id != folder.name:
        raise ReleaseError(f"{folder} says that it is release {release.release_id}")
    wanted = {name: digest for name, digest in release.files.items() if not _chained(name)}
    actual = {name: _digest(folder, name) for name in wanted}
    changed = sorted(name for name in wanted if wanted[name] != actual[name])
    if changed:
        raise ReleaseError(f"release {release.release_id} was altered: {', '.join(changed[:5])}")
    return release


def champion(releases: Path) -> str | None:
    """The id of the release that answers; None if none was chosen yet. Raises ReleaseError if malformed."""
    try:
        release_id = (releases / CHAMPION).read_text().strip()
    except FileNotFoundError:
        return None
    return release_folder(releases, release_id).name


def set_champion(releases: Path, release_id: str) -> None:
    """Raises ReleaseError if there is no such release."""
    if not (release_folder(releases, release_id) / MANIFEST).is_file():
        raise ReleaseError(f"there is no release {release_id} in {releases}")
    temporary = releases / f".{CHAMPION}.{os.getpid()}.tmp"
    with temporary.open("w") as file:
        file.write(release_id + "\n")
        file.flush()
        os.fsync(file.fileno())
    temporary.replace(releases / CHAMPION)
    _sync(releases)


@dataclass(frozen=True)
class Challenger:
    """A release that `share` of people meet: alone ("split") or drafted with the champion ("interleave")."""

    release_id: str
    share: float
    mode: Literal["split", "interleave"] = "interleave"

    def __post_init__(self) -> None:
        if not 0 < self.share <= 1 or self.mode not in ("split", "interleave"):
            raise ReleaseError(
                f"a challenger meets a share in (0, 1] of people, by split or interleave: {self}"
            )


def challenger(releases: Path) -> Challenger | None:
    """None if nobody challenges. Raises ReleaseError if the file is malformed."""
    try:
        raw = json.loads((releases / CHALLENGER).read_text())
        named = Challenger(str(raw["release_id"]), float(raw["share"]), raw["mode"])
    except FileNotFoundError:
        return None
    except (ValueError, KeyError, TypeError) as error:
        raise ReleaseError(f"{releases / CHALLENGER} names no challenger: {error}") from error
    release_folder(releases, named.release_id)
    return named


def set_challenger(releases: Path, named: Challenger | None) -> None:
    """None ends the challenge. Raises ReleaseError if there is no such release."""
    if named is None:
        (releases / CHALLENGER).unlink(missing_ok=True)
        return
    if not (release_folder(releases, named.release_id) / MANIFEST).is_file():
        raise ReleaseError(f"there is no release {named.release_id} in {releases}")
    temporary = releases / f".{CHALLENGER}.{os.getpid()}.tmp"
    temporary.write_text(json.dumps(asdict(named)))
    temporary.replace(releases / CHALLENGER)


def release_folder(releases: Path, release_id: str) -> Path:
    """Raises ReleaseError if the id is not a plain name: it becomes part of a path."""
    if not _ID.fullmatch(release_id):
        raise ReleaseError(f"{release_id!r:.80} is not a release id")
    return releases / release_id


def _to_json(release: Release) -> str:
    raw = {**asdict(release), "format": 1, "created_at": release.created_at.isoformat()}
    del raw["folder"]
    return json.dumps(raw, indent=1, sort_keys=True)


def _parse(path: Path) -> Release:
    try:
        raw: dict[str, Any] = json.loads(path.read_text())
        if raw.pop("format") != 1:
            raise ReleaseError(f"{path} has a format this code does not know")
        raw["created_at"] = datetime.fromisoformat(raw["created_at"])
        return Release(**raw, folder=path.parent)
    except FileNotFoundError:
        raise ReleaseError(f"{path.parent} is not a release: {MANIFEST} is missing") from None
    except (ValueError, KeyError, TypeError) as error:
        raise ReleaseError(f"{path} is not a release manifest: {error}") from error


def _chained(name: str) -> bool:
    own_manifests = ("bundle/bundle.json", "index/manifest.json")
    return name.startswith(("bundle/", "index/")) and name not in own_manifests


def _digest(folder: Path, name: str) -> str | None:
    path = folder / name
    if not path.is_file():
        return None
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _sync_tree(folder: Path) -> None:
    for path in [*folder.rglob("*"), folder]:
        _sync(path)


def _sync(path: Path) -> None:
    """A rename is atomic, but only what was synced before it is certain to be there after a power cut."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)

"""From a release folder to an Engine, or a refusal in one line."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pyarrow as pa

from models.bundle import BundleError, ModelBundle
from models.golden import GoldenError, verify_golden
from models.index import JobIndex, JobIndexError
from models.jobs_table import read_jobs
from models.release import Release, ReleaseError, champion, read_release, release_folder
from serving.catalog import Catalog
from serving.engine import Engine
from serving.errors import ReleaseRefusedError

#: What is known to come out of an incomplete, altered or foreign folder; anything else is a bug and shows.
_UNFIT = (
    ReleaseError,
    BundleError,
    GoldenError,
    JobIndexError,
    ValueError,
    KeyError,
    OSError,
    pa.ArrowException,
)


def named_champion(releases: Path) -> str:
    """Raises ReleaseRefusedError if no release was chosen."""
    try:
        release_id = champion(releases)
    except ReleaseError as error:
        raise ReleaseRefusedError(_one_line(error)) from error
    if release_id is None:
        raise ReleaseRefusedError(f"no release was chosen: {releases / 'CHAMPION'} does not exist")
    return release_id


def load_engine(releases: Path, release_id: str, *, encoder_threads: int = 1) -> Engine:
    """Every file is compared with its digest, the parts with each other, and the golden vectors with what
    this machine computes. Raises ReleaseRefusedError."""
    try:
        release = read_release(release_folder(releases, release_id))
        return assemble(release, release.load_bundle(threads=encoder_threads))
    except _UNFIT as error:
        raise ReleaseRefusedError(f"release {release_id} is refused: {_one_line(error)}") from error


def assemble(release: Release, bundle: ModelBundle) -> Engine:
    """Raises ReleaseError, GoldenError or JobIndexError where the parts do not belong together."""
    if bundle.encoder_version != release.encoder_version:
        raise ReleaseError(f"its bundle is encoder {bundle.encoder_version}, not {release.encoder_version}")
    verify_golden(bundle, release.golden())
    index = release.load_index()
    return Engine(release, bundle, index, _catalog(release, index))


def _catalog(release: Release, index: JobIndex) -> Catalog:
    catalog = Catalog()
    for table in read_jobs(release.jobs_path):
        catalog.extend(table)
    unknown = np.flatnonzero(catalog.slots(index.ids()) < 0)
    if len(unknown):
        raise ReleaseError(f"{len(unknown)} indexed postings are missing from jobs.parquet")
    return catalog


def _one_line(error: BaseException) -> str:
    return " ".join(str(error).split())[:500] or type(error).__name__

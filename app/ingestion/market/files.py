"""A market's folder: manifest checked first, then rows in batches. pyarrow is imported when it is used."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

from app.ingestion.errors import FileRefusedError
from app.ingestion.normalize.dates import parse_date

COLUMNS = {
    "companies": ("name", "about"),
    "postings": (
        "job_id", "title", "company", "description", "skills", "location", "remote", "job_type", "salary_min",
        "salary_max", "currency", "posted_at", "closed_at",
    ),
    "seekers": (
        "user_id", "email", "full_name", "desired_title", "resume_text", "skills", "location", "remote",
        "experience_years", "salary_min", "created_at",
    ),
    "events": (
        "event_id", "session_id", "user_id", "job_id", "kind", "at", "rank", "score", "propensity",
        "release_id",
    ),
}  # fmt: skip
OPTIONAL = {"postings": ("salary_interval",), "seekers": ("currency",)}
MAX_MANIFEST = 1_048_576  # bytes


class MarketFolder:
    """`seed` names the market, `end` is its last moment, `rows` the number of rows by file.

    Raises FileRefusedError: no folder, no manifest (an interrupted run leaves none), a file that differs
    from its digest, or rows that are not labelled synthetic.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        manifest = self._manifest()
        if manifest.get("synthetic") is not True:
            raise FileRefusedError(f"{path}: the manifest does not say that the data is synthetic")
        config = manifest.get("config")
        if not isinstance(config, dict):
            config = {}
        end = parse_date(str(config.get("end", "")))
        if end is None or not isinstance(config.get("seed"), int):
            raise FileRefusedError(f"{path}: the manifest lacks the market's seed or end")
        self.seed: int = config["seed"]
        self.end: datetime = end
        self._files: dict[str, Any] = manifest.get("files", {})
        self.rows = {name: self._check(name) for name in COLUMNS}

    def batches(self, name: str, size: int) -> Iterator[list[dict[str, Any]]]:
        """Rows of a file as dictionaries, `size` at a time."""
        import pyarrow.parquet as parquet

        file = parquet.ParquetFile(self.path / f"{name}.parquet")
        wanted = [*COLUMNS[name], *(c for c in OPTIONAL.get(name, ()) if c in file.schema_arrow.names)]
        for batch in file.iter_batches(batch_size=size, columns=wanted):
            yield batch.to_pylist()

    def _manifest(self) -> dict[str, Any]:
        file = self.path / "manifest.json"
        try:
            with file.open("rb") as stream:
                content = json.loads(stream.read(MAX_MANIFEST))
        except OSError as error:
            raise FileRefusedError(f"{file}: {error.strerror or error}") from None
        except ValueError:
            raise FileRefusedError(f"{file}: not JSON") from None
        if not isinstance(content, dict):
            raise FileRefusedError(f"{file}: not a JSON object")
        return content

    def _check(self, name: str) -> int:
        """Digest, then columns; gives the number of rows."""
        import pyarrow
        import pyarrow.parquet as parquet

        path = self.path / f"{name}.parquet"
        entry = self._files.get(path.name)
        try:
            with path.open("rb") as stream:
                digest = hashlib.file_digest(stream, "sha256").hexdigest()
            if not isinstance(entry, dict) or digest != entry.get("sha256"):
                raise FileRefusedError(f"{path}: differs from the manifest")
            file = parquet.ParquetFile(path)
        except OSError as error:
            raise FileRefusedError(f"{path}: {error.strerror or error}") from None
        except pyarrow.ArrowInvalid:
            raise FileRefusedError(f"{path}: not a Parquet file") from None
        missing = [column for column in COLUMNS[name] if column not in file.schema_arrow.names]
        if missing:
            raise FileRefusedError(f"{path}: lacks {', '.join(missing)}")
        return int(file.metadata.num_rows)

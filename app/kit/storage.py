"""Files that belong to rows: written whole, named by us, below one folder.

`STORAGE_URL` names the kind: `file:FOLDER` is the one there is. A key is `folder/name`, both from here.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Protocol

_KEY = re.compile(r"[a-z]{1,20}/[0-9a-f-]{32,36}\.[a-z]{2,5}")


class StorageUrlError(ValueError):
    """STORAGE_URL is of no kind we know."""


class Storage(Protocol):
    def adopt(self, key: str, file: Path) -> None:
        """Takes over a finished file under a new name; replaces one that has the name."""

    def path(self, key: str) -> Path | None:
        """The file to read, or None if there is none."""

    def delete(self, key: str) -> bool:
        """Whether there was one."""

    def names(self, folder: str) -> Iterator[tuple[str, float]]:
        """(name, seconds since 1970 when it was written) of the files of a folder."""

    def scratch(self) -> Path:
        """A folder for files that are being made; on the same disk, so adopting one is a rename."""


def storage_at(url: str) -> Storage:
    """Raises StorageUrlError."""
    kind, _, folder = url.partition(":")
    if kind != "file" or not folder:
        raise StorageUrlError("STORAGE_URL must be file:FOLDER")
    return FileStorage(Path(folder.removeprefix("//")))


class FileStorage:
    def __init__(self, root: Path) -> None:
        self._root = root

    def _at(self, key: str) -> Path:
        if not _KEY.fullmatch(key):
            raise ValueError(f"not a storage key: {key!r}")
        return self._root / key

    def adopt(self, key: str, file: Path) -> None:
        target = self._at(key)
        target.parent.mkdir(parents=True, exist_ok=True)
        file.chmod(0o600)
        os.replace(file, target)  # noqa: PTH105 - the one that is atomic by contract

    def path(self, key: str) -> Path | None:
        target = self._at(key)
        return target if target.is_file() else None

    def delete(self, key: str) -> bool:
        try:
            self._at(key).unlink()
        except FileNotFoundError:
            return False
        return True

    def names(self, folder: str) -> Iterator[tuple[str, float]]:
        for path in (self._root / folder).glob("*.*"):
            yield path.name, path.stat().st_mtime

    def scratch(self) -> Path:
        folder = self._root / "scratch"
        folder.mkdir(parents=True, exist_ok=True)
        return folder

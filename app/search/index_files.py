"""Where the embedded indexes lie: one folder each, and a file that names the one readers see.

<root>/CURRENT          name of the live index, replaced in one step
<root>/<name>/          the index, with `format` saying which version of the schema it has
"""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Collection
from pathlib import Path

from app.search.engine import IndexMissingError
from app.search.tantivy_schema import VERSION

CURRENT, FORMAT = "CURRENT", "format"
_NAME = re.compile(r"^index-[0-9a-z]{8,40}$")


class IndexFiles:
    def __init__(self, root: Path) -> None:
        self.root = root
        self.pointer = root / CURRENT

    def live(self) -> str:
        """Raises IndexMissingError: none, not there, or of another version."""
        try:
            name = self.pointer.read_text(encoding="ascii").strip()
        except (OSError, UnicodeDecodeError):
            raise IndexMissingError("no live index") from None
        if not _NAME.match(name):
            raise IndexMissingError("the pointer names no index")
        try:
            version = (self.root / name / FORMAT).read_text(encoding="ascii").strip()
        except (OSError, UnicodeDecodeError):
            raise IndexMissingError(f"{name} is not there") from None
        if version != str(VERSION):
            raise IndexMissingError(f"{name} has format {version}, this is {VERSION}")
        return name

    def folder(self, name: str) -> Path:
        return self.root / name

    def create(self, name: str) -> Path:
        folder = self.root / name
        folder.mkdir(parents=True)
        (folder / FORMAT).write_text(f"{VERSION}\n", encoding="ascii")
        return folder

    def publish(self, name: str) -> None:
        """One rename: a reader, or a machine that stops now, finds the old name or the new one."""
        waiting = self.pointer.with_suffix(".new")
        with waiting.open("w", encoding="ascii") as file:
            file.write(f"{name}\n")
            file.flush()
            os.fsync(file.fileno())
        waiting.replace(self.pointer)
        handle = os.open(self.root, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)

    def withdraw(self) -> None:
        """Readers find no index any more: the live one cannot be read."""
        self.pointer.unlink(missing_ok=True)

    def sweep(self, keep: Collection[str]) -> None:
        """Readers that still have a removed index open go on with it: the files live until they let go."""
        if not self.root.is_dir():
            return
        for folder in self.root.iterdir():
            if folder.is_dir() and _NAME.match(folder.name) and folder.name not in keep:
                shutil.rmtree(folder, ignore_errors=True)

    def size(self, name: str) -> int:
        return sum(file.stat().st_size for file in self.folder(name).iterdir() if file.is_file())

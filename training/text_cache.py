"""Sentence vectors kept between runs, so that a nightly training does not encode the same text again."""

from __future__ import annotations

import hashlib
import sqlite3
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt

from models.encoder import WIDTH, SentenceEncoder

F32 = npt.NDArray[np.float32]
_CHUNK = 500  # below SQLite's limit on variables


class CachedEncoder:
    """`SentenceEncoder.encode` with a SQLite file behind it, keyed by encoder version and text digest.

    Vectors are stored as exact float32, so a cached vector is the vector.
    """

    def __init__(self, encoder: SentenceEncoder, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self.encoder = encoder
        self._db = sqlite3.connect(path, timeout=30, isolation_level=None)
        self._db.execute("PRAGMA journal_mode=WAL")
        self._db.execute("PRAGMA synchronous=NORMAL")
        self._db.execute("CREATE TABLE IF NOT EXISTS vector (key BLOB PRIMARY KEY, data BLOB) WITHOUT ROWID")

    def encode(self, texts: Sequence[str]) -> F32:
        out = np.zeros((len(texts), WIDTH), np.float32)
        keys = {t: self._key(t) for t in texts if t.strip()}
        known = self._read(list(keys.values()))
        missing = [t for t, k in keys.items() if k not in known]
        if missing:
            fresh = self.encoder.encode(missing)
            self._write([(keys[t], v.astype("<f4").tobytes()) for t, v in zip(missing, fresh, strict=True)])
            known |= {keys[t]: v for t, v in zip(missing, fresh, strict=True)}
        for row, text in enumerate(texts):
            if text in keys:
                out[row] = known[keys[text]]
        return out

    def close(self) -> None:
        self._db.close()

    def _key(self, text: str) -> bytes:
        return hashlib.blake2b(f"{self.encoder.version}\0{text}".encode(), digest_size=16).digest()

    def _read(self, keys: list[bytes]) -> dict[bytes, F32]:
        found: dict[bytes, F32] = {}
        for start in range(0, len(keys), _CHUNK):
            part = keys[start : start + _CHUNK]
            marks = ",".join("?" * len(part))
            query = f"SELECT key, data FROM vector WHERE key IN ({marks})"  # noqa: S608  (only ? marks)
            found |= {k: np.frombuffer(data, "<f4") for k, data in self._db.execute(query, part)}
        return found

    def _write(self, rows: list[tuple[bytes, bytes]]) -> None:
        self._db.execute("BEGIN")
        self._db.executemany("INSERT OR IGNORE INTO vector VALUES (?, ?)", rows)
        self._db.execute("COMMIT")

"""The index on disk: a folder of arrays and one FAISS file, named by manifest.json with their SHA-256.

The manifest is the commit point. Data files carry their digest in their name, so a new save never
touches the files of the one before; they are written and synced first, then the manifest replaces the
old one in a single rename, then files nobody names are removed. A crash at any moment leaves the old or
the new index whole.
"""

from __future__ import annotations

import hashlib
import io
import json
import os
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any, Literal, cast

import numpy as np
import numpy.typing as npt
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from models.index_errors import IndexCorruptError
from models.index_rows import Floats, Ints, Rows, Scan, first_layout, reserve, snapshot

MANIFEST = "manifest.json"
MAX_MANIFEST_BYTES = 1 << 20
CHUNK_ROWS = 16_384

Kind = Literal["exact", "fastscan"]


class StoredFile(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    name: str = Field(pattern=r"^[a-z]+-[0-9a-f]{16}\.(npy|faiss)$")
    bytes: int = Field(ge=0)
    sha256: str = Field(pattern=r"^[0-9a-f]{64}$")


class Manifest(BaseModel):
    """What the folder holds and for whom. `rows` counts dead rows too; the first `base` are compacted."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    format: Literal[1] = 1
    encoder_version: str
    kind: Kind
    requested_kind: Literal["auto", "exact", "fastscan"]
    dim: int = Field(gt=0)
    rows: int = Field(ge=0)
    alive: int = Field(ge=0)
    base: int = Field(ge=0)
    faiss_version: str
    files: dict[str, StoredFile]


def write_file(folder: Path, role: str, suffix: str, chunks: Iterable[Any]) -> StoredFile:
    """Stream `chunks` (anything with the buffer protocol) to role-<digest>.suffix, synced."""
    temporary = folder / f".{role}.{os.getpid()}.tmp"
    digest, size = hashlib.sha256(), 0
    try:
        with temporary.open("wb") as out:
            for chunk in chunks:
                digest.update(chunk)
                size += out.write(chunk)
            out.flush()
            os.fsync(out.fileno())
        name = f"{role}-{digest.hexdigest()[:16]}.{suffix}"
        temporary.replace(folder / name)
    finally:
        temporary.unlink(missing_ok=True)
    return StoredFile(name=name, bytes=size, sha256=digest.hexdigest())


def _bytes(array: npt.NDArray[Any]) -> memoryview:
    return memoryview(cast("Any", array)).cast("B")  # numpy's stubs do not say that an array is a buffer


def npy_chunks(array: npt.NDArray[Any]) -> Iterator[Any]:
    yield _npy_header(array.dtype, array.shape)
    yield _bytes(np.ascontiguousarray(array)) if array.size else b""


def vector_chunks(vectors: Floats, slots: Ints) -> Iterator[Any]:
    """The .npy of vectors[slots], without holding a second copy of it."""
    yield _npy_header(vectors.dtype, (len(slots), vectors.shape[1]))
    for start in range(0, len(slots), CHUNK_ROWS):
        yield _bytes(vectors[slots[start : start + CHUNK_ROWS]])


def write_rows(folder: Path, rows: Rows[Any], codes: npt.NDArray[np.uint8] | None) -> dict[str, StoredFile]:
    """Write a snapshot and the codes of its base rows; `commit` makes them the folder's content."""
    n = rows.n_rows
    stored = {
        "vectors": write_file(folder, "vectors", "npy", vector_chunks(rows.vectors, rows.slots[:n])),
        "ids": write_file(folder, "ids", "npy", npy_chunks(rows.ids[:n])),
        "alive": write_file(folder, "alive", "npy", npy_chunks(rows.alive[:n])),
    }
    if codes is not None:
        stored["scan"] = write_file(folder, "scan", "faiss", [codes])
    return stored


def read_rows(
    folder: Path, manifest: Manifest, read_scan: Callable[[bytes, Floats, int], Scan]
) -> Rows[Scan]:
    """The snapshot as saved, every byte verified; `read_scan(codes, vectors, base)` revives the codes."""
    ids = read_array(folder, manifest, "ids", np.int64)
    alive = read_array(folder, manifest, "alive", np.bool_)
    searchable = ids[alive]
    if len(searchable) != manifest.alive or len(np.unique(searchable)) != len(searchable):
        raise IndexCorruptError(f"{folder}: alive ids are not {manifest.alive} distinct ones")
    if manifest.base > manifest.rows:
        raise IndexCorruptError(f"{folder}: {manifest.base} base rows of {manifest.rows}")
    vectors = read_vectors(folder, manifest)
    scan = None
    if manifest.kind == "fastscan":
        scan = read_scan(read_bytes(folder, manifest, "scan"), vectors, manifest.base)
    layout = first_layout(ids, manifest.base, scan)
    return snapshot(layout, vectors, np.arange(manifest.rows), ids, alive)


def commit(folder: Path, manifest: Manifest) -> None:
    """Make `manifest` the folder's content and drop files that it does not name."""
    temporary = folder / f".{MANIFEST}.{os.getpid()}.tmp"
    with temporary.open("w", encoding="utf-8") as out:
        out.write(manifest.model_dump_json(indent=2) + "\n")
        out.flush()
        os.fsync(out.fileno())
    _sync_folder(folder)
    temporary.replace(folder / MANIFEST)
    _sync_folder(folder)
    named = {stored.name for stored in manifest.files.values()}
    for path in folder.iterdir():
        if path.suffix in {".npy", ".faiss"} and path.name not in named:
            path.unlink(missing_ok=True)


def read_manifest(folder: Path) -> Manifest:
    path = folder / MANIFEST
    try:
        if path.stat().st_size > MAX_MANIFEST_BYTES:
            raise IndexCorruptError(f"{path} is larger than {MAX_MANIFEST_BYTES} bytes")
        return Manifest.model_validate(json.loads(path.read_text(encoding="utf-8")))
    except OSError as error:
        raise IndexCorruptError(f"cannot read {path}: {error.strerror}") from error
    except (ValidationError, ValueError) as error:
        raise IndexCorruptError(f"{path} is not a valid index manifest: {error}") from error


def read_bytes(folder: Path, manifest: Manifest, role: str) -> bytes:
    """The verified content of one file, for files of moderate size."""
    stored = _stored(folder, manifest, role)
    data = (folder / stored.name).read_bytes()
    _check_digest(folder, stored, hashlib.sha256(data).hexdigest())
    return data


def read_array(folder: Path, manifest: Manifest, role: str, dtype: Any) -> npt.NDArray[Any]:
    """A verified (rows,) array."""
    try:
        array = np.load(io.BytesIO(read_bytes(folder, manifest, role)), allow_pickle=False)
    except (ValueError, EOFError) as error:
        raise IndexCorruptError(f"{role}: not an array: {error}") from error
    if array.dtype != dtype or array.shape != (manifest.rows,):
        raise IndexCorruptError(
            f"{role}: expected {manifest.rows} x {dtype}, got {array.dtype} {array.shape}"
        )
    return np.asarray(array)


def read_vectors(folder: Path, manifest: Manifest) -> Floats:
    """The verified (rows, dim) vectors, read once, straight into a matrix with spare room behind them."""
    stored = _stored(folder, manifest, "vectors")
    header = _npy_header(np.dtype(np.float32), (manifest.rows, manifest.dim))
    if stored.bytes != len(header) + manifest.rows * manifest.dim * 4:
        raise IndexCorruptError(
            f"{stored.name}: its size does not fit {manifest.rows} x {manifest.dim} floats"
        )
    matrix = reserve(manifest.rows, manifest.dim)
    with (folder / stored.name).open("rb") as source:
        if source.read(len(header)) != header:
            raise IndexCorruptError(f"{stored.name}: not float32 of shape {manifest.rows} x {manifest.dim}")
        digest = hashlib.sha256(header)
        for start in range(0, manifest.rows, CHUNK_ROWS):
            part = _bytes(matrix[start : min(start + CHUNK_ROWS, manifest.rows)])
            if source.readinto(part) != len(part):
                raise IndexCorruptError(f"{stored.name} ends early")
            digest.update(part)
    _check_digest(folder, stored, digest.hexdigest())
    return matrix


def _stored(folder: Path, manifest: Manifest, role: str) -> StoredFile:
    stored = manifest.files.get(role)
    if stored is None:
        raise IndexCorruptError(f"{folder / MANIFEST} names no {role} file")
    try:
        size = (folder / stored.name).stat().st_size
    except OSError as error:
        raise IndexCorruptError(f"cannot read {folder / stored.name}: {error.strerror}") from error
    if size != stored.bytes:
        raise IndexCorruptError(f"{folder / stored.name} has {size} bytes, the manifest says {stored.bytes}")
    return stored


def _check_digest(folder: Path, stored: StoredFile, digest: str) -> None:
    if digest != stored.sha256:
        raise IndexCorruptError(f"{folder / stored.name} differs from the checksum in its manifest")


def _npy_header(dtype: np.dtype[Any], shape: tuple[int, ...]) -> bytes:
    """The .npy header NumPy writes for a C-ordered array (NEP 1, format 1.0)."""
    out = io.BytesIO()
    fields = {"descr": np.lib.format.dtype_to_descr(dtype), "fortran_order": False, "shape": shape}
    np.lib.format.write_array_header_1_0(out, fields)
    return out.getvalue()


def _sync_folder(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)

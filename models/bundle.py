"""`ModelBundle`: one folder that loads everything a model needs, together or not at all.

    bundle.json         tower config, calibration, encoder version, sha256 of every other file
    towers.safetensors  weights
    transform/          fitted feature transform with its taxonomy
    encoder/            sentence encoder (ONNX) and tokenizer
    match/              the second stage (MatchModel), if the release has one

JSON, safetensors, .npy and ONNX only: nothing is ever unpickled.
"""

from __future__ import annotations

import hashlib
import json
import shutil
from collections.abc import Callable, Sequence
from dataclasses import asdict
from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from safetensors.torch import load_file, save_file

from features.inputs import Inputs
from features.records import JobRecord, UserRecord
from features.transform import FeatureTransform
from models.batch import to_batch
from models.calibration import Calibration
from models.encoder import SentenceEncoder
from models.match import MatchModel
from models.two_tower import DIM, TowerConfig, TwoTower

F32 = npt.NDArray[np.float32]
#: job ids -> (found (n,) bool, vectors (n, 256) float32), as `JobIndex.vectors` answers
VectorLookup = Callable[[npt.NDArray[np.int64]], tuple[npt.NDArray[np.bool_], F32]]


MATCH = "match"


class BundleError(RuntimeError):
    """The folder is not a complete, unaltered bundle."""


class ModelBundle:
    def __init__(
        self,
        transform: FeatureTransform,
        encoder: SentenceEncoder,
        towers: TwoTower,
        calibration: Calibration | None = None,
        match: MatchModel | None = None,
    ) -> None:
        self.transform = transform
        self.encoder = encoder
        self.towers = towers.eval()
        self.calibration = calibration or Calibration()
        self.match = match
        self.encoder_version = _version(transform, encoder, towers)

    # -- embedding -----------------------------------------------------------------------------------

    def job_inputs(self, jobs: Sequence[JobRecord]) -> Inputs:
        return self.transform.job_inputs(jobs, self.encoder.encode)

    def encode_jobs(self, jobs: Sequence[JobRecord]) -> F32:
        """(n, 256) float32 unit rows."""
        return self.embed_job_inputs(self.job_inputs(jobs))

    def encode_users(
        self, users: Sequence[UserRecord], vectors: VectorLookup, at: datetime | None = None
    ) -> F32:
        """(n, 256) float32 unit rows. Past jobs that `vectors` does not know are left out of the history."""
        return self.embed_user_inputs(self.transform.user_inputs(users, self.encoder.encode, at), vectors)

    @torch.inference_mode()
    def embed_job_inputs(self, inputs: Inputs, batch_size: int = 1024) -> F32:
        parts = [np.zeros((0, DIM), np.float32)]
        for start in range(0, len(inputs), batch_size):
            rows = np.arange(start, min(start + batch_size, len(inputs)))
            parts.append(self.towers.embed_jobs(to_batch(inputs.take(rows))).numpy())
        return np.concatenate(parts)

    @torch.inference_mode()
    def embed_user_inputs(self, inputs: Inputs, vectors: VectorLookup) -> F32:
        if len(inputs) == 0:
            return np.zeros((0, DIM), np.float32)
        past = np.zeros(0, np.int64) if inputs.history is None else np.unique(inputs.history.job_ids)
        past = past[past >= 0]
        found, table = vectors(past)
        batch = to_batch(inputs, past[found])
        return self.towers.embed_users(batch, torch.from_numpy(table[found].copy())).numpy()

    # -- save, load ----------------------------------------------------------------------------------

    def save(self, folder: Path) -> None:
        """Writes beside `folder` and renames, so a half-written bundle is never seen."""
        temporary = folder.with_name(f".{folder.name}.tmp")
        shutil.rmtree(temporary, ignore_errors=True)
        temporary.mkdir(parents=True)
        self.transform.save(temporary / "transform")
        (temporary / "encoder").mkdir()
        for name in ("encoder.onnx", "tokenizer.json"):
            shutil.copyfile(self.encoder.folder / name, temporary / "encoder" / name)
        save_file(
            {k: v.contiguous() for k, v in self.towers.state_dict().items()}, temporary / "towers.safetensors"
        )
        if self.match is not None:
            self.match.save(temporary / MATCH)
        meta = {
            "format": 1,
            "encoder_version": self.encoder_version,
            "towers": asdict(self.towers.config),
            "calibration": asdict(self.calibration),
            "files": file_digests(temporary),
        }
        (temporary / "bundle.json").write_text(json.dumps(meta, indent=1))
        shutil.rmtree(folder, ignore_errors=True)
        temporary.replace(folder)

    @classmethod
    def load(cls, folder: Path, *, threads: int = 1) -> ModelBundle:
        """Raises BundleError if a file is missing or altered, or if the parts do not belong together."""
        meta = _read_manifest(folder)
        towers = TwoTower(tower_config(meta["towers"]))
        towers.load_state_dict(load_file(folder / "towers.safetensors"))
        bundle = cls(
            FeatureTransform.load(folder / "transform"),
            SentenceEncoder(folder / "encoder", threads=threads),
            towers,
            Calibration(**meta["calibration"]),
            MatchModel.load(folder / MATCH) if (folder / MATCH).is_dir() else None,
        )
        if bundle.encoder_version != meta["encoder_version"]:
            raise BundleError(
                f"{folder}: its parts make encoder {bundle.encoder_version}, not {meta['encoder_version']}"
            )
        return bundle


def tower_config(raw: dict[str, Any]) -> TowerConfig:
    fields = {k: tuple(raw[k]) for k in ("user_fields", "job_fields")}
    return TowerConfig(**{**raw, **fields})


def file_digests(folder: Path) -> dict[str, str]:
    """sha256 of every file below `folder`, by relative POSIX path."""
    out = {}
    for path in sorted(p for p in folder.rglob("*") if p.is_file()):
        with path.open("rb") as f:
            out[path.relative_to(folder).as_posix()] = hashlib.file_digest(f, "sha256").hexdigest()
    return out


def _read_manifest(folder: Path) -> dict[str, Any]:
    path = folder / "bundle.json"
    if not path.is_file():
        raise BundleError(f"{folder} is not a bundle: bundle.json is missing")
    meta: dict[str, Any] = json.loads(path.read_text())
    actual = file_digests(folder)
    actual.pop("bundle.json")
    if actual != meta["files"]:
        changed = sorted(
            k for k in actual.keys() | meta["files"].keys() if actual.get(k) != meta["files"].get(k)
        )
        raise BundleError(f"{folder} was altered after it was written: {', '.join(changed[:5])}")
    return meta


def _version(transform: FeatureTransform, encoder: SentenceEncoder, towers: TwoTower) -> str:
    """Names the embedding space: whatever changes a vector changes this."""
    h = hashlib.sha256()
    h.update(json.dumps(asdict(towers.config), sort_keys=True).encode())
    for name, tensor in sorted(towers.state_dict().items()):
        h.update(name.encode())
        h.update(tensor.detach().cpu().contiguous().numpy().tobytes())
    h.update(encoder.version.encode())
    h.update(json.dumps(asdict(transform.config), sort_keys=True).encode())
    h.update(transform.taxonomy.version.encode())
    h.update(transform.term_df.tobytes() + transform.skill_df.tobytes() + str(transform.documents).encode())
    h.update(transform.blinder.digest())
    return h.hexdigest()[:16]

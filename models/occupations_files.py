"""A saved linker: `linker.json`, `vectors.npy` (float16), with examples `examples.json` and two more arrays,
and `encoder/`. N-gram tables are made again from the names: deterministic, and faster than reading them."""

from __future__ import annotations

import json
import shutil
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from features.places import Gazetteer
from features.taxonomy import Occupation
from models.calibration import Calibration
from models.encoder import SentenceEncoder
from models.occupations_evidence import Encode, Examples, Forms, Titles
from models.projection import Projection

if TYPE_CHECKING:
    from models.occupations import Fusion, OccupationLinker

F32 = npt.NDArray[np.float32]
FORMAT = 1
_ENCODER_FILES = ("encoder.onnx", "tokenizer.json")


def save_linker(linker: OccupationLinker, folder: Path) -> None:
    """Everything beside one another; the manifest last, so that a half-written folder does not load."""
    folder.mkdir(parents=True, exist_ok=True)
    encoder = getattr(linker.encode, "__self__", None)
    if isinstance(encoder, SentenceEncoder):
        _copy_encoder(encoder.folder, folder / "encoder")
    _save_array(folder / "vectors.npy", linker.forms.vectors)
    linker.projection.save(folder)
    if linker.examples is not None:
        _save_examples(linker.examples, folder)
    document = {
        "format": FORMAT,
        "encoder": encoder.version if isinstance(encoder, SentenceEncoder) else None,
        "fusion": _plain(linker.fusion),
        "occupations": [[o.id, o.label, o.soc, list(o.aliases)] for o in linker.occupations],
        "forms": list(linker.forms.texts),
        "owner": linker.forms.owner.tolist(),
        "groups": linker.forms.groups.tolist(),
        "prior": [float(p) for p in linker.forms.prior],
        "examples": linker.examples is not None,
        "projection": linker.projection.digest(),
    }
    (folder / "linker.json").write_text(json.dumps(document, ensure_ascii=False))


def load_linker(folder: Path, encode: Encode | None, gazetteer: Gazetteer | None) -> OccupationLinker:
    from models.occupations import OccupationError, OccupationLinker

    try:
        document = json.loads((folder / "linker.json").read_text())
        if document["format"] != FORMAT:
            raise ValueError(f"format {document['format']}, not {FORMAT}")
        if encode is None:
            encode = SentenceEncoder(folder / "encoder").encode
        _check_encoder(encode, document["encoder"])
        occupations = [Occupation(i, label, soc, tuple(a)) for i, label, soc, a in document["occupations"]]
        fusion, projection = _fusion(document["fusion"]), _projection(folder, document["projection"])
        forms = _forms(document, _load_array(folder / "vectors.npy"), projection)
        examples = _load_examples(folder, projection, len(occupations)) if document["examples"] else None
        return OccupationLinker(occupations, encode, forms, fusion, examples, projection, gazetteer)
    except (OSError, ValueError, KeyError, TypeError, IndexError) as error:
        raise OccupationError(f"{folder} is no whole linker: {error}") from error


def _check_encoder(encode: Encode, version: str | None) -> None:
    """Vectors of two encoders do not compare; what is no SentenceEncoder has no version to tell by."""
    encoder = getattr(encode, "__self__", None)
    if version is not None and isinstance(encoder, SentenceEncoder) and encoder.version != version:
        raise ValueError(f"encoder {encoder.version}, but the vectors are of {version}")


def _projection(folder: Path, digest: str) -> Projection:
    projection = Projection.load(folder)
    if projection.digest() != digest:
        raise ValueError("the projection is not the one that was saved with it")
    return projection


def _copy_encoder(source: Path, target: Path) -> None:
    if source.resolve() == target.resolve():
        return
    target.mkdir(parents=True, exist_ok=True)
    for name in _ENCODER_FILES:
        shutil.copyfile(source / name, target / name)


def _forms(document: dict[str, Any], vectors: F32, projection: Projection) -> Forms:
    owner = np.array(document["owner"], np.int64)
    if not len(owner) == len(vectors) == len(document["forms"]):
        raise ValueError(f"{len(vectors)} vectors for {len(document['forms'])} names")
    groups, prior = np.array(document["groups"], np.int64), np.array(document["prior"], np.float32)
    return Forms(document["forms"], owner, groups, vectors, projection, prior)


def write_fusion(path: Path, fusion: Fusion) -> None:
    path.write_text(json.dumps(_plain(fusion), indent=1) + "\n")


def read_fusion(path: Path) -> Fusion:
    """Raises OccupationError if the file is missing or damaged."""
    from models.occupations import OccupationError

    try:
        return _fusion(json.loads(path.read_text()))
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise OccupationError(f"{path} holds no weights of evidence: {error}") from error


def _plain(fusion: Fusion) -> dict[str, Any]:
    return asdict(fusion) | {"weights": dict(fusion.weights)}


def _fusion(raw: dict[str, Any]) -> Fusion:
    from models.occupations import Fusion

    weights = {str(name): float(w) for name, w in raw["weights"].items()}
    return Fusion(weights, Calibration(**raw["calibration"]), float(raw["unknown"]))


def _save_examples(examples: Examples, folder: Path) -> None:
    document = {"titles": list(examples.titles.texts), "owner": examples.owner.tolist()}
    (folder / "examples.json").write_text(json.dumps(document, ensure_ascii=False))
    _save_array(folder / "example_vectors.npy", examples.titles.vectors)
    _save_array(folder / "example_weights.npy", examples.weights)


def _load_examples(folder: Path, projection: Projection, occupations: int) -> Examples:
    document = json.loads((folder / "examples.json").read_text())
    vectors = _load_array(folder / "example_vectors.npy")
    titles = Titles(tuple(document["titles"]), vectors, projection(vectors))
    owner = np.array(document["owner"], np.int64)
    return Examples(titles, owner, occupations, _load_array(folder / "example_weights.npy"))


def _save_array(path: Path, rows: F32) -> None:
    np.save(path, rows.astype(np.float16), allow_pickle=False)


def _load_array(path: Path) -> F32:
    return np.asarray(np.load(path, allow_pickle=False), np.float32)

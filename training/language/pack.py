"""The release's language folder: tracked weights exported to what serving loads (models/language.py).

Exporting and naming every skill and occupation takes minutes, so what was packed is kept and used again
while weights, taxonomy and encoder are the same.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import sys
import tempfile
from pathlib import Path

from features.places import Gazetteer
from features.taxonomy import Taxonomy
from models.bundle import file_digests
from models.encoder import SentenceEncoder
from models.linker import linker_from
from models.occupations import OccupationLinker
from models.tagger_net import export_tagger
from training.language.titles import tracked
from training.progress import say

FOLDER_VARIABLE = "JOBPILOT_LANGUAGE_DIR"
#: Raised when what is packed changes its form, so that nothing packed before is used again.
FORMAT = 1


def language_weights() -> Path:
    """Where the tracked weights are: $JOBPILOT_LANGUAGE_DIR, the checkout's data/language, or the installed
    share/. The folder may not exist: a release without language models is one too."""
    named = os.environ.get(FOLDER_VARIABLE)
    checkout = Path(__file__).resolve().parents[2] / "data" / "language"
    installed = Path(sys.prefix) / "share" / "jobpilot" / "language"
    return Path(named) if named else checkout if checkout.is_dir() else installed


def pack_language(
    weights: Path,
    kept: Path,
    taxonomy: Taxonomy,
    gazetteer: Gazetteer,
    encoder: SentenceEncoder,
    source: Path | None = None,
) -> Path:
    """A folder below `kept` with every part whose weights exist; written whole or not at all.

    `encoder` is the one of the bundle that it will be released with, made from `source` (None: the packaged
    one). Raises what the parts raise: AdapterError, LinkerError, OccupationError, ProjectionError.
    """
    out = kept / _stamp(weights, taxonomy, encoder)
    if out.is_dir():
        return out
    kept.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=kept, prefix=".packing-") as folder:
        made = Path(folder) / "language"
        made.mkdir()
        if (weights / "skill_tagger").is_dir():
            say("language: the tagger of skills")
            export_tagger(weights / "skill_tagger", made / "tagger", source)
        if (weights / "skill_linker").is_dir():
            say(f"language: {len(taxonomy.skills):,} names of skills")
            linker = linker_from(taxonomy.skills, weights / "skill_linker", Path(folder) / "linker", source)
            linker.save(made / "linker")
        if (weights / "occupations").is_dir():
            say(f"language: {len(taxonomy.occupations):,} occupations")
            _pack_occupations(weights / "occupations", made / "occupations", taxonomy, gazetteer, encoder)
        if (weights / "posting_roles").is_dir():
            shutil.copytree(weights / "posting_roles", made / "roles")
        if not out.is_dir():  # else somebody was faster
            made.rename(out)
    return out


def _pack_occupations(
    weights: Path, out: Path, taxonomy: Taxonomy, gazetteer: Gazetteer, encoder: SentenceEncoder
) -> None:
    projection, fusion = tracked(weights)
    OccupationLinker.build(
        taxonomy.occupations, encoder.encode, fusion, projection=projection, gazetteer=gazetteer
    ).save(out)
    # the bundle of the same release has this encoder already, and titles are read with that one
    shutil.rmtree(out / "encoder", ignore_errors=True)


def _stamp(weights: Path, taxonomy: Taxonomy, encoder: SentenceEncoder) -> str:
    """Names everything that what is packed depends on."""
    h = hashlib.sha256(f"{FORMAT} {taxonomy.version} {encoder.version}".encode())
    if weights.is_dir():
        for name, digest in file_digests(weights).items():
            h.update(f"{name} {digest}".encode())
    return h.hexdigest()[:16]

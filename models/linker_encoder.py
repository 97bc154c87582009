"""The skill linker's encoder of texts: the packaged sentence encoder with the linker's deltas merged in."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt

from models.encoder import export_encoder

F32 = npt.NDArray[np.float32]
#: Texts -> (n, width) unit rows, zeros for an empty text; a row depends on its own text alone.
Encode = Callable[[Sequence[str]], F32]
FILES = ("encoder.onnx", "tokenizer.json")


def export_linker_encoder(adapter: Path, out: Path, source: Path | None = None) -> Path:
    """Writes a folder for `SentenceEncoder`: the base (default: the packaged one) with `adapter` merged in.

    Raises AdapterError if the adapter is damaged or of another base. Deterministic.
    """
    import transformers

    from models.adapters import load_adapter, save_merged

    # The merged folder has no pooling layer, which nobody asks for: nothing to warn about.
    transformers.utils.logging.set_verbosity_error()
    encoder, _ = load_adapter(adapter, source)
    with tempfile.TemporaryDirectory() as folder:
        return export_encoder(out, save_merged(encoder.merge(), Path(folder)))

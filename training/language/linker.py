"""Training of the skill linker's encoder: a sentence's vector close to the labels of the skills it mentions.

The labels keep the vectors of the untrained encoder, so that every step compares with all 14,000 of them at
the cost of a matrix product: InfoNCE (van den Oord et al. 2018, arXiv:1807.03748) with no sampled negatives,
and a label space that stays what the base encoder learned from a billion sentences. Labels that mean nearly
the same, by the untrained encoder, are no negatives of each other.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import torch
from torch.nn import functional as F

from models.adapters import AdaptedEncoder, AdapterConfig
from training.language.linker_data import HeldOut
from training.language.linker_sentences import Query, SentenceMaker
from training.progress import say
from training.tracking import NullRun, Run

F32 = npt.NDArray[np.float32]
I64 = npt.NDArray[np.int64]
_CHUNKS = 4


@dataclass(frozen=True, slots=True)
class LinkerTrainConfig:
    """`definitions` is the share of sentences made of definitions; `same_meaning` the cosine of two labels
    from which on they are no negatives of each other."""

    steps: int = 225
    batch: int = 96
    learning_rate: float = 6e-4
    temperature: float = 0.05
    definitions: float = 0.35
    same_meaning: float = 0.8
    max_tokens: int = 40
    rank: int = 8
    layers: tuple[int, ...] | None = (2, 3, 4, 5)
    seed: int = 0
    bfloat16: bool = True


class TokenEmbedder:
    """Texts -> token states (n, t, width) and mask (n, t), padded to the longest."""

    def __init__(self, encoder: AdaptedEncoder, max_tokens: int, *, bfloat16: bool = False) -> None:
        from tokenizers import Tokenizer

        self.encoder = encoder
        self._bfloat16 = bfloat16
        self._tokenizer = Tokenizer.from_file(str(encoder.source / "tokenizer.json"))
        self._tokenizer.enable_truncation(max_tokens)
        self._tokenizer.enable_padding()

    def tokens(self, texts: Sequence[str]) -> tuple[torch.Tensor, torch.Tensor]:
        """In chunks of similar length, so that little is computed on padding."""
        order = sorted(range(len(texts)), key=lambda i: len(texts[i]))
        size = max(-(-len(texts) // _CHUNKS), 1)
        chunks = [self._chunk([texts[i] for i in order[a : a + size]]) for a in range(0, len(order), size)]
        longest = max(hidden.shape[1] for hidden, _ in chunks)
        hidden = torch.cat([F.pad(h, (0, 0, 0, longest - h.shape[1])) for h, _ in chunks])
        mask = torch.cat([F.pad(m, (0, longest - m.shape[1])) for _, m in chunks])
        back = torch.from_numpy(np.argsort(order))
        return hidden[back], mask[back]

    def _chunk(self, texts: Sequence[str]) -> tuple[torch.Tensor, torch.Tensor]:
        encoded = self._tokenizer.encode_batch(list(texts))
        ids = torch.tensor([e.ids for e in encoded])
        mask = torch.tensor([e.attention_mask for e in encoded])
        with torch.autocast("cpu", dtype=torch.bfloat16, enabled=self._bfloat16):
            hidden = self.encoder(ids, mask)
        return hidden.float(), mask.float()

    def vectors(self, texts: Sequence[str]) -> torch.Tensor:
        """(n, width) unit rows."""
        return mean_vector(*self.tokens(texts))

    @torch.no_grad()
    def encode(self, texts: Sequence[str], batch: int = 256) -> F32:
        """In chunks of similar length; the order of the result is that of `texts`."""
        order = sorted(range(len(texts)), key=lambda i: len(texts[i]))
        out = np.zeros((len(texts), self.encoder.width), np.float32)
        for start in range(0, len(order), batch):
            rows = order[start : start + batch]
            out[rows] = self.vectors([texts[i] for i in rows]).numpy()
        return out


def mean_vector(hidden: torch.Tensor, mask: torch.Tensor) -> torch.Tensor:
    """(n, t, d), (n, t) -> (n, d) unit rows."""
    return F.normalize((hidden * mask[..., None]).sum(1), dim=-1)


class LinkerTrainer:
    """Holds what a step needs; `train` runs them.

    `base` (skills, width) are the labels' vectors by the untrained encoder, computed if not given; `source`
    is another base encoder than the packaged one.
    """

    def __init__(
        self,
        data: HeldOut,
        config: LinkerTrainConfig,
        related: Sequence[Sequence[int]] = (),
        base: F32 | None = None,
        source: Path | None = None,
    ) -> None:
        torch.manual_seed(config.seed)
        self.config = config
        adapter = AdapterConfig(rank=config.rank, alpha=2.0 * config.rank, norms=True, layers=config.layers)
        self.encoder = AdaptedEncoder(adapter, source, seed=config.seed)
        self.embed = TokenEmbedder(self.encoder, config.max_tokens, bfloat16=config.bfloat16)
        self.sentences = SentenceMaker(data.kept, config.seed, data.away, related, config.definitions)
        self.base = self.embed.encode([s.label for s in data.kept]) if base is None else base
        self._labels = torch.from_numpy(self.base)
        self._away = torch.zeros(len(data.kept), dtype=torch.bool)
        self._away[sorted(data.away)] = True

    def train(
        self, run: Run | None = None, checkpoint: Callable[[AdaptedEncoder], None] | None = None
    ) -> AdaptedEncoder:
        """Trained deltas, in eval mode. Deterministic for one seed and thread count."""
        steps = self.config.steps
        optimizer = torch.optim.AdamW(
            self.encoder.trainable(), lr=self.config.learning_rate, weight_decay=0.01
        )
        schedule = torch.optim.lr_scheduler.LambdaLR(
            optimizer, lambda step: min((step + 1) / max(steps / 20, 1), (steps - step) / steps)
        )
        self.encoder.eval()  # no dropout: the few trained numbers do not need it, and steps are faster
        smooth = 0.0
        for step in range(steps):
            loss = self.loss(self.sentences.draw(self.config.batch))
            optimizer.zero_grad()
            loss.backward()  # type: ignore[no-untyped-call]
            torch.nn.utils.clip_grad_norm_(self.encoder.trainable(), 1.0)
            optimizer.step()
            schedule.step()
            smooth = float(loss.detach()) if step == 0 else 0.95 * smooth + 0.05 * float(loss.detach())
            if step % 25 == 0 or step == steps - 1:
                say(f"step {step}: loss {smooth:.3f}")
                (run or NullRun()).metrics({"loss": smooth}, step)
            if checkpoint and step % 200 == 199:
                checkpoint(self.encoder)
        return self.encoder

    def loss(self, queries: Sequence[Query]) -> torch.Tensor:
        """Cross-entropy of each mentioned skill among all labels, averaged over mentions."""
        vectors = self.embed.vectors([q.text for q in queries])  # (n, d)
        logits = vectors @ self._labels.T / self.config.temperature  # (n, skills)
        rows = torch.tensor([row for row, query in enumerate(queries) for _ in query.skills])
        target = torch.tensor([skill for query in queries for skill in query.skills])
        hidden = self._hidden(rows, target, len(queries))[rows]
        hidden[torch.arange(len(rows)), target] = False
        return F.cross_entropy(logits[rows].masked_fill(hidden, -1e4), target)

    def _hidden(self, rows: torch.Tensor, target: torch.Tensor, n: int) -> torch.Tensor:
        """(n, skills) True where a label is no negative of the query: kept away, or nearly what it says."""
        close = self._labels[target] @ self._labels.T > self.config.same_meaning  # (mentions, skills)
        near = torch.zeros(n, len(self._labels)).index_add_(0, rows, close.float())
        return self._away | (near > 0)

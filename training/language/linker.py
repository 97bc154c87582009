"""Training of the skill linker's encoder: sentences close to the labels of the skills that they mention.

A sentence is compared with a label twice: by its mean vector, and by the tokens that the label attends to
(late interaction as in ConTeXT-Match; Decorte et al. 2025, arXiv:2503.05360). InfoNCE over the labels of the
batch (van den Oord et al. 2018, arXiv:1807.03748) plus mined neighbours as hard negatives; labels that mean
nearly the same, by the untrained encoder, never repel each other.
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


@dataclass(frozen=True, slots=True)
class LinkerTrainConfig:
    """`sharpness` is the temperature of a label's attention over tokens; `same_meaning` the cosine of two
    labels from which on they are no negatives of each other."""

    steps: int = 900
    batch: int = 96
    hard: int = 1
    learning_rate: float = 6e-4
    definitions: float = 0.35
    temperature: float = 0.05
    sharpness: float = 0.1
    sentence_weight: float = 0.5
    same_meaning: float = 0.8
    name_share: float = 0.3
    max_tokens: int = 48
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


def attended(
    hidden: torch.Tensor, mask: torch.Tensor, labels: torch.Tensor, sharpness: float
) -> torch.Tensor:
    """Cosine of each label with the tokens it attends to: (n, t, d), (n, t), (m, d) -> (n, m).

    The attended vector itself is never built: its length follows from the tokens' inner products.
    """
    length = hidden.norm(dim=-1).clamp_min(1e-6)  # (n, t)
    inner = torch.einsum("ntd,md->nmt", hidden, labels)
    scores = (inner / length[:, None] / sharpness).masked_fill(mask[:, None] == 0, -1e4)
    weight = scores.softmax(-1)  # (n, m, t)
    gram = hidden @ hidden.transpose(1, 2)  # (n, t, t)
    square = (torch.bmm(weight, gram) * weight).sum(-1).clamp_min(1e-9)
    found: torch.Tensor = (weight * inner).sum(-1) / square.sqrt()
    return found


def neighbours(vectors: F32, k: int) -> I64:
    """(n, k) the most similar other rows, nearest first."""
    found = np.zeros((len(vectors), k), np.int64)
    for start in range(0, len(vectors), 1024):
        scores = vectors[start : start + 1024] @ vectors.T
        scores[np.arange(len(scores)), np.arange(start, start + len(scores))] = -1
        top = np.argpartition(-scores, k, axis=1)[:, :k]
        order = np.argsort(-np.take_along_axis(scores, top, 1), axis=1, kind="stable")
        found[start : start + 1024] = np.take_along_axis(top, order, 1)
    return found


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
        self.config, self.data = config, data
        adapter = AdapterConfig(rank=config.rank, alpha=2.0 * config.rank, norms=True, layers=config.layers)
        self.encoder = AdaptedEncoder(adapter, source, seed=config.seed)
        self.embed = TokenEmbedder(self.encoder, config.max_tokens, bfloat16=config.bfloat16)
        self.sentences = SentenceMaker(data.kept, config.seed, data.away, related, config.definitions)
        self.base = self.embed.encode([s.label for s in data.kept]) if base is None else base
        self._near = neighbours(self.base, min(24, len(self.base) - 1))
        self._random = np.random.default_rng(config.seed)

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
        self.encoder.train()
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
        self.encoder.eval()
        return self.encoder

    def loss(self, queries: Sequence[Query]) -> torch.Tensor:
        """Each mention is a row: cross-entropy of its label among the labels of the batch."""
        columns = self._columns(queries)
        labels = self.embed.vectors([self._name(i) for i in columns])  # (m, d)
        hidden, mask = self.embed.tokens([q.text for q in queries])
        share = self.config.sentence_weight
        scores = share * mean_vector(hidden, mask) @ labels.T  # (n, m)
        scores = scores + (1 - share) * attended(hidden, mask, labels, self.config.sharpness)
        place = {skill: column for column, skill in enumerate(columns)}
        rows = [row for row, query in enumerate(queries) for _ in query.skills]
        target = torch.tensor([place[skill] for query in queries for skill in query.skills])
        excluded = torch.from_numpy(self._excluded(queries, columns))[rows]
        excluded[torch.arange(len(rows)), target] = False
        logits = (scores / self.config.temperature)[rows].masked_fill(excluded, -1e4)
        return F.cross_entropy(logits, target)

    def _columns(self, queries: Sequence[Query]) -> list[int]:
        """The skills that a batch ranks: those mentioned, and hard negatives among their neighbours."""
        mentioned = [skill for query in queries for skill in query.skills]
        drawn = self._random.integers(0, self._near.shape[1], (len(mentioned), self.config.hard))
        hard = self._near[np.array(mentioned)[:, None], drawn].ravel().tolist()
        usable = (skill for skill in hard if skill not in self.data.away)
        return list(dict.fromkeys((*mentioned, *usable)))

    def _name(self, skill: int) -> str:
        """Mostly the label; sometimes another name, so that these can stand for the skill as well."""
        names = self.data.kept[skill].names
        if len(names) == 1 or self._random.random() > self.config.name_share:
            return names[0]
        return names[int(self._random.integers(1, len(names)))]

    def _excluded(self, queries: Sequence[Query], columns: Sequence[int]) -> npt.NDArray[np.bool_]:
        """(queries, columns) True where a label means nearly what the sentence says: no negative."""
        vectors = self.base[list(columns)]
        same = vectors @ vectors.T > self.config.same_meaning
        place = {skill: column for column, skill in enumerate(columns)}
        rows = [same[[place[s] for s in query.skills]].any(0) for query in queries]
        return np.array(rows)

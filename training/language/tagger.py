"""Training of the skill tagger: SkillSpan's training part in, a folder of adapters and a card out."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import torch

from models.adapters import Tensors
from models.tagger import TAGS, TaggerConfig
from models.tagger_net import TaggerNet, new_net, save_net
from models.tagger_text import PieceReader
from training.language.tagger_config import TaggerTrainConfig
from training.language.tagger_data import (
    IGNORED,
    Batch,
    Document,
    WindowBatches,
    by_sentence,
    by_source,
    encode,
    read_documents,
    split_documents,
)
from training.language.tagger_scoring import calibrated, f1_scores, find_spans, shift_outside
from training.progress import say, track
from training.tracking import NullRun, Run


@dataclass
class Tagger:
    """What training yields: the network, what serving reads beside it, and how it went."""

    net: TaggerNet
    config: TaggerConfig
    train: TaggerTrainConfig
    figures: dict[str, float] = field(default_factory=dict)


def train_tagger(
    config: TaggerTrainConfig,
    documents: Sequence[Document],
    source: Path | None = None,
    run: Run | None = None,
) -> Tagger:
    """Early stopping and calibration on a held-out share of `documents`; the best epoch's weights stay."""
    started, run = time.perf_counter(), run or NullRun()
    torch.set_num_threads(config.threads)
    kept, held = split_documents(documents, config.held_out, config.seed)
    if not config.documents:
        kept, held = by_sentence(kept), by_sentence(held)
    net = new_net(config.adapter(), source, seed=config.seed, dropout=config.dropout)
    if config.whole:
        net.encoder.merge().model.requires_grad_(True)
    reader = PieceReader(net.encoder.source / "tokenizer.json")
    batches = WindowBatches([encode(d, reader) for d in kept], reader, config.window, config.batch_size)
    rng = np.random.default_rng(config.seed)
    torch.manual_seed(config.seed)
    optimizer = _optimizer(net, config)
    best, best_epoch, best_state = -1.0, 0, _state(net)
    for epoch in range(1, config.epochs + 1):
        loss = _run_epoch(net, optimizer, batches.epoch(rng), config, epoch)
        net.eval()
        f1 = f1_scores(find_spans(net, reader, held), held)
        run.metrics({"train/loss": loss} | {f"held_out/{k}": v for k, v in f1.items()}, epoch)
        said = " ".join(f"{k} {v:.4f}" for k, v in f1.items())
        say(f"epoch {epoch}: loss {loss:.4f}, held-out F1 {said}")
        if f1["combined"] > best:
            best, best_epoch, best_state = f1["combined"], epoch, _state(net)
        if epoch - best_epoch >= config.patience:
            break
    net.load_state_dict(best_state, strict=False)
    net.eval()
    shifts = shift_outside(net, reader, held)
    tagger_config = calibrated(net, find_spans(net, reader, held), held)
    figures = {"held_out_F1": best, "best_epoch": best_epoch, "seconds": time.perf_counter() - started}
    figures |= {f"outside_shift_{kind}": shift for kind, shift in shifts.items()}
    return Tagger(net, tagger_config, config, figures)


def _run_epoch(
    net: TaggerNet,
    optimizer: torch.optim.Optimizer,
    steps: list[Batch],
    config: TaggerTrainConfig,
    epoch: int,
) -> float:
    """One pass over `steps`; returns the mean loss."""
    net.train()
    parameters = [p for group in optimizer.param_groups for p in group["params"]]
    total = 0.0
    for at, batch in enumerate(track(steps, len(steps), f"epoch {epoch}/{config.epochs}")):
        _set_rate(optimizer, config, (epoch - 1) * len(steps) + at, len(steps) * config.epochs)
        optimizer.zero_grad(set_to_none=True)
        with torch.autocast("cpu", torch.bfloat16, enabled=config.half):
            loss = tag_loss(net, batch, config.span_weight)
        loss.backward()  # type: ignore[no-untyped-call]
        torch.nn.utils.clip_grad_norm_(parameters, 1.0)
        optimizer.step()
        total += float(loss.detach())
    return total / len(steps)


def tag_loss(net: TaggerNet, batch: Batch, span_weight: float) -> torch.Tensor:
    """Mean cross-entropy over words and kinds; B and I count `span_weight` times."""
    words = batch.labels[..., 0] != IGNORED  # (b, t)
    scores = net(batch.ids, batch.mask)[words] + net.shape_scores(batch.shapes[words])  # (w, kinds * tags)
    weight = torch.tensor([1.0, span_weight, span_weight])
    return torch.nn.functional.cross_entropy(
        scores.reshape(-1, TAGS), batch.labels[words].reshape(-1), weight=weight
    )


def _optimizer(net: TaggerNet, config: TaggerTrainConfig) -> torch.optim.Optimizer:
    """Norms, biases and shapes are not decayed; the heads, which start from nothing, may learn faster."""
    encoder = net.encoder.trainable()
    groups = [
        {"params": [p for p in encoder if p.dim() > 1], "lr": config.learning_rate},
        {"params": [p for p in encoder if p.dim() <= 1], "lr": config.learning_rate, "weight_decay": 0.0},
        {"params": [net.head.weight], "lr": config.head_learning_rate},
        {"params": [net.head.bias, net.shapes], "lr": config.head_learning_rate, "weight_decay": 0.0},
    ]
    return torch.optim.AdamW(groups, weight_decay=config.weight_decay)


def _set_rate(optimizer: torch.optim.Optimizer, config: TaggerTrainConfig, step: int, steps: int) -> None:
    """Linear warm-up, then linear to zero."""
    warm = max(1, round(config.warmup * steps))
    share = (step + 1) / warm if step < warm else (steps - step) / max(1, steps - warm)
    for group in optimizer.param_groups:
        group["lr"] = group.setdefault("base_lr", group["lr"]) * share


def _state(net: TaggerNet) -> Tensors:
    """Copies of what training changes; the frozen base is left alone."""
    return {k: p.detach().clone() for k, p in net.named_parameters() if p.requires_grad}


# -- the command -----------------------------------------------------------------------------------------


def train_step(data: Path, out: Path, config: TaggerTrainConfig, source: Path | None, run: Run) -> Tagger:
    """Trains on SkillSpan's train part in `data`, scores its dev part once, writes weights and card to `out`.

    Raises SkillSpanError if the files are missing or malformed, ValueError if `config` trains the whole
    encoder: such weights are no adapters.
    """
    if config.whole:
        raise ValueError("weights of a whole encoder cannot be saved as adapters")
    train, dev = read_documents(data, "train"), read_documents(data, "dev")
    run.params(config.model_dump())
    run.dataset("skillspan-train", _content(train), str(data), "training")
    tagger = train_tagger(config, train, source, run)
    reader = PieceReader(tagger.net.encoder.source / "tokenizer.json")
    for name, documents in by_source(dev).items():
        found = find_spans(tagger.net, reader, documents)
        tagger.figures |= {f"dev_F1_{k}_{name}": v for k, v in f1_scores(found, documents).items()}
    run.metrics(tagger.figures)
    save_net(tagger.net, out, tagger.config, card(tagger, _content(train)))
    run.artifact(out)
    say(f"wrote {out}")
    return tagger


def card(tagger: Tagger, digest: str) -> dict[str, object]:
    """What the weights are made of, for whoever finds them alone."""
    return {
        "name": "skill_tagger",
        "what": "skill and knowledge spans in English job postings and resumes",
        "data": "SkillSpan (Zhang, Jensen, Sonniks and Plank 2022, NAACL), parts HOUSE and TECH, train only",
        "data_licence": "MIT",
        "data_sha256": digest,
        "base": "all-MiniLM-L6-v2 (Apache-2.0)",
        "base_sha256": tagger.net.encoder.base_digest,
        "command": f"jobpilot-ml train-tagger --data DIR --recipe {tagger.train.recipe}",
        "seed": tagger.train.seed,
        "config": tagger.train.model_dump(),
        "figures": {k: round(v, 4) for k, v in tagger.figures.items()},
    }


def _content(documents: Sequence[Document]) -> str:
    h = hashlib.sha256()
    for document in documents:
        h.update(repr(document).encode())
    return h.hexdigest()

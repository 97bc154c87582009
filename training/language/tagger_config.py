"""Configuration of the skill tagger's training; saved with the weights it produced."""

from __future__ import annotations

from collections.abc import Callable

from pydantic import BaseModel, ConfigDict, Field

from models.adapters import AdapterConfig


class TaggerTrainConfig(BaseModel):
    """Defaults are the full recipe. Widths of windows are in word pieces."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    recipe: str = "custom"
    seed: int = 7
    epochs: int = Field(4, ge=1)
    patience: int = Field(3, ge=1, description="epochs without a better held-out F1 before stopping")
    held_out: float = Field(0.1, gt=0, lt=0.5, description="share of the training documents")
    batch_size: int = Field(4, ge=1, description="windows per step")
    window: int = Field(126, ge=16, le=510)
    documents: bool = Field(True, description="read a document on end; otherwise each sentence alone")
    rank: int = Field(16, ge=1)
    alpha: float = Field(32.0, gt=0)
    targets: tuple[str, ...] = ("query", "key", "value", "dense")
    norms: bool = True
    whole: bool = Field(False, description="train every weight of the encoder; cannot be shipped as adapters")
    learning_rate: float = Field(1e-3, gt=0)
    head_learning_rate: float = Field(2e-3, gt=0)
    weight_decay: float = Field(0.01, ge=0)
    warmup: float = Field(0.1, ge=0, le=1, description="share of the steps")
    dropout: float = Field(0.1, ge=0, lt=1)
    span_weight: float = Field(1.0, gt=0, description="loss of a B or I word against that of an O word")
    half: bool = Field(True, description="bfloat16 products: twice as fast where the processor knows them")
    threads: int = Field(1, ge=1, description="two stall each other on a shared two-core machine")

    def adapter(self) -> AdapterConfig:
        return AdapterConfig(self.rank, self.alpha, 0.0, self.targets, None, self.norms)


def full() -> TaggerTrainConfig:
    """What ships: minutes on two cores."""
    return TaggerTrainConfig(recipe="full")


def debug() -> TaggerTrainConfig:
    """Seconds on a few sentences; for tests."""
    return TaggerTrainConfig(
        recipe="debug",
        epochs=20,
        batch_size=2,
        window=40,
        rank=4,
        alpha=8.0,
        held_out=0.25,
        learning_rate=5e-3,
        head_learning_rate=2e-2,
        half=False,
    )


RECIPES: dict[str, Callable[[], TaggerTrainConfig]] = {f.__name__: f for f in (full, debug)}

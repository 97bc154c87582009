"""Training configuration: frozen, typed, typo-rejecting; saved with the weights it produced."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, Field


class TrainConfig(BaseModel):
    """One run of the trainer. Defaults are the demo recipe (see recipes.py for the named ones)."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    recipe: str = "custom"
    seed: int = 7
    epochs: int = Field(12, ge=1)
    batch_size: int = Field(512, ge=2, description="positive pairs per step")
    uniform_negatives: int = Field(512, ge=0, description="jobs drawn uniformly for each step")
    hard_negatives: int = Field(1, ge=0, description="jobs per user that were shown and passed over")
    learning_rate: float = Field(2e-3, gt=0)
    embedding_learning_rate: float = Field(2e-3, gt=0)
    weight_decay: float = Field(1e-4, ge=0)
    warmup_steps: int = Field(50, ge=0)
    temperature: float = Field(0.07, gt=0, description="start value; learned during training")
    log_q: bool = Field(True, description="correct in-batch sampling bias by the log expected count")
    history_dropout: float = Field(0.2, ge=0, le=1, description="share of users trained without it")
    thin_profiles: float = Field(0.3, ge=0, le=1, description="share known by skills and place alone")
    history_size: int = Field(20, ge=0)
    patience: int = Field(3, ge=1, description="evaluations without improvement before stopping")
    evaluate_every: int = Field(1, ge=1, description="epochs")
    monitor: str = "NDCG@10"
    hidden: int = 256
    dropout: float = 0.1
    residual: bool = True
    threads: int = Field(1, ge=1, description="two stall each other on a shared two-core machine")


class SplitConfig(BaseModel):
    """Shares of the interactions, by time: the newest are the test, those before them the validation."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    validation_share: float = Field(0.1, gt=0, lt=0.5)
    test_share: float = Field(0.1, gt=0, lt=0.5)

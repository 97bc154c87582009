"""Named recipes: functions, so that one can be read, called and compared."""

from __future__ import annotations

from collections.abc import Callable

from training.config import TrainConfig


def demo() -> TrainConfig:
    """The first release of a fresh installation: minutes on two cores."""
    return TrainConfig(recipe="demo", epochs=12, batch_size=512, uniform_negatives=512)


def debug() -> TrainConfig:
    """Seconds; for tests and for trying a change."""
    return TrainConfig(
        recipe="debug", epochs=2, batch_size=64, uniform_negatives=64, hidden=32, warmup_steps=5, patience=2
    )


def large() -> TrainConfig:
    """Millions of interactions: bigger batches, fewer passes. Inputs stay memory-mapped on disk."""
    return TrainConfig(
        recipe="large", epochs=4, batch_size=4096, uniform_negatives=4096, learning_rate=1e-3, history_size=20
    )


RECIPES: dict[str, Callable[[], TrainConfig]] = {f.__name__: f for f in (demo, debug, large)}

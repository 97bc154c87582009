"""The trainer's whole state as safetensors and JSON: nothing is pickled."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import TYPE_CHECKING

import torch
from safetensors.torch import load_file, save_file

if TYPE_CHECKING:
    from training.train import Trainer

Weights = dict[str, torch.Tensor]


def save_checkpoint(folder: Path, trainer: Trainer, best: Weights) -> None:
    """Writes beside and renames: a crash leaves the previous checkpoint."""
    temporary = folder.with_name(f".{folder.name}.tmp")
    shutil.rmtree(temporary, ignore_errors=True)
    temporary.mkdir(parents=True)
    tensors = {f"towers.{k}": v.contiguous() for k, v in trainer.towers.state_dict().items()}
    tensors |= {f"best.{k}": v.contiguous() for k, v in best.items()}
    tensors["log_temperature"] = trainer.log_temperature.detach().reshape(1)
    for i, optimizer in enumerate(trainer.optimizers):
        for j, parameter in enumerate(_parameters(optimizer)):
            for key, value in optimizer.state.get(parameter, {}).items():
                tensors[f"optimizer.{i}.{j}.{key}"] = torch.as_tensor(value, dtype=torch.float32).clone()
    save_file(tensors, temporary / "state.safetensors")
    meta = {
        "config": trainer.config.model_dump(),
        "epoch": trainer.epoch,
        "step": trainer.step,
        "best": trainer.best,
        "best_epoch": trainer.best_epoch,
    }
    (temporary / "state.json").write_text(json.dumps(meta, indent=1))
    shutil.rmtree(folder, ignore_errors=True)
    temporary.replace(folder)


def load_checkpoint(folder: Path, trainer: Trainer) -> Weights:
    """Restores `trainer` in place and returns the best weights so far.

    Raises ValueError if the checkpoint belongs to another configuration.
    """
    meta = json.loads((folder / "state.json").read_text())
    if meta["config"] != trainer.config.model_dump():
        raise ValueError(f"{folder} was written by another configuration; start without --resume")
    tensors = load_file(folder / "state.safetensors", device=str(trainer.device))
    trainer.towers.load_state_dict(_below(tensors, "towers."))
    with torch.no_grad():
        trainer.log_temperature.copy_(tensors["log_temperature"][0])
    for i, optimizer in enumerate(trainer.optimizers):
        for j, parameter in enumerate(_parameters(optimizer)):
            state = _below(tensors, f"optimizer.{i}.{j}.")
            if state:
                optimizer.state[parameter] = {k: _restored(k, v, optimizer) for k, v in state.items()}
    trainer.epoch, trainer.step = meta["epoch"], meta["step"]
    trainer.best, trainer.best_epoch = meta["best"], meta["best_epoch"]
    return _below(tensors, "best.")


def _parameters(optimizer: torch.optim.Optimizer) -> list[torch.nn.Parameter]:
    return [p for group in optimizer.param_groups for p in group["params"]]


def _restored(key: str, value: torch.Tensor, optimizer: torch.optim.Optimizer) -> object:
    # SparseAdam counts its steps as an int, AdamW as a tensor on the CPU
    if key == "step":
        return int(value) if isinstance(optimizer, torch.optim.SparseAdam) else value.cpu()
    return value


def _below(tensors: Weights, prefix: str) -> Weights:
    return {k.removeprefix(prefix): v for k, v in tensors.items() if k.startswith(prefix)}

"""A random two-layer BERT with the real tokenizer: the real base's code paths, at once."""

from __future__ import annotations

import shutil
from pathlib import Path

import torch
from transformers import BertConfig, BertModel

from models.encoder import default_source


def write_small_base(folder: Path, seed: int = 0, width: int = 32) -> Path:
    torch.manual_seed(seed)
    config = BertConfig(
        vocab_size=30_522,
        hidden_size=width,
        num_hidden_layers=2,
        num_attention_heads=2,
        intermediate_size=64,
        max_position_embeddings=512,
    )
    BertModel(config, add_pooling_layer=False).save_pretrained(folder)
    shutil.copyfile(default_source() / "tokenizer.json", folder / "tokenizer.json")
    return folder

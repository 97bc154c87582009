"""What each passage of a posting is there for: a multinomial logistic regression over the sentence vectors
of the passage and its neighbours, its hashed words (Weinberger et al. 2009) and cues of its form.

The posting's own headings are the teacher (training/language/roles.py): passages under a heading that says
what they are, with the heading taken away. What is learned is then used where no heading speaks.
"""

from __future__ import annotations

import json
import math
import re
import zlib
from collections import Counter
from collections.abc import Callable, Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from safetensors.numpy import load_file, save_file
from scipy import sparse

from features.headings import ROLES, Role
from features.passages import Passage

F32 = npt.NDArray[np.float32]
Csr = Any  # scipy's matrices carry no types
#: texts -> (n, 384) float32 unit rows; the zero row for a blank text
Encode = Callable[[Sequence[str]], F32]

_YOU = re.compile(r"\b(?:you|your|candidates?|applicants?)\b", re.IGNORECASE)
_WE = re.compile(r"\b(?:we|our|us)\b", re.IGNORECASE)
_OPENS_WITH = (
    re.compile(r"^(?:\W*)(?:experience|knowledge|strong|proficien|familiar|understanding|ability|degree|fluen|"
               r"excellent|solid|proven|expert|background)", re.IGNORECASE),
    re.compile(r"^(?:\W*)(?:develop|design|build|work|manage|lead|create|maintain|support|write|implement|own|"
               r"collaborat|ensur|help|deliver|drive|define|monitor|analy[sz]e)\w*\b", re.IGNORECASE),
)  # fmt: skip
_MONEY_OR_TIME_OFF = re.compile(
    r"[$€£]|\b(?:401k?|insurance|vacation|holidays?|equity|stock|bonus|pension|paid|pto|lunch|gym)\b",
    re.IGNORECASE,
)
_ADDRESS = re.compile(r"https?://|www\.|\S@\S|\bat\] ", re.IGNORECASE)
CUES = 9
#: Columns: passage, neighbour before, neighbour after (384 each); cues; buckets of words and word pairs.
DENSE = 3 * 384 + CUES
BUCKETS = 2**15
WIDTH = DENSE + BUCKETS
_WORD = re.compile(r"\w\w+")


class SentenceRoles:
    """`weights` is (WIDTH, roles), `bias` (roles,); float32, stored as float16."""

    def __init__(self, weights: F32, bias: F32) -> None:
        if weights.shape != (WIDTH, len(ROLES)) or bias.shape != (len(ROLES),):
            raise ValueError(f"weights {weights.shape} and bias {bias.shape} are not for {len(ROLES)} roles")
        self.weights, self.bias = weights, bias

    def probabilities(self, parts: Sequence[Passage], encode: Encode) -> F32:
        """(n, roles), rows sum to 1, columns in the order of features.headings.ROLES."""
        return self.from_inputs(role_inputs(parts, encode))

    def from_inputs(self, inputs: Csr) -> F32:
        """`inputs` as role_inputs makes them: (n, WIDTH)."""
        logits = np.asarray(inputs @ self.weights, np.float32) + self.bias
        logits -= logits.max(1, keepdims=True)
        odds = np.exp(logits)
        return np.asarray(odds / odds.sum(1, keepdims=True), np.float32)

    def save(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        half = {"weights": self.weights.astype(np.float16), "bias": self.bias.astype(np.float16)}
        save_file(half, folder / "roles.safetensors")
        (folder / "roles.json").write_text(json.dumps({"format": 1, "roles": ROLES, "width": WIDTH}))

    @classmethod
    def load(cls, folder: Path) -> SentenceRoles:
        """Raises ValueError if the weights are of other roles or inputs than this code knows."""
        card = json.loads((folder / "roles.json").read_text())
        if tuple(card["roles"]) != ROLES or card["width"] != WIDTH:
            raise ValueError(f"{folder} knows the roles {card['roles']}, not {list(ROLES)}")
        tensors = load_file(folder / "roles.safetensors")
        return cls(tensors["weights"].astype(np.float32), tensors["bias"].astype(np.float32))


def role_inputs(parts: Sequence[Passage], encode: Encode) -> Csr:
    """(n, WIDTH) sparse float32, a row for each passage of a whole posting, in order. Headings have rows, but
    are no passage's neighbours: the passages are read as if the headings were not there."""
    vectors = encode([p.text for p in parts]).reshape(len(parts), 384)
    prose = [row for row, part in enumerate(parts) if part.kind != "heading"]
    around = np.zeros((len(parts), 2, 384), np.float32)
    around[prose[1:], 0] = vectors[prose[:-1]]
    around[prose[:-1], 1] = vectors[prose[1:]]
    cues = np.array([_cues(part, at / len(parts)) for at, part in enumerate(parts)], np.float32)
    dense = np.concatenate([vectors, around.reshape(-1, 768), cues.reshape(-1, CUES)], axis=1)
    return sparse.hstack([sparse.csr_matrix(dense), _hashed([p.text for p in parts])], format="csr")


def _hashed(texts: Sequence[str]) -> Csr:
    """(n, BUCKETS): counts of words and word pairs, by CRC-32, rows of length 1."""
    columns: list[int] = []
    values: list[float] = []
    offsets = [0]
    for text in texts:
        words = _WORD.findall(text.lower())
        grams = words + [f"{one} {two}" for one, two in pairwise(words)]
        counts = Counter(zlib.crc32(gram.encode()) % BUCKETS for gram in grams)
        norm = math.sqrt(sum(n * n for n in counts.values())) or 1.0
        columns += counts.keys()
        values += [n / norm for n in counts.values()]
        offsets.append(len(columns))
    made = (np.array(values, np.float32), np.array(columns, np.int32), np.array(offsets))
    return sparse.csr_matrix(made, shape=(len(texts), BUCKETS))


def best_roles(probabilities: F32, threshold: float) -> dict[int, Role]:
    """Row -> role, where the model is at least that sure."""
    best = probabilities.argmax(1)
    return {
        row: ROLES[role] for row, role in enumerate(best.tolist()) if probabilities[row, role] >= threshold
    }


def _cues(part: Passage, place: float) -> list[float]:
    text = part.text
    return [
        place,
        float(part.kind == "item"),
        min(len(text), 300) / 300,
        float(bool(_YOU.search(text))),
        float(bool(_WE.search(text))),
        *(float(bool(pattern.match(text))) for pattern in _OPENS_WITH),
        float(bool(_MONEY_OR_TIME_OFF.search(text))),
        float(bool(_ADDRESS.search(text))),
    ]

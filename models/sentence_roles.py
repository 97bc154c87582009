"""What each passage of a posting is there for: a multinomial logistic regression over the sentence encoder.

The posting's own headings are the teacher (training/language/roles.py): passages under a heading that says
what they are, with the heading taken away. What is learned is then used where no heading speaks.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt
from safetensors.numpy import load_file, save_file

from features.headings import ROLES, Role
from features.passages import Passage

F32 = npt.NDArray[np.float32]
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


class SentenceRoles:
    """`weights` is (384 + CUES, roles), `bias` (roles,); float32."""

    def __init__(self, weights: F32, bias: F32) -> None:
        if weights.shape[1] != len(ROLES) or bias.shape != (len(ROLES),):
            raise ValueError(f"weights {weights.shape} and bias {bias.shape} are not for {len(ROLES)} roles")
        self.weights, self.bias = weights, bias

    def probabilities(self, parts: Sequence[Passage], encode: Encode) -> F32:
        """(n, roles), rows sum to 1, columns in the order of features.headings.ROLES."""
        return self.from_inputs(role_inputs(parts, encode))

    def from_inputs(self, inputs: F32) -> F32:
        """`inputs` as role_inputs makes them: (n, 384 + CUES)."""
        logits = inputs @ self.weights + self.bias
        logits -= logits.max(1, keepdims=True)
        odds = np.exp(logits)
        return np.asarray(odds / odds.sum(1, keepdims=True), np.float32)

    def save(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        save_file({"weights": self.weights, "bias": self.bias}, folder / "roles.safetensors")
        (folder / "roles.json").write_text(json.dumps({"format": 1, "roles": ROLES, "cues": CUES}))

    @classmethod
    def load(cls, folder: Path) -> SentenceRoles:
        """Raises ValueError if the weights are of other roles or cues than this code knows."""
        card = json.loads((folder / "roles.json").read_text())
        if tuple(card["roles"]) != ROLES or card["cues"] != CUES:
            raise ValueError(f"{folder} knows the roles {card['roles']}, not {list(ROLES)}")
        tensors = load_file(folder / "roles.safetensors")
        return cls(tensors["weights"].astype(np.float32), tensors["bias"].astype(np.float32))


def role_inputs(parts: Sequence[Passage], encode: Encode) -> F32:
    """(n, 384 + CUES): what the passage says, and cues of its form. Its heading is not among them."""
    if not parts:
        return np.zeros((0, 384 + CUES), np.float32)
    cues = np.array([_cues(part, at / len(parts)) for at, part in enumerate(parts)], np.float32)
    return np.concatenate([encode([p.text for p in parts]), cues], axis=1)


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

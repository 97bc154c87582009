"""Where the tracked weights of `fit` are: a fresh machine has no labels to learn them from."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path

from models.fit import FitModel
from models.intervals import Intervals
from models.match import FIT, INTERVALS_FIT

FOLDER_VARIABLE = "JOBPILOT_MATCHING_DIR"


def fit_folder() -> Path:
    """$JOBPILOT_MATCHING_DIR/fit, the checkout's data/matching/fit, or the installed share/."""
    named = os.environ.get(FOLDER_VARIABLE)
    checkout = Path(__file__).resolve().parents[1] / "data" / "matching"
    installed = Path(sys.prefix) / "share" / "jobpilot" / "matching"
    return (Path(named) if named else checkout if checkout.is_dir() else installed) / "fit"


def fit_figures() -> tuple[float, float]:
    """ECE and coverage of the 90 % interval on the market that judged the weights, from their card."""
    figures = json.loads((fit_folder() / "card.json").read_text())["figures"]
    return float(figures["ECE"]), float(figures["coverage of the 90 % interval"].split()[0])


def load_fit() -> tuple[FitModel, Intervals]:
    """Raises OSError or ValueError where the folder holds none."""
    folder = fit_folder()
    return FitModel.load(folder / FIT), Intervals.load(folder / INTERVALS_FIT)

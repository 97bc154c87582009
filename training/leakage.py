"""Does a feature know what it must not: the future, or who somebody is?"""

from __future__ import annotations

import re
from collections.abc import Iterable
from copy import copy
from dataclasses import replace

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
from sklearn.metrics import roc_auc_score

from features.cross import CROSS_FEATURE_ORDER
from features.past import PastBehaviour
from features.snapshot import read_events
from training.impressions import Shown
from training.ranker_data import PairFeatures, shown_features

F32 = npt.NDArray[np.float32]
F64 = npt.NDArray[np.float64]
I64 = npt.NDArray[np.int64]
DAY_US = 86_400_000_000
#: Words that no column may contain: protected attributes and what stands for them.
PROTECTED = frozenset(
    "name age gender sex pronoun birth photo race ethnicity nationality religion disability marital family "
    "pregnancy postcode zip school graduation gap".split()
)
#: Columns whose names hold such a word and mean another thing: the age of a posting, and how far its level is
#: from the person's.
HARMLESS = frozenset({"freshness/age_months", "freshness/age_log", "freshness/age_known", "level/level_gap"})


def protected(columns: Iterable[str]) -> list[str]:
    """The columns whose names contain a protected word as a whole part."""
    parts = {column: set(re.split(r"[^a-z]+", column.lower())) for column in columns}
    return [column for column, words in parts.items() if words & PROTECTED and column not in HARMLESS]


def time_travel(features: PairFeatures, shown: Shown, *, offset_us: int = 0, pages: int = 25) -> F64:
    """(pages,) by how much any feature of some pages changes once every event at or after the page's moment
    (plus `offset_us`) is taken out of the log.

    0 everywhere means that nothing newer than the moment is read. With a negative offset the person's own
    past goes too, which must show: a test that never fails tests nothing.
    """
    events = read_events(features.corpus.snapshot)
    at = np.asarray(events["at"].cast(pa.int64()).to_numpy(), np.int64)
    chosen = np.unique(shown.page)
    chosen = chosen[np.linspace(0, len(chosen) - 1, min(pages, len(chosen))).astype(np.int64)]
    return np.array([_change(features, shown.take(shown.page == p), events, at, offset_us) for p in chosen])


def _change(features: PairFeatures, page: Shown, events: pa.Table, at: I64, offset_us: int) -> float:
    past = PastBehaviour(events.filter(pa.array(at < page.at[0] + offset_us)))
    cut = copy(features)
    cut.corpus = replace(features.corpus, past=past)
    return float(np.abs(shown_features(features, page) - shown_features(cut, page)).max(initial=0.0))


def alone(x: F32, label: I64) -> dict[str, float]:
    """Area under the ROC curve of every cross feature by itself, whatever its sign; strongest first.

    x (n, CROSS_FEATURE_ORDER), label (n,) with both outcomes. Near 1 means that the label leaked into it.
    """
    areas = [float(roc_auc_score(label, x[:, k])) for k in range(x.shape[1])]
    named = zip(CROSS_FEATURE_ORDER, (max(a, 1.0 - a) for a in areas), strict=True)
    return dict(sorted(named, key=lambda item: -item[1]))


def newest_posting_days(features: PairFeatures) -> float:
    """Days between the newest posting that the transform could be fitted on and the validation window."""
    opened = features.corpus.opened
    known = opened[opened < features.corpus.split.validation]
    return float((features.corpus.split.validation - known.max()) / DAY_US)


def events_after(events: pa.Table, moment_us: int) -> int:
    return int(pc.sum(pc.greater_equal(events["at"].cast(pa.int64()), moment_us)).as_py() or 0)

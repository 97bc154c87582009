"""The ranker on `jobviews`, fitted walk-forward: what ranks a target was fitted on views from before it.

Time is cut where the views to learn from have grown by `growth`; each block is ranked by a ranker fitted on
the blocks before. A view to learn from is a list: the viewed job beside jobs drawn uniformly, and the loss is
softmax cross entropy inside the list, so the softmax over all jobs estimates P(this is the next job).
Users without a past have a ranker of their own, fitted on first views, that reads only what is there then.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from models.ranker import Ranker, RankerConfig
from training.benchmarks.jobviews_data import last_of_each
from training.benchmarks.jobviews_pairs import NAMED, Moment, PairFeatures
from training.benchmarks.jobviews_towers import Setting, similarities, untrained_towers
from training.progress import say, track
from training.ranker import RankerTraining, fit_ranker

F32 = npt.NDArray[np.float32]
F64 = npt.NDArray[np.float64]
I64 = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]
EVERY_GROUP = tuple(name for name, _ in NAMED)
#: What can be said of a user who viewed nothing yet.
COLD_GROUPS = (
    "towers",
    "others' views",
    "others' views of its company",
    "others' views in its city",
    "stated",
)
#: Rows a ranker scores at once: what fits the processor's cache.
CHUNK = 512
#: (group, feature) of each column.
_FEATURES = [(group, feature) for group, features in NAMED for feature in features]


@dataclass(frozen=True)
class RankRecipe:
    """Everything that was chosen on views that are nobody's last.

    Six were compared on the 935 views before the last (HR@10 .527 to .538 at a standard error of .016):
    without a hidden layer, a penalty of .01, 400 jobs drawn and half the epochs, twice the epochs, and
    trained towers beside untrained ones. `first_block` views are the fewest to learn from; before, the
    untrained towers rank. `scale_after` is how many judged lists the scale waits for.
    """

    first_block: int = 60
    growth: float = 0.35
    negatives: int = 200
    hidden: int = 8
    scale_after: int = 100
    training: RankerTraining = field(
        default_factory=lambda: RankerTraining(epochs=8, batch_rows=6432, learning_rate=1e-2, penalty=1e-3)
    )

    def config(self, groups: tuple[str, ...]) -> RankerConfig:
        return RankerConfig(tuple(g for g in NAMED if g[0] in groups), self.hidden)


@dataclass(frozen=True)
class Questions:
    """Rows of the events to be ranked, ascending in time. `learn` marks those a ranker may be fitted on,
    `check` those among them that are ranked as well: to judge a recipe and to set the scale."""

    rows: I64
    learn: Bools
    check: Bools

    def blocks(self, recipe: RankRecipe) -> list[I64]:
        """Positions in `rows`, cut where the number to learn from has grown enough."""
        seen: I64 = np.cumsum(self.learn) - self.learn
        edges, due = [0], float(recipe.first_block)
        while len(seen) and due < seen[-1]:
            edges.append(int(np.searchsorted(seen, due)))
            due = max(due * (1 + recipe.growth), due + 1)
        return [b for b in np.split(np.arange(len(self.rows)), edges[1:]) if len(b)]


def questions(setting: Setting, targets: I64, *, cold: bool) -> Questions:
    """The targets of users without a past (`cold`) or with one, and what may be learned for them."""
    events, users = setting.views.events, setting.views.users
    first = np.zeros(len(events), np.bool_)
    first[np.unique(events.user, return_index=True)[1]] = True
    known = np.setdiff1d(np.arange(len(events)), targets)
    known, asked = known[first[known] == cold], targets[first[targets] == cold]
    rows = np.sort(np.concatenate([known, asked]))
    before_last = last_of_each(events, users, at_least=2 if cold else 3, back=1)
    return Questions(rows, np.isin(rows, known), np.isin(rows, known) & np.isin(rows, before_last))


@dataclass(frozen=True)
class Ranked:
    """Logits over all jobs, -inf for those seen before: softmax gives P(this is the next job)."""

    rows: I64  # of the events, ascending
    logits: F32  # (rows, jobs)

    def take(self, which: Bools) -> Ranked:
        return Ranked(self.rows[which], self.logits[which])


def walk(
    setting: Setting, pairs: PairFeatures, asked: Questions, recipe: RankRecipe, groups: tuple[str, ...]
) -> tuple[Ranked, Ranked]:
    """(targets, checks). A block's logits are stretched by one number, fitted on the checks before the block:
    jobs drawn to learn from are mostly far from the best, which is where logits are compared in the end."""
    events, similarity = setting.views.events, _similarity(setting, asked)
    config = recipe.config(groups)
    columns = [i for i, (group, _) in enumerate(_FEATURES) if group in groups]
    lists = _draw_lists(setting, pairs, asked, similarity, columns, recipe)
    raw = np.zeros((len(asked.rows), len(setting.jobs)), np.float32)
    scales = np.ones((len(asked.rows), 1), np.float32)
    for block in track(blocks := asked.blocks(recipe), len(blocks), "jobviews: ranker"):
        ranker = lists.fit(int(block[0]), config, recipe)
        judged = np.flatnonzero(asked.check[: block[0]])
        scales[block] = _scale(raw[judged], events.job[asked.rows[judged]], recipe)
        for q in block[~asked.learn[block] | asked.check[block]]:
            row = int(asked.rows[q])
            rows = pairs(_moment(setting, row), similarity[q])[:, columns]
            raw[q] = _logits(ranker, rows) if ranker else similarity[q] / setting.recipe.train.temperature
            raw[q, _seen_before(setting, row)] = -np.inf
    say(f"jobviews: scales of the logits, block by block: {np.unique(scales).round(2).tolist()}")
    ranked = Ranked(asked.rows, raw * scales)
    return ranked.take(~asked.learn), ranked.take(asked.check)


def within(ranked: Ranked, towers: F32, first: int) -> F32:
    """(rows, jobs) scores where the ranker reorders the towers' `first` jobs and the others follow as the
    towers put them. `towers` (rows, jobs) is -inf for jobs seen before."""
    border = np.partition(towers, -first, axis=1)[:, -first, None] if first < towers.shape[1] else -np.inf
    return np.where(towers >= border, ranked.logits, towers - np.float32(1e6)).astype(np.float32)


@dataclass(frozen=True)
class Lists:
    """Rows to learn from: x (rows, F), 1 at the viewed job, and each row's question, ascending."""

    x: F32
    label: F32
    question: I64

    def fit(self, end: int, config: RankerConfig, recipe: RankRecipe) -> Ranker | None:
        """On the questions before `end`; None where there are none."""
        rows = int(np.searchsorted(self.question, end))
        if not rows:
            return None
        ranker, _ = fit_ranker(
            self.x[:rows],
            self.label[:rows],
            config=config,
            lists=self.question[:rows],
            validation=np.zeros(rows, np.bool_),  # how many epochs was chosen on the checks
            training=recipe.training,
        )
        return ranker


def _similarity(setting: Setting, asked: Questions) -> F32:
    """(questions, jobs) by the untrained towers: out of sample everywhere. A view to learn from knows what
    its user stated before the first view, as in the towers' own training."""
    towers, events = untrained_towers(setting), setting.views.events
    out = np.zeros((len(asked.rows), len(setting.jobs)), np.float32)
    for part, users in ((asked.learn, setting.users_at_start), (~asked.learn, setting.users_at_target)):
        out[part] = similarities(setting, towers, events.take(asked.rows[part]), users)
    return out


def _draw_lists(
    setting: Setting,
    pairs: PairFeatures,
    asked: Questions,
    similarity: F32,
    columns: list[int],
    recipe: RankRecipe,
) -> Lists:
    """Each question to learn from: its job and `negatives` others, uniform among those not seen before."""
    events, rng = setting.views.events, np.random.default_rng(setting.seed)
    xs, labels, questions = [np.zeros((0, len(columns)), np.float32)], [], []
    learned = np.flatnonzero(asked.learn)
    for q in track(learned, len(learned), "jobviews: pairs to learn from"):
        row = int(asked.rows[q])
        others = ~_seen_before(setting, row)
        others[events.job[row]] = False
        count = min(recipe.negatives, int(others.sum()))
        drawn = rng.choice(np.flatnonzero(others), count, replace=False)
        rows = pairs(_moment(setting, row), similarity[q])
        xs.append(rows[np.concatenate([[events.job[row]], drawn])][:, columns])
        labels += [1.0, *[0.0] * count]
        questions += [q] * (count + 1)
    return Lists(np.concatenate(xs), np.array(labels, np.float32), np.array(questions, np.int64))


def _moment(setting: Setting, row: int) -> Moment:
    events = setting.views.events
    return Moment(int(events.user[row]), int(events.at[row]))


def _seen_before(setting: Setting, row: int) -> Bools:
    """(jobs,) what the user of this event viewed before it."""
    events = setting.views.events
    own = np.flatnonzero(events.user[:row] == events.user[row])
    out = np.zeros(len(setting.jobs), np.bool_)
    out[events.job[own]] = True
    return out


def _logits(ranker: Ranker, rows: F32) -> F64:
    parts = [ranker.logit(rows[start : start + CHUNK]) for start in range(0, len(rows), CHUNK)]
    return np.concatenate(parts)


def _scale(logits: F32, job: I64, recipe: RankRecipe) -> float:
    """The factor under which the jobs viewed were most likely; 1 while there are too few to tell."""
    from scipy.optimize import minimize_scalar
    from scipy.special import logsumexp

    if len(job) < recipe.scale_after:
        return 1.0
    own, finite = (
        logits[np.arange(len(job)), job].astype(np.float64),
        np.where(np.isinf(logits), -1e9, logits),
    )

    def loss(scale: float) -> float:
        return float(np.mean(logsumexp(scale * finite, axis=1) - scale * own))

    return float(minimize_scalar(loss, bounds=(0.5, 2.0), method="bounded", options={"xatol": 0.01}).x)

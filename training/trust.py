"""Whether a match score keeps its promises: checks that change a profile for real and read it anew."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import numpy.typing as npt

from features.cross import CROSS_FEATURE_ORDER
from features.demands import Demand
from features.edits import applied, edit_for
from features.evidence import Evidence, Shown
from features.matches import MIN_DEMANDS, MIN_PERSON_WORDS, checkable, fit_row, match
from features.records import UserRecord
from features.snapshot import read_jobs, read_users
from features.transform import FeatureTransform
from models.fit import FitModel
from models.ledger import Ledger, Row, fit_ledger, interest_ledger
from models.match import MatchModel

F64 = npt.NDArray[np.float64]
#: Half of the pairs share a skill: of those drawn at random most meet nothing, and show nothing to delete.
_SHARING = 0.5


@dataclass(frozen=True)
class Pair:
    user: UserRecord
    demands: tuple[Demand, ...]
    evidence: Evidence


@dataclass(frozen=True)
class Reader:
    """What turns a pair into a logit of fit, the way the product does."""

    transform: FeatureTransform
    model: FitModel

    def pair(self, user: UserRecord, demands: tuple[Demand, ...]) -> Pair:
        return Pair(user, demands, self.transform.evidence(user))

    def row(self, pair: Pair) -> F64:
        return fit_row(match(pair.demands, pair.evidence), pair.evidence)

    def logit(self, pair: Pair) -> float:
        return float(self.model.logit(self.row(pair)[None, :])[0])

    def ledger(self, pair: Pair) -> Ledger:
        return fit_ledger(self.model, match(pair.demands, pair.evidence), self.row(pair))

    def edited(self, pair: Pair, user: UserRecord) -> Pair:
        return self.pair(user, pair.demands)


def draw_pairs(data: Path, reader: Reader, count: int, rng: np.random.Generator) -> list[Pair]:
    """Random pairs of a snapshot's seekers and postings where both say enough to compare."""
    users = list(read_users(data))
    asked = [reader.transform.demands(job) for job in read_jobs(data)]
    asked = [demands for demands in asked if checkable(demands) >= MIN_DEMANDS]
    by_skill: dict[int, list[int]] = {}
    for place, demands in enumerate(asked):
        for demand in demands:
            if demand.kind == "skill":
                by_skill.setdefault(demand.key, []).append(place)
    out: list[Pair] = []
    while len(out) < count:
        user = users[int(rng.integers(len(users)))]
        evidence = reader.transform.evidence(user)
        if evidence.words < MIN_PERSON_WORDS:
            continue
        near = [place for skill in evidence.skills for place in by_skill.get(skill, ())]
        shares = near and rng.random() < _SHARING
        place = near[int(rng.integers(len(near)))] if shares else int(rng.integers(len(asked)))
        out.append(Pair(user, asked[place], evidence))
    return out


def sum_errors(pairs: Sequence[Pair], reader: Reader) -> F64:
    """(n,) distance between the sum of a ledger's rows and the logit that the model computes."""
    return np.array([abs(reader.ledger(p).logit - reader.logit(p)) for p in pairs])


def interest_sum_errors(model: MatchModel, count: int, rng: np.random.Generator) -> F64:
    """(count,) the same of interest, on rows drawn evenly from the range of the training data and beyond."""
    seen = model.ranker.standardisation
    low, high = seen.low - 1.0, seen.high + 1.0
    x = (low + (high - low) * rng.random((count, len(CROSS_FEATURE_ORDER)))).astype(np.float32)
    logits, parts = model.interest_logit(x), model.contributions(x)
    sums = [interest_ledger(model.interest_base, model.groups, row).logit for row in parts]
    return np.abs(np.array(sums) - logits)


@dataclass(frozen=True)
class Deletion:
    """What a row was worth and by how much the logit fell once its places were taken out of the profile.

    `promised` counts every row that the taken places held up alone."""

    promised: float
    moved: float

    @property
    def off(self) -> float:
        """Relative distance of the two."""
        return abs(self.moved - self.promised) / max(abs(self.promised), 1e-9)


def deletions(pairs: Sequence[Pair], reader: Reader, rng: np.random.Generator) -> Iterator[Deletion]:
    """One cited row of each pair that has one."""
    for pair in pairs:
        ledger = reader.ledger(pair)
        cited = [r for r in ledger.rows if r.match is not None and r.match.shown and r.contribution > 0]
        if not cited:
            continue
        row = cited[int(rng.integers(len(cited)))]
        assert row.match is not None  # noqa: S101
        gone = frozenset(row.match.shown)
        promised = sum(r.contribution for r in cited if _falls(r, gone))
        after = reader.logit(reader.edited(pair, without(pair.user, gone)))
        yield Deletion(promised, ledger.logit - after)


def _falls(row: Row, gone: frozenset[Shown]) -> bool:
    return row.match is not None and set(row.match.shown) <= gone


def without(user: UserRecord, gone: frozenset[Shown]) -> UserRecord:
    """The profile without some places: words become spaces, entries of the list of skills go."""
    resume, title = user.resume_text, user.desired_title
    for place in gone:
        width = place.end - place.start
        if place.source == "resume":
            resume = resume[: place.start] + " " * width + resume[place.end :]
        elif place.source == "title":
            title = title[: place.start] + " " * width + title[place.end :]
    listed = {place.start for place in gone if place.source == "skills"}
    skills = tuple(skill for k, skill in enumerate(user.skills) if k not in listed)
    years = None if any(place.source == "profile" for place in gone) else user.experience_years
    return replace(user, resume_text=resume, desired_title=title, skills=skills, experience_years=years)


def irrelevant_deletions(pairs: Sequence[Pair], reader: Reader, rng: np.random.Generator) -> F64:
    """(n,) how much the logit moves when a word of the resume that no row cites is taken out."""
    moved = []
    for pair in pairs:
        cited = [s for r in reader.ledger(pair).rows if r.match is not None for s in r.match.shown]
        words = _words(pair.user.resume_text)
        free = [w for w in words if not any(_overlaps(w, s) for s in cited if s.source == "resume")]
        if not free:
            continue
        start, end = free[int(rng.integers(len(free)))]
        after = reader.edited(pair, without(pair.user, frozenset({Shown("resume", start, end)})))
        moved.append(abs(reader.logit(after) - reader.logit(pair)))
    return np.array(moved)


def _words(text: str) -> list[tuple[int, int]]:
    out, at = [], 0
    for word in text.split():
        at = text.index(word, at)
        out.append((at, at + len(word)))
        at += len(word)
    return out


def _overlaps(word: tuple[int, int], shown: Shown) -> bool:
    return word[0] < shown.end and shown.start < word[1]


def promise_errors(pairs: Sequence[Pair], reader: Reader) -> F64:
    """(n,) distance between the logit promised for a change and the logit of the changed profile.

    The promise is computed as the serving layer does it; the profile then goes once around: written down as
    a record and read again from nothing.
    """
    taxonomy = reader.transform.taxonomy
    out = []
    for pair in pairs:
        lost = [r for r in reader.ledger(pair).rows if r.loss > 0 and r.match is not None]
        if not lost:
            continue
        row = max(lost, key=lambda r: r.loss)
        assert row.match is not None  # noqa: S101
        demand = row.match.demand
        label = taxonomy.skills[demand.key].label if demand.kind == "skill" else ""
        edited = applied(pair.user, edit_for(demand, label))
        evidence = reader.transform.evidence(edited)
        promised = reader.logit(replace(pair, evidence=evidence))
        written = UserRecord(**{name: getattr(edited, name) for name in UserRecord.__slots__})
        out.append(abs(promised - reader.logit(reader.edited(pair, written))))
        if promised <= reader.logit(pair) and label:
            out[-1] = np.inf  # a promise that brings nothing is broken
    return np.array(out)


def additions(
    pairs: Sequence[Pair],
    reader: Reader,
    count: int,
    rng: np.random.Generator,
    progress: Callable[[range], Iterator[int]] = iter,
) -> F64:
    """(count,) change of the logit when a skill that the posting asks for is added to the profile."""
    skills = reader.transform.taxonomy.skills
    asking = [p for p in pairs if any(d.kind == "skill" for d in p.demands)]
    out = np.zeros(count)
    for k in progress(range(count)):
        pair = asking[int(rng.integers(len(asking)))]
        wanted = [d for d in pair.demands if d.kind == "skill"]
        label = skills[wanted[int(rng.integers(len(wanted)))].key].label
        user = replace(pair.user, skills=(*pair.user.skills, label))
        out[k] = reader.logit(reader.edited(pair, user)) - reader.logit(pair)
    return out

"""What would raise a seeker's matches: changes they could make, and the numbers the model itself computes for
the changed profile. A change that is made gives exactly the number that was promised.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Literal

from sqlalchemy.ext.asyncio import AsyncSession

from app.db import release
from app.errors import InvalidInputError, MatchingUnavailableError
from app.job import service as jobs
from app.job.schemas import JobSummary
from app.kit.timing import stage
from app.recommendation import repository
from app.recommendation.matching import Matching
from serving.match_schemas import Counterfactual, Edit, Effort
from serving.schemas import RecommendRequest, ScoreRequest

#: Postings looked at when none was chosen, and changes asked for of each.
TOP, CHANGES = 8, 6
#: Seconds somebody who opened this page waits: the changes are computed against every open posting.
PATIENCE_S = 8.0
#: `unknown`: a profile that says nothing; `silent`: no answer; `older`: the release has no model of fit.
State = Literal["raised", "unknown", "silent", "older", "empty"]


@dataclass(frozen=True, slots=True)
class Lift:
    """What one change does to one posting's fit."""

    job: JobSummary
    before: float
    after: float


@dataclass(frozen=True, slots=True)
class Raise:
    """One change and all it does. `more_jobs`: open postings whose fit reaches `bar` with it."""

    edit: Edit
    effort: Effort
    lifts: list[Lift]
    more_jobs: int | None
    bar: float

    @property
    def gain(self) -> float:
        return sum(lift.after - lift.before for lift in self.lifts)


@dataclass(frozen=True, slots=True)
class Raised:
    """`fits`: (posting, its fit now; None where the model abstains), in the order asked."""

    state: State
    raises: list[Raise] = field(default_factory=list)
    fits: list[tuple[JobSummary, float | None]] = field(default_factory=list)


async def raising(
    session: AsyncSession, matching: Matching, user_id: int, job_ids: Sequence[int] = ()
) -> Raised:
    """For the postings named, or for the best of the feed. Strongest change first."""
    person, exclude = await repository.known(session, user_id)
    if not (person.desired_title or person.skills or person.resume_text):
        return Raised("unknown")
    await release(session)
    patient = Matching(matching.client.within(PATIENCE_S), matching.breaker)
    chosen = tuple(job_ids)
    with stage("serving"):
        if not chosen:
            best = await patient.recommend(
                RecommendRequest(user=person, limit=TOP, exclude=tuple(exclude), explain=False)
            )
            if best is None:
                return Raised("silent")
            chosen = tuple(item.job_id for item in best.items)
        if not chosen:
            return Raised("empty")
        try:
            answer = await patient.score(
                ScoreRequest(user=person, job_ids=chosen, explain=False, counterfactuals=CHANGES)
            )
        except (MatchingUnavailableError, InvalidInputError):
            return Raised("silent")
    found = await jobs.summaries(session, chosen)
    matches = {item.job_id: item.match for item in answer.items if item.match is not None}
    if not matches:
        return Raised("older", fits=[(found[key], None) for key in chosen if key in found])
    fits = {key: match.fit.value if match.fit else None for key, match in matches.items()}
    return Raised(
        "raised",
        _gathered({key: match.counterfactuals for key, match in matches.items() if key in found}, found),
        [(found[key], fits.get(key)) for key in chosen if key in found],
    )


def _gathered(changes: dict[int, tuple[Counterfactual, ...]], found: dict[int, JobSummary]) -> list[Raise]:
    """The same change of several postings is one."""
    by_edit: dict[tuple[str, str], list[tuple[int, Counterfactual]]] = {}
    for job_id, offered in changes.items():
        for change in offered:
            by_edit.setdefault((change.edit.kind, change.edit.value), []).append((job_id, change))
    raises = [
        Raise(
            edit=same[0][1].edit,
            effort=same[0][1].effort,
            lifts=[Lift(found[job_id], change.fit_before, change.fit_after) for job_id, change in same],
            more_jobs=max((c.more_jobs for _, c in same if c.more_jobs is not None), default=None),
            bar=same[0][1].bar,
        )
        for same in by_edit.values()
    ]
    return sorted(raises, key=lambda item: (-item.gain, item.edit.value))

"""Why a posting was shown: evidence that can be checked against the posting and the person, nothing else."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from features.places import Place
from features.records import EventKind, UserRecord
from features.text import words
from features.transform import FeatureTransform
from serving.catalog import JobView, distance_km
from serving.schemas import Reason

F32 = npt.NDArray[np.float32]

MAX_SKILLS = 6
MAX_MISSING = 4
NEAR_KM = 50.0
#: A past job is named as a reason from this cosine on; below, the likeness would be hard to see.
HISTORY_SIMILARITY = 0.6
TITLE_OVERLAP = 0.5
_DID: dict[EventKind, str] = {"view": "viewed", "save": "saved", "apply": "applied to"}


@dataclass(frozen=True)
class PastJob:
    job_id: int
    kind: EventKind
    title: str


class Explainer:
    """Everything about the person is prepared once; `reasons` is then cheap for every posting."""

    def __init__(
        self,
        transform: FeatureTransform,
        user: UserRecord,
        skills: Sequence[int],
        past: Sequence[PastJob] = (),
        past_vectors: F32 | None = None,
    ) -> None:
        """`past_vectors` (past, 256) are the vectors of `past`, newest last."""
        self._transform = transform
        self._user = user
        self._skills = frozenset(skills)
        self._place = transform.user_place(user)
        self._title = frozenset(words(user.desired_title))
        self._past = past
        self._past_vectors = past_vectors

    def reasons(self, job_id: int, job: JobView, vector: F32) -> tuple[Reason, ...]:
        return (
            *self._skill_reasons(job),
            *self._place_reasons(job),
            *self._title_reasons(job),
            *self._history_reasons(job_id, vector),
        )

    def _skill_reasons(self, job: JobView) -> list[Reason]:
        """The rarer a skill among postings, the more it says: those come first."""
        ranked = sorted(job.skills, key=lambda s: (int(self._transform.skill_df[s]), s))
        has = [s for s in ranked if s in self._skills][:MAX_SKILLS]
        lacks = [s for s in ranked if s not in self._skills][:MAX_MISSING] if self._skills else []
        return [Reason(kind="skill", detail=self._label(s)) for s in has] + [
            Reason(kind="missing_skill", detail=self._label(s)) for s in lacks
        ]

    def _label(self, skill: int) -> str:
        return self._transform.taxonomy.skills[skill].label

    def _place_reasons(self, job: JobView) -> list[Reason]:
        """A place within 50 km by name, else a shared country by its code; remote work if wanted."""
        out: list[Reason] = []
        if self._place is not None:
            near = next((p.label for p in job.places if _close(self._place, p.lat, p.lon)), "")
            country = next((p.country for p in job.places if p.country == self._place.country), "")
            if near or country:
                out.append(Reason(kind="place", detail=near or country))
        if job.remote == self._user.remote and job.remote in ("remote", "hybrid"):
            out.append(Reason(kind="remote", detail=job.remote))
        return out

    def _title_reasons(self, job: JobView) -> list[Reason]:
        """Words shared with the desired title, if they are at least half of it."""
        shared = [w for w in dict.fromkeys(words(job.title)) if w in self._title]
        if not shared or len(shared) < TITLE_OVERLAP * len(self._title):
            return []
        return [Reason(kind="title", detail=" ".join(shared))]

    def _history_reasons(self, job_id: int, vector: F32) -> list[Reason]:
        """The most similar posting the person showed interest in, other than this one."""
        if self._past_vectors is None or not len(self._past_vectors):
            return []
        likeness = self._past_vectors @ vector  # (past,)
        likeness[[p.job_id == job_id or not p.title for p in self._past]] = -1.0
        best = int(likeness.argmax())
        if likeness[best] < HISTORY_SIMILARITY:
            return []
        past = self._past[best]
        return [Reason(kind="history", detail=f"{_DID[past.kind]}: {past.title}")]


def _close(place: Place, lat: float | None, lon: float | None) -> bool:
    if place.lat is None or place.lon is None or lat is None or lon is None:
        return False
    return float(distance_km((place.lat, place.lon), lat, lon)) <= NEAR_KM

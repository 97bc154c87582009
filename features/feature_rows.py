"""The columns of the feature store's tables, and how states become rows and rows states again."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, cast

from features.behaviour import BehaviourState, Window, from_us, to_us
from features.popularity import Popularity
from features.records import EventKind, InteractionRecord

KEYS = {"valid_from": "timestamptz", "loaded_at": "timestamptz"}
USER_BEHAVIOUR = {
    "history_job_ids": "int8[]",
    "history_kinds": "text[]",
    "history_at": "int8[]",
    "dismissed_job_ids": "int8[]",
    "dismissed_at": "int8[]",
    "views": "int8",
    "saves": "int8",
    "applies": "int8",
    "dismisses": "int8",
    "last_active_at": "int8",
}
JOB_BEHAVIOUR = {
    "impressions": "int8",
    "views": "int8",
    "saves": "int8",
    "applies": "int8",
    "dismisses": "int8",
    "recent_impressions": "float8",
    "recent_views": "float8",
    "trailing_ctr": "float8",
    "as_of": "int8",
}
USER_CONTENT = {
    "desired_title": "text",
    "user_location": "text",
    "user_remote": "text",
    "experience_years": "float8",
    "expected_salary_min": "float8",
    "user_skills": "text[]",
    "has_resume": "bool",
}
JOB_CONTENT = {
    "title": "text",
    "company": "text",
    "job_location": "text",
    "job_remote": "text",
    "job_type": "text",
    "salary_min": "float8",
    "salary_max": "float8",
    "currency": "text",
    "job_skills": "text[]",
}
#: table -> (key column, columns)
TABLES: dict[str, tuple[str, dict[str, str]]] = {
    "user_behaviour": ("user_id", USER_BEHAVIOUR),
    "job_behaviour": ("job_id", JOB_BEHAVIOUR),
    "user_content": ("user_id", USER_CONTENT),
    "job_content": ("job_id", JOB_CONTENT),
}
Row = dict[str, Any]


def user_row(state: BehaviourState) -> Row:
    """A state as the columns of `USER_BEHAVIOUR`."""
    return {
        "history_job_ids": [e.job_id for e in state.positives],
        "history_kinds": [e.kind for e in state.positives],
        "history_at": [to_us(e.at) for e in state.positives],
        "dismissed_job_ids": [e.job_id for e in state.dismissals],
        "dismissed_at": [to_us(e.at) for e in state.dismissals],
        "views": state.views,
        "saves": state.saves,
        "applies": state.applies,
        "dismisses": state.dismisses,
        "last_active_at": None if state.last_active is None else to_us(state.last_active),
    }


def user_state(user_id: int, row: Mapping[str, Any]) -> BehaviourState:
    """The inverse of `user_row`; a row of nulls (nothing known) is the empty state."""
    if row["last_active_at"] is None:
        return BehaviourState(user_id)
    kinds = cast("Sequence[EventKind]", row["history_kinds"] or ())
    dismissals: list[EventKind] = ["dismiss"] * len(row["dismissed_at"] or ())
    return BehaviourState(
        user_id,
        _window(user_id, row["history_job_ids"], kinds, row["history_at"]),
        _window(user_id, row["dismissed_job_ids"], dismissals, row["dismissed_at"]),
        views=row["views"],
        saves=row["saves"],
        applies=row["applies"],
        dismisses=row["dismisses"],
        last_active=from_us(row["last_active_at"]),
    )


def _window(
    user_id: int, jobs: Sequence[int] | None, kinds: Sequence[EventKind], at: Sequence[int] | None
) -> Window:
    rows = zip(jobs or (), kinds, at or (), strict=True)
    return tuple(InteractionRecord(user_id, job, kind, from_us(us)) for job, kind, us in rows)


def job_row(state: Popularity) -> Row:
    """A popularity as the columns of `JOB_BEHAVIOUR`."""
    row: Row = {name: getattr(state, name) for name in JOB_BEHAVIOUR if name != "as_of"}
    return row | {"as_of": None if state.as_of is None else to_us(state.as_of)}


def job_state(job_id: int, row: Mapping[str, Any]) -> Popularity:
    """The inverse of `job_row`; a row of nulls is a posting nothing happened to."""
    if row["as_of"] is None:
        return Popularity(job_id)
    stored = {name: row[name] for name in JOB_BEHAVIOUR if name not in ("as_of", "trailing_ctr")}
    return Popularity(job_id, as_of=from_us(row["as_of"]), **stored)

"""Wire documents -> the raw records the ML side knows. Nothing is computed here."""

from __future__ import annotations

from typing import get_args

from features.records import InteractionRecord, JobRecord, JobType, UserRecord
from features.tabular import salary_usd
from features.transform import FeatureTransform
from models.facts import as_utc
from serving.catalog import Conditions
from serving.errors import UnknownPlaceError
from serving.schemas import Filters, JobDocument, UserDocument, UserEvent

_JOB_TYPES: tuple[JobType, ...] = get_args(JobType)


def job_record(document: JobDocument) -> JobRecord:
    return JobRecord(
        job_id=document.job_id,
        title=_clean(document.title),
        company=_clean(document.company),
        description=_clean(document.description),
        skills=tuple(_clean(s) for s in document.skills),
        location=_clean(document.location),
        remote=document.remote,
        job_type=next((t for t in _JOB_TYPES if t == document.job_type), "other"),
        salary_min=document.salary_min,
        salary_max=document.salary_max,
        currency=_clean(document.currency).upper(),
        posted_at=None if document.posted_at is None else as_utc(document.posted_at),
    )


def user_record(document: UserDocument, history: tuple[InteractionRecord, ...] = ()) -> UserRecord:
    return UserRecord(
        user_id=document.user_id,
        desired_title=document.desired_title,
        resume_text=document.resume_text,
        skills=document.skills,
        location=document.location,
        remote=document.remote,
        experience_years=document.experience_years,
        salary_min=document.salary_min,
        history=history,
    )


def sent_history(document: UserDocument) -> list[InteractionRecord]:
    return [
        InteractionRecord(document.user_id, item.job_id, item.kind, as_utc(item.at))
        for item in document.history
    ]


def interaction(event: UserEvent) -> InteractionRecord:
    return InteractionRecord(event.user_id, event.job_id, event.kind, as_utc(event.at))


def conditions(filters: Filters, transform: FeatureTransform) -> Conditions:
    """Salaries are taken as US dollars. Raises UnknownPlaceError if `near` is not a point on the map."""
    return Conditions(
        remote=filters.remote,
        job_types=filters.job_types,
        countries=filters.countries,
        near=_point(filters.near, transform) if filters.near.strip() else None,
        radius_km=filters.radius_km,
        salary_usd=None if filters.salary_min is None else salary_usd(filters.salary_min, "USD"),
        posted_after=filters.posted_after,
    )


def _point(name: str, transform: FeatureTransform) -> tuple[float, float]:
    place = transform.gazetteer.resolve(name)
    if place is None or place.lat is None or place.lon is None:
        raise UnknownPlaceError(f"no town or region is known by the name {name!r:.100}")
    return place.lat, place.lon


def _clean(text: str) -> str:
    """PostgreSQL stores no NUL, and no posting means one."""
    return text.replace("\0", "")

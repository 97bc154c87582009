"""Every mapped class: importing this package completes the metadata."""

from __future__ import annotations

from app.orm.application import (
    ApplicationChange,
    IdempotencyRecord,
    JobApplication,
    SavedJob,
    SeekerQuota,
    SeekerVisit,
)
from app.orm.audit import AuditEntry
from app.orm.base import Base
from app.orm.company import Company, CompanyMember
from app.orm.event import Event, Impression
from app.orm.job import Job
from app.orm.job_extra import (
    JobCounter,
    JobSummaryText,
    JobView,
    MatchScore,
    RollupState,
    SkillRequirement,
)
from app.orm.session import AuthSession, LoginThrottle, RefreshToken
from app.orm.taxonomy import Location, SkillTerm, Tag, TaxonomyLoad, job_tag
from app.orm.user import User, UserProfile, UserSkill

__all__ = [
    "ApplicationChange",
    "AuditEntry",
    "AuthSession",
    "Base",
    "Company",
    "CompanyMember",
    "Event",
    "IdempotencyRecord",
    "Impression",
    "Job",
    "JobApplication",
    "JobCounter",
    "JobSummaryText",
    "JobView",
    "Location",
    "LoginThrottle",
    "MatchScore",
    "RefreshToken",
    "RollupState",
    "SavedJob",
    "SeekerQuota",
    "SeekerVisit",
    "SkillRequirement",
    "SkillTerm",
    "Tag",
    "TaxonomyLoad",
    "User",
    "UserProfile",
    "UserSkill",
    "job_tag",
]

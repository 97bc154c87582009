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
from app.orm.hiding import Dismissal, HiddenCompany
from app.orm.job import Job
from app.orm.job_extra import (
    JobCounter,
    JobSummaryText,
    JobView,
    MatchScore,
    RollupState,
    SkillRequirement,
)
from app.orm.mail import Mail
from app.orm.personal_data import DataExport, ErasureReceipt
from app.orm.reading import JobFacts, SummaryBatch, SummaryItem
from app.orm.receipt import ScoreReceipt
from app.orm.resume import Resume, ResumeQuota, ResumeVersion
from app.orm.search import AlertCandidate, JobAlert, SavedSearch, SearchChange, SearchIndexName
from app.orm.security import AccountToken, RecoveryCode, TotpFactor
from app.orm.session import AuthSession, LoginThrottle, RefreshToken
from app.orm.taxonomy import Location, SkillTerm, Tag, TaxonomyLoad, job_tag
from app.orm.trial import Trial
from app.orm.user import User, UserProfile, UserSkill

__all__ = [
    "AccountToken",
    "AlertCandidate",
    "ApplicationChange",
    "AuditEntry",
    "AuthSession",
    "Base",
    "Company",
    "CompanyMember",
    "DataExport",
    "Dismissal",
    "ErasureReceipt",
    "Event",
    "HiddenCompany",
    "IdempotencyRecord",
    "Impression",
    "Job",
    "JobAlert",
    "JobApplication",
    "JobCounter",
    "JobFacts",
    "JobSummaryText",
    "JobView",
    "Location",
    "LoginThrottle",
    "Mail",
    "MatchScore",
    "RecoveryCode",
    "RefreshToken",
    "Resume",
    "ResumeQuota",
    "ResumeVersion",
    "RollupState",
    "SavedJob",
    "SavedSearch",
    "ScoreReceipt",
    "SearchChange",
    "SearchIndexName",
    "SeekerQuota",
    "SeekerVisit",
    "SkillRequirement",
    "SkillTerm",
    "SummaryBatch",
    "SummaryItem",
    "Tag",
    "TaxonomyLoad",
    "TotpFactor",
    "Trial",
    "User",
    "UserProfile",
    "UserSkill",
    "job_tag",
]

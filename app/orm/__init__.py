"""Every mapped class: importing this package completes the metadata."""

from __future__ import annotations

from app.orm.application import JobApplication, SavedJob
from app.orm.base import Base
from app.orm.company import Company, CompanyMember
from app.orm.event import Event, Impression
from app.orm.job import Job
from app.orm.session import AuthSession, LoginThrottle, RefreshToken
from app.orm.user import User, UserProfile, UserSkill

__all__ = [
    "AuthSession",
    "Base",
    "Company",
    "CompanyMember",
    "Event",
    "Impression",
    "Job",
    "JobApplication",
    "LoginThrottle",
    "RefreshToken",
    "SavedJob",
    "User",
    "UserProfile",
    "UserSkill",
]

"""Entries of the audit log in words: the log holds ids, people read names."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy.ext.asyncio import AsyncSession

from app.admin.schemas import AuditAnswer
from app.web import admin_labels, admin_repository

ERASED = "an account that was erased"


@dataclass(frozen=True, slots=True)
class Told:
    """`url` is "" for a target that no page shows."""

    entry: AuditAnswer
    actor: str
    action: str
    target: str
    url: str
    remarks: list[str]


async def told(session: AsyncSession, entries: Sequence[AuditAnswer]) -> list[Told]:
    """In two queries, however many entries."""
    jobs = {entry.target_id for entry in entries if entry.target_type == "job"}
    people = {entry.actor for entry in entries} | {
        entry.target_id for entry in entries if entry.target_type == "user"
    }
    titles = {key: row.title for key, row in (await admin_repository.postings(session, jobs)).items()}
    emails = {key: row.email for key, row in (await admin_repository.accounts(session, people)).items()}
    made = []
    for entry in entries:
        names, page, gone = {
            "job": (titles, "jobs", "a posting that was deleted"),
            "user": (emails, "users", ERASED),
        }.get(entry.target_type, ({}, "", f"{entry.target_type} {entry.target_id}"))
        known = names.get(entry.target_id)
        made.append(
            Told(
                entry,
                actor=emails.get(entry.actor, ERASED),
                action=admin_labels.ENTRIES.get(entry.action, entry.action),
                target=known or gone,
                url=f"/admin/{page}/{entry.target_id}/" if known else "",
                remarks=admin_labels.remarks(entry.detail),
            )
        )
    return made

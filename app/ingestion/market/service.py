"""A simulated market into the database: companies, postings, seekers, then what they did.

Every row has an identity of its own (source and seed with the market's id, event id), so that loading
the same market again, or after an interruption, adds what is missing and nothing twice.
"""

from __future__ import annotations

import secrets
import time
import uuid
from array import array
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass, field
from typing import Any

from app.db import Database
from app.ingestion import repository as postings_repository
from app.ingestion.errors import FileRefusedError, ImportRefusedError
from app.ingestion.market import repository
from app.ingestion.market.files import MarketFolder
from app.ingestion.normalize.job_type import job_type_of
from app.ingestion.normalize.remote import remote_name
from app.ingestion.normalize.salary import interval_of
from app.ingestion.posting import Posting, within_limits
from app.job.tasks import enqueue_push
from app.kit.clock import utcnow
from app.kit.ids import slugify, uuid7
from app.kit.passwords import hash_password

POSTINGS, SEEKERS, EVENTS = 1_000, 2_000, 20_000  # rows of a batch
DEMO_EMAIL = "demo@example.org"
_NAMESPACE = uuid.UUID("6f6e7f0e-5a52-4b0e-9d55-0d8a3c1b7e21")
Advance = Callable[[str, int], None]


@dataclass(slots=True)
class MarketReport:
    """Rows that were new (postings also: changed). `demo_password` is "" when it was left as it was."""

    folder: str
    companies: int = 0
    postings_added: int = 0
    postings_updated: int = 0
    postings_unchanged: int = 0
    seekers: int = 0
    impressions: int = 0
    events: int = 0
    events_without_owner: int = 0
    queued: int = 0
    demo_email: str = ""
    demo_password: str = ""
    seconds: float = 0.0
    notes: list[str] = field(default_factory=list)

    def as_json(self) -> dict[str, Any]:
        return {"synthetic": True, **asdict(self)}


def refuse_in_production(environment: str) -> None:
    """Raises ImportRefusedError: invented people and postings must not stand beside real ones."""
    if environment == "production":
        raise ImportRefusedError("a simulated market does not belong into production")


async def import_market(
    database: Database,
    folder: MarketFolder,
    *,
    sync: bool = True,
    demo_password: str = "",
    advance: Advance = lambda name, rows: None,
) -> MarketReport:
    """Loads `folder`; `advance` is told the file and the rows done. Raises FileRefusedError when another
    market is loaded: two would mix their ids."""
    report, started = MarketReport(str(folder.path)), time.monotonic()
    async with database.transaction() as session:
        other = await repository.other_seed(session, folder.seed)
    if other:
        raise FileRefusedError(f"a market with seed {other} is loaded; this one has seed {folder.seed}")
    await _companies(database, folder, report, advance)
    await _postings(database, folder, report, sync, advance)
    users = await _seekers(database, folder, report, advance)
    await _events(database, folder, report, users, advance)
    await _demo(database, report, demo_password)
    report.seconds = round(time.monotonic() - started, 2)
    return report


async def _companies(
    database: Database, folder: MarketFolder, report: MarketReport, advance: Advance
) -> None:
    for rows in folder.batches("companies", POSTINGS):
        async with database.transaction() as session:
            report.companies += await repository.add_companies(session, map(_company_row, rows))
        advance("companies", len(rows))


def _company_row(row: dict[str, Any]) -> tuple[Any, ...]:
    public_id = uuid7()
    return public_id, slugify(row["name"], suffix=public_id.hex[-8:]), row["name"], row["about"]


async def _postings(
    database: Database, folder: MarketFolder, report: MarketReport, sync: bool, advance: Advance
) -> None:
    for rows in folder.batches("postings", POSTINGS):
        postings = [_posting(row, folder) for row in rows]
        async with database.transaction() as session:
            done = await postings_repository.upsert(session, repository.SOURCE, "active", postings, utcnow())
            changed = sorted([*done.added, *done.updated])
            if sync and changed:
                await enqueue_push(session, changed)
        report.postings_added += len(done.added)
        report.postings_updated += len(done.updated)
        report.postings_unchanged += len(rows) - len(changed)
        report.queued += len(changed) if sync else 0
        advance("postings", len(rows))


def _posting(row: dict[str, Any], folder: MarketFolder) -> Posting:
    """Fields are clean already; only a posting that closed within the market's time is closed here."""
    closed_at = row["closed_at"]
    salary = row["salary_min"] is not None or row["salary_max"] is not None
    return within_limits(
        Posting(
            external_id=f"{folder.seed}:{row['job_id']}",
            title=row["title"],
            company=row["company"],
            description=row["description"],
            skills=tuple(row["skills"]),
            location=row["location"],
            remote=remote_name(row["remote"]),
            job_type=job_type_of(row["job_type"]),
            salary_min=row["salary_min"],
            salary_max=row["salary_max"],
            currency=row["currency"] or "",
            salary_interval=interval_of(row.get("salary_interval") or "") or "year",
            salary_source="employer" if salary else "",
            posted_at=row["posted_at"],
            closed_at=closed_at if closed_at is not None and closed_at <= folder.end else None,
            recorded_at=row["posted_at"],
        )
    )


async def _seekers(
    database: Database, folder: MarketFolder, report: MarketReport, advance: Advance
) -> array[int]:
    """Our user id by the market's; 0 for a seeker whose e-mail is another account's."""
    users = array("q")
    for rows in folder.batches("seekers", SEEKERS):
        public_ids = {row["user_id"]: _public_id(folder.seed, row["user_id"]) for row in rows}
        async with database.transaction() as session:
            staged = (_seeker_row(row, public_ids[row["user_id"]]) for row in rows)
            report.seekers += await repository.add_seekers(session, staged)
            ours = await repository.user_ids(session, list(public_ids.values()))
        for theirs, public_id in public_ids.items():
            users.extend([0] * max(0, theirs + 1 - len(users)))
            users[theirs] = ours.get(public_id, 0)
        advance("seekers", len(rows))
    return users


def _public_id(seed: int, user_id: int) -> uuid.UUID:
    """The same for the same seeker, whatever e-mail the account has by now."""
    return uuid.uuid5(_NAMESPACE, f"{seed}:{user_id}")


def _seeker_row(row: dict[str, Any], public_id: uuid.UUID) -> tuple[Any, ...]:
    return (
        public_id,
        row["email"].lower(),
        row["full_name"],
        row["created_at"],
        row["desired_title"],
        row["location"],
        remote_name(row["remote"]),
        row["experience_years"],
        row["salary_min"],
        row.get("currency") or "",
        row["resume_text"],
        list(row["skills"]),
    )


async def _events(
    database: Database, folder: MarketFolder, report: MarketReport, users: array[int], advance: Advance
) -> None:
    async with database.transaction() as session:
        jobs = await repository.job_ids(session, folder.seed)
    for rows in folder.batches("events", EVENTS):
        known = list(_event_rows(rows, users, jobs))
        async with database.transaction() as session:
            impressions, events = await repository.add_events(session, known)
        report.impressions += impressions
        report.events += events
        report.events_without_owner += len(rows) - len(known)
        advance("events", len(rows))


def _event_rows(rows: list[dict[str, Any]], users: array[int], jobs: array[int]) -> Iterator[tuple[Any, ...]]:
    for row in rows:
        user_id, job_id = _at(users, row["user_id"]), _at(jobs, row["job_id"])
        if user_id and job_id:
            yield (
                row["event_id"],
                row["session_id"],
                user_id,
                job_id,
                row["kind"],
                row["at"],
                row["rank"],
                row["score"],
                row["propensity"],
                row["release_id"],
            )


def _at(ids: array[int], key: int) -> int:
    return ids[key] if 0 <= key < len(ids) else 0


async def _demo(database: Database, report: MarketReport, password: str) -> None:
    """One seeker with a history can sign in. A real account that has the demo address is left alone."""
    async with database.transaction() as session:
        existing = await repository.account(session, DEMO_EMAIL)
        if existing is not None and existing[1] != repository.SYNTHETIC:
            report.notes.append(f"{DEMO_EMAIL} is an account of its own; no demo login was made")
            return
        user_id = existing[0] if existing else await repository.demo_candidate(session)
        if user_id is None:
            report.notes.append("no seeker with a resume; no demo login was made")
            return
        report.demo_email = DEMO_EMAIL
        if existing is not None and not password:
            return
        report.demo_password = password or secrets.token_urlsafe(12)
        await repository.set_login(session, user_id, DEMO_EMAIL, await hash_password(report.demo_password))

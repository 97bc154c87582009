"""What is done about a person's data in the background: their picture, their copy, their going."""

from __future__ import annotations

import logging
import time
from datetime import timedelta

from procrastinate import JobContext
from sqlalchemy.ext.asyncio import AsyncSession

from app.auth import sweep as auth_sweep
from app.auth import throttle
from app.kit.clock import utcnow
from app.kit.storage import Storage, storage_at
from app.mail import service as mail
from app.mail.senders import Sender
from app.mail.transport import transport_of
from app.orm import DataExport, ErasureReceipt
from app.queue import URGENT, Backoff, enqueue, queue
from app.user import account_repository as repository
from app.user import archive, holdings
from app.worker_context import resources, settings_of
from serving.schemas import ForgetRequest

logger = logging.getLogger(__name__)
EXPORTS = "exports"
#: The serving layer may be away for long; a promise to erase outlasts that.
PATIENT = Backoff(attempts=5000, ceiling_s=1800)
UNCONFIRMED_DAYS = 7
#: A file that no row names may be in the making for so long.
ORPHAN_S = 3600


def _storage(context: JobContext) -> Storage:
    return storage_at(settings_of(context).storage_url)


# -- a copy of one's data ------------------------------------------------------------------------------


@queue.task(name="user.export", queue="account", retry=Backoff(attempts=20), pass_context=True)
async def build_export(context: JobContext, *, export_id: int) -> None:
    """Idempotent: only a queued export is built, under a name that follows from it."""
    database, _ = resources(context)
    storage, days = _storage(context), settings_of(context).export_days
    async with database.transaction() as session:
        row = await repository.lock_queued(session, export_id)
        if row is None:
            return
        made = storage.scratch() / f"{row.public_id}.part"
        try:
            await archive.write(session, storage, row.user_id, made)
            row.bytes = made.stat().st_size
            row.file = f"{EXPORTS}/{row.public_id}.zip"
            storage.adopt(row.file, made)
        finally:
            made.unlink(missing_ok=True)
        row.status, row.ready_at = "ready", utcnow()
        row.expires_at = row.ready_at + timedelta(days=days)
        account = await repository.lock_account(session, row.user_id)
        if account is not None:
            await mail.send(session, "export-ready", account.email, user_id=account.id, days=days)


async def enqueue_export(session: AsyncSession, row: DataExport) -> None:
    await enqueue(session, build_export, priority=URGENT, export_id=row.id)


@queue.task(name="user.drop_picture", queue="account", retry=Backoff(attempts=20), pass_context=True)
async def drop_picture(context: JobContext, *, name: str) -> None:
    """The file of a picture that no profile shows any more; after the transaction that replaced it."""
    database, _ = resources(context)
    async with database.transaction() as session:
        if name not in await repository.known_avatars(session, [name]):
            _storage(context).delete(f"avatars/{name}")


async def enqueue_drop_picture(session: AsyncSession, name: str) -> None:
    await enqueue(session, drop_picture, name=name)


# -- going ---------------------------------------------------------------------------------------------


@queue.task(name="user.erase", queue="account", retry=PATIENT, pass_context=True)
async def erase(context: JobContext, *, receipt_id: int) -> None:
    """Store by store, each noted in the receipt when it is done; a repetition goes on where it stopped."""
    database, serving = resources(context)
    async with database.transaction() as session:
        receipt = await repository.lock_receipt(session, receipt_id)
        if receipt is None:
            return
        if "database" not in receipt.stores:
            await _erase_rows(session, receipt, transport_of(context).sender)
        user_id = receipt.user_id
    async with database.transaction() as session:
        receipt = await repository.lock_receipt(session, receipt_id)
        if receipt is not None and "files" not in receipt.stores:
            _erase_files(receipt, _storage(context))
    known = (await serving.forget_users(ForgetRequest(user_ids=(user_id,)))).deleted
    async with database.transaction() as session:
        receipt = await repository.lock_receipt(session, receipt_id)
        if receipt is not None:
            receipt.stores = receipt.stores | {"feature_store": known}
            receipt.completed_at = utcnow()
    logger.info("account erased", extra={"receipt_id": receipt_id})


async def _erase_rows(session: AsyncSession, receipt: ErasureReceipt, sender: Sender) -> None:
    account = await repository.lock_account(session, receipt.user_id)
    counts = await holdings.counts(session, receipt.user_id)
    receipt.files = await repository.files(session, receipt.user_id)
    kept_mail = 0
    if account is not None:
        kept_mail = await sender.forget(account.email)
        counts["login_throttle"] = await throttle.forget_account(session, account.email)
        if receipt.notify:
            await mail.send(session, "account-erased", account.email, receipt=str(receipt.public_id))
        await repository.delete_account(session, receipt.user_id)
    receipt.stores = receipt.stores | {"database": counts, "mail_files": {"messages": kept_mail}}


def _erase_files(receipt: ErasureReceipt, storage: Storage) -> None:
    deleted: dict[str, int] = {}
    for key in receipt.files:
        folder = key.partition("/")[0]
        deleted[folder] = deleted.get(folder, 0) + storage.delete(key)
    receipt.stores = receipt.stores | {"files": deleted}
    receipt.files = []


async def enqueue_erase(session: AsyncSession, receipt: ErasureReceipt) -> None:
    await enqueue(session, erase, priority=URGENT, receipt_id=receipt.id)


@queue.task(name="user.forget_behaviour", queue="account", retry=PATIENT, pass_context=True)
async def forget_behaviour(context: JobContext, *, user_id: int) -> None:
    """For who objected to profiling. What was learnt goes; the account and its records stay."""
    _, serving = resources(context)
    await serving.forget_users(ForgetRequest(user_ids=(user_id,)))


async def enqueue_forget_behaviour(session: AsyncSession, user_id: int) -> None:
    await enqueue(session, forget_behaviour, user_id=user_id)


# -- what time makes due -------------------------------------------------------------------------------


@queue.periodic(cron="23 * * * *")
@queue.task(name="user.sweep", queue="account", pass_context=True)
async def sweep(context: JobContext, timestamp: int) -> None:
    """Deletes what has had its time: links, counters, old mail, exports, abandoned accounts and files."""
    database, _ = resources(context)
    settings, storage, now = settings_of(context), _storage(context), utcnow()
    async with database.transaction() as session:
        await auth_sweep.purge(session, now)
        for row in await repository.expired_exports(session, now):
            storage.delete(row.file)
            row.status, row.file = "expired", ""
    async with database.transaction() as session:
        due = await repository.out_of_retention(session, now)
        for user_id in due:
            await begin_erasure(session, user_id)
        if settings.verifies_email:
            before = repository.long_ago(now, UNCONFIRMED_DAYS)
            for user_id in await repository.unconfirmed(session, before):
                await begin_erasure(session, user_id, notify=False)
    async with database.transaction() as session:
        await _drop_orphans(session, storage)


async def begin_erasure(session: AsyncSession, user_id: int, *, notify: bool = True) -> ErasureReceipt | None:
    """From here on nobody can use the account. None if its erasure has begun already."""
    if not await repository.deactivate(session, user_id):
        return None
    await auth_sweep.end_everything(session, user_id, utcnow())
    receipt = await repository.add_receipt(session, user_id, notify=notify)
    await enqueue_erase(session, receipt)
    return receipt


async def _drop_orphans(session: AsyncSession, storage: Storage) -> None:
    """Pictures whose transaction failed after the file was written, or that were replaced."""
    old = [name for name, at in storage.names("avatars") if at < time.time() - ORPHAN_S]
    for start in range(0, len(old), 500):
        part = old[start : start + 500]
        for name in set(part) - await repository.known_avatars(session, part):
            storage.delete(f"avatars/{name}")

"""SQL of exports, erasure and its receipts."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlalchemy import delete, func, select, text, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from app.kit.ids import uuid7
from app.orm import DataExport, ErasureReceipt, User, UserProfile

#: Made by an import, not by a person: nobody is to be asked to confirm them, and they expire with the import.
SYNTHETIC = "synthetic"


async def avatar(session: AsyncSession, user_id: int) -> str:
    return await session.scalar(select(UserProfile.avatar).where(UserProfile.user_id == user_id)) or ""


async def known_avatars(session: AsyncSession, names: Sequence[str]) -> set[str]:
    return set((await session.scalars(select(UserProfile.avatar).where(UserProfile.avatar.in_(names)))).all())


# -- exports -------------------------------------------------------------------------------------------


async def queue_export(session: AsyncSession, user_id: int) -> DataExport | None:
    """None when one is queued already."""
    statement = insert(DataExport).values(user_id=user_id, public_id=uuid7())
    return await session.scalar(statement.on_conflict_do_nothing().returning(DataExport))


async def exports(session: AsyncSession, user_id: int, limit: int = 50) -> Sequence[DataExport]:
    query = select(DataExport).where(DataExport.user_id == user_id).order_by(DataExport.id.desc())
    return (await session.scalars(query.limit(limit))).all()


async def exports_since(session: AsyncSession, user_id: int, moment: datetime) -> int:
    query = select(func.count(DataExport.id)).where(
        DataExport.user_id == user_id, DataExport.created_at > moment
    )
    return (await session.execute(query)).scalar_one()


async def export(session: AsyncSession, user_id: int, public_id: uuid.UUID) -> DataExport | None:
    query = select(DataExport).where(DataExport.user_id == user_id, DataExport.public_id == public_id)
    return await session.scalar(query)


async def lock_queued(session: AsyncSession, export_id: int) -> DataExport | None:
    query = select(DataExport).where(DataExport.id == export_id, DataExport.status == "queued")
    return await session.scalar(query.with_for_update())


async def expired_exports(session: AsyncSession, now: datetime) -> Sequence[DataExport]:
    query = select(DataExport).where(DataExport.status == "ready", DataExport.expires_at <= now)
    return (await session.scalars(query.with_for_update(skip_locked=True).limit(500))).all()


# -- erasure -------------------------------------------------------------------------------------------


async def deactivate(session: AsyncSession, user_id: int) -> bool:
    """Whether the account was active until now."""
    done = update(User).where(User.id == user_id, User.is_active).values(is_active=False)
    return await session.scalar(done.returning(User.id)) is not None


async def add_receipt(session: AsyncSession, user_id: int, *, notify: bool) -> ErasureReceipt:
    receipt = ErasureReceipt(user_id=user_id, notify=notify)
    session.add(receipt)
    await session.flush()
    return receipt


async def receipt(session: AsyncSession, public_id: uuid.UUID) -> ErasureReceipt | None:
    return await session.scalar(select(ErasureReceipt).where(ErasureReceipt.public_id == public_id))


async def lock_receipt(session: AsyncSession, receipt_id: int) -> ErasureReceipt | None:
    """A receipt that is not complete; two workers with one task go one by one."""
    query = select(ErasureReceipt).where(
        ErasureReceipt.id == receipt_id, ErasureReceipt.completed_at.is_(None)
    )
    return await session.scalar(query.with_for_update())


async def lock_account(session: AsyncSession, user_id: int) -> User | None:
    """Locked against new rows that refer to it."""
    query = select(User).where(User.id == user_id).with_for_update()
    return await session.scalar(query)


async def files(session: AsyncSession, user_id: int) -> list[str]:
    """Storage keys of what belongs to the account."""
    made = await session.scalars(
        select(DataExport.file).where(DataExport.user_id == user_id, DataExport.file != "")
    )
    picture = await avatar(session, user_id)
    return [*made.all(), *([f"avatars/{picture}"] if picture else [])]


async def delete_account(session: AsyncSession, user_id: int) -> None:
    """Everything that refers to it goes with it (ON DELETE CASCADE)."""
    await session.execute(delete(User).where(User.id == user_id).execution_options(synchronize_session=False))


async def unconfirmed(session: AsyncSession, before: datetime) -> Sequence[int]:
    """Accounts nobody confirmed since long."""
    query = select(User.id).where(
        User.email_verified_at.is_(None),
        User.created_at < before,
        User.terms_version != SYNTHETIC,
        User.is_active,
    )
    return (await session.scalars(query.order_by(User.id).limit(500))).all()


async def out_of_retention(session: AsyncSession, now: datetime) -> Sequence[int]:
    """Accounts whose owners asked for erasure after so many months without a visit."""
    months = text("(user_profile.privacy_settings ->> 'retention_months')::int * interval '30 days'")
    query = (
        select(User.id)
        .join(UserProfile, UserProfile.user_id == User.id)
        .where(
            UserProfile.privacy_settings.has_key("retention_months"),
            User.is_active,
            func.coalesce(User.last_active, User.created_at) + months < now,
        )
    )
    return (await session.scalars(query.order_by(User.id).limit(500))).all()


def long_ago(now: datetime, days: int) -> datetime:
    return now - timedelta(days=days)

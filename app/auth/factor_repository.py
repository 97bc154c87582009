"""SQL of second factors and recovery codes."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import delete, func, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from app.orm import RecoveryCode, TotpFactor


async def is_on(session: AsyncSession, user_id: int) -> bool:
    query = select(TotpFactor.user_id).where(
        TotpFactor.user_id == user_id, TotpFactor.confirmed_at.is_not(None)
    )
    return await session.scalar(query) is not None


async def put_unconfirmed(session: AsyncSession, user_id: int, sealed: bytes) -> bool:
    """Replaces an enrolment that was never confirmed; False when a confirmed factor is there."""
    statement = insert(TotpFactor).values(user_id=user_id, secret_sealed=sealed)
    statement = statement.on_conflict_do_update(
        index_elements=[TotpFactor.user_id],
        set_={"secret_sealed": sealed, "last_step": None},
        where=TotpFactor.confirmed_at.is_(None),
    )
    return await session.scalar(statement.returning(TotpFactor.user_id)) is not None


async def lock_factor(session: AsyncSession, user_id: int) -> TotpFactor | None:
    query = (
        select(TotpFactor)
        .where(TotpFactor.user_id == user_id)
        .with_for_update()
        .execution_options(populate_existing=True)
    )
    return await session.scalar(query)


async def drop(session: AsyncSession, user_id: int) -> bool:
    """Whether a confirmed factor was there; the codes go with it, and an unfinished enrolment too."""
    await drop_codes(session, user_id)
    gone = delete(TotpFactor).where(TotpFactor.user_id == user_id).returning(TotpFactor.confirmed_at)
    return await session.scalar(gone) is not None


async def codes_left(session: AsyncSession, user_id: int) -> int:
    query = select(func.count(RecoveryCode.id)).where(
        RecoveryCode.user_id == user_id, RecoveryCode.used_at.is_(None)
    )
    return (await session.execute(query)).scalar_one()


async def spend_code(session: AsyncSession, user_id: int, code_hash: bytes, now: datetime) -> bool:
    spent = (
        update(RecoveryCode)
        .where(
            RecoveryCode.user_id == user_id,
            RecoveryCode.code_hash == code_hash,
            RecoveryCode.used_at.is_(None),
        )
        .values(used_at=now)
    )
    return await session.scalar(spent.returning(RecoveryCode.id)) is not None


async def drop_codes(session: AsyncSession, user_id: int) -> None:
    await session.execute(delete(RecoveryCode).where(RecoveryCode.user_id == user_id))

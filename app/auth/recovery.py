"""New passwords: forgotten, reset through a link, changed."""

from __future__ import annotations

from sqlalchemy.ext.asyncio import AsyncSession

from app.auth import links, repository, throttle
from app.auth.access import Principal
from app.auth.registration import require_strong
from app.auth.rules import SessionRules
from app.auth.schemas import ChangePasswordRequest, ResetRequest
from app.db import release
from app.errors import InvalidCredentialsError, InvalidLinkError, InvalidTokenError
from app.kit.clock import utcnow
from app.kit.passwords import hash_password, verify_password
from app.kit.tokens import digest
from app.mail import service as mail
from app.orm import User

FORGOT_ANSWER = "If there is an account for this address, we sent a mail to it."


async def forgot(session: AsyncSession, rules: SessionRules, email: str) -> str:
    """Mails a link. Answer and cost are the same without an account."""
    user = await repository.user_by_email(session, email)
    allowed = await throttle.may_mail(session, email)
    known = user if user and user.is_active and allowed else None
    await links.send(session, rules, "password-reset", known)
    return FORGOT_ANSWER


async def reset(session: AsyncSession, rules: SessionRules, body: ResetRequest) -> None:
    """Sets the password and ends every session. Who has the link has the mailbox, so the address counts as
    confirmed. Raises InvalidLinkError; InvalidInputError for a weak password, which leaves the link whole."""
    secret = digest(body.token)
    found = await repository.account_token(session, "password-reset", secret, utcnow())
    if found is None:
        raise InvalidLinkError
    password = body.password.get_secret_value()
    require_strong(password, found[1].email, "/body/password")
    await release(session)
    hashed = await hash_password(password, pepper=rules.pepper)
    if not await repository.spend(session, found[0].id):
        raise InvalidLinkError
    user = await repository.lock_user(session, found[1].id)
    if user is None:
        raise InvalidLinkError
    user.email_verified_at = user.email_verified_at or utcnow()
    await _set(session, user, hashed)
    await throttle.forget_account(session, user.email)


async def change(
    session: AsyncSession,
    rules: SessionRules,
    principal: Principal,
    body: ChangePasswordRequest,
    *,
    address: str,
) -> None:
    """Ends every session but the one that asks. Raises InvalidCredentialsError, TooManyAttemptsError;
    InvalidInputError for a weak password."""
    user = await require_password(
        session, rules, principal, body.current_password.get_secret_value(), address=address
    )
    password = body.new_password.get_secret_value()
    require_strong(password, user.email, "/body/new_password")
    verified_hash = user.password_hash
    await release(session)
    hashed = await hash_password(password, pepper=rules.pepper)
    locked = await repository.lock_user(session, user.id)
    if locked is None or locked.password_hash != verified_hash:
        raise InvalidCredentialsError
    await _set(session, locked, hashed, keep=principal.session_id)
    await repository.confirm_presence(session, principal.session_id, utcnow())


async def require_password(
    session: AsyncSession, rules: SessionRules, principal: Principal, password: str, *, address: str
) -> User:
    """The account, if this is its password. Raises InvalidCredentialsError, TooManyAttemptsError."""
    user = await repository.user_by_id(session, principal.user_id)
    if user is None:
        raise InvalidTokenError
    await throttle.check(session, user.email, address)
    await release(session)
    matches, _ = await verify_password(password, user.password_hash, pepper=rules.pepper)
    if not matches:
        await throttle.count_failure(session, user.email, address)
        raise InvalidCredentialsError("the password is wrong")
    return user


async def _set(session: AsyncSession, user: User, hashed: str, *, keep: int | None = None) -> None:
    user.password_hash = hashed
    await session.flush()
    await repository.drop_tokens(session, user.id)
    await repository.end_sessions(session, utcnow(), "password", user_id=user.id, keep=keep)
    await mail.send(session, "password-changed", user.email, user_id=user.id)

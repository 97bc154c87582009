"""The settings of signing in, made once per process."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from app.kit.seal import Seal
from app.kit.tokens import TokenSigner
from app.settings import Settings


@dataclass(frozen=True, slots=True)
class SessionRules:
    """`verifies_email`: an account needs a confirmed address before its first login."""

    signer: TokenSigner
    seal: Seal
    refresh_lifetime: timedelta
    session_lifetime: timedelta
    pepper: str
    verifies_email: bool

    @classmethod
    def of(cls, settings: Settings) -> SessionRules:
        signer = TokenSigner.of(settings)
        return cls(
            signer=signer,
            seal=Seal(signer.secret, *signer.previous),
            refresh_lifetime=timedelta(days=settings.refresh_token_days),
            session_lifetime=timedelta(days=settings.session_days),
            pepper=settings.password_pepper.get_secret_value(),
            verifies_email=settings.verifies_email,
        )

"""Access tokens (JWT, RFC 9068 profile) and refresh tokens (opaque, 256 bits)."""

from __future__ import annotations

import hashlib
import hmac
import secrets
import uuid
from base64 import urlsafe_b64encode
from dataclasses import dataclass
from datetime import datetime, timedelta

import jwt

from app.errors import InvalidTokenError

ALGORITHM = "HS256"
TYPE = "at+jwt"
REQUIRED = ["iss", "aud", "sub", "sid", "jti", "iat", "nbf", "exp"]
LEEWAY_S = 5


@dataclass(frozen=True, slots=True)
class Claims:
    user: uuid.UUID
    session: uuid.UUID


@dataclass(frozen=True, slots=True)
class TokenSigner:
    """One key per purpose, derived from `secret`, so that no signature can be used for another."""

    secret: str
    issuer: str
    audience: str
    lifetime: timedelta

    def _key(self, purpose: str) -> bytes:
        return hmac.digest(self.secret.encode(), b"jobpilot/" + purpose.encode(), "sha256")

    def access(self, claims: Claims, now: datetime) -> str:
        payload = {
            "iss": self.issuer,
            "aud": self.audience,
            "sub": str(claims.user),
            "sid": str(claims.session),
            "jti": str(uuid.uuid4()),
            "iat": now,
            "nbf": now,
            "exp": now + self.lifetime,
        }
        return jwt.encode(payload, self._key("access"), ALGORITHM, headers={"typ": TYPE})

    def read(self, token: str) -> Claims:
        """Raises InvalidTokenError for anything but a live token of this issuer, audience and type."""
        try:
            decoded = jwt.decode_complete(
                token,
                self._key("access"),
                algorithms=[ALGORITHM],
                issuer=self.issuer,
                audience=self.audience,
                leeway=LEEWAY_S,
                options={"require": REQUIRED},
            )
            if decoded["header"].get("typ") != TYPE:
                raise InvalidTokenError
            payload = decoded["payload"]
            return Claims(user=uuid.UUID(payload["sub"]), session=uuid.UUID(payload["sid"]))
        except (jwt.PyJWTError, ValueError, AttributeError, TypeError):
            raise InvalidTokenError from None

    def successor(self, refresh_token: str) -> str:
        """The one token that follows: a client whose answer got lost gets the same one again."""
        return _text(hmac.digest(self._key("refresh"), refresh_token.encode(), "sha256"))


def new_refresh_token() -> str:
    return _text(secrets.token_bytes(32))


def digest(refresh_token: str) -> bytes:
    """What is stored. A fast hash is enough: the token is random, not chosen by a person."""
    return hashlib.sha256(refresh_token.encode()).digest()


def _text(value: bytes) -> str:
    return urlsafe_b64encode(value).rstrip(b"=").decode()

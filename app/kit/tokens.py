"""Access tokens (JWT, RFC 9068 profile), refresh tokens and secrets sent by mail (opaque, 256 bits)."""

from __future__ import annotations

import hashlib
import hmac
import secrets
import uuid
from base64 import urlsafe_b64encode
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol, Self

import jwt
from pydantic import SecretStr

from app.errors import InvalidTokenError

ALGORITHM = "HS256"
TYPE = "at+jwt"
REQUIRED = ["iss", "aud", "sub", "sid", "jti", "iat", "nbf", "exp"]
LEEWAY_S = 5


@dataclass(frozen=True, slots=True)
class Claims:
    user: uuid.UUID
    session: uuid.UUID


class TokenSettings(Protocol):
    """The part of the settings that tokens are made of."""

    @property
    def secret_key(self) -> SecretStr: ...
    @property
    def secret_keys_previous(self) -> tuple[SecretStr, ...]: ...
    @property
    def token_issuer(self) -> str: ...
    @property
    def token_audience(self) -> str: ...
    @property
    def access_token_minutes(self) -> int: ...


@dataclass(frozen=True, slots=True)
class TokenSigner:
    """One key per purpose, derived from `secret`, so that no signature can be used for another.

    Tokens name their key. Those of `previous` secrets stay readable, so that a new secret signs nobody out.
    """

    secret: str
    issuer: str
    audience: str
    lifetime: timedelta
    previous: tuple[str, ...] = ()

    @classmethod
    def of(cls, settings: TokenSettings) -> Self:
        return cls(
            secret=settings.secret_key.get_secret_value(),
            issuer=settings.token_issuer,
            audience=settings.token_audience,
            lifetime=timedelta(minutes=settings.access_token_minutes),
            previous=tuple(key.get_secret_value() for key in settings.secret_keys_previous),
        )

    def _key(self, purpose: str) -> bytes:
        return derived_key(self.secret, purpose)

    def _readable(self) -> dict[str, bytes]:
        keys = (derived_key(secret, "access") for secret in (self.secret, *self.previous))
        return {key_id(key): key for key in keys}

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
        key = self._key("access")
        return jwt.encode(payload, key, ALGORITHM, headers={"typ": TYPE, "kid": key_id(key)})

    def read(self, token: str) -> Claims:
        """Raises InvalidTokenError for anything but a live token of this issuer, audience and type."""
        try:
            key = self._readable().get(jwt.get_unverified_header(token).get("kid", ""))
            if key is None:
                raise InvalidTokenError
            decoded = jwt.decode_complete(
                token,
                key,
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

    def mailed(self, mail: uuid.UUID) -> str:
        """The secret in a mail's link. It follows from the mail's id, so that it is stored nowhere and
        a mail that is sent twice holds the same."""
        return _text(hmac.digest(self._key("mail"), mail.bytes, "sha256"))


def derived_key(secret: str, purpose: str) -> bytes:
    return hmac.digest(secret.encode(), b"jobpilot/" + purpose.encode(), "sha256")


def key_id(key: bytes) -> str:
    """Names a key without telling anything about it."""
    return hashlib.sha256(b"kid" + key).hexdigest()[:16]


def new_secret() -> str:
    return _text(secrets.token_bytes(32))


def digest(secret: str) -> bytes:
    """What is stored. A fast hash is enough: the secret is random, not chosen by a person."""
    return hashlib.sha256(secret.encode()).digest()


def _text(value: bytes) -> str:
    return urlsafe_b64encode(value).rstrip(b"=").decode()

"""Sessions of browsers: a signed cookie that names a session, and tokens that tie a form to it.

The cookie is no access token and no refresh token; it has a key of its own, so neither can stand in for the
other. It says which session of the list it belongs to, and the list decides: a session that was ended there
ends here with the next request.
"""

from __future__ import annotations

import hmac
import struct
import uuid
from base64 import urlsafe_b64decode, urlsafe_b64encode
from binascii import Error as NotBase64Error
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from app.kit.tokens import Claims, TokenSigner, derived_key

_PAYLOAD = struct.Struct(">16s16sq")
_MAC = 32
#: Longer values are not looked at.
_LONGEST = 200


@dataclass(frozen=True, slots=True)
class BrowserSession:
    claims: Claims
    issued_at: datetime

    @property
    def binding(self) -> str:
        """What forms of this session are tied to; it outlives a renewed cookie."""
        return f"session {self.claims.session}"


def cookie_name(name: str, *, secure: bool) -> str:
    """Browsers take the `__Host-` prefix only over TLS, which a developer's machine does not have."""
    return f"__Host-{name}" if secure else name


def seal(signer: TokenSigner, claims: Claims, now: datetime) -> str:
    payload = _PAYLOAD.pack(claims.user.bytes, claims.session.bytes, int(now.timestamp()))
    return _encoded(payload + _mac(signer.secret, "browser-session", payload))


def unseal(signer: TokenSigner, value: str, now: datetime, lifetime: timedelta) -> BrowserSession | None:
    """None for what we did not make, and for what was not renewed for `lifetime`."""
    raw = _decoded(value)
    if raw is None or len(raw) != _PAYLOAD.size + _MAC:
        return None
    payload, mac = raw[: _PAYLOAD.size], raw[_PAYLOAD.size :]
    if not any(hmac.compare_digest(mac, _mac(key, "browser-session", payload)) for key in _keys(signer)):
        return None
    user, session, seconds = _PAYLOAD.unpack(payload)
    issued_at = datetime.fromtimestamp(seconds, UTC)
    if not issued_at - timedelta(minutes=1) <= now < issued_at + lifetime:
        return None
    return BrowserSession(Claims(uuid.UUID(bytes=user), uuid.UUID(bytes=session)), issued_at)


def form_token(signer: TokenSigner, binding: str) -> str:
    return _encoded(_mac(signer.secret, "browser-form", binding.encode()))


def is_form_token(signer: TokenSigner, binding: str, token: str) -> bool:
    given = _decoded(token)
    expected = (_mac(key, "browser-form", binding.encode()) for key in _keys(signer))
    return given is not None and any(hmac.compare_digest(given, mac) for mac in expected)


def _keys(signer: TokenSigner) -> tuple[str, ...]:
    return (signer.secret, *signer.previous)


def _mac(secret: str, purpose: str, data: bytes) -> bytes:
    return hmac.digest(derived_key(secret, purpose), data, "sha256")


def _encoded(data: bytes) -> str:
    return urlsafe_b64encode(data).rstrip(b"=").decode()


def _decoded(text: str) -> bytes | None:
    if len(text) > _LONGEST or not text.isascii():
        return None
    try:
        return urlsafe_b64decode(text + "=" * (-len(text) % 4))
    except (NotBase64Error, ValueError):
        return None

"""Wire shapes of registering, signing in, staying signed in and proving who one is."""

from __future__ import annotations

import uuid
from datetime import datetime
from typing import Annotated, Literal, Self

import idna
from pydantic import AfterValidator, EmailStr, Field, SecretStr, StringConstraints, model_validator

from app.kit.plaintext import plain_text
from app.kit.schemas import Answer, RequestBody

LONGEST_ADDRESS = 254


def ascii_address(address: str) -> str:
    """Lower-case, the domain as it stands in DNS. Raises ValueError for a local part that few mail servers
    would take."""
    local, _, domain = address.rpartition("@")
    if not local.isascii():
        raise ValueError("letters before the @ must be ASCII")
    found = f"{local}@{idna.encode(domain, uts46=True).decode()}".lower()
    if len(found) > LONGEST_ADDRESS:
        raise ValueError("the address is too long")
    return found


Email = Annotated[EmailStr, Field(max_length=254), AfterValidator(ascii_address)]
Password = Annotated[SecretStr, Field(min_length=8, max_length=128)]
MailedToken = Annotated[str, Field(min_length=20, max_length=100, description="from the link in the mail")]
Code = Annotated[
    str,
    StringConstraints(min_length=6, max_length=30, pattern=r"^[0-9A-Za-z \-]+$"),
    Field(description="six digits from the authenticator app, or one of the recovery codes"),
]


class RegisterRequest(RequestBody):
    email: Email
    password: Password = Field(description="8 characters or more; 15 are advised")
    full_name: Annotated[str, AfterValidator(plain_text)] = Field("", max_length=200)
    accept_terms_version: str = Field("", max_length=50)


class LoginRequest(RequestBody):
    email: Email
    password: Password


class SecondStepRequest(RequestBody):
    challenge: str = Field(min_length=20, max_length=100, description="from the login's answer")
    code: Code


class RefreshRequest(RequestBody):
    refresh_token: str = Field(min_length=20, max_length=100)


class EmailRequest(RequestBody):
    email: Email


class VerifyRequest(RequestBody):
    token: MailedToken


class ResetRequest(RequestBody):
    token: MailedToken
    password: Password


class ChangePasswordRequest(RequestBody):
    current_password: Password
    new_password: Password


class StepUpRequest(RequestBody):
    """One of the two. With two-step login on, only a code counts."""

    password: Password | None = None
    code: Code | None = None

    @model_validator(mode="after")
    def one_of_them(self) -> Self:
        if (self.password is None) == (self.code is None):
            raise ValueError("send either password or code")
        return self


class CodeRequest(RequestBody):
    code: Code


class UserAnswer(Answer):
    id: uuid.UUID = Field(validation_alias="public_id")
    email: str
    full_name: str
    is_staff: bool
    created_at: datetime


class TokenAnswer(Answer):
    access_token: str
    refresh_token: str
    token_type: Literal["bearer"] = "bearer"  # noqa: S105 - RFC 6750's name of the scheme
    expires_in: int = Field(description="seconds until the access token ends")


class LoginAnswer(TokenAnswer):
    user: UserAnswer


class SessionAnswer(Answer):
    id: uuid.UUID = Field(validation_alias="public_id")
    user_agent: str
    created_at: datetime
    last_used_at: datetime
    expires_at: datetime
    current: bool = Field(False, description="the session that asks")


class SecondFactorAnswer(Answer):
    enabled: bool
    recovery_codes_left: int


class EnrolmentAnswer(Answer):
    secret: str = Field(description="base32, for typing into the app by hand")
    uri: str = Field(description="otpauth:// address, to be shown as a QR code")


class RecoveryCodesAnswer(Answer):
    recovery_codes: list[str] = Field(description="shown once; each works once in place of a code")

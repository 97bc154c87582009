"""Wire shapes of registering, signing in and staying signed in."""

from __future__ import annotations

import uuid
from datetime import datetime
from typing import Annotated, Literal

from pydantic import AfterValidator, EmailStr, Field, SecretStr

from app.kit.schemas import Answer, RequestBody

Email = Annotated[EmailStr, Field(max_length=254), AfterValidator(str.lower)]
Password = Annotated[SecretStr, Field(min_length=8, max_length=128)]


class RegisterRequest(RequestBody):
    email: Email
    password: Password = Field(description="8 characters or more; 15 are advised")
    full_name: str = Field("", max_length=200)
    accept_terms_version: str = Field("", max_length=50)


class LoginRequest(RequestBody):
    email: Email
    password: Password


class RefreshRequest(RequestBody):
    refresh_token: str = Field(min_length=20, max_length=100)


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

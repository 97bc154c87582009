"""The ways out for mail: SMTP, or files on a developer's disk. `MAIL_URL` chooses.

smtp://user:password@host:587       STARTTLS, which the server must offer
smtp://host:25?tls=off              no encryption: a relay on this machine or network
smtps://user:password@host:465      TLS from the first byte
files:FOLDER                        one .eml a mail
"""

from __future__ import annotations

import asyncio
import os
from email.errors import MessageError
from email.headerregistry import Address
from email.message import EmailMessage
from email.parser import BytesHeaderParser
from email.policy import SMTP
from pathlib import Path
from typing import Protocol
from urllib.parse import parse_qs, unquote, urlsplit

import aiosmtplib

TIMEOUT_S = 20.0
_PERMANENT = 500


class MailUrlError(ValueError):
    """MAIL_URL is of no form we know; the message does not repeat it, it may hold a password."""


class BadAddressError(ValueError):
    """Not a mail address; the message does not repeat it."""


class MailRefusedError(Exception):
    """The other side will not take this mail, now or later."""


class MailUnavailableError(Exception):
    """Nobody took the mail this time."""


class Sender(Protocol):
    async def send(self, message: EmailMessage) -> None:
        """Raises MailRefusedError and MailUnavailableError. Sending a message again is harmless: its
        Message-ID stays."""

    async def forget(self, recipient: str) -> int:
        """Deletes what this side keeps of mail to the address; returns how many there were."""


def sender_at(url: str) -> Sender:
    """Raises MailUrlError."""
    try:
        parts = urlsplit(url)
        host, port = parts.hostname, parts.port
    except ValueError:
        raise MailUrlError("MAIL_URL is not a URL") from None
    if parts.scheme == "files" and (parts.netloc + parts.path):
        return FileSender(Path(parts.netloc + parts.path))
    if parts.scheme not in ("smtp", "smtps") or not host:
        raise MailUrlError("MAIL_URL must be smtp://, smtps:// or files:")
    plain = parse_qs(parts.query).get("tls") == ["off"]
    return SmtpSender(
        host,
        port or (465 if parts.scheme == "smtps" else 587),
        user=unquote(parts.username or ""),
        password=unquote(parts.password or ""),
        tls=parts.scheme == "smtps",
        start_tls=parts.scheme == "smtp" and not plain,
    )


class SmtpSender:
    def __init__(
        self, host: str, port: int, *, user: str = "", password: str = "", tls: bool, start_tls: bool
    ) -> None:
        self._where = {"hostname": host, "port": port}
        self._login = {"username": user or None, "password": password or None}
        self._tls, self._start_tls = tls, start_tls

    async def send(self, message: EmailMessage) -> None:
        try:
            await aiosmtplib.send(
                message,
                **self._where,  # type: ignore[arg-type]
                **self._login,  # type: ignore[arg-type]
                use_tls=self._tls,
                start_tls=self._start_tls,
                timeout=TIMEOUT_S,
            )
        except aiosmtplib.SMTPRecipientsRefused as error:
            raise _outcome(error.recipients[0].code) from None
        except aiosmtplib.SMTPResponseException as error:
            raise _outcome(error.code) from None
        except (aiosmtplib.SMTPException, OSError, TimeoutError) as error:
            raise MailUnavailableError(type(error).__name__) from None

    async def forget(self, recipient: str) -> int:
        return 0  # what was delivered is its recipient's


def _outcome(code: int) -> Exception:
    """The server's own words may repeat the address, so only its code is kept."""
    kind = MailRefusedError if code >= _PERMANENT else MailUnavailableError
    return kind(f"SMTP {code}")


class FileSender:
    def __init__(self, folder: Path) -> None:
        self._folder = folder

    async def send(self, message: EmailMessage) -> None:
        await asyncio.to_thread(self._write, message)

    def _write(self, message: EmailMessage) -> None:
        self._folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        name = str(message["Message-ID"]).strip("<>").partition("@")[0]
        made = self._folder / f".{name}.part"
        made.touch(mode=0o600)
        made.write_bytes(message.as_bytes(policy=SMTP))
        os.replace(made, self._folder / f"{name}.eml")  # noqa: PTH105 - the one that is atomic by contract

    async def forget(self, recipient: str) -> int:
        return await asyncio.to_thread(self._forget, recipient)

    def _forget(self, recipient: str) -> int:
        count = 0
        for path in self._folder.glob("*.eml"):
            with path.open("rb") as file:
                to = BytesHeaderParser(policy=SMTP).parse(file)["To"]
            if any(address.addr_spec == recipient for address in to.addresses):
                path.unlink(missing_ok=True)
                count += 1
        return count


def address(text: str) -> Address:
    """ "Name <user@host>" or "user@host". Raises BadAddressError."""
    name, _, rest = text.rpartition("<")
    try:
        return Address(display_name=name.strip(), addr_spec=rest.strip(" >"))
    except (ValueError, IndexError, MessageError):
        raise BadAddressError("not a mail address") from None

"""S-154: the outbox, its delivery, and the two ways out."""

from __future__ import annotations

import asyncio
import email
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from email.message import EmailMessage
from email.policy import default
from pathlib import Path

import pytest
from sqlalchemy import URL, text

from app.db import Database
from app.errors import AppError
from app.kit.clock import utcnow
from app.kit.ids import uuid7
from app.mail import service
from app.mail.senders import (
    BadAddressError,
    FileSender,
    MailRefusedError,
    MailUnavailableError,
    MailUrlError,
    SmtpSender,
    address,
    sender_at,
)
from app.mail.tasks import message
from app.mail.templates import TEMPLATES, render
from app.mail.transport import transport
from app.orm import Mail
from app.settings import Settings
from app.tests.conftest import settings_for
from app.worker import run

Work = Callable[[], Awaitable[None]]


@pytest.fixture
def settings(new_database: Callable[[], URL], tmp_path: Path) -> Settings:
    return settings_for(new_database(), mail_url=f"files:{tmp_path / 'mail'}")


@pytest.fixture
async def outbox(settings: Settings) -> AsyncIterator[Database]:
    made = Database(settings.database)
    yield made
    await made.close()


def delivered(settings: Settings) -> list[EmailMessage]:
    folder = Path(settings.mail_url.get_secret_value().removeprefix("files:"))
    found = [email.message_from_bytes(path.read_bytes(), policy=default) for path in folder.glob("*.eml")]
    return [mail for mail in found if isinstance(mail, EmailMessage)]


def written(settings: Settings) -> list[int]:
    folder = Path(settings.mail_url.get_secret_value().removeprefix("files:"))
    return [path.stat().st_mtime_ns for path in folder.iterdir()]


async def work(settings: Settings) -> None:
    await run(settings, wait=False, install_signal_handlers=False)


async def rows(outbox: Database) -> list[tuple[str, bool, bool, str]]:
    async with outbox.transaction() as session:
        found = await session.execute(
            text("SELECT kind, sent_at IS NOT NULL, failed_at IS NOT NULL, error FROM mail ORDER BY id")
        )
        return [tuple(row) for row in found]  # type: ignore[misc]


async def account(outbox: Database, address: str) -> int:
    async with outbox.transaction() as session:
        made = await session.execute(
            text(
                "INSERT INTO app_user (public_id, email, password_hash) "
                "VALUES (gen_random_uuid(), :email, '!') RETURNING id"
            ),
            {"email": address},
        )
        return int(made.scalar_one())


async def test_mail_exists_only_if_its_transaction_commits(settings: Settings, outbox: Database) -> None:
    async def send_and_fail() -> None:
        async with outbox.transaction() as session:
            await service.send(session, "password-changed", "a@example.org")
            raise AppError

    with pytest.raises(AppError):
        await send_and_fail()
    assert await rows(outbox) == []
    await work(settings)
    assert delivered(settings) == []


async def test_a_mail_is_delivered_once_as_text_and_html(settings: Settings, outbox: Database) -> None:
    user_id = await account(outbox, "ada@example.org")
    async with outbox.transaction() as session:
        mail_id = await service.send(session, "password-reset", "ada@example.org", user_id=user_id)
    await work(settings)
    (mail,) = delivered(settings)
    assert mail["To"] == "ada@example.org"
    assert mail["From"] == "JobPilot <no-reply@localhost>"
    assert mail["Message-ID"] == f"<{mail_id}@localhost>"
    assert mail["Auto-Submitted"] == "auto-generated"
    link = settings.web_url + "/account/reset-password/?token=" + transport(settings).signer.mailed(mail_id)
    for kind in ("plain", "html"):
        part = mail.get_body((kind,))
        assert part is not None
        assert link in part.get_content()
    assert await rows(outbox) == [("password-reset", True, False, "")]
    async with outbox.transaction() as session:  # as if the worker had died before the queue knew
        await session.execute(
            text(
                "INSERT INTO procrastinate_jobs (queue_name, task_name, args) "
                "SELECT 'mail', 'mail.deliver', jsonb_build_object('mail_id', id) FROM mail"
            )
        )
    before = written(settings)
    await work(settings)
    assert written(settings) == before


async def test_no_secret_rests_in_the_outbox_or_the_queue(settings: Settings, outbox: Database) -> None:
    async with outbox.transaction() as session:
        mail_id = await service.send(session, "verify-email", "b@example.org")
    secret = transport(settings).signer.mailed(mail_id)
    async with outbox.transaction() as session:
        for table in ("mail", "procrastinate_jobs"):
            dumped = (await session.execute(text(f"SELECT t::text FROM {table} t"))).scalars().all()  # noqa: S608
            assert dumped
            assert secret not in "".join(dumped)


async def test_nobody_gets_nothing_and_leaves_nothing(settings: Settings, outbox: Database) -> None:
    async with outbox.transaction() as session:
        await service.send_to_nobody(session)
        await service.send(session, "account-erased", "gone@example.org", receipt="r")
    await work(settings)
    assert [mail["To"] for mail in delivered(settings)] == ["gone@example.org"]
    assert await rows(outbox) == []


async def test_an_address_nobody_can_have_ends_the_mail(settings: Settings, outbox: Database) -> None:
    user_id = await account(outbox, "ok@example.org")
    async with outbox.transaction() as session:
        await service.send(session, "password-changed", "jörg@example.org", user_id=user_id)
    await work(settings)
    assert await rows(outbox) == [("password-changed", False, True, "not a mail address")]


async def test_a_link_that_is_too_old_is_not_sent(settings: Settings, outbox: Database) -> None:
    user_id = await account(outbox, "late@example.org")
    async with outbox.transaction() as session:
        await service.send(session, "verify-email", "late@example.org", user_id=user_id)
        await session.execute(text("UPDATE mail SET created_at = now() - interval '2 hours'"))
    await work(settings)
    assert delivered(settings) == []
    assert await rows(outbox) == [("verify-email", False, True, "")]
    async with outbox.transaction() as session:
        assert await service.purge(session, utcnow() - timedelta(days=1)) == 0
        assert await service.purge(session, utcnow()) == 1


def test_every_kind_has_a_text_and_hostile_parameters_stay_text() -> None:
    params = {"agent": "<script>&", "left": 3, "days": 3, "receipt": "r"}
    for kind in TEMPLATES:
        made = render(kind, params, base_url="https://jobs.example.com/", token="a/b")
        assert made.subject.startswith("JobPilot: ")
        assert "{" not in made.text + made.html
        assert "<script>" not in made.html
        assert ("https://jobs.example.com/account/" in made.text) == bool(TEMPLATES[kind].page)


async def test_a_recipient_cannot_smuggle_headers(settings: Settings) -> None:
    with pytest.raises(BadAddressError):
        address("a@example.org\r\nBcc: b@example.org")
    with pytest.raises(BadAddressError):
        address("jörg@example.org")
    recipient = "a@example.org\nBcc: b@example.org"
    mail = Mail(public_id=uuid7(), recipient=recipient, kind="account-exists", params={})
    with pytest.raises(BadAddressError):
        message(transport(settings), mail, utcnow())


def names(folder: Path) -> list[str]:
    return [path.name for path in folder.iterdir()]


async def test_the_file_side_forgets_an_address(tmp_path: Path) -> None:
    sender = FileSender(tmp_path)
    for number, to in enumerate(("a@example.org", "b@example.org", "a@example.org")):
        mail = EmailMessage()
        mail["To"], mail["Message-ID"] = to, f"<{number}@x>"
        mail.set_content("hello")
        await sender.send(mail)
    assert await sender.forget("a@example.org") == 2
    assert await sender.forget("a@example.org") == 0
    assert names(tmp_path) == ["1.eml"]


# -- SMTP, over a socket -----------------------------------------------------------------------------


@dataclass
class Server:
    """Enough of RFC 5321 to take a mail, and to refuse one on demand."""

    port: int = 0
    recipient_answer: bytes = b"250 ok"
    silent: bool = False
    received: list[bytes] = field(default_factory=list)

    async def talk(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        async def say(line: bytes) -> None:
            writer.write(line + b"\r\n")
            await writer.drain()

        try:
            if self.silent:
                await reader.read()
                return
            await say(b"220 test ESMTP")
            while line := await reader.readline():
                verb = line.strip().upper()
                if verb.startswith(b"EHLO"):
                    await say(b"250 test")
                elif verb.startswith(b"RCPT"):
                    await say(self.recipient_answer)
                elif verb == b"DATA":
                    await say(b"354 go on")
                    self.received.append(await reader.readuntil(b"\r\n.\r\n"))
                    await say(b"250 taken")
                elif verb == b"QUIT":
                    await say(b"221 bye")
                    return
                else:
                    await say(b"250 ok")
        finally:
            writer.close()


@asynccontextmanager
async def smtp_server(**how: object) -> AsyncIterator[Server]:
    server = Server(**how)  # type: ignore[arg-type]
    listening = await asyncio.start_server(server.talk, "127.0.0.1", 0)
    server.port = listening.sockets[0].getsockname()[1]
    async with listening:
        yield server


def hello() -> EmailMessage:
    mail = EmailMessage()
    mail["From"], mail["To"], mail["Subject"] = "a@example.org", "b@example.org", "Grüße"
    mail.set_content("Hello")
    return mail


async def test_smtp_takes_a_mail() -> None:
    async with smtp_server() as server:
        await sender_at(f"smtp://127.0.0.1:{server.port}?tls=off").send(hello())
    (data,) = server.received
    parsed = email.message_from_bytes(data, policy=default)
    assert (parsed["To"], parsed["Subject"]) == ("b@example.org", "Grüße")


@pytest.mark.parametrize(
    ("answer", "error"), [(b"550 no such user", MailRefusedError), (b"450 later", MailUnavailableError)]
)
async def test_smtp_tells_never_from_later(answer: bytes, error: type[Exception]) -> None:
    async with smtp_server(recipient_answer=answer) as server:
        with pytest.raises(error) as caught:
            await sender_at(f"smtp://127.0.0.1:{server.port}?tls=off").send(hello())
    assert "example.org" not in str(caught.value)


async def test_smtp_without_encryption_is_refused_unless_asked_for() -> None:
    async with smtp_server() as server:
        with pytest.raises(MailUnavailableError):
            await sender_at(f"smtp://user:secret@127.0.0.1:{server.port}").send(hello())
    assert server.received == []


async def test_nobody_listening_is_an_outage() -> None:
    with pytest.raises(MailUnavailableError):
        await sender_at("smtp://127.0.0.1:9?tls=off").send(hello())


async def test_a_refused_mail_is_settled_and_an_outage_is_tried_again(
    new_database: Callable[[], URL], settings: Settings, outbox: Database
) -> None:
    user_id = await account(outbox, "c@example.org")
    async with smtp_server(recipient_answer=b"550 no") as server:
        refusing = settings.model_copy(
            update={"mail_url": _secret(f"smtp://127.0.0.1:{server.port}?tls=off")}
        )
        async with outbox.transaction() as session:
            await service.send(session, "password-changed", "c@example.org", user_id=user_id)
        await work(refusing)
    assert await rows(outbox) == [("password-changed", False, True, "SMTP 550")]
    away = settings.model_copy(update={"mail_url": _secret("smtp://127.0.0.1:9?tls=off")})
    async with outbox.transaction() as session:
        await session.execute(text("DELETE FROM mail"))
        await service.send(session, "password-changed", "c@example.org", user_id=user_id)
    await work(away)
    ((kind, sent, failed, error),) = await rows(outbox)
    assert (kind, sent, failed) == ("password-changed", False, False)
    assert error
    async with outbox.transaction() as session:
        await session.execute(text("UPDATE procrastinate_jobs SET scheduled_at = NULL WHERE status = 'todo'"))
    await work(settings)
    assert [row[1] for row in await rows(outbox)] == [True]


def _secret(url: str) -> object:
    return Settings.model_validate({"mail_url": url}).mail_url


@pytest.mark.parametrize("url", ["", "http://x", "smtp://", "files:", "smtp://host:notaport"])
def test_bad_mail_urls_are_refused(url: str) -> None:
    with pytest.raises(MailUrlError):
        sender_at(url)


def test_mail_urls_choose_the_way_out() -> None:
    assert isinstance(sender_at("files:data/mail"), FileSender)
    for url, port, tls, start in (
        ("smtp://u%40x:p%2Fw@mail.example.com", 587, False, True),
        ("smtps://u:p@mail.example.com", 465, True, False),
        ("smtp://relay:25?tls=off", 25, False, False),
    ):
        made = sender_at(url)
        assert isinstance(made, SmtpSender)
        assert (made._where["port"], made._tls, made._start_tls) == (port, tls, start)
    first = sender_at("smtp://u%40x:p%2Fw@mail.example.com")
    assert isinstance(first, SmtpSender)
    assert first._login == {"username": "u@x", "password": "p/w"}

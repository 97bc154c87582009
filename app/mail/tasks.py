"""Delivers what the outbox holds."""

from __future__ import annotations

import logging
from datetime import datetime, timedelta
from email.message import EmailMessage
from email.utils import format_datetime

from procrastinate import JobContext

from app.db import Database
from app.kit.clock import utcnow
from app.mail import repository
from app.mail.senders import BadAddressError, MailRefusedError, MailUnavailableError, address
from app.mail.templates import TEMPLATES, render
from app.mail.transport import Transport, transport_of
from app.orm import Mail
from app.queue import Backoff, queue
from app.worker_context import resources

logger = logging.getLogger(__name__)
#: Older mail with a link is not sent: the link would not work any more.
LINK_LIFETIME = timedelta(hours=1)
#: About two days.
ATTEMPTS, CEILING_S = 120, 1800


@queue.task(
    name="mail.deliver",
    queue="mail",
    retry=Backoff(attempts=ATTEMPTS, ceiling_s=CEILING_S),
    pass_context=True,
)
async def deliver(context: JobContext, *, mail_id: int) -> None:
    """Idempotent: what went out is not sent again, unless the worker died just after sending; then the
    message has the same Message-ID and the same link."""
    database, _ = resources(context)
    transport = transport_of(context)
    async with database.transaction() as session:
        mail = await repository.lock_waiting(session, mail_id)
        if mail is None:
            return
        if not mail.recipient:
            await repository.drop(session, mail_id)
            return
        if TEMPLATES[mail.kind].page and utcnow() - mail.created_at > LINK_LIFETIME:
            await repository.settle(session, mail, failed=utcnow())
            return
    await _send(database, transport, mail)


async def _send(database: Database, transport: Transport, mail: Mail) -> None:
    """Raises MailUnavailableError, for the queue to try again."""
    extra = {"mail": str(mail.public_id), "kind": mail.kind}
    try:
        await transport.sender.send(message(transport, mail, utcnow()))
    except (MailRefusedError, BadAddressError) as error:
        logger.warning("mail refused", extra=extra | {"cause": str(error)})
        async with database.transaction() as session:
            await repository.note(session, mail.id, str(error))
            await repository.settle(session, mail, failed=utcnow())
        return
    except MailUnavailableError as error:
        logger.warning("mail not delivered yet", extra=extra | {"cause": str(error)})
        async with database.transaction() as session:
            await repository.note(session, mail.id, str(error))
        raise
    logger.info("mail delivered", extra=extra)
    async with database.transaction() as session:
        await repository.settle(session, mail, sent=utcnow())


def message(transport: Transport, mail: Mail, now: datetime) -> EmailMessage:
    sender = address(transport.sender_address)
    rendered = render(
        mail.kind,
        mail.params,
        base_url=transport.base_url,
        token=transport.signer.mailed(mail.public_id),
    )
    made = EmailMessage()
    made["From"] = sender
    made["To"] = address(mail.recipient)
    made["Subject"] = rendered.subject
    made["Date"] = format_datetime(now)
    made["Message-ID"] = f"<{mail.public_id}@{sender.domain}>"
    made["Auto-Submitted"] = "auto-generated"
    made.set_content(rendered.text)
    made.add_alternative(rendered.html, subtype="html")
    return made

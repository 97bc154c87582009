"""What a delivery needs, made from the settings."""

from __future__ import annotations

from dataclasses import dataclass

from procrastinate import JobContext

from app.kit.tokens import TokenSigner
from app.mail.senders import Sender, sender_at
from app.settings import Settings
from app.worker_context import settings_of


@dataclass(frozen=True, slots=True)
class Transport:
    sender: Sender
    sender_address: str
    base_url: str
    signer: TokenSigner


def transport_of(context: JobContext) -> Transport:
    return transport(settings_of(context))


def transport(settings: Settings) -> Transport:
    return Transport(
        sender=sender_at(settings.mail_url.get_secret_value()),
        sender_address=settings.mail_from,
        base_url=settings.web_url,
        signer=TokenSigner.of(settings),
    )

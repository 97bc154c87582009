"""What each kind of mail says: plain text, and the same as simple HTML."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from html import escape
from typing import Literal
from urllib.parse import quote

PRODUCT = "JobPilot"
Kind = Literal[
    "nobody",
    "verify-email",
    "account-exists",
    "password-reset",
    "password-changed",
    "token-reused",
    "second-factor-on",
    "second-factor-off",
    "recovery-code-used",
    "export-ready",
    "account-erased",
]


@dataclass(frozen=True, slots=True)
class Template:
    """`paragraphs` may use the mail's parameters in braces. `page` is where the link leads, if there is one;
    `{token}` in it becomes the mail's secret."""

    subject: str
    paragraphs: tuple[str, ...]
    button: str = ""
    page: str = ""


_NOT_YOU = (
    "If this was not you, choose a new password at once with “Forgot password”; that ends every session."
)
TEMPLATES: dict[str, Template] = {
    "verify-email": Template(
        "Confirm your address",
        (
            "Welcome to {product}. Please confirm that this address is yours.",
            "The link works once, for one hour.",
            "If you did not register, do nothing: without a confirmation the account cannot be used.",
        ),
        "Confirm my address",
        "/account/verify-email/?token={token}",
    ),
    "account-exists": Template(
        "You have an account already",
        (
            "Somebody, perhaps you, tried to register with this address.",
            "You have an account already, and nothing about it was changed.",
            "To come back in, log in, or ask for a new password if you do not remember yours.",
        ),
    ),
    "password-reset": Template(
        "Choose a new password",
        (
            "Somebody, perhaps you, asked for a new password for your account.",
            "The link works once, for one hour. If you did not ask for it, do nothing: your password stays.",
        ),
        "Choose a new password",
        "/account/reset-password/?token={token}",
    ),
    "password-changed": Template(
        "Your password was changed",
        ("The password of your account was changed, and its other sessions were ended.", _NOT_YOU),
    ),
    "token-reused": Template(
        "A session of yours was ended",
        (
            "A session of your account ({agent}) was continued twice with one key.",
            "Somebody may have a copy of it, so we ended the session: log in again.",
            "If this keeps happening, choose a new password and look through your sessions.",
        ),
    ),
    "second-factor-on": Template(
        "Two-step login is on",
        ("From now on a login also asks for a code from your authenticator app.", _NOT_YOU),
    ),
    "second-factor-off": Template(
        "Two-step login is off",
        ("A login no longer asks for a code from your authenticator app.", _NOT_YOU),
    ),
    "recovery-code-used": Template(
        "A recovery code was used",
        (
            "A recovery code was used instead of a code from your authenticator app. {left} are left.",
            _NOT_YOU,
        ),
    ),
    "export-ready": Template(
        "Your data is ready",
        (
            "The copy of your data that you asked for is ready.",
            "Log in to download it; it is deleted after {days} days.",
        ),
    ),
    "account-erased": Template(
        "Your account was erased",
        (
            "Your account and what we held about you were erased, as you asked.",
            "Receipt: {receipt}. This is our last message to this address.",
        ),
    ),
}


@dataclass(frozen=True, slots=True)
class Rendered:
    subject: str
    text: str
    html: str


def render(kind: str, params: Mapping[str, object], *, base_url: str, token: str) -> Rendered:
    """Raises KeyError for an unknown kind or a parameter that is missing."""
    template = TEMPLATES[kind]
    values = dict(params) | {"product": PRODUCT}
    paragraphs = [paragraph.format_map(values) for paragraph in template.paragraphs]
    link = base_url.rstrip("/") + template.page.format(token=quote(token)) if template.page else ""
    return Rendered(
        subject=f"{PRODUCT}: {template.subject}",
        text="\n\n".join([*paragraphs, *([f"{template.button}:\n{link}"] if link else [])]) + "\n",
        html=_html(template.subject, paragraphs, template.button, link),
    )


def _html(title: str, paragraphs: list[str], button: str, link: str) -> str:
    body = "".join(f"<p>{escape(paragraph)}</p>" for paragraph in paragraphs)
    if link:
        style = "background:#1a56db;color:#fff;padding:10px 18px;border-radius:6px;text-decoration:none"
        body += f'<p><a href="{escape(link)}" style="{style}">{escape(button)}</a></p>'
        body += f'<p style="color:#555;font-size:13px">{escape(link)}</p>'
    return (
        f'<!doctype html><html lang="en"><head><meta charset="utf-8"><title>{escape(title)}</title></head>'
        '<body style="font:16px/1.5 sans-serif;color:#1b1f24;max-width:36em;margin:2em auto;padding:0 1em">'
        f'<h1 style="font-size:20px">{escape(title)}</h1>{body}</body></html>'
    )

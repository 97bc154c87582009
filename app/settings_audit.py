"""What staging and production refuse to start with."""

from __future__ import annotations

import ipaddress
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

if TYPE_CHECKING:
    from app.settings import Settings

MIN_SECRET = 32
WEAK_PASSWORDS = frozenset({"", "postgres", "password", "changeme", "secret", "jobpilot"})
MAIL_SCHEMES = ("smtp", "smtps")
SCHEMES = {"PUBLIC_API_URL": "https", "PUBLIC_WS_URL": "wss"}


def problems(settings: Settings) -> list[str]:
    """One line per unsafe value, naming the variable and never its value; empty in development."""
    if settings.environment == "development":
        return []
    found = [
        *_secret(settings),
        *_origins(settings),
        *_urls(settings),
        *_database(settings),
        *_mail(settings),
    ]
    if settings.debug and settings.environment == "production":
        found.append("DEBUG must be off")
    return found


def _secret(settings: Settings) -> list[str]:
    secret = settings.secret_key.get_secret_value()
    guessable = secret.startswith(("development-only", "change", "replace")) or len(set(secret)) < 10
    if guessable or len(secret) < MIN_SECRET:
        return [f"SECRET_KEY must be random, {MIN_SECRET} characters or more"]
    return []


def _origins(settings: Settings) -> list[str]:
    found = []
    if "*" in settings.allowed_hosts or not settings.allowed_hosts:
        found.append("ALLOWED_HOSTS must name hosts")
    if any(origin == "*" or urlsplit(origin).scheme != "https" for origin in settings.cors_allowed_origins):
        found.append("CORS_ALLOWED_ORIGINS must be https origins")
    return found


def _urls(settings: Settings) -> list[str]:
    found = []
    for name, url in (("PUBLIC_API_URL", settings.public_api_url), ("PUBLIC_WS_URL", settings.public_ws_url)):
        parts = urlsplit(url)
        if parts.scheme != SCHEMES[name] or _is_local(parts.hostname or ""):
            found.append(f"{name} must be a public {SCHEMES[name]} address")
    return found


def _mail(settings: Settings) -> list[str]:
    found = []
    if not settings.verifies_email:
        found.append("EMAIL_VERIFICATION must be required")
    if urlsplit(settings.mail_url.get_secret_value()).scheme not in MAIL_SCHEMES:
        found.append("MAIL_URL must be smtp:// or smtps://")
    web = settings.public_web_url
    if web and urlsplit(web).scheme != "https":
        found.append("PUBLIC_WEB_URL must be https")
    return found


def _is_local(host: str) -> bool:
    if host in ("", "localhost") or host.endswith(".localhost"):
        return True
    try:
        return not ipaddress.ip_address(host).is_global
    except ValueError:
        return False


def _database(settings: Settings) -> list[str]:
    url = settings.database
    over_network = bool(url.host) and "host" not in url.query
    if over_network and str(url.password or "") in WEAK_PASSWORDS:
        return ["the database password must not be empty or a default"]
    return []

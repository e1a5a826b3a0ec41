"""Who processes data for the body that runs the bot (Art. 28 GDPR): what the settings use, and what they name. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from urllib.parse import urlsplit

from config.settings import Settings

HERE = ("", "localhost", "127.0.0.1", "::1")  # a server on this machine has no processor of its own
TELEGRAM = "Telegram"


def in_use(settings: Settings) -> Iterator[str]:
    """The hosts of others to which personal data go, and Telegram."""
    found = [host_of(settings.matrix.homeserver), settings.smtp.host]
    if not settings.database_url.startswith("sqlite"):
        found.append(host_of(settings.database_url))
    yield from (host for host in dict.fromkeys(found) if host not in HERE)
    if settings.telegram.token:
        yield TELEGRAM


def unnamed(settings: Settings) -> list[str]:
    """Return the processors that ``privacy.processors`` does not name; for Telegram a reason to offer it is enough."""
    said = settings.privacy.processors.casefold()
    reasoned = {TELEGRAM} if settings.privacy.telegram_reason.strip() else set()
    return [name for name in in_use(settings) if name.casefold() not in said and name not in reasoned]


def host_of(address: str) -> str:
    """The host of an address or a bare name, without the login in it."""
    return urlsplit(address if "//" in address else f"//{address}").hostname or ""

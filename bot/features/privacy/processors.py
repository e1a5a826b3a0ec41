"""Who processes data for the body that runs the bot (Art. 28 GDPR): what the settings use, and what they name. Pure."""

from __future__ import annotations

from collections.abc import Iterator

from bot.channels.networks import set_up
from config.section import host_of
from config.settings import Settings

HERE = ("", "localhost", "127.0.0.1", "::1")  # a server on this machine has no processor of its own


def in_use(settings: Settings) -> Iterator[str]:
    """Yield the hosts of others to which data go, then the networks that one body operates."""
    servers = [row.server(settings) for row in set_up(settings)]
    if not settings.database_url.startswith("sqlite"):
        servers.append(host_of(settings.database_url))
    if settings.translation.url:  # it gets public texts of projects only; the report names it like the others
        servers.append(host_of(settings.translation.url))
    yield from (host for host in dict.fromkeys(servers) if host not in HERE)
    yield from operated(settings)


def operated(settings: Settings) -> dict[str, str]:
    """Return the networks in use that one body operates, each with the reason that the settings give to offer it."""
    return {row.title: row.reason(settings).strip() for row in set_up(settings) if row.operated_by}


def unnamed(settings: Settings) -> list[str]:
    """Return the processors that ``privacy.processors`` does not name; for a network a reason to offer it is enough."""
    said = settings.privacy.processors.casefold()
    reasoned = {name for name, reason in operated(settings).items() if reason}
    return [name for name in in_use(settings) if name.casefold() not in said and name not in reasoned]

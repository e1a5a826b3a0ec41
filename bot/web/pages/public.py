"""Public pages: start page, imprint, privacy notice, accessibility statement; all from the settings."""

from __future__ import annotations

from contextlib import suppress
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from bot.channels.networks import NETWORKS, network, set_up
from bot.context import Services
from bot.features.privacy.data_inventory import ENTRIES, period
from bot.messages import Say
from bot.messages.markup import clean
from bot.outgoing.telegram_invite import known_name
from bot.web.pages.view import language_of
from bot.web.pages.visit import Site
from config.settings import Settings


async def home(request: Request, site: Site) -> Response:
    """Show the start page, with the addresses at which people can write to the bot."""
    names = channels(site.services.settings)
    chats = [(network(name), *await _chat(site.services, name)) for name in names]
    return _page(request, site, "home.html", chats=chats)


async def _chat(services: Services, channel: str) -> tuple[str, str]:
    """Return what the bot is called on a network and the address of a chat with it; empty until the network told it."""
    row = NETWORKS[channel]
    if not (name := row.own_name(services.settings)):
        with suppress(Exception):  # the page says the rest without the database
            name = await known_name(services.store, channel)
    return (name, row.chat_link.format(name=name)) if name else ("", "")


async def imprint(request: Request, site: Site) -> Response:
    """Show who runs the bot."""
    return _page(request, site, "imprint.html", more=paragraphs(site.services.settings.operator.imprint))


async def privacy(request: Request, site: Site) -> Response:
    """Show which personal data the bot stores, why and how long."""
    settings = site.services.settings
    entries = [
        (Say(f"register.{entry.key}"), Say(f"register.{entry.key}.why"), period(entry, settings))
        for entry in ENTRIES
        if entry.of_people
    ]
    more = paragraphs(settings.operator.privacy)
    outside = [row.name for row in set_up(settings) if row.outside_eu]
    inside = tuple(Say("digest.word", {"word": row.label}) for row in set_up(settings) if row.carries_personal_data)
    instead = Say("page.privacy.instead", {"networks": inside}) if inside else ""
    return _page(request, site, "privacy.html", more=more, entries=entries, outside=outside, instead=instead)


async def accessibility(request: Request, site: Site) -> Response:
    """Show how accessible the pages are, and where to report barriers."""
    return _page(request, site, "accessibility.html", more=paragraphs(site.services.settings.operator.accessibility))


def channels(settings: Settings) -> list[str]:
    """Return the networks on which people can write to the bot."""
    return [row.name for row in set_up(settings) if row.hears]


def paragraphs(text: str) -> list[str]:
    """Split the text of a setting into paragraphs at empty lines."""
    return [clean(part) for part in text.replace("\r\n", "\n").split("\n\n") if part.strip()]


def lines(text: str) -> list[str]:
    """Split a postal address into lines."""
    return [clean(part) for part in text.replace("\r\n", "\n").split("\n") if part.strip()]


def _page(request: Request, site: Site, template: str, **values: Any) -> Response:
    operator = site.services.settings.operator
    known: dict[str, Any] = {
        "operator": operator,
        "address": lines(operator.address),
        "contact": operator.accessibility_contact or operator.email,
        "tel": "".join(char for char in operator.phone if char in "+0123456789"),
    }
    return site.view.page(template, language_of(request), 200, **known, **values)

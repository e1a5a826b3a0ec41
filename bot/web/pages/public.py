"""Public pages: start page, imprint, privacy notice, accessibility statement; all from the settings."""

from __future__ import annotations

from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from bot.channels.networks import network, set_up
from bot.features.privacy.data_inventory import ENTRIES, period
from bot.messages import Say
from bot.messages.markup import clean
from bot.web.pages.view import language_of
from bot.web.pages.visit import Site
from config.settings import Settings


async def home(request: Request, site: Site) -> Response:
    """Show the start page."""
    names = tuple(network(name) for name in channels(site.services.settings))
    return _page(request, site, "home.html", channels=names)


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

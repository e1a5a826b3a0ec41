"""``bounced``: mail to an address came back. The bot reads no mail, so an admin who did says so."""

from __future__ import annotations

from typing import Annotated

import typer

from bot.channels.networks import MAIL
from bot.cli.common import fail, load_settings, run, write
from bot.operations.alerts import Alerts
from bot.resources import open_store
from config.settings import Settings
from knowledge_base.mail_address import same_form


def bounced(
    context: typer.Context,
    addresses: Annotated[
        list[str] | None, typer.Argument(help="mail to this address bounced", show_default=False)
    ] = None,
    works: Annotated[list[str] | None, typer.Option(help="mail to this address works again")] = None,
) -> None:
    """Record that mail to an address bounced. The bot sends nothing there, and open requests go to the next contact.

    Without an address: list the recorded ones, from an admin or from the mail server's answer.
    """
    settings = load_settings(context)
    unknown, noted = run(_bounced(settings, addresses or [], works or []))
    for address in noted:
        write(address)
    if not noted:
        write("none")
    if unknown:
        fail(f"Nobody is known by the address {', '.join(unknown)}.")


async def _bounced(settings: Settings, addresses: list[str], works: list[str]) -> tuple[list[str], list[str]]:
    async with open_store(settings) as store:
        async with store.begin() as tx:
            unknown = [
                address for address in addresses if not await tx.conversations.gone(MAIL, same_form(address), "bounced")
            ]
            unknown += [address for address in works if not await tx.conversations.back(MAIL, same_form(address))]
            noted = await tx.conversations.all_gone(MAIL)
        if len(addresses) > len(unknown):
            await Alerts(store, settings.admins).alert("bounced", number=len(addresses))
    return unknown, noted

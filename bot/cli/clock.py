"""``clock``: the machine's clock beside the last time that the bot believed, and an admin's word that it is right."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Annotated

import typer

from bot.cli.common import load_settings, run, write
from bot.resources import open_store
from config.settings import Settings
from knowledge_base.clock import is_plausible, utc_now
from knowledge_base.store.known_time import confirm, last_time


class Action(StrEnum):
    """What may be done with the clock."""

    SHOW = "show"
    CONFIRM = "confirm"


def clock(
    context: typer.Context,
    action: Annotated[Action, typer.Argument(help="show the clock, or confirm that it is right")] = Action.SHOW,
) -> None:
    """Show the clock, or confirm that it is right.

    Compare the shown time with another clock before you confirm it.
    """
    now, last = run(_clock(load_settings(context), action))
    write(f"machine's clock     {now:%Y-%m-%d %H:%M:%S} UTC")
    write(f"last believed time  {f'{last:%Y-%m-%d %H:%M:%S} UTC' if last else 'none'}")
    if action is Action.CONFIRM:
        write("confirmed: a running bot goes on within half a minute")
    elif not is_plausible(now, last):
        write("These are far from each other. If the clock is right, say so: stadtlotse clock confirm")


async def _clock(settings: Settings, action: Action) -> tuple[datetime, datetime | None]:
    async with open_store(settings) as store, store.begin() as tx:
        now = utc_now()
        if action is Action.CONFIRM:
            await confirm(tx.facts, now)
        return now, await last_time(tx.facts)

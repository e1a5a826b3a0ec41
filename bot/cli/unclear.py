"""``unclear``: messages with unknown delivery; an admin decides about each."""

from __future__ import annotations

from typing import Annotated

import typer

from bot.cli.common import fail, load_settings, run, write
from bot.resources import open_store
from config.settings import Settings
from knowledge_base.store.doubtful import Doubtful


def unclear(
    context: typer.Context,
    repeat: Annotated[
        list[str] | None,
        typer.Option(metavar="ID", help="resend this message, or all that are 'held' or 'unclear'; repeatable"),
    ] = None,
    drop: Annotated[
        list[str] | None,
        typer.Option(metavar="ID", help="drop this message, or all that are 'held' or 'unclear'; repeatable"),
    ] = None,
) -> None:
    """List messages with unknown delivery status. Resend them (some may then arrive twice), or drop them.

    unclear: the network gave no answer. held: in flight when the restored backup was made.
    """
    settings = load_settings(context)
    unknown, left = run(_unclear(settings, repeat or [], drop or []))
    for message in left:
        write(
            f"{message.id}  {message.state}  {message.channel} {message.conversation}  {message.urgency.name.lower()}  "
            f"{message.created_at:%Y-%m-%d %H:%M} UTC  {message.reason}".rstrip()
        )
    if not left:
        write("none")
    if unknown:
        fail(f"No such message: {', '.join(unknown)}.")


async def _unclear(settings: Settings, repeat: list[str], drop: list[str]) -> tuple[list[str], list[Doubtful]]:
    async with open_store(settings) as store, store.begin() as tx:
        decisions = [*((message_id, True) for message_id in repeat), *((message_id, False) for message_id in drop)]
        unknown = [
            message_id for message_id, again in decisions if not await tx.doubtful.decide(message_id, repeat=again)
        ]
        return unknown, await tx.doubtful.all()

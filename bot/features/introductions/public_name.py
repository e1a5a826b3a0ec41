"""The public name of a Telegram account (``@name``): one of the data that its owner may choose to show.

The bot needs it for no answer, so it is kept only from the moment when it can be needed: when its owner begins a
request or answers one, or proves the address of a contact. From then on each private message brings it up to date, and
removes it when the account has none any more (``People.identify``); being forgotten deletes it with the account.
"""

from __future__ import annotations

from bot.channels.networks import profile_link
from bot.context import Turn
from bot.messages import Say, Url, Value
from bot.messages.reach import as_reach
from knowledge_base.store.transaction import Transaction


async def keep_public_name(tx: Transaction, turn: Turn) -> None:
    """Keep the public name of the account that speaks, where it has one; in private chats only."""
    if turn.inbound.private:
        await tx.people.keep_name(turn.inbound.address.channel, turn.inbound.user, turn.inbound.public_name)


def shared(kind: str, value: str) -> Say:
    """Return a datum that a person agreed to show, with its name; a Telegram name also with its address."""
    values: dict[str, Value] = {"value": as_reach(kind, value)}
    if link := profile_link(kind, value.removeprefix("@")):
        values["link"] = Url(link)
    return Say(f"intro.shares.{kind}", values)

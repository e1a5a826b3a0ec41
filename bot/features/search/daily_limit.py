"""Against reading out the whole collection: how many different projects one person is shown in a day.

What a person was shown is kept for that day as keyed hashes alone, so neither erasure nor a second account that
is known to be the same person starts anew. No answer holds a contact datum anyhow; this keeps who-does-what from being
copied in one go, and tells the admins of an attempt, without saying who it is.
"""

from __future__ import annotations

from collections.abc import Collection
from datetime import timedelta

from bot.context import Services, Turn
from bot.messages import Say
from bot.outgoing.notify import Notice, tell
from knowledge_base.store.transaction import Transaction

SHOWN = "shown"
A_DAY = timedelta(days=1)
MUCH = 5  # a fifth of all projects is much for one person and day …
AT_LEAST = 100  # … where there are so many


def limit_of(services: Services) -> int:
    """How many different projects; 0: all. Who lifts the budget of questions lifts this one, too."""
    limits = services.settings.limits
    return limits.projects_per_day if limits.questions_per_hour else 0


async def refusal(tx: Transaction, services: Services, who: Collection[str]) -> Say | None:
    """Return the refusal of one more project, ``None`` while the limit allows it; ``who``: see ``left_for``."""
    left = await left_for(tx, services, who)
    return Say("limit.projects", {"limit": limit_of(services)}) if left == 0 else None


async def left_for(tx: Transaction, services: Services, who: Collection[str]) -> int | None:
    """Return how many more different projects these identities of one person may see today; ``None``: all."""
    limit = limit_of(services)
    if not limit:
        return None
    return max(0, limit - await tx.tallies.different(services.secret, SHOWN, who, within=A_DAY))


async def note(tx: Transaction, turn: Turn, services: Services, projects: Collection[str]) -> None:
    """Note that these are shown now; alert the admins once per day if a person reads through the collection."""
    await note_shown(tx, services, await _who(tx, turn), turn.inbound.address.channel, turn.reply_id, projects)


async def note_shown(
    tx: Transaction, services: Services, who: Collection[str], channel: str, key: str, projects: Collection[str]
) -> None:
    """Count projects for these identities of one person; ``key`` makes the notice to the admins unique."""
    if not limit_of(services) or not projects:
        return
    before = await tx.tallies.different(services.secret, SHOWN, who, within=A_DAY)
    await tx.tallies.add_different(services.secret, SHOWN, who, projects, lasting=A_DAY)
    after = await tx.tallies.different(services.secret, SHOWN, who, within=A_DAY)
    everything = len(services.search.snapshot.index.projects)
    if before < max(AT_LEAST, everything // MUCH) <= after:
        say = Say("limit.harvest", {"number": after, "all": everything, "channel": channel})
        await _warn(tx, services, say, key)


async def _who(tx: Transaction, turn: Turn) -> list[str]:
    """By what a person is recognised, the account that speaks at least."""
    return sorted({*await tx.tallies.identities(turn.person.id), f"{turn.inbound.address.channel}:{turn.inbound.user}"})


async def _warn(tx: Transaction, services: Services, say: Say, key: str) -> None:
    for address in services.settings.admins:
        channel, _, user = address.partition(":")
        admin = await tx.people.of_account(channel, user)
        if admin is not None:
            notice = Notice(say, f"harvest:{key}:{address}"[:255])
            await tell(tx, admin, notice, settings=services.settings, links=services.links)

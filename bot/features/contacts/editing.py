"""Editors decide about claims, and see which towns are wanted most."""

from __future__ import annotations

from bot.channels.policy import DataClass, may_pass
from bot.commands.contacts import Claims, Wanted
from bot.context import Act, Serves, Services, Turn, say
from bot.features.contacts import publish
from bot.features.dialog import only_in_private
from bot.features.places import name_of
from bot.messages import Say
from bot.messages.markup import clean
from bot.messages.without_links import presentable
from knowledge_base.store.towns import FEWEST
from knowledge_base.store.transaction import Transaction

SHOWN = 10  # claims, and towns three times as many


async def claims(turn: Turn, intent: Claims, services: Services) -> Act:
    """List the claims that wait; accept or decline one, and tell its author."""
    if not turn.inbound.private:
        return say(only_in_private(turn, intent))

    async def act(tx: Transaction) -> Say:
        if not intent.step:
            return await _listed(tx, turn, services)
        await tx.records.lock()  # of two editors at once, the second finds what the first did
        claim = await tx.claims.get(intent.number)
        if claim is None:
            return Say("claims.no_such", {"number": intent.number})
        if intent.step == "no":
            await publish.decline(tx, services, claim, presentable(clean(intent.reason)))
            return Say("claims.declined", {"number": claim.number})
        contact = await publish.accept(tx, services, claim)
        await publish.tell_claimant(tx, services, claim, "accepted")
        return Say("claims.accepted", {"number": claim.number, "contact": contact})

    return act


async def _listed(tx: Transaction, turn: Turn, services: Services) -> Say:
    waiting = await tx.claims.all()
    if not waiting:
        return Say("claims.none")
    may_read = may_pass(turn.inbound.address.channel, DataClass.CONTACT_DATUM, services.settings)
    shown = [publish.asked(claim, services, may_read) for claim in waiting[:SHOWN]]
    choices = tuple(choice for one in shown for choice in one.choices)
    lines = tuple(Say(one.key, one.values) for one in shown)
    return Say("claims.list", {"number": len(waiting), "claims": lines}, choices)


async def wanted(_turn: Turn, _intent: Wanted, services: Services) -> Act:
    """List the towns without a contact that enough people wanted, without any name of a person."""
    snapshot = services.search.snapshot

    async def act(tx: Transaction) -> Say:
        towns = [(name_of(town, snapshot.gazetteer), times) for town, times in (await tx.towns.wanted()).items()]
        missing = [(name, times) for name, times in towns if name and not snapshot.introducible.has_contact(name)]
        if not missing:
            return Say("wanted.none", {"fewest": FEWEST})
        lines = tuple(Say("wanted.town", {"place": name, "number": times}) for name, times in missing[: 3 * SHOWN])
        return Say("wanted.list", {"towns": lines, "fewest": FEWEST})

    return act


SERVES: Serves = {Claims: claims, Wanted: wanted}

"""Read all that a message needs at once: permission, author, what the author wants, chat context and limits."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, replace
from functools import partial

from bot.channels.port import Channel, EditsInPlace, HasRooms, Immediate, KnowsAdmins
from bot.commands import parse
from bot.commands.command import Intent
from bot.commands.general import Start
from bot.commands.ratings import Rate
from bot.commands.router import Routed, route
from bot.commands.search import Ask
from bot.context import Services, Turn, nobody
from bot.features.search import daily_limit, rate_limit
from bot.incoming.buttons import FrontDesk, Verdict
from bot.incoming.chat_context import ContextLoader
from bot.incoming.group_access import may_work
from bot.incoming.pending_prompt import understood
from bot.messages import Happening, Inbound, Say
from bot.outgoing.reroute import identify
from bot.texts import DEFAULT_LANGUAGE
from knowledge_base.errors import ChangedMeanwhileError
from knowledge_base.language.detect import guess_language
from knowledge_base.store.outbox import new_id
from knowledge_base.store.people import ChatContext, Person
from knowledge_base.store.rooms import RoomSettings
from knowledge_base.store.transaction import Transaction


@dataclass(frozen=True, slots=True)
class Staff:
    """The accounts that the settings name."""

    editors: frozenset[str]  # addresses, "channel:user"
    admins: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class LoadedTurn:
    """A turn and what it asks for; ``refused``: the bot says this instead, as the person sent very many messages."""

    turn: Turn
    intent: Intent
    refused: Say | None = None


class TurnLoader:
    """Reads turns; it stores nothing, so that a message costs one writing transaction."""

    def __init__(self, services: Services, channels: Mapping[str, Channel], rules: Staff, desk: FrontDesk) -> None:
        self._services = services
        self._channels = channels
        self._rules = rules
        self._desk = desk

    async def load_turn(self, tx: Transaction, inbound: Inbound) -> LoadedTurn | None:
        """Return what a message, press or edit asks for; ``None`` for what gets no answer."""
        if not await may_work(tx, inbound, self._rules.admins):
            return None
        person = await self._person(tx, inbound)
        place = inbound.address
        context = await ContextLoader(tx, inbound, person.id, self._services.context_lasts).load()
        routed, replaces = await self._routed(tx, inbound, context)
        if routed is None:
            return None
        room = RoomSettings() if inbound.private else await tx.rooms.settings(place.channel, place.conversation)
        person = replace(person, language=room.language) if room.language else person
        turn = replace(self._turn(inbound, person, routed, replaces), room=room)
        who = sorted({*await tx.tallies.identities(person.id), f"{place.channel}:{inbound.user}"})
        turn = replace(
            turn,
            context=context,
            no_search=await rate_limit.refusal(tx, self._services, person.id, who),
            no_project=await daily_limit.refusal(tx, self._services, who),
        )
        limits = self._services.settings.limits
        refused = None if routed.awaited else await rate_limit.too_much(tx, person.id, routed.intent, limits)
        return LoadedTurn(turn, routed.intent, refused)

    async def notice_turn(self, tx: Transaction, inbound: Inbound) -> Turn:
        """Return the turn of something that is no question; this writes."""
        return self._turn(
            inbound, await identify(tx, self._channels.get(inbound.address.channel), inbound), Routed(Start())
        )

    async def settle(self, tx: Transaction, turn: Turn) -> None:
        """Store what the network told of the author, and let the author's other acts wait.

        Raise ``ChangedMeanwhileError`` when the author became another person since the turn was loaded.
        """
        if not turn.person.new:
            await tx.people.hold(turn.person.id)
        channel = self._channels.get(turn.inbound.address.channel)
        stored = await identify(tx, channel, turn.inbound, new=turn.person if turn.person.new else None)
        if stored.id != turn.person.id:
            raise ChangedMeanwhileError("The author became another person meanwhile.")

    async def _person(self, tx: Transaction, inbound: Inbound) -> Person:
        """The author; a new one is stored together with the answer."""
        known = await tx.people.of_account(inbound.address.channel, inbound.user)
        return known or Person(new_id(), None, None, new=True)

    async def _routed(
        self, tx: Transaction, inbound: Inbound, context: ChatContext | None
    ) -> tuple[Routed | None, str]:
        """What a message wants, and the id of the answer that a new one replaces."""
        match inbound.happening:
            case Happening.JOINED:
                return Routed(Start()), ""
            case Happening.PRESSED:
                return await self._pressed(tx, inbound), ""
            case Happening.EDIT:
                return await self._edited(tx, inbound)
            case _:
                return understood(inbound, context), ""

    async def _pressed(self, tx: Transaction, inbound: Inbound) -> Routed | None:
        """What the button says, if this is the press that counts; the person was told at once either way."""
        verdict, button = await self._desk.verdict(tx, inbound)
        if button is None or verdict is not Verdict.COUNTS:
            return None
        intent = parse(button.command)
        if isinstance(intent, Rate) and not intent.answer:
            intent = replace(intent, answer=button.answer_id)
        return Routed(intent)  # the words are the bot's: they say no language

    async def _edited(self, tx: Transaction, inbound: Inbound) -> tuple[Routed | None, str]:
        """A question asked again changes its answer in place; an edit of anything else changes nothing."""
        routed = route(inbound.text, private=inbound.private)
        if not isinstance(self._channels.get(inbound.address.channel), EditsInPlace):
            return None, ""
        former = await tx.answers.to(inbound.address.channel, inbound.refers_to)
        return (routed, former) if former and isinstance(routed.intent, Ask) else (None, "")

    def _turn(self, inbound: Inbound, person: Person, routed: Routed, replaces: str = "") -> Turn:
        asked = guess_language(routed.intent.question) if isinstance(routed.intent, Ask) else None
        language = person.language or asked or routed.language or person.last_language or DEFAULT_LANGUAGE
        address = f"{inbound.address.channel}:{inbound.user}"
        editor, admin = address in self._rules.editors, address in self._rules.admins
        buttons = isinstance(self._channels.get(inbound.address.channel), Immediate)
        channel: object = self._channels.get(inbound.address.channel)
        link, options = (channel.private_link(), channel.room_options()) if isinstance(channel, HasRooms) else ("", ())
        administers = self._role_of(inbound)
        return Turn(
            inbound, person, language, new_id(), editor, buttons, replaces, routed.awaited, administers,
            admin=admin, private_chat=link, room_options=options,
        )  # fmt: skip

    def _role_of(self, inbound: Inbound) -> Callable[[], Awaitable[bool]]:
        """How to find out whether the author is an admin of the room they write in."""
        channel = self._channels.get(inbound.address.channel)
        if channel is None or inbound.private:
            return nobody
        if isinstance(channel, KnowsAdmins):
            return partial(channel.administers, inbound.address, inbound.user)
        return nobody

"""The channel port: what every network adapter promises, and its errors."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Protocol, runtime_checkable

from bot.messages import Address, Inbound, Outgoing, Refused
from bot.messages.markup import Document
from bot.messages.readership import Readership
from knowledge_base.errors import StadtlotseError


class ChannelError(StadtlotseError):
    """A network did not take a message."""


class TryLaterError(ChannelError):
    """It was certainly not sent and may be tried again, ``after`` this time if the network said so.

    ``everywhere``: the network would now refuse messages to all other conversations, too. ``paced``: our own limit said
    so and the network was not asked; this is no attempt and no failure, and needs ``after``.
    """

    def __init__(
        self, message: str, *, after: timedelta | None = None, everywhere: bool = False, paced: bool = False
    ) -> None:
        super().__init__(message)
        self.after = after
        self.everywhere = everywhere
        self.paced = paced


class UndeliverableError(ChannelError):
    """It will never be delivered. ``gone``: nothing else will be either (blocked, kicked, closed)."""

    def __init__(self, message: str, *, gone: bool = False) -> None:
        super().__init__(message)
        self.gone = gone


class MovedError(ChannelError):
    """It was certainly not sent: the conversation goes on under another id."""

    def __init__(self, message: str, *, to: str) -> None:
        super().__init__(message)
        self.to = to


class OverheardError(ChannelError):
    """It was certainly not sent: who can read the place now is not who the message is for."""


class UnclearError(ChannelError):
    """The network may or may not have it."""


class ChannelEndedError(ChannelError):
    """The channel cannot go on (a revoked token, a lost account); an operator must act."""


class Receive(Protocol):
    """How a channel hands over what happened."""

    async def __call__(
        self,
        channel: str,
        happenings: Sequence[Inbound],
        *,
        cursor: str | None = None,
        refused: Sequence[Refused] = (),
    ) -> None:
        """Keep them durably, in order, and the cursor and what was refused with them, in one transaction.

        When it returns, the network may forget them. It waits when the bot has too much to do (back-pressure), and
        raises ``StoreError`` when nothing was kept: then deliver the same again. Ids seen before are ignored.
        """

    async def cursor(self, channel: str) -> str | None:
        """The cursor that was kept last: from there on the network must deliver again."""


@runtime_checkable
class KnowsReaders(Protocol):
    """A network that knows who can read a place; every channel does."""

    def who_reads(self, address: Address) -> Readership | None: ...

    def private_place(self, user: str) -> str | None: ...


class Channel(KnowsReaders, Protocol):
    """A network. Contract, tested for every channel by ``tests/contracts/test_channel.py``:

    - ``run`` receives until it is cancelled. It repairs what can be repaired (connection lost, server down) by itself,
      with back-off; only ``ChannelEndedError`` leaves it. It calls ``listening`` each time it begins to listen.
      It hands over what people did, and nothing else: not the bot's own messages, not notices of other bots, not
      history from before the bot came.
    - ``send`` hands one message to the network, once, and returns the network's id of it. Errors: ``TryLaterError``,
      ``UndeliverableError``, ``MovedError``, ``OverheardError``, ``UnclearError``, nothing else. If
      ``exactly_once``, the same
      ``Outgoing.id`` sent again has no second effect, so a repetition is always safe.
    - Directly before the network gets a message that is not for a room (``Outgoing.audience``), ``send`` asks who can
      read the place at this moment, the invited among them, and raises ``OverheardError`` unless the message is for
      them (``bot.messages.readership.fits``). Nothing that could open the message to others, no key of it either,
      leaves before.
    - ``who_reads`` returns who can read a place, as the channel knows it now; it asks nobody and never fails. ``None``:
      it cannot know yet. A place where the bot is not has no readers, and is not closed.
    - ``private_place`` returns the conversation that only this account reads; ``None``: the network has none. It need
      not exist yet: ``send`` opens it, and may then say where it is (``MovedError``).
    - ``working`` shows that an answer is being made; it never fails.
    - Text in ``Outgoing.document`` stays text: nothing in it becomes markup, a mention or a link but ``Link`` nodes.
    """

    @property
    def name(self) -> str: ...

    @property
    def exactly_once(self) -> bool: ...

    async def run(self, receive: Receive, listening: Listening) -> None: ...

    async def send(self, message: Outgoing) -> str | None: ...

    async def working(self, address: Address) -> None: ...

    async def close(self) -> None: ...


@runtime_checkable
class Checked(Protocol):
    """A channel that can tell an operator how it stands."""

    async def check(self) -> list[tuple[str, str]]:
        """Lines of ``(state, text)``, state ``ok``, ``none`` or ``fail``; changes nothing, also while the bot runs."""


class Listening(Protocol):
    """Called with ``None`` when a channel listens, with a short reason while it backs off."""

    def __call__(self, problem: str | None) -> None: ...


@dataclass(frozen=True, slots=True)
class Card:
    """A project as a result that can be shown in any chat: public facts only."""

    id: str
    title: str
    summary: str
    document: Document


@dataclass(frozen=True, slots=True)
class Cards:
    """The answer to a question that is typed in any chat; ``note`` tells the user why there is none."""

    cards: tuple[Card, ...] = ()
    note: str = ""


class Desk(Protocol):
    """What a network wants at once, past inbox and outbox."""

    async def claim(self, press: Inbound) -> str:
        """Whose press of a button counts: the first one of the right person in time. The text to show at once; empty
        when nothing is to be said. The same press again gives the same result; the handler does what the button says.
        """

    async def known_as(self, channel: str, name: str) -> None:
        """What the bot is called on a network, as soon as the network told."""

    async def cards(self, channel: str, user: str, question: str, language: str) -> Cards:
        """Return the best projects for a question, within the limits of the user; the question is not stored."""


@runtime_checkable
class Immediate(Protocol):
    """A channel with buttons and results within seconds; it gets the desk before it runs."""

    def serve_from(self, desk: Desk) -> None: ...


class Alert(Protocol):
    """Tells those who run the bot of something; never raises. See ``bot.operations.alerts``."""

    async def __call__(self, code: str, *, subject: str = "", **values: str | int) -> None: ...


@runtime_checkable
class Warns(Protocol):
    """A channel that notices things which an admin must know; it gets the way to tell before it runs."""

    def warn_with(self, alert: Alert) -> None: ...


@runtime_checkable
class EditsInPlace(Protocol):
    """A channel whose messages can be changed afterwards: ``send`` honours ``Outgoing.replaces``. On the others an
    edited question leaves its answer as it is.
    """

    @property
    def edits_in_place(self) -> bool: ...


@runtime_checkable
class KnowsAdmins(Protocol):
    """A channel whose rooms have admins of their own."""

    async def administers(self, address: Address, user: str) -> bool:
        """Whether somebody is an admin of the room now, as the network says; ``False`` when it does not tell in time.
        Never fails."""


@runtime_checkable
class OpensRooms(Protocol):
    """A channel on which two people can be brought together in a room of their own."""

    async def open_introduction_room(
        self, alias: str, users: tuple[str, str], opening: Outgoing, *, name: str = ""
    ) -> str | None:
        """An encrypted room with these users and the message in it.

        ``alias`` (local part) makes it one room, however often this is called; ``name`` is what the room is called.
        Errors as of ``send``; ``UndeliverableError``: there will be no room. Returns the network's id of the room.
        """


@runtime_checkable
class Shared(Protocol):
    """A channel of whose account every process may handle what came in; only its leader sends. Without this, its leader
    does everything.
    """

    @property
    def received_anywhere(self) -> bool:
        """Whether every process also receives: the network brings what happened to any of them (a webhook)."""


class Lead(Protocol):
    """The leadership of the account that a channel serves; see ``bot.processes.leadership``."""

    @property
    def process(self) -> str:
        """The id of this process; no other one ever has it."""

    def holds(self) -> bool:
        """Return whether this process may use the account now; asks nobody."""

    async def confirm(self) -> int:
        """Ask the database; return the epoch. Raise ``StoreError`` if it says no, or cannot be asked."""

    async def knows(self, process: str) -> bool:
        """Return whether an id is that of a process on the same database; raise ``StoreError`` as above."""


@runtime_checkable
class StandsDown(Protocol):
    """A channel that holds what only one process may hold (the keys of a device)."""

    def obey(self, lead: Lead) -> None:
        """Ask ``lead`` before anything changes, at the network or on disk; raise ``TryLaterError`` when it says no."""

    async def stand_down(self) -> None:
        """Another process leads the account: let go of it, so that ``run`` may be called again later."""


@runtime_checkable
class Traceable(Protocol):
    """A channel that can look for a message that may have arrived, where sending it again could double it."""

    def trace(self, conversation: str, answers: str, before: str) -> str:
        """Return where a message to this conversation, about to be sent, would be found; ``before``: the trace of the
        attempt before this one.
        """

    def remember(self, sent: Sequence[str]) -> None:
        """The network's ids of what earlier processes sent."""

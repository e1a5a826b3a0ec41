"""The channel port: the contract of every network adapter, and its errors."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Protocol, runtime_checkable

from bot.messages import Address, Inbound, Outgoing, Refused
from bot.messages.markup import Document
from bot.messages.readership import Readership
from knowledge_base.errors import StadtlotseError


class ChannelError(StadtlotseError):
    """A failure to hand a message to a network."""


class TryLaterError(ChannelError):
    """A message that was certainly not sent and may be retried, after the time ``after`` if the network named one.

    ``everywhere``: the network would now also refuse messages to all other conversations. ``paced``: the bot's own rate
    limit deferred the message and the network was not asked. This counts as neither attempt nor failure, and needs
    ``after``.
    """

    def __init__(
        self, message: str, *, after: timedelta | None = None, everywhere: bool = False, paced: bool = False
    ) -> None:
        super().__init__(message)
        self.after = after
        self.everywhere = everywhere
        self.paced = paced


class UndeliverableError(ChannelError):
    """A message that will never be delivered. ``gone``: no other message will be either (blocked, kicked, closed)."""

    def __init__(self, message: str, *, gone: bool = False) -> None:
        super().__init__(message)
        self.gone = gone


class MovedError(ChannelError):
    """A message that was certainly not sent: the conversation has another id now."""

    def __init__(self, message: str, *, to: str) -> None:
        super().__init__(message)
        self.to = to


class AudienceError(ChannelError):
    """A message that was certainly not sent: people other than its readers can read the place now."""


class UnclearError(ChannelError):
    """A message with unknown delivery status: the network may or may not have it."""


class ChannelEndedError(ChannelError):
    """A channel that cannot go on (a revoked token, a lost account); an operator must act."""


class Receive(Protocol):
    """A function that takes over what happened on a channel."""

    async def __call__(
        self,
        channel: str,
        happenings: Sequence[Inbound],
        *,
        cursor: str | None = None,
        refused: Sequence[Refused] = (),
    ) -> None:
        """Store the happenings in order, together with the cursor and the refused ones, in one transaction.

        After it returns, the network may forget them. It waits when the bot has too much to do (back-pressure). Raise
        ``StoreError`` if nothing was stored: then the channel must deliver the same again. Known ids are ignored.
        """

    async def release(self, channel: str, after: timedelta) -> bool:
        """Let messages be handled that came ``early``, longer than ``after`` ago; return whether others still wait."""

    async def cursor(self, channel: str) -> str | None:
        """Return the cursor that was stored last: from there on the network must deliver again."""

    async def known(self, channel: str, event_ids: Collection[str]) -> set[str]:
        """Return which of these events were handed over before, or are messages of the bot."""

    async def without_mention(self, channel: str, conversations: Collection[str]) -> set[str]:
        """Return in which of these rooms every message is for the bot."""


@runtime_checkable
class KnowsReaders(Protocol):
    """A network that knows who can read a place; every channel is one."""

    def who_reads(self, address: Address) -> Readership | None: ...

    def private_place(self, user: str) -> str | None: ...


class Channel(KnowsReaders, Protocol):
    """A network. Contract, tested for every channel by ``tests/contracts/test_channel.py``:

    - ``run`` receives until it is cancelled. It recovers by itself, with back-off, from what can be recovered from
      (connection lost, server down); only ``ChannelEndedError`` leaves it. It calls ``listening`` each time it begins
      to listen. It hands over only what people did: not the bot's own messages, not notices of other bots, not
      history from before the bot joined.
    - ``send`` hands one message to the network, once, and returns the network's id of it. It raises only
      ``TryLaterError``, ``UndeliverableError``, ``MovedError``, ``AudienceError`` and ``UnclearError``. If
      ``exactly_once``, sending the same ``Outgoing.id`` again has no second effect, so a retry is always safe.
    - Directly before the network gets a message that is not for a room (``Outgoing.audience``), ``send`` checks who
      can read the place at this moment, invited users included. It raises ``AudienceError`` unless the message is
      for them (``bot.messages.readership.fits``). Nothing that could open the message to others, not even a key,
      leaves earlier.
    - ``who_reads`` returns who can read a place, as the channel knows it now; it makes no request and never fails.
      ``None``: the channel cannot know yet. A place that the bot has not joined has no readers and is not closed.
    - ``private_place`` returns the conversation that only this account reads; ``None``: the network has none. It need
      not exist yet: ``send`` opens it, and may then report its id (``MovedError``).
    - ``working`` shows the typing indicator; it never fails.
    - Text in ``Outgoing.document`` stays text: only ``Link`` nodes become links, and nothing becomes markup or a
      mention.
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
class CheckableChannel(Protocol):
    """A channel that can report its state to an operator."""

    async def check(self) -> list[tuple[str, str]]:
        """Return lines of ``(state, text)``, state ``ok``, ``none`` or ``fail``; change nothing while the bot runs."""


class Listening(Protocol):
    """A callback that gets ``None`` when a channel listens, and a short reason while it backs off."""

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
    """The answer to an inline query; ``note`` tells the user why there are no cards."""

    cards: tuple[Card, ...] = ()
    note: str = ""


class Desk(Protocol):
    """A handler of button presses and inline queries, which the network expects to be answered within seconds."""

    async def claim(self, press: Inbound) -> str:
        """Claim a press of a button; return the text to show at once, or an empty text.

        The first press of the right person in time counts. The same press again gives the same result. The handler
        performs the action of the button.
        """

    async def known_as(self, channel: str, name: str) -> None:
        """Note the name of the bot on a network, as soon as the network tells it."""

    async def cards(self, channel: str, user: str, question: str, language: str) -> Cards:
        """Return the best projects for a question, within the rate limit of the user; the question is not stored."""


@runtime_checkable
class Immediate(Protocol):
    """A channel with buttons and results within seconds; it gets the desk before it runs."""

    def serve_from(self, desk: Desk) -> None: ...


class Alert(Protocol):
    """A function that alerts the admins; it never raises. See ``bot.operations.alerts``."""

    async def __call__(self, code: str, *, subject: str = "", **values: str | int) -> None: ...


@runtime_checkable
class Warns(Protocol):
    """A channel that can raise alerts for the admins; it gets the function before it runs."""

    def warn_with(self, alert: Alert) -> None: ...


@runtime_checkable
class EditsInPlace(Protocol):
    """A channel that honours ``Outgoing.replaces`` in ``send``; others leave the answer to an edited question."""

    @property
    def edits_in_place(self) -> bool: ...


@runtime_checkable
class KnowsAdmins(Protocol):
    """A channel with admins in each of its rooms."""

    async def administers(self, address: Address, user: str) -> bool:
        """Return whether the network says now that the user is an admin of the room; without its answer, ``False``."""


@runtime_checkable
class HasRooms(Protocol):
    """A network with rooms of many users."""

    def private_link(self) -> str:
        """Return the address that opens a private chat with the bot; empty until the network told the bot's name."""

    def room_options(self) -> tuple[str, ...]:
        """Return what the admins of a room can set there (``bot.commands.rooms``)."""


@runtime_checkable
class OpensRooms(Protocol):
    """A channel that can bring two people together in a room of their own."""

    async def open_introduction_room(
        self, alias: str, users: tuple[str, str], opening: Outgoing, *, name: str = ""
    ) -> str | None:
        """Open an encrypted room with these users and the message in it; return the network's id of the room.

        ``alias`` (local part) makes repeated calls return the same room; ``name`` is the name of the room. Raise the
        errors of ``send``; ``UndeliverableError`` means that there will be no room.
        """


@runtime_checkable
class Shared(Protocol):
    """A channel on which every process may handle messages; of one without this protocol, its leader does all."""

    @property
    def received_anywhere(self) -> bool:
        """Return whether every process also receives: the network delivers to any of them (a webhook)."""


class Lead(Protocol):
    """The leadership of the account that a channel serves; see ``bot.processes.leadership``."""

    @property
    def process(self) -> str:
        """Return the id of this process; no other process ever has it."""

    def holds(self) -> bool:
        """Return whether this process may use the account now; make no request."""

    async def confirm(self) -> int:
        """Ask the database and return the epoch; raise ``StoreError`` if it refuses or cannot be asked."""

    async def knows(self, process: str) -> bool:
        """Return whether an id belongs to a process on the same database; raise ``StoreError`` as above."""


@runtime_checkable
class StandsDown(Protocol):
    """A channel with resources that only one process may hold (the keys of a device)."""

    def obey(self, lead: Lead) -> None:
        """Ask ``lead`` before every change, at the network or on disk; raise ``TryLaterError`` if it refuses."""

    async def stand_down(self) -> None:
        """Release the account, which another process leads now; ``run`` may be called again later."""


@runtime_checkable
class Traceable(Protocol):
    """A channel that can look for a message that may have arrived, where a retry could double it."""

    def trace(self, conversation: str, answers: str, before: str) -> str:
        """Return where to look later for a message that is about to be sent to this conversation.

        ``before`` is the trace of the previous attempt.
        """

    def remember(self, sent: Sequence[str]) -> None:
        """Take the network's ids of messages that earlier processes sent."""

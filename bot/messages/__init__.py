"""The values that flow between networks and features. They do nothing by themselves.

``Inbound`` comes in, ``Say`` is what a feature wants to say (a key and values, no wording, no language), ``Outgoing``
is the rendered message that a channel sends.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any

from bot.commands import parse, to_text
from bot.commands.command import Intent
from bot.messages.markup import Document


@dataclass(frozen=True, slots=True)
class Address:
    """A place where something can be said: a conversation of a channel, or a thread in it."""

    channel: str
    conversation: str
    thread: str = ""


class MessageAudience(StrEnum):
    """Who a message is for: see ``bot.messages.readership``."""

    PRIVATE = "private"
    MEETING = "meeting"
    OPERATORS = "operators"
    ROOM = "room"


class Happening(StrEnum):
    """What happened on the network."""

    MESSAGE = "message"  # a user wrote
    EDIT = "edit"  # a user changed what they wrote: ``refers_to``
    RETRACTION = "retraction"  # a user took back what they wrote: ``refers_to``
    REACTION = "reaction"  # a user marked the message ``refers_to`` with ``text``
    JOINED = "joined"  # the bot came into a conversation
    GROWN = "grown"  # what was a private conversation has a further member: it is a group now
    LEFT = "left"  # the bot was put out of a conversation, or blocked
    MOVED = "moved"  # the conversation ``refers_to`` goes on under this address
    PRESSED = "pressed"  # a user pressed a button of the bot: ``text`` is its handle
    UNREADABLE = "unreadable"  # something that the channel cannot read; nothing of it is kept
    UNDECRYPTED = "undecrypted"  # a user wrote what the bot cannot decrypt
    MISSED = "missed"  # so many (``text``) messages, up to this one, are too many or too old to be answered
    IMPERSONAL = "impersonal"  # somebody wrote, but not as a person: ``refers_to`` says how (``author.…``)
    COMPARE = "compare"  # a user verifies the bot: ``text`` are the emojis that both must see
    EXPLAINED = "explained"  # the network does not let the bot do something for the user: ``text`` is the reason


@dataclass(frozen=True, slots=True)
class Inbound:
    """Something that happened, the same for all networks."""

    id: str  # the network's event id; the same id is handled once
    address: Address
    user: str  # the network's id of the account, never a display name
    text: str
    private: bool  # only this person and the bot are there, and others need an invitation
    at: datetime
    happening: Happening = Happening.MESSAGE
    refers_to: str = ""  # event id
    addressed: bool = True  # private, mentioned, or replied to
    message: str = ""  # the id under which others refer to it, where the network has another one for that
    needs_permit: bool = False  # a place in which the bot works only when an admin allowed it
    public_name: str = ""  # of the account, in private and where the network has such names: others may write to it
    returns: bool = True  # whether it makes an account that could not be reached reachable again
    overheard: bool = False  # private, but later members may read it: nothing personal is said there
    early: bool = False  # a part of a message, of which the rest may follow: see ``bot.channels.port.Receive.release``
    quoted: str = ""  # what another user wrote in the message that this one replies to, or that began its thread

    @property
    def reference(self) -> str:
        """What an answer, an edit or a reaction refers to."""
        return self.message or self.id

    def to_json(self) -> dict[str, Any]:
        """For the durable inbox."""
        return asdict(self) | {"at": self.at.isoformat()}

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Inbound:
        """Back from the durable inbox."""
        values = dict(data)
        values["address"] = Address(**values["address"])
        values["at"] = datetime.fromisoformat(values["at"])
        values["happening"] = Happening(values["happening"])
        return cls(**values)


@dataclass(frozen=True, slots=True)
class Refused:
    """Something that no client would send, and that cannot be handled. Kept for its count, not for its content."""

    id: str  # the network's, or one made of the content
    conversation: str
    user: str
    reason: str


@dataclass(frozen=True, slots=True)
class Url:
    """An address of the web, to be shown as a link where it is a harmless one.

    ``short``: named by its host where links can be opened. ``brief``: named by its host everywhere, as in a list.
    """

    address: str
    short: bool = False
    brief: bool = False


@dataclass(frozen=True, slots=True)
class Own:
    """What the reader of the message told of themselves: theirs to see on every network (``bot.channels.policy``)."""

    text: str


@dataclass(frozen=True, slots=True)
class Reach:
    """Text that the reader is meant to use or to copy, such as an account, a mail address or a phone number.

    Unlike other values, networks leave it as it is. ``own``: see ``Own``. ``linked``: make a link of it, where it is an
    address and the network has such links.
    """

    text: str
    own: bool = False
    linked: bool = True


@dataclass(frozen=True, slots=True)
class Say:
    """What to say: the key of a text and the values in it. Values are data and never become markup."""

    key: str
    values: Mapping[str, Value] = field(default_factory=dict)
    choices: tuple[Choice, ...] = ()
    language: str = ""  # the language it must be said in; empty: the one that the person is answered in

    def to_json(self) -> dict[str, Any]:
        """For the durable outbox."""
        return {
            "key": self.key,
            "values": {name: _value_to_json(value) for name, value in self.values.items()},
            "language": self.language,
            "choices": [[choice.label.to_json(), choice.command, choice.numbered] for choice in self.choices],
        }

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Say:
        """Back from the durable outbox."""
        return cls(
            data["key"],
            {name: _value_from_json(value) for name, value in data["values"].items()},
            tuple(Choice(cls.from_json(label), parse(text), numbered) for label, text, numbered in data["choices"]),
            data.get("language", ""),
        )


Value = str | int | Url | Own | Reach | Say | Sequence[Say]


@dataclass(frozen=True, slots=True)
class Choice:
    """Something the person may do next: a button where there are buttons, and always a command that can be typed.

    A ``numbered`` choice can also be typed as its number; its number is its place among the numbered ones.
    """

    label: Say
    intent: Intent
    numbered: bool = False

    @property
    def command(self) -> str:
        """The canonical text of the intent, as it is stored."""
        return to_text(self.intent)


@dataclass(frozen=True, slots=True)
class ShownChoice:
    """A choice as it is shown."""

    label: str
    command: str
    typed: str  # the command as a person of the message's language would type it
    number: int | None = None
    handle: str = ""  # of its button, where the channel has buttons (``bot.channels.port.Immediate``)


@dataclass(frozen=True, slots=True)
class Outgoing:
    """A rendered message on its way to a network; ``id`` is its transaction id."""

    id: str
    address: Address
    language: str
    document: Document
    choices: tuple[ShownChoice, ...] = ()
    answers: str = ""  # what the question is referred to by
    replaces: str = ""  # the network's id of our message that this is the new version of
    bulk: bool = False  # no user waits for it
    trace: str = ""  # where the network would have an earlier attempt (``bot.channels.port.Traceable``)
    known: tuple[str, ...] | None = None  # an earlier attempt may have arrived; ids of what certainly did before it
    threads: bool = True  # whether a long answer in a room may open a thread
    subject: str = ""  # in a few words, where the network has a line for that
    page: str = ""  # the address of our page that the text leads to
    button: str = ""  # what stands on a button to it, where the network has such buttons
    unsubscribe: str = ""  # the address where the reader ends messages of this kind
    audience: MessageAudience = MessageAudience.ROOM  # who it is for; the composer always names it
    readers: tuple[str, ...] = ()  # the accounts that it is for, where it is not for a room


def _value_to_json(value: Value) -> Any:
    if isinstance(value, Say):
        return {"say": value.to_json()}
    if isinstance(value, Url):
        marks = {"short": value.short, "brief": value.brief}
        return {"url": value.address} | {name: True for name, marked in marks.items() if marked}
    if isinstance(value, Own):
        return {"own": value.text}
    if isinstance(value, Reach):
        return {"reach": value.text, "own": value.own, "linked": value.linked}
    if isinstance(value, str | int):
        return value
    return [part.to_json() for part in value]


def _value_from_json(value: Any) -> Value:
    if isinstance(value, list):
        return tuple(Say.from_json(part) for part in value)
    if isinstance(value, dict):
        if "say" in value:
            return Say.from_json(value["say"])
        if "reach" in value:
            return Reach(value["reach"], value["own"], value["linked"])
        return (
            Own(value["own"])
            if "own" in value
            else Url(value["url"], value.get("short", False), value.get("brief", False))
        )
    plain: str | int = value
    return plain

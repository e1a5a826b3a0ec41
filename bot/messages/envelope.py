"""The content of an outbox row: what to say, in which language, to which readers, and what the network needs. Pure.

The stored form is JSON, with the fields that differ from their default alone. A row of an earlier version loads. Fields
that this version does not know are kept in ``unknown`` and stored again, so that a message which was moved to another
place still says to a newer process what it said. They change nothing here: a version that narrows who may read a
message must do so by a new ``audience``, which an earlier version refuses.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from bot.messages import MessageAudience, Say

ROW_FIELDS = frozenset({
    "say", "language", "audience", "readers", "thread", "answers", "replaces", "footer", "handles", "page", "code",
    "unsubscribe", "connect", "farewell", "flat", "room", "tried", "asked_at",
})  # fmt: skip


@dataclass(frozen=True, slots=True)
class MeetingRoom:
    """A room that the network opens for two users before it delivers the message there."""

    alias: str  # the local part
    users: tuple[str, str]
    name: str


@dataclass(frozen=True, slots=True)
class AskedAt:
    """The place of a question with an answer that went to another place."""

    conversation: str
    thread: str = ""


@dataclass(frozen=True, slots=True)
class Envelope:
    """One message for the outbox.

    Without an ``audience`` the message is for the account that owns the private conversation it goes to, when it is
    sent; ``readers`` are the accounts that a message with an audience is for (``bot.messages.readership``).
    """

    say: Say
    language: str
    audience: MessageAudience | None = None
    readers: tuple[str, ...] = ()
    thread: str = ""
    answers: str = ""  # what the question is referred to by
    replaces: str = ""  # the outbox id of the answer that this is the new version of
    footer: Say | None = None  # what stands below
    handles: tuple[str, ...] = ()  # of the buttons of all choices, in their order
    page: str = ""  # the page that ``{link}`` in the text leads to
    code: bool = False  # whether the text names the message's ``{code}`` and ``{word}``
    unsubscribe: str = ""  # what a reader of the mail can end by its header
    connect: str = ""  # the name of the bot that the footer's ``{connect}`` starts
    flat: bool = False  # opens no thread, however long
    farewell: bool = False  # the last message to a person who was forgotten
    room: MeetingRoom | None = None
    tried: tuple[str, ...] = ()  # places that the message left because others read them
    asked_at: AskedAt | None = None
    unknown: Mapping[str, Any] = field(default_factory=dict)  # fields of a newer version, as they were stored

    def to_json(self) -> dict[str, Any]:
        """Return the form for the durable outbox."""
        fields: dict[str, Any] = {
            "audience": self.audience and self.audience.value,
            "readers": list(self.readers),
            "thread": self.thread,
            "answers": self.answers,
            "replaces": self.replaces,
            "footer": self.footer and self.footer.to_json(),
            "handles": list(self.handles),
            "page": self.page,
            "code": self.code,
            "unsubscribe": self.unsubscribe,
            "connect": self.connect,
            "flat": self.flat,
            "farewell": self.farewell,
            "room": self.room and {"alias": self.room.alias, "users": list(self.room.users), "name": self.room.name},
            "tried": list(self.tried),
            "asked_at": self.asked_at and {"conversation": self.asked_at.conversation, "thread": self.asked_at.thread},
        }
        given = {name: value for name, value in fields.items() if value}
        return {**self.unknown, "say": self.say.to_json(), "language": self.language, **given}

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Envelope:
        """Read the stored form; raise ``KeyError``, ``TypeError`` or ``ValueError`` for what is no such row."""
        audience, footer, room, asked_at = (data.get(name) for name in ("audience", "footer", "room", "asked_at"))
        return cls(
            say=Say.from_json(data["say"]),
            language=data["language"],
            audience=MessageAudience(audience) if audience else None,
            readers=tuple(data.get("readers", ())),
            thread=data.get("thread", ""),
            answers=answers_in(data),
            replaces=data.get("replaces", ""),
            footer=Say.from_json(footer) if footer else None,
            handles=tuple(data.get("handles", ())),
            page=data.get("page", ""),
            code=bool(data.get("code")),
            unsubscribe=data.get("unsubscribe", ""),
            connect=data.get("connect", ""),
            flat=bool(data.get("flat")),
            farewell=bool(data.get("farewell")),
            room=_room(room) if room else None,
            tried=tuple(data.get("tried", ())),
            asked_at=AskedAt(asked_at["conversation"], asked_at.get("thread", "")) if asked_at else None,
            unknown={name: value for name, value in data.items() if name not in ROW_FIELDS},
        )


def answers_in(data: Mapping[str, Any]) -> str:
    """Return what a stored row answers, also when the rest of it cannot be read."""
    answers: str = data.get("answers", "")
    return answers


def _room(data: Mapping[str, Any]) -> MeetingRoom:
    first, second = data["users"]
    return MeetingRoom(data["alias"], (first, second), data["name"])

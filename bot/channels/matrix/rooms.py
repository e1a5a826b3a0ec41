"""What the bot knows of its rooms, read from their state events. Malformed state is no state."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import Any, Self

from bot.channels.matrix.http import Json, events, part
from bot.messages.readership import Readership

PRESENT = ("join", "invite")
NOT_FOR_LATER = ("invited", "joined")  # visibilities of a history that who comes later cannot read


@dataclass(frozen=True, slots=True)
class Rotation:
    """When a room's key is replaced by a new one: after so many messages, or when it is so old."""

    messages: int = 100
    age: timedelta = timedelta(days=7)

    @classmethod
    def of(cls, encryption: Json) -> Self:
        """What a room wants (``m.room.encryption``), within bounds.

        A room may want it more often than the defaults, which are those of the specification, never less often; and no
        more often than each hour, because a key must last until it is shared.
        """
        most = cls()
        hour, week = (time // timedelta(milliseconds=1) for time in (timedelta(hours=1), most.age))
        return cls(
            _within(encryption.get("rotation_period_msgs"), 1, most.messages),
            timedelta(milliseconds=_within(encryption.get("rotation_period_ms"), hour, week)),
        )


def _within(wanted: Any, least: int, most: int) -> int:
    """A number of somebody's; anything else is as good as none."""
    is_number = isinstance(wanted, int) and not isinstance(wanted, bool)
    return min(max(wanted, least), most) if is_number else most


@dataclass(slots=True)
class Room:
    """A room that the bot is in."""

    id: str
    me: str
    members: dict[str, str] = field(default_factory=dict)  # user id → join | invite
    names: dict[str, str] = field(default_factory=dict)  # user id → display name
    encrypted: bool = False
    rotation: Rotation = Rotation()
    upgraded_to: str = ""
    creator: str = ""
    met: bool = False  # somebody else is, was or was invited here
    history: str = "shared"  # who may read what was said before they came
    join_rule: str = "invite"  # what the specification takes for granted
    levels: Json = field(default_factory=dict)  # ``m.room.power_levels``
    create: Json = field(default_factory=dict)  # ``m.room.create``, the whole event

    @property
    def alone(self) -> bool:
        """Only one other person is or is invited here: whatever they write is for the bot."""
        return len(self.members) <= 2

    @property
    def private(self) -> bool:
        """Nobody else is here, comes in without an invitation, or reads it from outside."""
        return self.alone and self.join_rule == "invite" and self.history != "world_readable"

    @property
    def readership(self) -> Readership:
        """Who can read what is said here now, the bot left out."""
        closed = self.join_rule == "invite" and self.history in NOT_FOR_LATER and not self.upgraded_to
        return Readership(frozenset(self.others), closed=closed and self.members.get(self.me) == "join")

    @property
    def closable(self) -> Readership:
        """The readership that the room has once the bot has closed its history, where the bot may."""
        may = self.history not in NOT_FOR_LATER and may_close_history(self.me, self.levels, self.create)
        return replace(self, history=NOT_FOR_LATER[-1]).readership if may else self.readership

    @property
    def joined(self) -> list[str]:
        """Who is here, the bot included."""
        return [user for user, membership in self.members.items() if membership == "join"]

    @property
    def readers(self) -> list[str]:
        """Who gets the keys of what is said here: who is invited too, where the invited may read it."""
        return self.joined if self.history == "joined" else list(self.members)

    @property
    def others(self) -> list[str]:
        """Who is here or invited, the bot excluded."""
        return [user for user in self.members if user != self.me]

    @property
    def deserted(self) -> bool:
        """Nobody is here any more; in a room that the bot is just making, nobody is here yet."""
        return not self.others and (self.met or self.creator != self.me)

    @property
    def own_names(self) -> tuple[str, ...]:
        """How the bot may be addressed here."""
        local = self.me[1:].partition(":")[0]
        return tuple(name for name in (self.names.get(self.me, ""), self.me, local) if name)

    def apply(self, event: Json) -> bool:
        """Take in a state event; returns whether the bot must make a new room key (members or its rules changed)."""
        content, key = event.get("content"), event.get("state_key")
        if not isinstance(content, dict) or not isinstance(key, str):
            return False
        match event.get("type"):
            case "m.room.member":
                return self._member(key, content)
            case "m.room.encryption" if key == "":
                self.encrypted = True  # for ever: nobody can turn it off
                before, self.rotation = self.rotation, Rotation.of(content)
                return self.rotation != before
            case "m.room.create" if key == "":
                self.creator, self.create = str(event.get("sender", "")), event
            case "m.room.power_levels" if key == "":
                self.levels = content
            case "m.room.join_rules" if key == "":
                self.join_rule = str(content.get("join_rule", ""))
            case "m.room.history_visibility" if key == "":
                self.history = str(content.get("history_visibility", "shared"))
            case "m.room.tombstone" if key == "":
                replacement = content.get("replacement_room")
                self.upgraded_to = replacement if isinstance(replacement, str) else ""
        return False

    def _member(self, user: str, content: Json) -> bool:
        before, after = self.members.get(user), content.get("membership")
        self.met = self.met or user != self.me
        name = content.get("displayname")
        if isinstance(name, str) and name.strip():
            self.names[user] = name.strip()
        if after in PRESENT:
            self.members[user] = after
        else:
            self.members.pop(user, None)
            self.names.pop(user, None)
        return "join" in (before, after) and before != after


def state_events(room: Json, name: str) -> list[Json]:
    """The events of a part (``state``, ``timeline``, ``invite_state``) of a room in a sync answer, objects only."""
    return [event for event in events(room, name) if isinstance(event, dict)]


def own_arrival(events: Iterable[Json], me: str) -> Json | None:
    """The event with which the bot came into the room, if it is among these: no mere change of its profile."""
    arrival = None
    for event in events:
        if event.get("type") != "m.room.member" or event.get("state_key") != me:
            continue
        if membership(event.get("content")) == "join" and membership(_before(event)) != "join":
            arrival = event
    return arrival


def inviter(event: Json, fallback: Iterable[str]) -> str:
    """Who brought the bot here: the sender of the invitation that its arrival followed, else anybody there."""
    unsigned = event.get("unsigned")
    sender = unsigned.get("prev_sender") if isinstance(unsigned, dict) else None
    if isinstance(sender, str) and sender != event.get("state_key"):
        return sender
    return next(iter(fallback), "")


def membership(content: Any) -> str:
    """The membership that a member event's content names."""
    value = content.get("membership") if isinstance(content, dict) else None
    return value if isinstance(value, str) else ""


def _before(event: Json) -> Any:
    unsigned = event.get("unsigned")
    return unsigned.get("prev_content") if isinstance(unsigned, dict) else None


def invitation(room: Json, me: str) -> str:
    """Who invites the bot, from the stripped state of an invited room; empty when nobody can be told."""
    for event in state_events(room, "invite_state"):
        is_own = event.get("type") == "m.room.member" and event.get("state_key") == me
        if is_own and membership(event.get("content")) == "invite" and isinstance(event.get("sender"), str):
            return str(event["sender"])
    return ""


def server_of(user_id: str) -> str:
    """The homeserver of a user id."""
    return user_id.partition(":")[2].lower()


def may_ask(user_id: str, allowed: Iterable[str], own: str) -> bool:
    """Whether a user may invite and ask: their server is among the allowed ones; none named: the bot's own."""
    servers = {server.lower() for server in allowed} or {server_of(own)}
    return bool(server_of(user_id)) and server_of(user_id) in servers


ADMIN = 100  # the power level that clients call so
MAKERS_ARE_ADMINS = 12  # from this room version on, above every level


def is_admin(user: str, levels: Json, create: Json) -> bool:
    """Whether somebody is an admin of a room: by its power levels, or as who made it. Anything odd says no."""
    given = part(levels, "users").get(user, levels.get("users_default", 0))
    if isinstance(given, int) and given >= ADMIN:
        return True
    return _made(user, create)


def may_close_history(user: str, levels: Json, create: Json) -> bool:
    """Whether somebody may say that who comes later does not read what was said before. Anything odd says no."""
    needed = part(levels, "events").get("m.room.history_visibility", levels.get("state_default", 50))
    given = part(levels, "users").get(user, levels.get("users_default", 0))
    if not (levels and isinstance(needed, int) and isinstance(given, int)):
        return False
    return given >= needed or _made(user, create)


def _made(user: str, create: Json) -> bool:
    """Whether somebody made the room, in the versions in which that puts them above every level."""
    content = part(create, "content")
    version, others = content.get("room_version"), content.get("additional_creators")
    recent = isinstance(version, str) and version.isdecimal() and int(version) >= MAKERS_ARE_ADMINS
    return recent and (user == create.get("sender") or (isinstance(others, list) and user in others))

"""The known state of the bot's rooms, read from state events. Malformed state is ignored."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import Any, Self

from bot.channels.matrix.http import Json, events, part
from bot.messages.readership import Readership

PRESENT = ("join", "invite")
ALONE = 2  # the bot and one user
NOT_FOR_LATER = ("invited", "joined")  # history visibilities that later members cannot read


@dataclass(frozen=True, slots=True)
class Rotation:
    """The limits of a room key: messages and age after which a new key replaces it."""

    messages: int = 100
    age: timedelta = timedelta(days=7)

    @classmethod
    def of(cls, encryption: Json) -> Self:
        """Return the rotation that a room wants (``m.room.encryption``), within bounds.

        The defaults are those of the specification. A room may rotate more often than that, but never less often, and
        at most hourly, because a key must last until it is shared.
        """
        most = cls()
        hour, week = (time // timedelta(milliseconds=1) for time in (timedelta(hours=1), most.age))
        return cls(
            _within(encryption.get("rotation_period_msgs"), 1, most.messages),
            timedelta(milliseconds=_within(encryption.get("rotation_period_ms"), hour, week)),
        )


def _within(wanted: Any, least: int, most: int) -> int:
    """Return a number from a room within bounds; treat anything else as missing."""
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
    met: bool = False  # another user has joined or was invited at some time
    history: str = "shared"  # who may read messages from before they joined
    join_rule: str = "invite"  # the specification's default
    levels: Json = field(default_factory=dict)  # ``m.room.power_levels``
    create: Json = field(default_factory=dict)  # ``m.room.create``, the whole event

    @property
    def is_space(self) -> bool:
        """Return whether this is a Space: a list of rooms; clients show no timeline of its own."""
        return part(self.create, "content").get("type") == "m.space"

    @property
    def alone(self) -> bool:
        """Return whether at most one other user is here or invited: then every message is for the bot."""
        return len(self.members) <= ALONE

    @property
    def private(self) -> bool:
        """Return whether no further user is here, can join without an invitation, or reads from outside."""
        return not self.is_space and self.alone and self.join_rule == "invite" and self.history != "world_readable"

    @property
    def readership(self) -> Readership:
        """Return who can read new messages here now, without the bot."""
        closed = self.join_rule == "invite" and self.history in NOT_FOR_LATER
        closed = closed and not self.upgraded_to and not self.is_space
        return Readership(frozenset(self.others), closed=closed and self.members.get(self.me) == "join")

    @property
    def closable(self) -> Readership:
        """Return the readership after the bot has closed the history, where the bot may."""
        may = self.history not in NOT_FOR_LATER and may_close_history(self.me, self.levels, self.create)
        return replace(self, history=NOT_FOR_LATER[-1]).readership if may else self.readership

    @property
    def joined(self) -> list[str]:
        """Return the joined users, the bot included."""
        return [user for user, membership in self.members.items() if membership == "join"]

    def has_joined(self, user: str) -> bool:
        """Return whether the user has joined."""
        return self.members.get(user) == "join"

    @property
    def readers(self) -> list[str]:
        """Return the users who get the keys of new messages, invited ones included where they may read."""
        return self.joined if self.history == "joined" else list(self.members)

    @property
    def others(self) -> list[str]:
        """Return the joined or invited users, without the bot."""
        return [user for user in self.members if user != self.me]

    @property
    def deserted(self) -> bool:
        """Return whether all other users have left; a room that the bot is just making does not count."""
        return not self.others and (self.met or self.creator != self.me)

    def became_a_group(self, event: Json) -> bool:
        """Return whether a member event, which was applied, brought the second other user into the room.

        In rooms that the bot made, it expects them.
        """
        arrives = membership(event.get("content")) in PRESENT and membership(_before(event)) not in PRESENT
        is_another = event.get("type") == "m.room.member" and event.get("state_key") != self.me
        return is_another and arrives and len(self.members) == ALONE + 1 and self.creator != self.me

    @property
    def own_names(self) -> tuple[str, ...]:
        """Return the names by which users may address the bot here."""
        local = self.me[1:].partition(":")[0]
        return tuple(name for name in (self.names.get(self.me, ""), self.me, local) if name)

    def apply(self, event: Json) -> bool:
        """Apply a state event; return whether the bot must make a new room key (members or rotation changed)."""
        content, key = event.get("content"), event.get("state_key")
        if not isinstance(content, dict) or not isinstance(key, str):
            return False
        match event.get("type"):
            case "m.room.member":
                return self._member(key, content)
            case "m.room.encryption" if key == "":
                self.encrypted = True  # forever: encryption cannot be turned off
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
    """Return the events of a room's part (``state``, ``timeline``, ``invite_state``) in a sync answer, objects only."""
    return [event for event in events(room, name) if isinstance(event, dict)]


def own_arrival(events: Iterable[Json], me: str) -> Json | None:
    """Return the event of the bot's arrival in the room, if it is among these; profile changes do not count."""
    arrival = None
    for event in events:
        if event.get("type") != "m.room.member" or event.get("state_key") != me:
            continue
        if membership(event.get("content")) == "join" and membership(_before(event)) != "join":
            arrival = event
    return arrival


def inviter(event: Json, fallback: Iterable[str]) -> str:
    """Return the user who invited the bot: the sender of the preceding invitation, otherwise any user there."""
    unsigned = event.get("unsigned")
    sender = unsigned.get("prev_sender") if isinstance(unsigned, dict) else None
    if isinstance(sender, str) and sender != event.get("state_key"):
        return sender
    return next(iter(fallback), "")


def membership(content: Any) -> str:
    """Return the membership in a member event's content."""
    value = content.get("membership") if isinstance(content, dict) else None
    return value if isinstance(value, str) else ""


def _before(event: Json) -> Any:
    unsigned = event.get("unsigned")
    return unsigned.get("prev_content") if isinstance(unsigned, dict) else None


def invitation(room: Json, me: str) -> str:
    """Return the user who invites the bot, from the stripped state of an invited room; empty if unknown."""
    for event in state_events(room, "invite_state"):
        is_own = event.get("type") == "m.room.member" and event.get("state_key") == me
        if is_own and membership(event.get("content")) == "invite" and isinstance(event.get("sender"), str):
            return str(event["sender"])
    return ""


def server_of(user_id: str) -> str:
    """Return the homeserver of a user id."""
    return user_id.partition(":")[2].lower()


def may_ask(user_id: str, allowed: Iterable[str], own: str) -> bool:
    """Return whether a user may invite and ask: their server is allowed; without a list, the bot's own server is."""
    servers = {server.lower() for server in allowed} or {server_of(own)}
    return bool(server_of(user_id)) and server_of(user_id) in servers


ADMIN = 100  # the power level that clients call admin
MAKERS_ARE_ADMINS = 12  # from this room version on, creators stand above every level


def is_admin(user: str, levels: Json, create: Json) -> bool:
    """Return whether the user is an admin of a room, by power level or as its creator. Malformed state means no."""
    given = part(levels, "users").get(user, levels.get("users_default", 0))
    if isinstance(given, int) and given >= ADMIN:
        return True
    return _made(user, create)


def may_close_history(user: str, levels: Json, create: Json) -> bool:
    """Return whether the user may hide earlier messages from later members. Malformed state means no."""
    needed = part(levels, "events").get("m.room.history_visibility", levels.get("state_default", 50))
    given = part(levels, "users").get(user, levels.get("users_default", 0))
    if not (levels and isinstance(needed, int) and isinstance(given, int)):
        return False
    return given >= needed or _made(user, create)


def _made(user: str, create: Json) -> bool:
    """Return whether the user created the room, in room versions that put creators above every level."""
    content = part(create, "content")
    version, others = content.get("room_version"), content.get("additional_creators")
    recent = isinstance(version, str) and version.isdecimal() and int(version) >= MAKERS_ARE_ADMINS
    return recent and (user == create.get("sender") or (isinstance(others, list) and user in others))

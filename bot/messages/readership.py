"""Who a message is for, and whether only these can read the place that it goes to. Pure.

Each stored message names its audience, and the accounts that it is for (``bot.messages.envelope``). The channel
compares them with who can read the place, directly before it sends (``bot.channels.port.Channel``):

    audience    fits a place that
    private     exactly the one account and the bot can read, now and later
    meeting     exactly the two accounts and the bot can read, now and later
    operators   admins and the bot alone can read, now and later
    room        anything: it concerns no person, and answers who asked there

A text that is not declared here is private: a new one reaches no third person by oversight.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from bot.messages import MessageAudience


@dataclass(frozen=True, slots=True)
class Readership:
    """Who can read a place: ``users`` now, the invited among them, the bot left out.

    ``closed``: any other account needs an invitation, and reads nothing from before it; the world reads nothing.
    """

    users: frozenset[str] = frozenset()
    closed: bool = False


UNKNOWN = Readership()  # fits no audience but ``room``


def fits(audience: MessageAudience, readers: Collection[str], place: Readership, admins: Collection[str] = ()) -> bool:
    """Return whether a message for ``readers`` may be said in a place; ``admins``: their accounts on this network."""
    match audience:
        case MessageAudience.ROOM:
            return True
        case MessageAudience.PRIVATE:
            return place.closed and len(place.users) == 1 and place.users == set(readers)
        case MessageAudience.MEETING:
            return place.closed and len(set(readers)) == 2 and bool(place.users) and place.users <= set(readers)
        case MessageAudience.OPERATORS:
            return place.closed and bool(place.users) and place.users <= set(admins)


def accounts_on(channel: str, addresses: Collection[str]) -> frozenset[str]:
    """Return the accounts among addresses such as ``matrix:@anna:stadt.example`` that are on this network."""
    parts = (address.partition(":") for address in addresses)
    return frozenset(user for network, _, user in parts if network == channel)


# Public facts, general help, and refusals: they may be said wherever the bot is asked. The farewell is among them:
# no room is opened for a person that the bot has just erased.
IN_ROOMS = frozenset({
    "about.ai", "about.count", "about.operator", "about.source", "admins_only", "ask.compared", "ask.empty",
    "ask.events", "ask.found", "ask.more", "ask.names", "ask.not_sure", "ask.not_sure_there", "ask.nothing",
    "ask.only_elsewhere", "ask.only_larger", "ask.only_name", "ask.only_without", "ask.retracted",
    "ask_back.question", "ask_back.record", "attribute.cost", "attribute.no_cost", "attribute.no_other",
    "attribute.no_partners", "attribute.no_period", "attribute.no_responsible", "attribute.no_source",
    "attribute.no_status", "attribute.no_transfer", "attribute.period", "attribute.responsible", "attribute.source",
    "attribute.status", "attribute.transfer", "author.automatic", "author.channel", "author.forwarded",
    "author.group", "compare", "editors_only", "elsewhere.mail", "elsewhere.nowhere", "elsewhere.room", "error.sorry",
    "events.past", "events.some", "forget.done", "greeting", "help", "hint.device_refused", "hint.verify_elsewhere",
    "hint.verify_later", "inline.projects", "inline.questions", "language.chosen", "language.follows",
    "language.which", "limit.projects", "limit.questions", "missed", "more.no_more", "more.nothing_before",
    "one_to_one_only", "pick.nothing", "privacy", "rate.nothing", "rate.useful", "rate.useless", "room.grown",
    "room.not_here", "room.private", "room.settings", "show.contact", "show.not_found", "show.project",
    "small_talk.anew", "small_talk.blame", "small_talk.bye", "small_talk.chat", "small_talk.fine",
    "small_talk.unreadable", "start", "start.room", "subscribe.admins_only", "subscribe.room", "thanks",
    "unknown_command", "unknown_command.meant", "unreadable",
})  # fmt: skip
# In a group they speak of the group's own digest or of public entries; in a private chat, of the person who asks.
OF_THE_PLACE = (
    "digest.", "edit.", "history", "questions", "remove.", "subscribe.", "undo.", "unsubscribe.", "wanted.",
)  # fmt: skip
FOR_OPERATORS = ("alert.", "operate.")
FOR_A_MEETING = ("intro.room",)
# They speak of a person. Naming them here changes nothing; it shows that they were thought of.
OF_A_PERSON = (
    "ask_back.consent", "candidates", "claim.", "claims.", "connect.", "contribution.", "correct.", "declined.",
    "disconnect.", "elsewhere.", "entry.", "facts.", "forget.", "intro.", "invite.", "limit.", "mydata", "notice.",
    "pause.", "profile.", "propose.", "question.", "refuse.", "report.", "verify.", "waits.", "whoami", "withdraw.",
)  # fmt: skip


def audience_of(key: str, *, private: bool = True) -> MessageAudience:
    """Return who an answer with this text is for; ``private``: it was asked for in a private chat."""
    if key in FOR_A_MEETING:
        return MessageAudience.MEETING
    if key in IN_ROOMS:
        return MessageAudience.ROOM
    if key.startswith(FOR_OPERATORS):
        return MessageAudience.OPERATORS
    if key.startswith(OF_THE_PLACE) and not private:
        return MessageAudience.ROOM
    return MessageAudience.PRIVATE

"""Who or what wrote a message, from all fields of the Bot API (10.1) that say it. Pure.

    from, sender_chat                    a person; or a group or channel that a person writes for
    author_signature                     the title of an anonymous admin, who writes as the group
    is_automatic_forward, 777000         the network: a channel's post in the group linked to it
    via_bot, sender_business_bot,
    business_connection_id, guest_…,
    from.is_bot                          another bot, or an account that a bot serves
    is_from_offline                      a person, earlier: a scheduled message, or the note of their absence
    forward_origin                       a person passes on what somebody else wrote

``sender_tag`` and ``sender_boost_count`` describe a person, and change nothing.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from enum import StrEnum
from typing import Any

NETWORK_ITSELF = 777000  # "Telegram": it forwards posts of channels, and sends service messages
STAND_INS = {"GroupAnonymousBot", "Channel_Bot"}  # ``from`` of what is written in the name of a group or channel
OF_BOTS = (
    "via_bot", "sender_business_bot", "business_connection_id", "guest_query_id", "guest_bot_caller_user",
    "guest_bot_caller_chat",
)  # fmt: skip
TO_BE_DONE = re.compile(r"\s*(?:[/!]|\d+\s*$)")  # a command, or the number of a choice


class Author(StrEnum):
    """Who or what wrote a message. All but the first and the last are told why they get no answer."""

    PERSON = "person"
    GROUP = "group"  # an anonymous admin
    CHANNEL = "channel"  # a person in the name of a channel, or of another group
    AUTOMATIC = "automatic"  # sent by the network at a time set before
    FORWARDED = "forwarded"  # a command of somebody else: only its author can mean it
    NOBODY = "nobody"  # a bot, or the network


def author_of(message: Mapping[str, Any], text: str) -> Author:
    """Return who or what wrote a message with this text. Raise ``KeyError`` or ``TypeError`` if it is no message."""
    sender, chat = message.get("from") or {}, message["chat"]
    if any(message.get(field) for field in OF_BOTS) or message.get("is_automatic_forward"):
        return Author.NOBODY
    if sender.get("id") == NETWORK_ITSELF:
        return Author.NOBODY
    if (as_chat := _in_the_name_of(message, sender, chat)) is not None:
        return as_chat
    if not sender or sender["is_bot"]:
        return Author.NOBODY
    if chat["type"] == "private" and message.get("is_from_offline"):
        return Author.AUTOMATIC
    return Author.FORWARDED if message.get("forward_origin") and TO_BE_DONE.match(text) else Author.PERSON


def _in_the_name_of(message: Mapping[str, Any], sender: Mapping[str, Any], chat: Mapping[str, Any]) -> Author | None:
    """Return the name that a person writes under; ``None``: in their own, or it is no person."""
    as_chat = message.get("sender_chat")
    if as_chat is None or as_chat["id"] == sender.get("id"):
        anonymous = message.get("author_signature") and chat["type"] != "private"
        return Author.GROUP if anonymous and as_chat is None else None
    if sender.get("is_bot") and sender.get("username") not in STAND_INS:
        return Author.NOBODY
    return Author.GROUP if as_chat["id"] == chat["id"] else Author.CHANNEL

"""Clear Matrix events as happenings for the rest of the bot: pure.

``None`` stands for events that are not addressed to the bot (its own, notices, other bots, state, unknown types).
``MalformedError`` stands for an event that no client would send.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from urllib.parse import unquote

from bot.channels.matrix.content import INVISIBLE_SPACE
from bot.channels.matrix.http import Json
from bot.channels.matrix.rooms import Room
from bot.commands import is_command
from bot.messages import Address, Happening, Inbound

NAME = "matrix"
OURS = "org.stadtlotse."  # content fields of every Stadtlotse, this one or another
POLL_RESPONSES = ("org.matrix.msc3381.poll.response", "m.poll.response")
THUMBS = ("👍", "👎")
KEYCAPS = {f"{number}\ufe0f\u20e3": str(number) for number in range(1, 10)} | {"🔟": "10"}
WITH_CAPTION = ("m.image", "m.file", "m.video", "m.audio")
WITHOUT_WORDS = ("m.audio", "m.location", "m.emote")  # a picture alone is often no question
LINKED_MENTION = re.compile(r"\[[^\]]*\]\(https://matrix\.to/#/([^)\s]+)\)")  # as some clients write it into the body
VERIFICATION = "m.key.verification."
MAX_TEXT = 8_000  # characters; no real question is longer
MAX_DEPTH = 100
MAX_ID = 255


class MalformedEventError(ValueError):
    """An event that lacks a required field, or has a field of a wrong type."""


@dataclass(frozen=True, slots=True)
class VerificationStep:
    """A step of an in-room verification."""

    room_id: str
    event: Json


def check_shape(event: Any) -> Json:
    """Return the event if it has all required fields; raise ``MalformedEventError`` otherwise."""
    if not isinstance(event, dict):
        raise MalformedEventError("no object")
    fields = {"event_id": str, "sender": str, "type": str, "origin_server_ts": int, "content": dict}
    for name, kind in fields.items():
        if not isinstance(event.get(name), kind) or isinstance(event[name], bool):
            raise MalformedEventError(name)
    if not event["event_id"] or not (is_id(event["event_id"]) and is_id(event["sender"])):
        raise MalformedEventError("id")
    if is_deep(event):
        raise MalformedEventError("depth")
    return event


def is_id(value: str) -> bool:
    """Return whether every database can store a string as an id: bounded, no halves of characters, no NUL."""
    try:
        value.encode()
    except UnicodeEncodeError:
        return False
    return len(value) <= MAX_ID and "\0" not in value


def is_deep(value: Any) -> bool:
    """Return whether lists and objects are nested deeper than any client writes: later code may recurse."""
    level = [value]
    for _ in range(MAX_DEPTH):
        inner = [node.values() if isinstance(node, dict) else node for node in level if isinstance(node, dict | list)]
        level = [node for nodes in inner for node in nodes]
    return bool(level)


def read(event: Json, room: Room) -> Inbound | VerificationStep | None:
    """Return the meaning of a clear event of the room; ``None``: nothing for the bot."""
    content = event["content"]
    if event["sender"] == room.me or any(name.startswith(OURS) for name in content):
        return None
    match event["type"]:
        case "m.room.message":
            return _message(event, room, content)
        case "m.reaction":
            return _reaction(event, room, content)
        case "m.room.redaction":
            redacted = event.get("redacts", content.get("redacts"))
            return _inbound(event, room, happening=Happening.RETRACTION, refers_to=_id(redacted, "redacts"))
        case kind if kind in POLL_RESPONSES:
            return _vote(event, room, content)
        case "m.sticker" if room.alone:
            return _inbound(event, room)
        case kind if kind.startswith(VERIFICATION):
            _relation(content)
            return VerificationStep(room.id, event)
    return None


def _message(event: Json, room: Room, content: Json) -> Inbound | VerificationStep | None:
    if not content:  # redacted
        return None
    kind = _text(content.get("msgtype"), "msgtype")
    if kind == f"{VERIFICATION}request":
        return VerificationStep(room.id, event)
    relation = _relation(content)
    if relation.get("rel_type") == "m.replace":
        return _edit(event, room, content.get("m.new_content"), _id(relation.get("event_id"), "event_id"))
    if kind != "m.text" and not (kind in WITH_CAPTION and _has_caption(content)):
        return _inbound(event, room) if kind in WITHOUT_WORDS and room.alone else None  # the bot asks for a question
    reply = _replied_to(relation)
    text, addressed = _said(content, room, reply=bool(reply))
    thread = _id(relation.get("event_id"), "thread") if relation.get("rel_type") == "m.thread" else ""
    return _inbound(event, room, text=text, thread=thread, addressed=addressed, refers_to=reply)


def _edit(event: Json, room: Room, content: Any, edited: str) -> Inbound | None:
    """Return the new version of a message; only its author may write one, which the event does not prove."""
    if not isinstance(content, dict) or not isinstance(content.get("body"), str):
        return None
    if content.get("msgtype") in WITH_CAPTION and not _has_caption(content):
        return None  # the body is the name of the file
    text, addressed = _said(content, room, reply=False)
    return _inbound(
        event, room, happening=Happening.EDIT, text=text, addressed=addressed, refers_to=edited, message=edited
    )


def _said(content: Json, room: Room, *, reply: bool) -> tuple[str, bool]:
    """Return what a user said, without the bot's name, and whether the bot is meant by name or command."""
    body = _text(content.get("body"), "body").replace(INVISIBLE_SPACE, "")  # of what was copied from a message of ours
    own_words = _without_quote(body) if reply else body
    text = _without_mention(own_words, room.own_names, private=room.alone)
    addressed = room.alone or is_command(text) or _mentions(content, body, own_words, room)
    return text[:MAX_TEXT], addressed


def quoted_text(content: Json, room: Room) -> str:
    """Return the words of a message that another one refers to; empty for all that is no text. It never raises."""
    is_text = content.get("msgtype") == "m.text" or (content.get("msgtype") in WITH_CAPTION and _has_caption(content))
    if not is_text or not isinstance(content.get("body"), str):
        return ""
    return _without_mention(_without_quote(content["body"]), room.own_names, private=room.alone)[:MAX_TEXT]


def is_for_others(content: Json, room: Room) -> bool:
    """Return whether a message mentions others and not the bot."""
    mentions = content.get("m.mentions")
    users = mentions.get("user_ids") if isinstance(mentions, dict) else None
    return isinstance(users, list) and bool(users) and room.me not in users


def _reaction(event: Json, room: Room, content: Json) -> Inbound | None:
    relation = _relation(content)
    key, target = relation.get("key"), _id(relation.get("event_id"), "event_id")
    if not isinstance(key, str):
        raise MalformedEventError("key")
    if room.alone and key in KEYCAPS:
        return _inbound(event, room, text=KEYCAPS[key])
    if key.startswith(THUMBS):
        return _inbound(event, room, happening=Happening.REACTION, text=key[:1], refers_to=target)
    return None


def _vote(event: Json, room: Room, content: Json) -> Inbound | None:
    """Return a vote in a poll of the bot as a message; the answer ids are commands, which any user could also type."""
    answers = next(
        (content[kind].get("answers") for kind in POLL_RESPONSES if isinstance(content.get(kind), dict)), None
    )
    if not isinstance(answers, list) or not all(isinstance(answer, str) for answer in answers):
        raise MalformedEventError("answers")
    if not room.alone or not answers:
        return None
    return _inbound(event, room, text=f"!{answers[0][:MAX_ID]}")


def _inbound(
    event: Json,
    room: Room,
    *,
    happening: Happening = Happening.MESSAGE,
    text: str = "",
    refers_to: str = "",
    thread: str = "",
    addressed: bool = True,
    message: str = "",
) -> Inbound:
    return Inbound(
        id=event["event_id"],
        address=Address(NAME, room.id, thread),
        user=event["sender"],
        text=text,
        private=room.private,
        at=moment(event["origin_server_ts"]),
        happening=happening,
        refers_to=refers_to,
        addressed=addressed,
        message=message,
        overheard=room.private and not room.closable.closed,
    )


def moment(milliseconds: int) -> datetime:
    """Return the time of a server's time stamp."""
    try:
        return datetime.fromtimestamp(milliseconds / 1000, UTC)
    except (OverflowError, OSError, ValueError):
        raise MalformedEventError("origin_server_ts") from None


def _text(value: Any, name: str) -> str:
    if not isinstance(value, str):
        raise MalformedEventError(name)
    return value


def _id(value: Any, name: str) -> str:
    if not is_id(_text(value, name)):
        raise MalformedEventError(name)
    return str(value)


def _relation(content: Json) -> Json:
    relation = content.get("m.relates_to", {})
    if not isinstance(relation, dict):
        raise MalformedEventError("m.relates_to")
    return relation


def _replied_to(relation: Json) -> str:
    """Return the event that a user chose to reply to; ignore the fallback reply of a thread."""
    reply = relation.get("m.in_reply_to")
    target = reply.get("event_id") if isinstance(reply, dict) else None
    return target if isinstance(target, str) and is_id(target) and not relation.get("is_falling_back") else ""


def _mentions(content: Json, body: str, own_words: str, room: Room) -> bool:
    """Return whether a message is for the bot; a mention of others alone means that it is for them."""
    me, mentions = room.me, content.get("m.mentions")
    if isinstance(mentions, dict) and (users := mentions.get("user_ids")):
        return isinstance(users, list) and me in users
    if _is_named(own_words, room.own_names, me):
        return True
    if isinstance(mentions, dict):
        return False
    formatted = content.get("formatted_body")  # a client older than intentional mentions
    return me in body or (isinstance(formatted, str) and f"https://matrix.to/#/{me}" in formatted)


def _has_caption(content: Json) -> bool:
    """Return whether the body of a file is what its sender says about it, not its name."""
    return isinstance(content.get("filename"), str) and content.get("body") != content["filename"]


def _is_named(body: str, names: tuple[str, ...], me: str) -> bool:
    """Return whether the words begin with a name of the bot and a colon, or hold "@name" or its id without a pill."""
    begins = any(re.match(rf"\s*{_name(name)}\s*[:,]", body, re.IGNORECASE) for name in names)
    holds = any(re.search(_typed_mention(name), body, re.IGNORECASE) for name in names if name != me)
    return begins or holds or re.search(rf"(?<!\S){re.escape(me)}(?![\w.:-])", body) is not None


def _typed_mention(name: str) -> str:
    """Return a pattern for "@name" typed without a pill; "@name2", "@name:server" and "@name.de" are others."""
    return rf"(?:(?<!\S)|,?\s+)@{re.escape(name)}(?![\w:-]|\.\w)"


def _name(name: str) -> str:
    """Return a pattern for a name with or without "@"; the beginning of another user's id is none."""
    return rf"(?:@(?![^:\s]+:\S))?{re.escape(name)}"


def _without_quote(body: str) -> str:
    """Return a reply's own words, without the quote that older clients put in front."""
    lines = body.split("\n")
    while lines and lines[0].startswith("> "):
        lines.pop(0)
    return "\n".join(lines).lstrip("\n") if len(lines) < body.count("\n") + 1 else body


def _without_mention(body: str, names: tuple[str, ...], *, private: bool) -> str:
    """Return the text without the bot's name in front."""
    text = LINKED_MENTION.sub(lambda match: unquote(match[1]) if unquote(match[1]) in names else match[0], body).strip()
    for name in sorted(names, key=len, reverse=True):
        ends = r"(?:\s*[:,]\s*|\Z)" if private and not name.startswith("@") else r"(?:\s*[:,]\s*|\s+|\Z)"
        pattern = rf"{_name(name)}{ends}"
        if mention := re.match(pattern, text, re.IGNORECASE):
            return text[mention.end() :].strip()
    for name in names:
        text = text if name.startswith("@") else re.sub(_typed_mention(name), "", text, flags=re.IGNORECASE)
    return text.strip()

"""Updates of the Bot API as happenings: pure. An unreadable update becomes ``UNREADABLE``, never an exception.

``Inbound.id`` is the id of the update, so that an update delivered twice is handled once. ``message`` is
``CHAT/MESSAGE``, to which edits, reactions and replies refer.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from bot.channels.telegram.author import Author, author_of
from bot.channels.telegram.policy import Policy
from bot.commands import word_of
from bot.messages import Address, Happening, Inbound
from bot.messages.storable import storable_in

NAME = "telegram"
KINDS = ("message", "edited_message", "callback_query", "inline_query", "message_reaction", "my_chat_member")
MEDIA = {
    "animation", "audio", "contact", "dice", "document", "game", "location", "paid_media", "photo", "poll", "sticker",
    "story", "venue", "video", "video_note", "voice",
}  # fmt: skip
IN, OUT = {"member", "administrator", "creator", "restricted"}, {"left", "kicked"}
DEEP_LINK = re.compile(r"/start(?:@\w+)?\s+show_([A-Za-z0-9_-]{1,59})")
SHOW = {"de": "zeige", "en": "show", "pl": "pokaz"}  # the command that a deep link stands for
PUBLIC_NAME = re.compile(r"[A-Za-z0-9_]{5,32}")
START = re.compile(r"/start(?:@\w+)?(?:\s|$)")


@dataclass(frozen=True, slots=True)
class Me:
    """The bot's own account on Telegram."""

    id: int
    username: str


@dataclass(frozen=True, slots=True)
class InlineQuestion:
    """An inline query; the bot answers it within seconds or not at all."""

    id: str
    user: str
    text: str
    language: str


@dataclass(frozen=True, slots=True)
class UpdateReader:
    """A reader of updates for one bot. ``words``: its commands; in a group, all other commands are for other bots."""

    me: Me
    policy: Policy
    words: frozenset[str]

    def read(self, update: Any) -> Inbound | InlineQuestion | None:
        """Return what an update means for the bot; ``None``: nothing."""
        try:
            return self._read(storable_in(update))
        except (KeyError, TypeError, ValueError, AttributeError, OverflowError, OSError, RecursionError):
            return unreadable(update)

    def _read(self, update: Mapping[str, Any]) -> Inbound | InlineQuestion | None:
        number = str(int(update["update_id"]))
        for kind in KINDS:
            if kind in update:
                return self._kinds(kind, number, update[kind])
        return None

    def _kinds(self, kind: str, number: str, body: Mapping[str, Any]) -> Inbound | InlineQuestion | None:
        match kind:
            case "message":
                return self._message(number, body)
            case "edited_message":
                return self._edit(number, body)
            case "callback_query":
                return self._press(number, body)
            case "message_reaction":
                return self._reaction(number, body)
            case "my_chat_member":
                return self._membership(number, body)
            case _:
                person = body["from"]
                language = str(person.get("language_code", ""))[:2]
                return InlineQuestion(str(body["id"]), str(int(person["id"])), str(body["query"]), language)

    # --- messages ---------------------------------------------------------------------------------------------------

    def _message(self, number: str, body: Mapping[str, Any]) -> Inbound | None:
        if "migrate_from_chat_id" in body:
            return self._moved(number, body, int(body["migrate_from_chat_id"]), int(body["chat"]["id"]))
        if "migrate_to_chat_id" in body:
            return self._moved(number, body, int(body["chat"]["id"]), int(body["migrate_to_chat_id"]))
        text = self._said(body)
        if text is None:
            return None
        private = body["chat"]["type"] == "private"
        if (author := author_of(body, text)) is not Author.PERSON:
            return self._of_no_person(number, body, text, author)
        if private and (link := DEEP_LINK.fullmatch(text)):
            word = SHOW.get(str(body["from"].get("language_code", ""))[:2], SHOW["de"])
            return self._inbound(number, body, f"/{word} {link[1]}", returns=True)
        replied, quoted = self._replied_to(body)
        returns = not private or START.match(text) is not None
        return self._inbound(number, body, text, refers_to=replied, quoted=quoted, returns=returns)

    def _replied_to(self, body: Mapping[str, Any]) -> tuple[str, str]:
        """Return the message that this one replies to, and what another user wrote there, or the part they quoted."""
        replied = body.get("reply_to_message") or {}
        if "message_id" not in replied or "forum_topic_created" in replied:  # all in a topic replies to its beginning
            return "", ""
        part = (body.get("quote") or {}).get("text")
        words = part or replied.get("text") or replied.get("caption") or ""
        ours = (replied.get("from") or {}).get("id") == self.me.id
        return f"{int(body['chat']['id'])}/{int(replied['message_id'])}", "" if ours else self._without_name(str(words))

    def _edit(self, number: str, body: Mapping[str, Any]) -> Inbound | None:
        text = self._said(body)
        if text is None or author_of(body, text) is not Author.PERSON:
            return None
        happened = {"happening": Happening.EDIT, "refers_to": _reference(body), "returns": False}
        return self._inbound(number, body, text, **happened)

    def _said(self, body: Mapping[str, Any]) -> str | None:
        """Return the text for the bot, without its name; ``None``: the message is not for the bot."""
        chat, text = body["chat"]["type"], body.get("text", body.get("caption"))
        if text is None and not MEDIA & body.keys():
            return None  # a user joined, a message was pinned …
        text = str(text or "")
        if chat == "private":
            return text
        if chat not in ("group", "supergroup") or not self._is_for_us(body, text):
            return None
        return self._without_name(text)

    def _without_name(self, text: str) -> str:
        return re.sub(rf"\s*@{re.escape(self.me.username)}\b[,:]?", "", text, flags=re.IGNORECASE).strip()

    def _of_no_person(self, number: str, body: Mapping[str, Any], text: str, author: Author) -> Inbound | None:
        """Return that something came which gets no answer, where whoever sent it expects one."""
        if author is Author.NOBODY:
            return None
        happened = {"happening": Happening.IMPERSONAL, "refers_to": author.value, "returns": False}
        return self._inbound(number, body, text, **happened)

    def _is_for_us(self, body: Mapping[str, Any], text: str) -> bool:
        """Return whether a message mentions the bot, replies to it or is one of its commands."""
        if re.search(rf"@{re.escape(self.me.username)}\b", text, re.IGNORECASE):
            return True
        command = re.match(r"[/!]([^\s@]+)(@\w+)?", text)
        if command:
            return command[2] is None and word_of(command[1]) in self.words
        replied = body.get("reply_to_message") or {}
        ours = (replied.get("from") or {}).get("id") == self.me.id
        return ours and "forum_topic_created" not in replied and bool(text)

    def _moved(self, number: str, body: Mapping[str, Any], old: int, new: int) -> Inbound:
        if old >= 0 or new >= 0:
            raise ValueError("only groups move")
        needs = self.policy.needs_permit(old, private=False) and self.policy.needs_permit(new, private=False)
        return Inbound(
            id=number, address=Address(NAME, str(new)), user="", text="", private=False, at=_moment(body),
            happening=Happening.MOVED, refers_to=str(old), needs_permit=needs, returns=False,
        )  # fmt: skip

    # --- everything else --------------------------------------------------------------------------------------------

    def _press(self, number: str, body: Mapping[str, Any]) -> Inbound:
        """Return a press for any callback query, so that each is answered; a forged one matches no stored button."""
        message = body.get("message") or {"chat": {"id": body["from"]["id"], "type": "private"}}
        chat = message["chat"]
        private = chat["type"] == "private"
        return Inbound(
            id=number, address=_address(message), user=str(int(body["from"]["id"])), text=str(body.get("data", "")),
            private=private, at=datetime.now(UTC), happening=Happening.PRESSED, refers_to=str(body["id"]),
            needs_permit=self.policy.needs_permit(int(chat["id"]), private=private), returns=False,
            public_name=_public_name(body) if private else "",
        )  # fmt: skip

    def _reaction(self, number: str, body: Mapping[str, Any]) -> Inbound | None:
        person = body.get("user")
        emojis = [str(reaction["emoji"]) for reaction in body["new_reaction"] if reaction["type"] == "emoji"]
        if person is None or person["is_bot"] or not emojis:
            return None
        return self._inbound(
            number, {**body, "from": person}, emojis[-1],
            happening=Happening.REACTION, refers_to=_reference(body), returns=False,
        )  # fmt: skip

    def _membership(self, number: str, body: Mapping[str, Any]) -> Inbound | None:
        before, after = (str(body[name]["status"]) for name in ("old_chat_member", "new_chat_member"))
        if before in IN and after in OUT:
            happening = Happening.LEFT
        elif before in OUT and after in IN and body["chat"]["type"] in ("group", "supergroup"):
            happening = Happening.JOINED
        else:
            return None  # other rights, a channel, or a private chat unblocked: there /start follows
        return self._inbound(number, body, "", happening=happening, returns=False, message="")

    def _inbound(self, number: str, body: Mapping[str, Any], text: str, **more: Any) -> Inbound:
        chat = body["chat"]
        private = chat["type"] == "private"
        user = body["sender_chat"]["id"] if "sender_chat" in body else body["from"]["id"]
        values = {"message": _reference(body) if "message_id" in body else ""} | more
        return Inbound(
            id=number, address=_address(body), user=str(int(user)), text=text, private=private, at=_moment(body),
            needs_permit=self.policy.needs_permit(int(chat["id"]), private=private),
            public_name=_public_name(body) if private else "", **values,
        )  # fmt: skip


def unreadable(update: Any) -> Inbound:
    """Return a placeholder that holds nothing of the update: the update is counted and does not come again."""
    number = update.get("update_id") if isinstance(update, dict) else None
    if not isinstance(number, int):
        number = f"unreadable-{_digest(update)[:32]}"
    return Inbound(
        id=str(number), address=Address(NAME, "(none)"), user="", text="", private=False,
        at=datetime.now(UTC), happening=Happening.UNREADABLE, returns=False,
    )  # fmt: skip


def _digest(update: Any) -> str:
    """Return an id for an update without a number; all updates that are too deeply nested share one id."""
    try:
        text = json.dumps(update, sort_keys=True, default=str)
    except (RecursionError, ValueError, TypeError):
        text = ""
    return hashlib.sha256(text.encode("utf-8", "replace")).hexdigest()


def _public_name(body: Mapping[str, Any]) -> str:
    """Return the user name by which other users can write to the sender; empty without a valid one."""
    name = body["from"].get("username")
    return name if isinstance(name, str) and PUBLIC_NAME.fullmatch(name) else ""


def _address(body: Mapping[str, Any]) -> Address:
    thread = str(int(body["message_thread_id"])) if body.get("is_topic_message") else ""
    return Address(NAME, str(int(body["chat"]["id"])), thread)


def _reference(body: Mapping[str, Any]) -> str:
    return f"{int(body['chat']['id'])}/{int(body['message_id'])}"


def _moment(body: Mapping[str, Any]) -> datetime:
    return datetime.fromtimestamp(int(body["date"]), UTC)

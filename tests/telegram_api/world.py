"""People, chats and messages of a small Telegram, and everything that a person can do in it."""

from __future__ import annotations

import asyncio
import itertools
import re
import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

from tests.patience import PATIENCE_S
from tests.telegram_api.entities import units

DEFAULT_UPDATES = {
    "message", "edited_message", "channel_post", "edited_channel_post", "inline_query", "chosen_inline_result",
    "callback_query", "my_chat_member", "poll", "poll_answer", "chat_join_request",
}  # fmt: skip
BOT_ID = 424242
TOKEN = "424242:AAF-loopback_only_token_for_tests_0123"
BOT_NAME = "stadtlotse_test_bot"


@dataclass
class User:
    """An invented user."""

    id: int
    first_name: str
    username: str = ""
    language_code: str = "de"
    is_bot: bool = False

    def json(self) -> dict[str, Any]:
        body: dict[str, Any] = {"id": self.id, "is_bot": self.is_bot, "first_name": self.first_name}
        body |= {"username": self.username} if self.username else {}
        return body | ({} if self.is_bot else {"language_code": self.language_code})


@dataclass
class Chat:
    """A private chat, group or supergroup as the bot sees it."""

    id: int
    type: str
    title: str = ""
    user: User | None = None
    is_forum: bool = False
    topics: set[int] = field(default_factory=set)
    admins: set[int] = field(default_factory=set)  # ids of users
    bot_is_in: bool = True
    started: bool = True
    blocked: bool = False
    migrated_to: int | None = None
    last_id: int = 0

    def json(self) -> dict[str, Any]:
        if self.user:
            body = {"id": self.id, "type": "private", "first_name": self.user.first_name}
            return body | ({"username": self.user.username} if self.user.username else {})
        return {"id": self.id, "type": self.type, "title": self.title} | ({"is_forum": True} if self.is_forum else {})


@dataclass
class Message:
    """A message and everything that happened to it."""

    chat: Chat
    id: int
    sender: User
    text: str
    at: float
    entities: list[dict[str, Any]] = field(default_factory=list)
    thread: int | None = None
    reply_to: int | None = None
    markup: dict[str, Any] | None = None
    edits: list[str] = field(default_factory=list)
    deleted: bool = False
    reactions: list[str] = field(default_factory=list)
    extra: dict[str, Any] = field(default_factory=dict)

    @property
    def buttons(self) -> list[dict[str, Any]]:
        return [button for row in (self.markup or {}).get("inline_keyboard", []) for button in row]

    def json(self) -> dict[str, Any]:
        body: dict[str, Any] = {
            "message_id": self.id, "date": int(self.at), "chat": self.chat.json(), "from": self.sender.json(),
        }  # fmt: skip
        body |= {"text": self.text} if self.text else {}
        body |= {"entities": self.entities} if self.entities else {}
        body |= {"reply_markup": self.markup} if self.markup else {}
        body |= {"edit_date": int(time.time())} if self.edits else {}
        if self.thread is not None:
            body |= {"message_thread_id": self.thread, "is_topic_message": True}
        return body | self.extra


class World:
    """Everything that exists, and what a test lets people do."""

    def __init__(self, first_update: int = 700_000_001) -> None:
        self.bot = User(BOT_ID, "Stadtlotse", BOT_NAME, is_bot=True)
        self.users: dict[int, User] = {}
        self.chats: dict[int, Chat] = {}
        self.messages: dict[tuple[int, int], Message] = {}
        self._from_bot: defaultdict[int, list[Message]] = defaultdict(list)  # by chat, oldest first
        self.updates: list[dict[str, Any]] = []
        self.allowed = set(DEFAULT_UPDATES)
        self.queries: dict[str, list[dict[str, Any]]] = {}  # callback and inline query ids: how they were answered
        self.too_old: set[str] = set()  # queries that Telegram takes no answer to any more
        self.commands: dict[tuple[str, str], list[dict[str, Any]]] = {}
        self.actions: list[tuple[int, str]] = []
        self.drafts: list[tuple[int, int, str]] = []
        self._update_ids = itertools.count(first_update)
        self._query_ids = itertools.count(5_000_000_000)
        self._mailbox = 0
        self.changed = asyncio.Condition()

    # --- what exists ------------------------------------------------------------------------------------------------

    def user(self, number: int, name: str = "", username: str = "", language: str = "de") -> User:
        """A person with a private chat that they did not start yet."""
        made = self.users.setdefault(number, User(number, name or f"Person {number}", username, language))
        self.chats.setdefault(number, Chat(number, "private", user=made, started=False))
        return made

    def group(self, number: int, title: str = "Gruppe", *, forum: bool = False, topics: tuple[int, ...] = ()) -> Chat:
        """A group (``-5``) or supergroup (``-1001…``) without the bot."""
        kind = "supergroup" if str(number).startswith("-100") else "group"
        chat = Chat(number, kind, title, is_forum=forum, topics=set(topics), bot_is_in=False)
        return self.chats.setdefault(number, chat)

    def private(self, user: User) -> Chat:
        return self.chats[user.id]

    def next_id(self, chat: Chat) -> int:
        """Supergroups count for themselves; private chats and groups share the bot's mailbox."""
        if chat.type == "supergroup":
            chat.last_id += 1
            return chat.last_id
        self._mailbox += 1
        return self._mailbox

    def add_message(self, message: Message) -> Message:
        self.messages[message.chat.id, message.id] = message
        if message.sender is self.bot:
            self._from_bot[message.chat.id].append(message)
        return message

    # --- what people do ---------------------------------------------------------------------------------------------

    def say(
        self, user: User, text: str, chat: Chat | None = None, *, thread: int | None = None,
        reply_to: Message | None = None, **extra: Any,
    ) -> Message:  # fmt: skip
        """A user writes; this starts a private chat and unblocks the bot."""
        place = chat or self.private(user)
        if place.user:
            place.started, place.blocked = True, False
        message = Message(place, self.next_id(place), user, text, time.time(), thread=thread, extra=extra)
        message.entities = list(_detected(text))
        if reply_to is not None:
            message.reply_to = reply_to.id
            message.extra["reply_to_message"] = reply_to.json()
        self.add_message(message)
        self.happen("message", message.json())
        return message

    def start(self, user: User, payload: str = "") -> Message:
        """The start button, or a deep link."""
        return self.say(user, f"/start {payload}".strip())

    def edit(self, message: Message, text: str) -> None:
        message.edits.append(message.text)
        message.text, message.entities = text, list(_detected(text))
        self.happen("edited_message", message.json())

    def press(self, user: User, message: Message, button: int | str) -> str:
        """Press a button by its place or a part of its label; the id of the callback query."""
        result = message.buttons[button] if isinstance(button, int) else labelled(message, button)
        return self.press_data(user, message, result["callback_data"])

    def press_data(self, user: User, message: Message, data: str) -> str:
        number = str(next(self._query_ids))
        self.queries[number] = []
        self.happen("callback_query", {
            "id": number, "from": user.json(), "message": message.json(), "chat_instance": "1", "data": data,
        })  # fmt: skip
        return number

    def react(self, user: User, message: Message, emoji: str) -> None:
        self.happen("message_reaction", {
            "chat": message.chat.json(), "message_id": message.id, "user": user.json(), "date": int(time.time()),
            "old_reaction": [], "new_reaction": [{"type": "emoji", "emoji": emoji}],
        })  # fmt: skip

    def ask_inline(self, user: User, query: str) -> str:
        number = str(next(self._query_ids))
        self.queries[number] = []
        self.happen("inline_query", {"id": number, "from": user.json(), "query": query, "offset": ""})
        return number

    def block(self, user: User) -> None:
        self.private(user).blocked = True
        self._membership(user, self.private(user), "member", "kicked")

    def unblock(self, user: User) -> None:
        self.private(user).blocked = False
        self._membership(user, self.private(user), "kicked", "member")

    def add_bot(self, user: User, chat: Chat) -> None:
        chat.bot_is_in = True
        self._membership(user, chat, "left", "member")

    def remove_bot(self, user: User, chat: Chat) -> None:
        chat.bot_is_in = False
        self._membership(user, chat, "member", "kicked")

    def migrate(self, chat: Chat, new_id: int) -> Chat:
        """A group becomes a supergroup with a new id."""
        new = self.group(new_id, chat.title)
        new.bot_is_in, chat.migrated_to = True, new_id
        anonymous = User(1087968824, "Group", "GroupAnonymousBot", is_bot=True)
        for place, fact in ((chat, {"migrate_to_chat_id": new_id}), (new, {"migrate_from_chat_id": chat.id})):
            notice = Message(place, self.next_id(place), anonymous, "", time.time(), extra=fact)
            self.happen("message", self.add_message(notice).json())
        return new

    def _membership(self, user: User, chat: Chat, before: str, after: str) -> None:
        def status(name: str) -> dict[str, Any]:
            return {"status": name, "user": self.bot.json()} | ({"until_date": 0} if name == "kicked" else {})

        self.happen("my_chat_member", {
            "chat": chat.json(), "from": user.json(), "date": int(time.time()),
            "old_chat_member": status(before), "new_chat_member": status(after),
        })  # fmt: skip

    def happen(self, kind: str, body: dict[str, Any]) -> None:
        """An update, if the bot wants this kind."""
        if kind in self.allowed:
            self.push_raw({"update_id": next(self._update_ids), kind: body})

    def next_update_id(self) -> int:
        return next(self._update_ids)

    def push_raw(self, update: dict[str, Any]) -> None:
        self.updates.append(update)
        self.notify()

    def notify(self) -> None:
        """Wake all tasks that wait for a change."""

        async def wake() -> None:
            async with self.changed:
                self.changed.notify_all()

        task = asyncio.get_running_loop().create_task(wake())
        _waking.add(task)
        task.add_done_callback(_waking.discard)

    # --- what a test looks at ---------------------------------------------------------------------------------------

    def said(self, chat: Chat | User) -> list[Message]:
        """The bot's messages in a chat, oldest first."""
        return [message for message in self._from_bot[chat.id] if not message.deleted]

    def answers(self, question: Message) -> list[Message]:
        """The bot's messages that reply to one."""
        return [message for message in self.said(question.chat) if message.reply_to == question.id]

    async def until(self, happened: Callable[[], Any], timeout: float = PATIENCE_S) -> Any:  # noqa: ASYNC109
        """Wait until a condition holds; return its value."""
        async with asyncio.timeout(timeout), self.changed:
            while not (result := happened()):
                await self.changed.wait()
            return result

    async def answer(self, question: Message, timeout: float = PATIENCE_S) -> Message:  # noqa: ASYNC109
        """The first answer to a question, once it is there."""
        answer: list[Message] = await self.until(lambda: self.answers(question), timeout)
        return answer[0]


_waking: set[asyncio.Task[None]] = set()


def labelled(message: Message, part: str) -> dict[str, Any]:
    seen = [button for button in message.buttons if part.lower() in button["text"].lower()]
    assert seen, f"no button {part!r} among {[button['text'] for button in message.buttons]}"
    return seen[0]


def _detected(text: str) -> Iterator[dict[str, Any]]:
    """What the server recognises in a person's text."""
    for kind, pattern in (("bot_command", r"(?<![\w/])/\w{1,64}(?:@\w{3,32})?"), ("mention", r"(?<!\w)@\w{3,32}")):
        for match in re.finditer(pattern, text):
            yield {"type": kind, "offset": units(text[: match.start()]), "length": units(match[0])}

"""Sending one message of the outbox to Telegram, in as many parts as it needs.

Telegram has no idempotency key. So when an earlier attempt may have arrived (``Outgoing.known``), the bot first looks
for the message. It edits candidate ids to the text that it is about to send. Telegram accepts the edit, or says "not
modified", only for that very message, and refuses it for every other one. Ids that certainly belong to other messages
are left out. The bot sends only what it did not find.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from telegram import Bot, InlineKeyboardMarkup, LinkPreviewOptions, ReplyParameters
from telegram.constants import ParseMode
from telegram.error import BadRequest, RetryAfter

from bot.channels.port import ChannelError, TryLaterError, UnclearError
from bot.channels.telegram.api import is_unchanged, is_unparsable, meaning, seconds_of
from bot.channels.telegram.html import Part, parts
from bot.channels.telegram.keyboard import keyboard
from bot.channels.telegram.limits import Limits
from bot.messages import Outgoing

LOOKED_AT = 25  # messages that may have come into the bot's chats between the last seen one and this one
HALF_SENT = 1_000  # the bot remembers the sent parts of so many unfinished messages
NO_PREVIEW = LinkPreviewOptions(is_disabled=True)


@dataclass(frozen=True, slots=True)
class ChatTarget:
    """The destination of a message."""

    chat: int
    thread: int | None
    reply_to: int | None


class TelegramSender:
    """A sender that sends and replaces messages."""

    def __init__(self, bot: Bot, limits: Limits) -> None:
        self._bot = bot
        self._limits = limits
        self._half_sent: OrderedDict[str, list[int]] = OrderedDict()
        self._newest: dict[int, int] = {}  # counter -> the highest message id seen

    def saw(self, reference: str) -> None:
        """Note that a message ``CHAT/MESSAGE`` exists, written by the bot or a user."""
        if "/" in reference:
            chat, numbers = ids_of(reference)
            self._newest[_counter(chat)] = max(self._newest.get(_counter(chat), 0), *numbers)

    def trace(self, conversation: str, answers: str) -> str:
        """Return the highest id given before this message is sent; the id of the message will be a little higher."""
        self.saw(answers)
        return str(self._newest.get(_counter(int(conversation)), ""))

    async def send(self, message: Outgoing) -> str:
        """See ``bot.channels.port.Channel.send``; return ``CHAT/MESSAGE``, the ids of further parts after commas."""
        place = place_of(message)
        texts, there = parts(message.document), self._there(message.id)
        try:
            if message.replaces:
                await self._replace(message, texts, there)
            await self._send_parts(message, texts, there, place)
        except UnclearError as error:
            if message.known is None:
                raise
            raise TryLaterError(f"unclear again: {error.message}") from error  # the next attempt also looks first
        self._half_sent.pop(message.id, None)
        return remote_id(place.chat, there)

    def _there(self, message_id: str) -> list[int]:
        """Return the ids of the parts that earlier attempts sent; ids that callers append are remembered."""
        ids = self._half_sent.setdefault(message_id, [])
        while len(self._half_sent) > HALF_SENT:
            self._half_sent.popitem(last=False)
        return ids

    async def _send_parts(self, message: Outgoing, texts: Sequence[Part], ids: list[int], place: ChatTarget) -> None:
        """Send the parts of a message that have no id yet, in order."""
        for number, part in list(enumerate(texts))[len(ids) :]:
            buttons = keyboard(message.choices) if number == len(texts) - 1 else None
            existing = None
            if message.known is not None:
                existing = await self._look_for(part, buttons, place, candidates(message, ids, place))
            reply = place.reply_to if number == 0 else None
            begun = bool(ids)
            ids.append(existing or await self._send(part, buttons, place, reply, bulk=message.bulk, begun=begun))

    async def _send(
        self,
        part: Part,
        buttons: InlineKeyboardMarkup | None,
        place: ChatTarget,
        reply: int | None,
        *,
        bulk: bool,
        begun: bool,
    ) -> int:
        async def attempt(text: str, mode: str | None, *, begun: bool) -> int:
            await self._limits.turn(place.chat, bulk=bulk, begun=begun)
            sent = await self._bot.send_message(
                place.chat,
                text,
                parse_mode=mode,
                message_thread_id=place.thread,
                link_preview_options=NO_PREVIEW,
                reply_parameters=ReplyParameters(reply, allow_sending_without_reply=True) if reply else None,
                reply_markup=buttons,
            )
            self.saw(f"{place.chat}/{sent.message_id}")
            return sent.message_id

        try:
            try:
                return await attempt(part.html, ParseMode.HTML, begun=begun)
            except BadRequest as error:
                if not is_unparsable(error):
                    raise
                return await attempt(part.plain, None, begun=True)
        except Exception as error:
            raise self._channel_error(error, place.chat) from error

    async def _replace(self, message: Outgoing, texts: Sequence[Part], there: list[int]) -> None:
        """Edit the parts of a message in place, delete surplus parts, and leave missing parts to be sent.

        Edits are repeatable, so no error here is unclear.
        """
        chat, former = ids_of(message.replaces)
        if not there:  # otherwise the ids that an earlier attempt sent after them are also known
            there.extend(former[: len(texts)])
        for number, (message_id, part) in enumerate(zip(former, texts, strict=False)):
            buttons = keyboard(message.choices) if number == len(texts) - 1 else None
            await self._edit(chat, message_id, part, buttons, begun=number > 0)
        for surplus in former[len(texts) :]:
            await self._delete(chat, surplus)

    async def _edit(
        self, chat: int, number: int, part: Part, buttons: InlineKeyboardMarkup | None, *, begun: bool
    ) -> None:
        try:
            await self._limits.turn(chat, begun=begun)
            try:
                await self._edit_text(chat, number, part.html, ParseMode.HTML, buttons)
            except BadRequest as error:
                if not is_unparsable(error):
                    raise
                await self._edit_text(chat, number, part.plain, None, buttons)
        except Exception as error:
            if is_unchanged(error):
                return
            channel_error = self._channel_error(error, chat)
            raise (
                TryLaterError(channel_error.message) if isinstance(channel_error, UnclearError) else channel_error
            ) from error

    async def _edit_text(
        self, chat: int, number: int, text: str, mode: str | None, buttons: InlineKeyboardMarkup | None
    ) -> None:
        await self._bot.edit_message_text(
            text,
            chat_id=chat,
            message_id=number,
            parse_mode=mode,
            link_preview_options=NO_PREVIEW,
            reply_markup=buttons,
        )

    async def _delete(self, chat: int, number: int) -> None:
        try:
            await self._bot.delete_message(chat, number)
        except BadRequest:
            return  # it is gone, or too old to be deleted
        except Exception as error:
            raise TryLaterError(meaning(error).message) from error

    async def _look_for(
        self, part: Part, buttons: InlineKeyboardMarkup | None, place: ChatTarget, numbers: Iterator[int]
    ) -> int | None:
        """Return the id of a message that an earlier attempt sent; ``None`` if it is not there."""
        for number in numbers:
            try:
                await self._limits.free_turn()
                await self._edit_text(place.chat, number, part.html, ParseMode.HTML, buttons)
            except BadRequest as error:
                if is_unchanged(error):
                    return number
                if is_unparsable(error):
                    return None
            except Exception as error:
                raise self._channel_error(error, place.chat) from error
            else:
                return number
        return None

    def _channel_error(self, error: Exception, chat: int) -> ChannelError:
        if isinstance(error, RetryAfter):
            self._limits.hold(chat, seconds_of(error))
        return meaning(error)


def place_of(message: Outgoing) -> ChatTarget:
    """Return chat, topic and question of a message."""
    chat, _, question = message.answers.partition("/")
    here = chat == message.address.conversation and question.isdecimal()
    thread = message.address.thread
    return ChatTarget(
        int(message.address.conversation), int(thread) if thread else None, int(question) if here else None
    )


def candidates(message: Outgoing, sent: Sequence[int], place: ChatTarget) -> Iterator[int]:
    """Return the ids at which a message may be found.

    It is younger than its question, than every other message of the bot in the chat, and than its trace.
    """
    known = [ids_of(remote) for remote in message.known or ()]
    here = [number for chat, numbers in known if chat == place.chat for number in numbers] + list(sent)
    newest = max([place.reply_to or 0, *here])
    start = max(newest, int(message.trace or 0))
    return iter(range(start + 1, start + 1 + LOOKED_AT))


def _counter(chat: int) -> int:
    """Return the counter that numbers a chat's messages: a supergroup has its own, all other chats share one."""
    return chat if str(chat).startswith("-100") else 0


def remote_id(chat: int, ids: Sequence[int]) -> str:
    """Return the network's id of a message: ``CHAT/FIRST,SECOND``."""
    return f"{chat}/{','.join(map(str, ids))}"


def ids_of(remote: str) -> tuple[int, list[int]]:
    """Return the chat and the message ids of a ``remote_id``."""
    chat, _, numbers = remote.partition("/")
    return int(chat), [int(number) for number in numbers.split(",")]

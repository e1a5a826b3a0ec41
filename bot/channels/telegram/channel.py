"""The Telegram channel: see ``bot.channels.port.Channel`` and ``bot.channels.port.Immediate``."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine, Sequence
from functools import partial
from typing import Any
from urllib.parse import urlsplit

import structlog
from starlette.routing import Route
from telegram.constants import ChatAction, ChatMemberStatus
from telegram.error import InvalidToken, NetworkError, TelegramError

from bot.channels.policy import DataClass, may_pass
from bot.channels.port import AudienceError, Desk, Listening, Receive
from bot.channels.telegram import inline
from bot.channels.telegram.albums import Albums, of_album
from bot.channels.telegram.api import Api
from bot.channels.telegram.limits import Limits, Pace
from bot.channels.telegram.menu import Menu, show
from bot.channels.telegram.normalise import NAME, InlineQuestion, Me, UpdateReader
from bot.channels.telegram.policy import Policy
from bot.channels.telegram.receive import Attempts, Polling, Take
from bot.channels.telegram.send import TelegramSender
from bot.channels.telegram.webhook import Webhook, secret_of
from bot.messages import Address, Happening, Inbound, Outgoing
from bot.messages.readership import Readership, accounts_on, fits
from config.settings import Settings

log = structlog.get_logger()

AT_ONCE = 200  # small calls in flight beside messages
AT_ONCE_S = 10.0
FEW = 10  # messages in one batch; their users may be watching
PRESSES_S = 3.0  # the longest that the next updates wait for answers to presses


class TelegramChannel:
    """One bot account, which receives by polling, or by webhook where the settings say so."""

    name = NAME
    exactly_once = False
    edits_in_place = True

    def __init__(self, settings: Settings, menu: Menu, pace: Pace = Pace()) -> None:  # noqa: B008 - frozen
        ours = settings.telegram
        token = ours.token.get_secret_value() if ours.token else ""
        self._api = Api(token, ours.api_base_url)
        self._host = urlsplit(ours.api_base_url).hostname or ""
        self._policy = Policy(ours.allowed_groups, may_pass(NAME, DataClass.CONTACT_DATUM, settings))
        self._admins = accounts_on(NAME, settings.admins)
        self._menu = menu
        self._sending = TelegramSender(self._api.bot, Limits(pace))
        self._pace = pace
        self._webhook = None
        if ours.webhook:
            self._webhook = Webhook(self._api, settings.web.public_url, secret_of(token), lambda: self._take)
        self._desk: Desk | None = None
        self._take: Take | None = None  # set when the bot knows its own account
        self._small: set[asyncio.Task[None]] = set()
        self._username = ""

    @property
    def routes(self) -> list[Route]:
        """Return the HTTP routes that the channel needs."""
        return [self._webhook.route] if self._webhook else []

    @property
    def received_anywhere(self) -> bool:
        """See ``bot.channels.port.Shared``: with a webhook, every process receives."""
        return self._webhook is not None

    def serve_from(self, desk: Desk) -> None:
        """See ``bot.channels.port.Immediate``."""
        self._desk = desk

    async def run(self, receive: Receive, listening: Listening) -> None:
        """Read the bot's own account, then receive until cancelled; retry both while Telegram is unreachable."""
        attempts = Attempts(listening, self._pace.first_pause)
        me = await self._introduced(attempts)
        albums = Albums(receive, self._pace.album)
        self._take = take = partial(self._keep, UpdateReader(me, self._policy, self._menu.words), receive, albums)
        self._beside(show(self._api.bot, self._menu))
        await (self._webhook or Polling(self._api, take, self._pace)).run(attempts, albums)

    async def _introduced(self, attempts: Attempts) -> Me:
        """Return the bot's own account; ask Telegram again until it answers."""
        while True:
            try:
                me = await self._me()
                self._username = me.username
                if self._desk:
                    await self._desk.known_as(NAME, me.username)
            except Exception as error:  # noqa: BLE001 - ``failed`` raises when waiting will not help
                await asyncio.sleep(attempts.failed(error).pause)
            else:
                return me

    async def send(self, message: Outgoing) -> str | None:
        """See ``bot.channels.port.Channel``."""
        if not fits(message.audience, message.readers, self.who_reads(message.address), self._admins):
            raise AudienceError("Others read this chat.")
        return await self._sending.send(self._policy.message(message))

    def who_reads(self, address: Address) -> Readership:
        """See ``bot.channels.port.Channel``. The id of a private chat is its user's id; a group is never closed."""
        chat = address.conversation
        return Readership(frozenset({chat}), closed=True) if chat.isdecimal() else Readership()

    def room_options(self) -> tuple[str, ...]:
        """See ``bot.channels.port.HasRooms``."""
        return ("language",)

    def private_link(self) -> str:
        """See ``bot.channels.port.HasRooms``."""
        return f"https://t.me/{self._username}" if self._username else ""

    def private_place(self, user: str) -> str | None:
        """See ``bot.channels.port.Channel``. What is no user has no private chat."""
        return user if user.isdecimal() else None

    def trace(self, conversation: str, answers: str, before: str) -> str:
        """See ``bot.channels.port.Traceable``."""
        return self._sending.trace(conversation, answers)

    def remember(self, sent: Sequence[str]) -> None:
        """See ``bot.channels.port.Traceable``."""
        for remote in sent:
            self._sending.saw(remote)

    async def working(self, address: Address) -> None:
        """Show the typing indicator."""
        self._beside(self._type(address))

    async def administers(self, address: Address, user: str) -> bool:
        """See ``bot.channels.port.KnowsAdmins``."""
        try:
            async with asyncio.timeout(AT_ONCE_S):
                member = await self._api.bot.get_chat_member(int(address.conversation), int(user))
        except (TelegramError, TimeoutError) as error:
            log.info("telegram.role_unknown", error=type(error).__name__)
            return False
        return member.status in (ChatMemberStatus.OWNER, ChatMemberStatus.ADMINISTRATOR)

    async def check(self) -> list[tuple[str, str]]:
        """Return the user name that belongs to the token, or why there is none."""
        try:
            return [("ok", f"telegram: @{(await self._me()).username}")]
        except InvalidToken:
            return [
                ("fail", "telegram: the token is refused; ask BotFather for a new one (STADTLOTSE_TELEGRAM__TOKEN)")
            ]
        except NetworkError as error:
            why = type(error.__cause__ or error).__name__
            return [("fail", f"telegram: {self._host} cannot be reached ({why}); check the connection, or HTTPS_PROXY")]

    async def close(self) -> None:
        """Cancel the background calls and close the connections."""
        for task in list(self._small):
            task.cancel()
        await asyncio.gather(*self._small, return_exceptions=True)
        await self._api.close()

    async def _me(self) -> Me:
        me = await self._api.bot.get_me()
        return Me(me.id, me.username or "")

    async def _keep(self, reader: UpdateReader, receive: Receive, albums: Albums, updates: Sequence[Any]) -> None:
        """Store updates, then answer those that need an immediate answer. Nothing is answered before it is stored.

        Presses are answered before the next request lets Telegram forget them, so a kill loses no answer.
        """
        read = [(update, reader.read(update)) for update in updates]
        kept = [part for update, one in read if isinstance(one, Inbound) for part in of_album(update, one)]
        presses = [happening for happening in kept if happening.happening is Happening.PRESSED]
        toasts = [(press, await self._desk.claim(press) if self._desk else "") for press in presses]
        await receive(NAME, kept)
        if any(happening.early for happening in kept):
            albums.came()
        for happening in kept:
            self._sending.saw(happening.message)
        spoken = [message for message in kept if message.happening is Happening.MESSAGE]
        spoken = [message for message in spoken if not message.needs_permit and not message.early]
        if len(spoken) <= FEW:  # in a flood, typing indicators would cost more than the answers
            for address in dict.fromkeys(message.address for message in spoken):
                self._beside(self._type(address))
        for _, question in read:
            if isinstance(question, InlineQuestion) and self._desk:
                self._beside(inline.answer(self._api.bot, question, self._desk, self._policy))
        await self._answer_presses(toasts)

    async def _answer_presses(self, toasts: Sequence[tuple[Inbound, str]]) -> None:
        try:
            async with asyncio.timeout(PRESSES_S):
                await asyncio.gather(*(self._answer_press(press.refers_to, toast) for press, toast in toasts))
        except TimeoutError:
            log.info("telegram.press_not_answered", error="timeout")

    async def _answer_press(self, query: str, toast: str) -> None:
        try:
            await self._api.bot.answer_callback_query(query, toast[:200] or None)
        except TelegramError as error:  # the query has expired; the press had its effect anyway
            log.info("telegram.press_not_answered", error=type(error).__name__)

    async def _type(self, address: Address) -> None:
        try:
            thread = int(address.thread) if address.thread else None
            await self._api.bot.send_chat_action(int(address.conversation), ChatAction.TYPING, message_thread_id=thread)
        except TelegramError as error:
            log.debug("telegram.typing_failed", error=type(error).__name__)

    def _beside(self, work: Coroutine[Any, Any, None]) -> None:
        """Start a small call in the background, bounded in time and number; nothing waits for it."""
        if len(self._small) >= AT_ONCE:
            work.close()
            return

        async def bounded() -> None:
            try:
                async with asyncio.timeout(AT_ONCE_S):
                    await work
            except TimeoutError:
                log.info("telegram.small_call_timed_out")
            except Exception:
                log.exception("telegram.small_call_failed")

        task = asyncio.create_task(bounded())
        self._small.add(task)
        task.add_done_callback(self._small.discard)

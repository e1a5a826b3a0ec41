"""The mail channel: see ``bot.channels.port.Channel``. It only sends."""

from __future__ import annotations

import asyncio
import ssl
from datetime import UTC, datetime

from bot.channels.email.address import named, recipient
from bot.channels.email.letter import Letterhead, letter, message_id
from bot.channels.email.post import Post
from bot.channels.port import AudienceError, Listening, Receive, TryLaterError, UndeliverableError
from bot.messages import Address, Outgoing
from bot.messages.readership import Readership, accounts_on, fits
from bot.texts import Texts
from config.settings import Settings

NAME = "email"
LOOK_EVERY_S = 60.0  # between two checks of the mail server


class EmailChannel:
    """One mail server that takes the bot's mail."""

    name = NAME
    exactly_once = False

    def __init__(self, settings: Settings, texts: Texts, *, tls: ssl.SSLContext | None = None) -> None:
        ours = settings.smtp
        sender = named(ours.sender)
        self._settings = ours
        self._texts = texts
        self._admins = accounts_on(NAME, settings.admins)
        self._head = Letterhead(
            sender=sender,
            reply_to=named(ours.reply_to) if ours.reply_to else None,
            organisation=settings.operator.organisation,
            public_url=settings.web.public_url,
        )
        self._post = Post(ours, sender.domain, tls)

    async def run(self, receive: Receive, listening: Listening) -> None:
        """Check every minute that the mail server accepts the bot; receive nothing."""
        while True:
            try:
                await self._post.greet()
            except TryLaterError as error:
                listening(error.message)
            else:
                listening(None)
            await asyncio.sleep(LOOK_EVERY_S)

    async def send(self, message: Outgoing) -> str | None:
        """See ``bot.channels.port.Channel``. Leave choices out: people answer on the page behind the link."""
        if not fits(message.audience, message.readers, self.who_reads(message.address), self._admins):
            raise AudienceError("That is another mailbox.")
        to = recipient(message.address.conversation)
        if to is None:
            raise UndeliverableError("that is no address that mail can be sent to", gone=True)
        content = letter(message, to, self._head, self._texts, datetime.now(UTC))
        await self._post.hand_over(self._head.sender.addr_spec, to.addr_spec, content)
        return message_id(message, self._head)

    def who_reads(self, address: Address) -> Readership:
        """See ``bot.channels.port.Channel``: the one mailbox."""
        return Readership(frozenset({address.conversation}), closed=True)

    def private_place(self, user: str) -> str | None:
        """See ``bot.channels.port.Channel``."""
        return user

    async def working(self, address: Address) -> None:
        """Do nothing: no reader sees a mail being written."""

    async def check(self) -> list[tuple[str, str]]:
        """Return whether the mail server accepts the bot."""
        ours = self._settings
        where = f"email: {ours.host}, port {ours.real_port}, {ours.tls}"
        try:
            await self._post.greet()
        except TryLaterError as error:
            return [("fail", f"{where}: {error.message}")]
        return [("ok", f"{where}, {'logged in' if ours.user else 'no login'}, from {self._head.sender.addr_spec}")]

    async def close(self) -> None:
        """Do nothing: no connection stays open."""

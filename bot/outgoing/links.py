"""One-time links to our own pages, for people who cannot or should not read something in a message.

A link's token (128 bits) is derived from the installation's secret and the id of the message that carries it, so it is
stored nowhere: the database holds its hash alone (``Links.at_rest``).
"""

from __future__ import annotations

import hashlib
from base64 import urlsafe_b64encode

from bot.channels.networks import started_by_users
from knowledge_base.store.secret import keyed_hash

TOKEN_BYTES = 16
LETTERS, WORD_LENGTH = "ABCDEFGHJKLMNPQRSTUVWXYZ23456789", 8  # none that looks like another
CONNECT = "connect"  # purpose of the link that connects an account
DISCONNECT = "disconnect"  # the page behind the link that takes it back
UNSUBSCRIBE = "unsubscribe"  # the page behind a mail's header of that name, and the purpose of its link


class Links:
    """Makes the links; ``available`` only where people can reach our pages (``web.public_url``)."""

    def __init__(self, public_url: str, secret: bytes) -> None:
        self._public_url = public_url.rstrip("/")
        self._secret = secret

    @property
    def available(self) -> bool:
        return bool(self._public_url)

    def url(self, page: str, message_id: str, purpose: str = "link") -> str:
        """The address of ``page`` ("i", "n") for the one who gets this message."""
        return f"{self._public_url}/{page}/{self.token(message_id, purpose)}"

    def token(self, message_id: str, purpose: str = "link") -> str:
        """The token in that address, 22 characters; a second link in the same message has a purpose of its own."""
        digest = bytes.fromhex(keyed_hash(self._secret, purpose, message_id))[:TOKEN_BYTES]
        return urlsafe_b64encode(digest).decode().rstrip("=")

    def handle(self, link_at_rest: str) -> str:
        """Return the handle of a link of the bot: a person connects another account with it."""
        return self.token(link_at_rest, CONNECT)

    def deep_link(self, bot: str, link_at_rest: str) -> str:
        """The address on Telegram that hands the handle of a link to the bot of that name."""
        return started_by_users().start_link.format(bot=bot, handle=self.handle(link_at_rest))

    def code(self, message_id: str) -> str:
        """Six digits that only who gets this message knows; stored nowhere either."""
        return f"{int(keyed_hash(self._secret, 'code', message_id), 16) % 1_000_000:06d}"

    def word(self, message_id: str) -> str:
        """Return eight letters and digits (40 bits) that only who gets this message knows; stored nowhere either."""
        digest = bytes.fromhex(keyed_hash(self._secret, "word", message_id))
        return "".join(LETTERS[byte % len(LETTERS)] for byte in digest[:WORD_LENGTH])

    @staticmethod
    def at_rest(token: str) -> str:
        """What the database holds of a token."""
        return hashlib.sha256(token.encode("utf-8", "surrogatepass")).hexdigest()

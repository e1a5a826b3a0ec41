"""A row of the outbox as the message that a channel sends: words in its language, links, buttons, what it replaces."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from bot.channels.port import TryLaterError
from bot.messages import Address, MessageAudience, Outgoing, Say, Url
from bot.messages.markup import Document
from bot.messages.readership import AUDIENCE, READERS, audience_of
from bot.outgoing.links import CONNECT, UNSUBSCRIBE, Links
from bot.outgoing.retry import is_doubtful
from bot.texts import Texts
from knowledge_base.store.database import Store
from knowledge_base.store.outbox import OutboxRow, Urgency


@dataclass(frozen=True, slots=True)
class Composer:
    """Makes messages of rows; a row that it cannot read raises."""

    _store: Store
    _texts: Texts
    _links: Links | None

    async def __call__(self, row: OutboxRow) -> Outgoing:
        """The message, with what only the database knows: which one it replaces, what arrived before it, whose it is.

        ``TryLaterError``: the database is away.
        """
        replaces, doubtful = row.payload.get("replaces"), is_doubtful(row)
        undeclared = AUDIENCE not in row.payload
        if not (replaces or doubtful or undeclared):
            return replace(self._render(row), trace=row.trace or "")
        known = None
        try:
            async with self._store.read() as tx:
                remote = (await tx.outbox.remote_id(replaces) or "") if replaces else ""
                if doubtful:
                    known = await tx.outbox.last_remote_ids(row.channel, row.conversation)
                users = await tx.conversations.accounts_at(row.channel, row.conversation) if undeclared else []
        except Exception as error:
            raise TryLaterError(f"the database is away ({type(error).__name__})") from error
        if undeclared:
            row = _declared(row, users)
        return replace(self._render(row), replaces=remote, known=known, trace=row.trace or "")

    def _render(self, row: OutboxRow) -> Outgoing:
        say, language = Say.from_json(row.payload["say"]), row.payload["language"]
        if "link" not in say.values:
            say = replace(say, values={**say.values, "link": self._link(row, row.payload.get("page"))})
        if row.payload.get("code") and self._links:
            say = replace(
                say, values={**say.values, "code": self._links.code(row.id), "word": self._links.word(row.id)}
            )
        choices = self._texts.choices(say, language)
        if handles := row.payload.get("handles"):
            pairs = zip(choices, handles, strict=True)
            choices = tuple(replace(choice, handle=handle) for choice, handle in pairs)
        return Outgoing(
            id=row.id,
            address=Address(row.channel, row.conversation, row.payload.get("thread", "")),
            language=language,
            document=self._texts.render(say, language) + self._footer(row, language),
            choices=choices,
            answers=row.payload.get("answers", ""),
            bulk=row.urgency is Urgency.BULK,
            subject=self._texts.subject(say, language),
            unsubscribe=self._link(row, row.payload.get(UNSUBSCRIBE) and UNSUBSCRIBE, UNSUBSCRIBE).address,
            audience=MessageAudience(row.payload[AUDIENCE]),
            readers=tuple(row.payload.get(READERS, ())),
        )

    def _footer(self, row: OutboxRow, language: str) -> Document:
        """What stands below the message, if anything."""
        if not row.payload.get("footer"):
            return ()
        say = Say.from_json(row.payload["footer"])
        if row.payload.get(CONNECT) and self._links:
            link = self._links.at_rest(self._links.token(row.id))
            say = replace(say, values={"connect": Url(self._links.deep_link(row.payload[CONNECT], link))})
        return self._texts.render(say, language)

    def _link(self, row: OutboxRow, page: str | None, purpose: str = "link") -> Url:
        return Url(self._links.url(page, row.id, purpose) if page and self._links else "")


def _declared(row: OutboxRow, users: Sequence[str]) -> OutboxRow:
    """A row that names no audience, as one for ``users``: those whose private conversation it goes to."""
    audience = audience_of(Say.from_json(row.payload["say"]).key)
    return replace(row, payload=dict(row.payload) | {AUDIENCE: audience.value, READERS: list(users)})

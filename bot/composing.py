"""A row of the outbox as the message that a channel sends: words in its language, links, buttons, what it replaces."""

from __future__ import annotations

from dataclasses import dataclass, replace

from bot.links import CONNECT, UNSUBSCRIBE, Links
from bot.markup import Document
from bot.messages import Address, Outgoing, Say, Url
from bot.repetition import is_doubtful
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
        """The message, with what only the database knows: which one it replaces, what arrived before it."""
        replaces, known = row.payload.get("replaces"), None
        doubtful = is_doubtful(row)
        if not (replaces or doubtful):
            return replace(self._render(row), trace=row.trace or "")
        async with self._store.read() as tx:
            remote = (await tx.outbox.remote_id(replaces) or "") if replaces else ""
            if doubtful:
                known = await tx.outbox.last_remote_ids(row.channel, row.conversation)
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

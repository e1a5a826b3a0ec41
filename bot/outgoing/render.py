"""A row of the outbox as the message that a channel sends: words in its language, links, buttons, what it replaces."""

from __future__ import annotations

from dataclasses import dataclass, replace

from bot.channels.port import TryLaterError
from bot.messages import Address, MessageAudience, Outgoing, Url
from bot.messages.envelope import Envelope
from bot.messages.markup import Document
from bot.messages.readership import audience_of
from bot.outgoing.links import UNSUBSCRIBE, Links
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

    async def __call__(self, row: OutboxRow, envelope: Envelope) -> Outgoing:
        """Return the message, with what only the database knows: what it replaces, what arrived before, its readers.

        ``TryLaterError``: the database is away.
        """
        replaces, doubtful, undeclared = envelope.replaces, is_doubtful(row), envelope.audience is None
        if not (replaces or doubtful or undeclared):
            return replace(self._render(row, envelope), trace=row.trace or "")
        known = None
        try:
            async with self._store.read() as tx:
                remote = (await tx.outbox.remote_id(replaces) or "") if replaces else ""
                if doubtful:
                    known = await tx.outbox.last_remote_ids(row.channel, row.conversation)
                users = await tx.conversations.accounts_at(row.channel, row.conversation) if undeclared else []
        except Exception as error:
            raise TryLaterError(f"the database is away ({type(error).__name__})") from error
        if undeclared:  # it is for those whose private conversation it goes to
            envelope = replace(envelope, audience=audience_of(envelope.say.key), readers=tuple(users))
        return replace(self._render(row, envelope), replaces=remote, known=known, trace=row.trace or "")

    def _render(self, row: OutboxRow, envelope: Envelope) -> Outgoing:
        say, language = envelope.say, envelope.language
        if "link" not in say.values:
            say = replace(say, values={**say.values, "link": self._link(row, envelope.page)})
        if envelope.code and self._links:
            say = replace(
                say, values={**say.values, "code": self._links.code(row.id), "word": self._links.word(row.id)}
            )
        choices = self._texts.choices(say, language)
        if envelope.handles:
            pairs = zip(choices, envelope.handles, strict=True)
            choices = tuple(replace(choice, handle=handle) for choice, handle in pairs)
        return Outgoing(
            id=row.id,
            address=Address(row.channel, row.conversation, envelope.thread),
            language=language,
            document=self._texts.render(say, language) + self._footer(row, envelope),
            choices=choices,
            answers=envelope.answers,
            threads=not envelope.flat,
            bulk=row.urgency is Urgency.BULK,
            subject=self._texts.subject(say, language),
            page=(page := self._link(row, envelope.page).address),
            button=self._texts.button(say, language) if page else "",
            unsubscribe=self._link(row, UNSUBSCRIBE if envelope.unsubscribe else "", UNSUBSCRIBE).address,
            audience=envelope.audience or MessageAudience.PRIVATE,
            readers=envelope.readers,
        )

    def _footer(self, row: OutboxRow, envelope: Envelope) -> Document:
        """What stands below the message, if anything."""
        say = envelope.footer
        if say is None:
            return ()
        if envelope.connect and self._links:
            link = self._links.at_rest(self._links.token(row.id))
            say = replace(say, values={"connect": Url(self._links.deep_link(envelope.connect, link))})
        return self._texts.render(say, envelope.language)

    def _link(self, row: OutboxRow, page: str, purpose: str = "link") -> Url:
        return Url(self._links.url(page, row.id, purpose) if page and self._links else "")

"""One-time links: their meaning, their recipient, and their single use.

    new --use--> used        in the transaction of what was done with it
     |  --end--> used        what it was about is over
     `-----14 days----> over

The token is in the message alone; here is its hash (``bot.outgoing.links.Links.at_rest``).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Row, delete, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from knowledge_base.store.tables import page
from knowledge_base.store.upsert import insert_into

PAGES_LAST = timedelta(days=14)
REMEMBERED = timedelta(days=30)  # an expired page can still say that it is expired
READ_AGAIN = timedelta(minutes=30)  # after the first look: a reload, a lost connection


@dataclass(frozen=True, slots=True)
class Page:
    """The meaning of a link."""

    token_hash: str
    kind: str
    subject: str
    person_id: str
    language: str
    content: Mapping[str, Any] | None
    veiled: bool
    expires_at: datetime
    used_at: datetime | None


class Pages:
    """All links that were sent."""

    def __init__(self, connection: AsyncConnection, now: datetime) -> None:
        self._connection = connection
        self._now = now

    async def keep(
        self,
        token_hash: str,
        *,
        kind: str,
        subject: str,
        person_id: str,
        language: str = "de",
        content: Mapping[str, Any] | None = None,
        veiled: bool = False,
        lasting: timedelta = PAGES_LAST,
    ) -> None:
        """Store the meaning of a link; a known link keeps the meaning it has."""
        values = {
            "token_hash": token_hash,
            "kind": kind,
            "subject": subject,
            "person_id": person_id,
            "language": language,
            "content": dict(content) if content is not None else None,
            "veiled": veiled,
            "expires_at": self._now + lasting,
        }
        await self._connection.execute(insert_into(self._connection, page).values(**values).on_conflict_do_nothing())

    async def get(self, token_hash: str) -> Page | None:
        """Return the meaning of a link, expired or not; ``None`` when this link was never sent."""
        row = (await self._connection.execute(select(page).where(page.c.token_hash == token_hash))).first()
        return _page(row) if row else None

    async def open_alone(self, token_hash: str) -> Page | None:
        """Return the link if it can still be used; other processes wait until this transaction ends."""
        row = (
            await self._connection.execute(select(page).where(page.c.token_hash == token_hash).with_for_update())
        ).first()
        return _page(row) if row and self.is_open(_page(row)) else None

    def is_open(self, link: Page) -> bool:
        """Return whether the link can still be used."""
        return link.used_at is None and link.expires_at > self._now

    def is_readable(self, link: Page) -> bool:
        """Return whether the link's text can still be read: not yet read, or read just now."""
        return link.expires_at > self._now and (link.used_at is None or link.used_at > self._now - READ_AGAIN)

    async def use(self, token_hash: str) -> Page | None:
        """Use the link; return ``None`` when it was used before, is expired, or never existed.

        Of two uses at once, one succeeds. Call it in the transaction of the action behind the link: both happen, or
        neither.
        """
        where = (page.c.token_hash == token_hash, page.c.used_at.is_(None), page.c.expires_at > self._now)
        statement = update(page).where(*where).values(used_at=self._now).returning(page)
        row = (await self._connection.execute(statement)).first()
        return _page(row) if row else None

    async def reopen(self, token_hash: str) -> None:
        """Make the link usable again: its action changed nothing."""
        await self._connection.execute(update(page).where(page.c.token_hash == token_hash).values(used_at=None))

    async def end(self, kind: str, subject: str) -> int:
        """End links with nothing left to do, and wipe their text; return the number of those still open."""
        where = (page.c.kind == kind, page.c.subject == subject)
        values = {"used_at": self._now}
        still = (
            await self._connection.execute(update(page).where(*where, page.c.used_at.is_(None)).values(**values))
        ).rowcount
        await self._connection.execute(update(page).where(*where).values(content=None))
        return still

    async def forget(self) -> int:
        """Wipe texts that can no longer be read, and delete links past their period."""
        read = page.c.used_at < self._now - READ_AGAIN
        over = (page.c.content.is_not(None), read | (page.c.expires_at < self._now))
        await self._connection.execute(update(page).where(*over).values(content=None))
        return (await self._connection.execute(delete(page).where(page.c.expires_at < self._now - REMEMBERED))).rowcount


def _page(row: Row[*tuple[Any, ...]]) -> Page:
    return Page(*row)

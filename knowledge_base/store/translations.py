"""Texts translated by machine, by the hash of the original: no text is translated twice, an edited one again."""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Mapping

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection

from knowledge_base.store.tables import translation
from knowledge_base.store.upsert import insert_into


class Translations:
    """Translated texts of public records."""

    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection

    async def add(self, source: str, target: str, texts: Mapping[str, str]) -> None:
        """Store translations by their original; existing ones stay as they are."""
        rows = [
            {"source": source, "target": target, "text_hash": _hash(original), "text": text}
            for original, text in texts.items()
        ]
        if rows:
            await self._connection.execute(insert_into(self._connection, translation).on_conflict_do_nothing(), rows)

    async def get(self, source: str, target: str, originals: Collection[str]) -> dict[str, str]:
        """Return the existing translations of at most some hundred texts, by their original."""
        by_hash = {_hash(original): original for original in originals}
        columns = translation.c
        statement = select(columns.text_hash, columns.text).where(
            columns.source == source, columns.target == target, columns.text_hash.in_(list(by_hash))
        )
        rows = await self._connection.execute(statement) if by_hash else ()
        return {by_hash[bytes(key)]: text for key, text in rows}


def _hash(text: str) -> bytes:
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).digest()[:16]

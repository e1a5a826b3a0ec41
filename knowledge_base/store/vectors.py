"""Vectors by the hash of their text, so that no text is embedded twice."""

from __future__ import annotations

from collections.abc import Collection, Mapping

from sqlalchemy import delete, func, select
from sqlalchemy.ext.asyncio import AsyncConnection

from knowledge_base.store.tables import vector
from knowledge_base.store.upsert import insert_into

BATCH = 500  # bound parameters of one statement stay below every driver's limit


class Vectors:
    """Encoded vectors of one or more models; the encoding belongs to the search."""

    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection

    async def add(self, fingerprint: str, values: Mapping[bytes, bytes]) -> None:
        """Store vectors; existing ones stay as they are."""
        rows = [{"fingerprint": fingerprint, "text_hash": key, "value": value} for key, value in values.items()]
        if rows:
            await self._connection.execute(insert_into(self._connection, vector).on_conflict_do_nothing(), rows)

    async def all(self, fingerprint: str) -> dict[bytes, bytes]:
        """Return every vector of a model, by text hash."""
        rows = await self._connection.execute(
            select(vector.c.text_hash, vector.c.value).where(vector.c.fingerprint == fingerprint)
        )
        return {bytes(key): bytes(value) for key, value in rows}

    async def get(self, fingerprint: str, hashes: Collection[bytes]) -> dict[bytes, bytes]:
        """Return the existing vectors of these texts."""
        wanted, vectors = list(hashes), {}
        for start in range(0, len(wanted), BATCH):
            rows = await self._connection.execute(
                select(vector.c.text_hash, vector.c.value).where(
                    vector.c.fingerprint == fingerprint, vector.c.text_hash.in_(wanted[start : start + BATCH])
                )
            )
            vectors.update({bytes(key): bytes(value) for key, value in rows})
        return vectors

    async def hashes(self, fingerprint: str, after: bytes, limit: int) -> list[bytes]:
        """Return the next text hashes of a model in their order, behind ``after``."""
        statement = select(vector.c.text_hash).where(vector.c.fingerprint == fingerprint, vector.c.text_hash > after)
        rows = await self._connection.scalars(statement.order_by(vector.c.text_hash).limit(limit))
        return [bytes(value) for value in rows]

    async def count(self, fingerprint: str) -> int:
        """Return the number of vectors of a model."""
        statement = select(func.count()).select_from(vector).where(vector.c.fingerprint == fingerprint)
        return await self._connection.scalar(statement) or 0

    async def drop(self, fingerprint: str, hashes: Collection[bytes]) -> None:
        """Delete the vectors of texts that no record holds any more."""
        wanted = list(hashes)
        for start in range(0, len(wanted), BATCH):
            await self._connection.execute(
                delete(vector).where(
                    vector.c.fingerprint == fingerprint, vector.c.text_hash.in_(wanted[start : start + BATCH])
                )
            )

    async def drop_other_models(self, fingerprint: str) -> None:
        """Delete every vector of another model."""
        await self._connection.execute(delete(vector).where(vector.c.fingerprint != fingerprint))

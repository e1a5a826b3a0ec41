"""Named values of the installation."""

from __future__ import annotations

from typing import Any

from sqlalchemy import JSON, delete, select
from sqlalchemy.ext.asyncio import AsyncConnection

from knowledge_base.store.tables import fact
from knowledge_base.store.upsert import insert_into

RESTORED = "restored"  # when the database came out of a backup, of when that was, whether admins were told


class Facts:
    """A small dictionary in the database: JSON values by name."""

    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection

    async def get(self, name: str) -> Any:
        """Return the value, or ``None``."""
        return await self._connection.scalar(select(fact.c.value).where(fact.c.name == name))

    async def hold(self, name: str) -> Any:
        """Return the value, or ``None``; other holders and writers wait until the end of this transaction.

        Use it before a ``put`` that depends on the value.
        """
        statement = insert_into(self._connection, fact).values(name=name, value=JSON.NULL)
        same = {"name": statement.excluded.name}
        statement = statement.on_conflict_do_update(index_elements=["name"], set_=same).returning(fact.c.value)
        return await self._connection.scalar(statement)

    async def put(self, name: str, value: Any) -> None:
        """Set the value."""
        statement = insert_into(self._connection, fact).values(name=name, value=value)
        await self._connection.execute(
            statement.on_conflict_do_update(index_elements=["name"], set_={"value": statement.excluded.value})
        )

    async def put_first(self, name: str, value: Any) -> Any:
        """Set the value unless it exists; return the stored value."""
        statement = insert_into(self._connection, fact).values(name=name, value=value)
        await self._connection.execute(statement.on_conflict_do_nothing())
        return await self.get(name)

    async def drop(self, name: str) -> None:
        """Delete the value."""
        await self._connection.execute(delete(fact).where(fact.c.name == name))

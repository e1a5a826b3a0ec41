"""The processes that work on this database, and which of them leads the account of a network."""

from __future__ import annotations

from sqlalchemy import Column, Integer, String, Table

from knowledge_base.store.tables.base import metadata
from knowledge_base.store.types import JsonDocument, UtcDateTime

process = Table(
    "process",
    metadata,
    Column("id", String(32), primary_key=True),
    Column("place", String(64), nullable=False),  # the state folder on its machine: one process at a time works in it
    Column("seen_at", UtcDateTime, nullable=False),  # its last sign of life, by the database's clock
    Column("settings", JsonDocument, nullable=False),  # marks of the settings that all processes must share
)

leader = Table(
    "leader",
    metadata,
    Column("channel", String(16), primary_key=True),
    Column("owner", String(32), nullable=False),  # a process, or one that is gone
    Column("epoch", Integer, nullable=False),  # one higher at each takeover
)

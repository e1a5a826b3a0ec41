"""Counts without names, for the privacy report."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass

from sqlalchemy import Select, func, select
from sqlalchemy.ext.asyncio import AsyncConnection

from knowledge_base.store.tables import contact_notice, metadata, profile


@dataclass(frozen=True, slots=True)
class Statistics:
    """Counts of rows by table, of contacts by legal basis, and of contacts by state of the duty to tell them."""

    rows: Mapping[str, int]
    contacts_by_basis: Mapping[str, int]
    contacts_told: int
    contacts_hidden: int
    verified: int


async def figures(connection: AsyncConnection, contact_bases: Mapping[str, str]) -> Statistics:
    """Count everything; ``contact_bases``: the legal basis of each visible contact by its id."""
    rows = {
        table.name: await _count(connection, select(func.count()).select_from(table))
        for table in metadata.sorted_tables
    }
    notices = select(func.count()).select_from(contact_notice)
    verified = select(func.count()).select_from(profile).where(profile.c.verified_at.is_not(None))
    return Statistics(
        rows=rows,
        contacts_by_basis=dict(sorted(Counter(contact_bases.values()).items())),
        contacts_told=await _count(connection, notices.where(contact_notice.c.told_at.is_not(None))),
        contacts_hidden=await _count(connection, notices.where(contact_notice.c.hidden_at.is_not(None))),
        verified=await _count(connection, verified),
    )


async def _count(connection: AsyncConnection, statement: Select[int]) -> int:
    return int(await connection.scalar(statement) or 0)

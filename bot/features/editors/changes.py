"""A change of a record, noted in its history so that it can be seen and taken back."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import structlog

from bot.commands.editing import Undo
from bot.context import Turn
from bot.messages import Choice, Say
from knowledge_base.codec import Body
from knowledge_base.model import RecordKind
from knowledge_base.store.edits import EDITOR
from knowledge_base.store.transaction import Transaction

log = structlog.get_logger(__name__)


async def store_change(
    tx: Transaction, turn: Turn, kind: RecordKind, record_id: str, before: Mapping[str, Any], after: Body, *,
    author: str = EDITOR, undoes: int | None = None,
) -> int:  # fmt: skip
    """Change a record and note it in the history; return the number of the change."""
    await tx.records.edit(kind, record_id, after)
    return await note_change(tx, turn, kind, record_id, before, after, author=author, undoes=undoes)


async def note_change(
    tx: Transaction, turn: Turn, kind: RecordKind, record_id: str, before: Mapping[str, Any], after: Mapping[str, Any],
    *, author: str = EDITOR, undoes: int | None = None,
) -> int:  # fmt: skip
    """Note a change that was made; return its number."""
    person = turn.person.id
    names = sorted(name for name in {*before, *after} if before.get(name) != after.get(name))
    log.info("record.edited", kind=str(kind), record=record_id, fields=names, editor=person, author=author)
    return await tx.edits.note(kind, record_id, before, after, person_id=person, author=author, undoes=undoes)


def undo_choice(number: int) -> Choice:
    """Return the choice to take a change back: it shows the way back and asks first."""
    return Choice(Say("choice.undo"), Undo(f"#{number}"))

"""References of contacts that lead nowhere: a typing mistake there would silently make a contact unreachable.

Nothing is refused for it: the missing record may come with the next file.
"""

from __future__ import annotations

from collections.abc import Callable
from itertools import islice

from knowledge_base.ingest.row import shortened
from knowledge_base.model import Contact, Municipality, Record, RecordKind
from knowledge_base.places.gazetteer import Gazetteer
from knowledge_base.store.imports import Key
from knowledge_base.store.transaction import Transaction
from knowledge_base.vocabulary import bundled

AT_ONCE = 500  # ids that one query looks for
LISTED = 10  # references that the warning names

Lines = dict[str, int]  # reference -> the first line with it


class References:
    """The references of a file's contacts, and the ones that lead nowhere."""

    def __init__(self) -> None:
        self._projects: Lines = {}
        self._deputies: Lines = {}
        self._topics: Lines = {}
        self._municipalities: Lines = {}
        self._brought: list[Municipality] = []

    def note(self, record: Record, line: int) -> None:
        """Note the references of a valid record."""
        if isinstance(record, Municipality):
            self._brought.append(record)
        if not isinstance(record, Contact):
            return
        for lines, values in (
            (self._projects, record.projects),
            (self._topics, record.topics),
            (self._deputies, (record.deputy,)),
            (self._municipalities, (record.municipality,)),
        ):
            for value in filter(None, values):
                lines.setdefault(value, line)

    async def warning(self, tx: Transaction, is_brought: Callable[[Key], bool]) -> str:
        """Return a warning about references that lead nowhere, or "".

        ``is_brought`` tells whether the files at hand hold a record.
        """
        nowhere = [
            *await self._without_record(tx, RecordKind.PROJECT, self._projects, is_brought),
            *await self._without_record(tx, RecordKind.CONTACT, self._deputies, is_brought),
            *(("topic", word, line) for word, line in self._topics.items() if bundled().topic_of(word) is None),
            *await self._unknown_places(tx),
        ]
        if not nowhere:
            return ""
        named = ", ".join(
            _named(*reference) for reference in sorted(nowhere, key=lambda reference: reference[2])[:LISTED]
        )
        more = f" and {len(nowhere) - LISTED} more" if len(nowhere) > LISTED else ""
        return f"Contacts refer to what is not known: {named}{more}. Correct it, or import what is missing."

    @staticmethod
    async def _without_record(
        tx: Transaction, kind: RecordKind, lines: Lines, is_brought: Callable[[Key], bool]
    ) -> list[tuple[str, str, int]]:
        word = "project" if kind is RecordKind.PROJECT else "deputy"
        open_ = iter([name for name in lines if not is_brought((kind, name))])
        nowhere = []
        while ids := list(islice(open_, AT_ONCE)):
            known = await tx.imports.known(kind, ids)
            nowhere += [(word, name, lines[name]) for name in ids if name not in known or known[name].removed]
        return nowhere

    async def _unknown_places(self, tx: Transaction) -> list[tuple[str, str, int]]:
        if not self._municipalities:
            return []
        records = [stored.record async for stored in tx.records.stream(RecordKind.MUNICIPALITY)]
        gazetteer = Gazetteer([*(record for record in records if isinstance(record, Municipality)), *self._brought])
        lines = self._municipalities.items()
        return [("municipality", name, line) for name, line in lines if not gazetteer.rows_named(name)]


def _named(kind: str, value: str, line: int) -> str:
    """Return a name for a reference; a deputy's field may be a person's name, so it stays hidden unless it is an id."""
    return f"{kind} (line {line})" if kind == "deputy" else f"{kind} {shortened(value)!r} (line {line})"

"""The ``export`` command: the knowledge as an import file; importing it again gives the same knowledge."""

from __future__ import annotations

import json
import shutil
from collections import Counter
from dataclasses import dataclass
from tempfile import SpooledTemporaryFile
from typing import IO

from knowledge_base.codec import defaults
from knowledge_base.model import PERSONAL_FIELDS, Json, RecordKind
from knowledge_base.store.database import Store
from knowledge_base.store.records import StoredRecord

PERSONAL = PERSONAL_FIELDS | {"extra"}  # fields of a contact that may name or reach a person
IN_MEMORY = 8 << 20  # bytes; more waits in a temporary file


@dataclass(frozen=True, slots=True)
class ExportReport:
    """Number of written records per kind, and of contacts left out."""

    counts: dict[RecordKind, int]
    contacts_left_out: int


async def export(store: Store, out: IO[bytes], *, with_contacts: bool = False) -> ExportReport:
    """Write every visible record of one moment to ``out`` as JSON Lines, in order of kind and id.

    Leave out contacts with personal fields unless ``with_contacts``: leave out the whole contact, because importing a
    contact without its fields would erase them. All rows are read before the first is written: a slow reader (a pager)
    must not keep the database from the running bot.
    """
    counts: Counter[RecordKind] = Counter()
    left_out = 0
    with SpooledTemporaryFile(IN_MEMORY) as spool:
        async with store.read(long=True) as tx:
            async for record in tx.records.stream():
                if not with_contacts and is_personal(record):
                    left_out += 1
                    continue
                spool.write(line(record))
                counts[record.kind] += 1
        spool.seek(0)
        shutil.copyfileobj(spool, out)
    return ExportReport(dict(counts), left_out)


def is_personal(record: StoredRecord) -> bool:
    """Return whether a record holds fields that may name or reach a person."""
    return record.kind is RecordKind.CONTACT and any(record.body.get(name) for name in PERSONAL)


def line(record: StoredRecord) -> bytes:
    """Return a record as one line of an import file: its kind first, then its fields in the order of the model.

    Equal records give equal lines on both databases (PostgreSQL does not keep the order of keys).
    """
    known = [name for name in defaults(record.kind) if name in record.body]
    ordered = {name: _sorted(record.body[name]) for name in [*known, *sorted(set(record.body) - set(known))]}
    text = json.dumps({"record": record.kind.value, **ordered}, ensure_ascii=False, separators=(", ", ": "))
    return text.encode("utf-8", "backslashreplace") + b"\n"  # a lone surrogate becomes its JSON escape


def _sorted(value: Json) -> Json:
    if isinstance(value, dict):
        return {name: _sorted(value[name]) for name in sorted(value)}
    return [_sorted(entry) for entry in value] if isinstance(value, list) else value

"""The sheets of a workbook: those that hold a table of records are read, the others are named and left out."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from itertools import chain
from pathlib import Path

from knowledge_base.ingest.notes import Note, NoteKind
from knowledge_base.ingest.readers import table
from knowledge_base.ingest.readers.table import Event, Line, NoTableError
from knowledge_base.ingest.reading import Reading
from knowledge_base.ingest.row import UnreadableError

Sheet = tuple[str, Callable[[], Iterator[Line]]]  # title, lines


def events(path: Path, sheets: Sequence[Sheet], reading: Reading) -> Iterator[Event]:
    """Yield the records of every sheet with a table. Errors: ``NoTableError`` of the best sheet if no sheet has one."""
    chosen = [sheet for sheet in sheets if not reading.sheets or sheet[0] in reading.sheets]
    if missing := [name for name in reading.sheets if name not in {title for title, _ in sheets}]:
        titles = ", ".join(title for title, _ in sheets)
        raise UnreadableError(path, f"There is no sheet {missing[0]!r}.", remedy=f"The sheets are: {titles}.")
    refused: list[tuple[str, NoTableError]] = []
    read = False
    for title, lines in chosen:
        found = table.events(f"{path} [{title}]" if len(sheets) > 1 else str(path), lines(), reading)
        try:
            first = next(found, None)
        except NoTableError as error:
            refused.append((title, error))
            continue
        if first is not None:
            read = True
            yield from chain([first], found)
    if refused and not read:
        raise max(refused, key=lambda pair: pair[1].found)[1]
    yield from (Note(str(path), 0, NoteKind.SHEET_LEFT_OUT, detail=title) for title, _ in refused)

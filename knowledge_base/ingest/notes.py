"""What an import guessed, changed or doubts: one kind of note per sentence of the report."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import Enum

MAX_LINES = 10  # lines that a warning names
MAX_GROUPS = 200  # different notes of one file; the others are counted


class NoteKind(Enum):
    """A kind of note, with its sentence; ``{field}`` and ``{detail}`` are those of the note."""

    # guesses about the file
    ENCODING = "The encoding was read as {detail}; --encoding names another one."
    DELIMITER = "The cells are delimited by {detail}; --delimiter names another one."
    HEADER = "The names of the columns were found in line {detail}; --header-line names another line."
    COLUMNS = "Columns: {detail}. --column FIELD=NAME changes it."
    REMEMBERED = "Columns as named before for the source: {detail}."
    SHEET_LEFT_OUT = "The sheet {detail!r} holds no list of projects; it was left out."
    IDS_MADE = "The records have no id; each got one from its title and municipality."
    KEYS_KEPT = "The ids are those of the column {detail!r}."
    SAME_RECORD = "Taken for the record {detail}, whose title changed."
    SOURCE = "Taken as a new version of the source {detail!r}, which brought most of the records; --source changes it."
    OTHER_SOURCE = "Most of these records came from the source {detail!r}; --source with this name compares with it."
    # rows and cells
    ROW_LEFT_OUT = "Not a record (a heading, note or sum), so it was left out."
    TITLE_MADE = "The title is missing; the beginning of the text stands in for it."
    TEXT_MADE = "The text is missing; the title stands in for it."
    FORMULA = "The value of a formula was taken as the file holds it."
    UNNAMED = "A column has no name; its cells are kept as {detail!r}."
    CLEANED = "{field}: markup or invisible characters were removed."
    SCHEME = "{field}: https:// was added to the address."
    NO_ADDRESS = "{field}: {detail!r} is not a web address, so it is kept as a note. Write https://…."
    DATE = "{field}: {detail}. Write the date as 2026-11-24 if that is wrong."
    NO_DATE = "{field}: {detail!r} is not a date, so it is kept as a note. Write 2026-11-24."
    # doubts about the content
    UNKNOWN_TOPIC = "{field}: {detail}"
    UNKNOWN_PLACE = "{field}: {detail} "
    UNREAD_STATUS = (
        "status: {detail!r} is not understood. Write a status such as geplant, in Umsetzung, in Betrieb, beendet."
    )
    PERSON = "{field}: a person's name was masked. Name the office instead, and enter people as contacts."
    KEPT = "{field} of {detail} stays as an editor changed it; the file has something else."
    TAKEN_OVER = "{detail} came from another source; this file now replaces it."


@dataclass(frozen=True, slots=True)
class Note:
    """Something that a reader of the report should know about a line (0: the whole file)."""

    file: str
    line: int
    kind: NoteKind
    field: str = ""
    detail: str = ""


class Notes:
    """Notes of a file, grouped: the same remark about many lines is one sentence. Its size is bounded."""

    def __init__(self) -> None:
        self._lines: dict[str, list[int]] = {}
        self._left_out = 0

    def add(self, *notes: Note) -> None:
        """Keep the notes, each with its line."""
        for note in notes:
            self._add(note)

    def _add(self, note: Note) -> None:
        sentence = note.kind.value.format(field=note.field, detail=note.detail).strip()
        if sentence not in self._lines and len(self._lines) >= MAX_GROUPS:
            self._left_out += 1
            return
        self._lines.setdefault(sentence, []).append(note.line)

    def sentences(self) -> Iterable[str]:
        """Yield a sentence for each remark, with its lines."""
        for sentence, lines in self._lines.items():
            numbered = [line for line in lines if line]
            yield f"{sentence} ({places(numbered)})" if numbered else sentence
        if self._left_out:
            yield f"{self._left_out} further remarks are not shown."


def places(lines: list[int]) -> str:
    """Return "line 3", or "lines 3, 5 and 8 more"."""
    shown = ", ".join(map(str, lines[:MAX_LINES]))
    word = "line" if len(lines) == 1 else "lines"
    return f"{word} {shown}" + (f" and {len(lines) - MAX_LINES} more" if len(lines) > MAX_LINES else "")

"""Commands that change records: show and set a field, clear it, take a change back, the history, remove. Pure."""

from __future__ import annotations

import re
from dataclasses import dataclass

from bot.commands.command import YES, Command, Intent, Permission, number_of, without_accents
from bot.commands.field_words import split_field
from bot.commands.general import Help

CLEAR = {
    "clear": "clear", "leeren": "clear", "loeschen": "clear", "löschen": "clear", "wyczysc": "clear",
    "wyczyść": "clear", "usun": "clear",
}  # fmt: skip
SURE = "=!"  # before a value that was doubted, and that the editor wants all the same
CONFIRMED = re.compile(rf"([0-9]{{1,9}}) (?:{'|'.join(YES.values())})", re.IGNORECASE)
RECORD = re.compile(r'"([^"]*)"\s*(.*)|(\S*)\s*(.*)', re.DOTALL)


@dataclass(frozen=True, slots=True)
class Edit(Intent):
    """Show a record or one of its fields, or set the field to ``value``; ``clear`` empties it.

    ``record``: an id, its number in the last list, or "=" and an id that looks like a number. ``sure``: the editor has
    seen what the bot doubts, or said yes to clearing.
    """

    record: str
    field: str = ""
    value: str = ""
    clear: bool = False
    sure: bool = False


@dataclass(frozen=True, slots=True)
class Remove(Intent):
    """Take a record out; the bot asks back unless confirmed."""

    record: str
    confirmed: bool = False


@dataclass(frozen=True, slots=True)
class Undo(Intent):
    """Take back the last change of a record, or the user's own last one; ``record`` "#7": the change 7.

    ``change``: the number of the change that the user has said yes to.
    """

    record: str = ""
    change: int = 0


@dataclass(frozen=True, slots=True)
class History(Intent):
    """Show what was changed in a record, by which editor and when."""

    record: str


def _parse_edit(rest: str) -> Intent:
    record, others = split_record(rest)
    if not record:
        return Help()
    field, behind = split_field(others) if others else ("", "")
    if behind.startswith(SURE):
        return Edit(record, field, behind.removeprefix(SURE).strip(), sure=True)
    word, *confirmed = without_accents(behind).split() or [""]
    if word in CLEAR and (not confirmed or confirmed in [[yes] for yes in YES.values()]):
        return Edit(record, field, clear=True, sure=bool(confirmed))
    return Edit(record, field, behind.removeprefix(":" if behind.startswith(":") else "=").strip())


def _format_edit(edit: Edit) -> str:
    place = f"{quoted(edit.record)} {edit.field}".strip()
    if edit.clear:
        return f"{place} clear {'yes' if edit.sure else ''}"
    if not edit.value:
        return place
    return f"{place} {SURE if edit.sure else '='} {edit.value}"


def _parse_remove(rest: str) -> Intent:
    record, others = split_record(rest)
    return Remove(record, confirmed=others.lower() in YES.values()) if record else Help()


def _parse_undo(rest: str) -> Intent:
    if confirmed := CONFIRMED.fullmatch(rest):
        return Undo(change=number_of(confirmed[1]))
    return Undo(split_record(rest)[0])


def _format_undo(undo: Undo) -> str:
    return f"{undo.change} yes" if undo.change else quoted(undo.record)


def _parse_history(rest: str) -> Intent:
    record, _ = split_record(rest)
    return History(record) if record else Help()


def split_record(rest: str) -> tuple[str, str]:
    """Return a record's id and what follows it; an id with spaces in it is written in quotation marks."""
    match = RECORD.fullmatch(rest)
    quoted_id, after_quoted, word, after = match.groups() if match else ("", "", "", "")
    return (word, after.strip()) if quoted_id is None else (quoted_id, after_quoted.strip())


def quoted(record: str) -> str:
    """Return a record's id as ``split_record`` reads it."""
    return f'"{record}"' if re.search(r"\s", record) else record


def reference_of(record_id: str) -> str:
    """Return what names a record by its id, also if the id looks like a number or begins with a mark."""
    return f"={record_id}" if number_of(record_id) or record_id[:1] in ("=", "#") else record_id


COMMANDS = (
    Command(
        name="edit",
        words={"en": ("edit",), "de": ("bearbeiten", "aendern", "ändern"), "pl": ("edytuj",)},
        intents=(Edit,),
        parse=_parse_edit,
        format=_format_edit,
        permission=Permission.TOWNS,
        in_help=True,
    ),
    Command(
        name="history",
        words={"en": ("history",), "de": ("verlauf",), "pl": ("historia",)},
        intents=(History,),
        parse=_parse_history,
        format=lambda history: quoted(history.record),
        permission=Permission.TOWNS,
        in_help=True,
    ),
    Command(
        name="undo",
        words={
            "en": ("undo",),
            "de": ("zurueck", "zurück", "rueckgaengig", "rückgängig"),
            "pl": ("cofnij-zmiane", "cofnij-zmianę"),
        },
        intents=(Undo,),
        parse=_parse_undo,
        format=_format_undo,
        permission=Permission.TOWNS,
        in_help=True,
        confirmed=True,
    ),
    Command(
        name="remove",
        words={"en": ("remove",), "de": ("entfernen",), "pl": ("usun-wpis",)},
        intents=(Remove,),
        parse=_parse_remove,
        format=lambda remove: f"{quoted(remove.record)} {'yes' if remove.confirmed else ''}",
        permission=Permission.EDITORS,
        in_help=True,
        confirmed=True,
    ),
)

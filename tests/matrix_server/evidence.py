"""All that three servers got to see: every table and byte of Synapse, every call of the Bot API, every mail."""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Collection, Iterable

from tests.matrix_server.synapse import Synapse
from tests.smtp_sink import SmtpSink, Taken
from tests.telegram_api import LoopbackApi

Marks = set[str]


def marks_in(text: str, marks: Collection[str]) -> Marks:
    """The marks that a text shows, in any spelling."""
    seen = text.replace("\u2060", "").lower()
    return {mark for mark in marks if mark.lower() in seen}


def in_synapse(server: Synapse, marks: Collection[str]) -> Marks:
    """The marks in any row of any table, or in any byte of any file, also of journals and logs."""
    rows = "\n".join(str(row) for row in _rows(server))
    assert "m.room.encrypted" in rows, "else nothing is looked through"
    files = [file.read_bytes().lower() for file in server.folder.rglob("*") if file.is_file()]
    return marks_in(rows, marks) | {mark for mark in marks if any(mark.lower().encode() in file for file in files)}


def _rows(server: Synapse) -> Iterable[tuple[object, ...]]:
    database = sqlite3.connect(f"file:{server.folder / 'homeserver.db'}?mode=ro", uri=True)
    database.text_factory = lambda text: text.decode("utf-8", "replace")
    try:
        tables = database.execute("SELECT name FROM sqlite_master WHERE type = 'table'").fetchall()
        for (table,) in tables:
            for row in database.execute(f'SELECT * FROM "{table}"'):
                yield table, *(value.decode("utf-8", "replace") if isinstance(value, bytes) else value for value in row)
    finally:
        database.close()


def in_telegram(api: LoopbackApi, marks: Collection[str]) -> dict[str, Marks]:
    """The marks in any call of the Bot API, by chat."""
    found: dict[str, Marks] = {}
    for call in api.calls:
        if seen := marks_in(f"{call.method} {call.raw}", marks):
            found.setdefault(str(call.params.get("chat_id", "")), set()).update(seen)
    return found


def in_mails(sink: SmtpSink, marks: Collection[str]) -> dict[str, Marks]:
    """The marks in any mail, by recipient: envelope, headers, both parts, and as it came over the wire.

    A mail always contains the address of its recipient: this address is left out.
    """
    found: dict[str, Marks] = {}
    for mail in sink.taken:
        (recipient,) = mail.recipients
        if seen := {mark for mark in marks_in(_all_of(mail), marks) if mark.lower() not in recipient.lower()}:
            found.setdefault(recipient, set()).update(seen)
    return found


def _all_of(mail: Taken) -> str:
    headers = "\n".join(f"{name}: {value}" for name, value in mail.mail.items())
    wire = mail.content.decode("utf-8", "replace")
    return "\n".join([mail.sender, *mail.recipients, headers, mail.text, mail.html, wire])


def links_in(text: str, url: str) -> list[str]:
    """Every link of the bot's pages in a text, in order."""
    return list(dict.fromkeys(re.findall(rf"{re.escape(url)}/[\w/-]*[\w-]", text)))

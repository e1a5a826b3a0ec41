"""Rows to records: every kind with its fields, each field with its reader; all errors of a row at once."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from knowledge_base.codec import TYPES, current
from knowledge_base.ingest import fields as read
from knowledge_base.ingest import languages
from knowledge_base.ingest.limits import MAX_FIELDS
from knowledge_base.ingest.personal_data import masked
from knowledge_base.ingest.persons import office_only, without_persons
from knowledge_base.ingest.row import Row, RowError, shortened
from knowledge_base.model import Event, Json, Record, RecordKind


def _day(value: Json) -> str:
    """Return the date of a date or date-time, as ISO 8601."""
    return read.moment(value)[: len("2026-11-24")]


COMMON = {"id": read.identifier, "municipality": read.line, "topics": read.words}
ORIGIN = {"sources": read.sources, "licence": read.line}

FIELDS: Mapping[RecordKind, Mapping[str, read.Reader]] = {
    RecordKind.PROJECT: COMMON
    | ORIGIN
    | dict.fromkeys(("title", "country", "state", "kind", "funding_round", "status", "period"), read.line)
    | dict.fromkeys(("contact_role",), read.line)
    | dict.fromkeys(("text", "transferability", "funding"), read.text)
    | {"lang": read.language, "url": read.url, "members": read.words, "as_of": _day, "checked": _day}
    | {languages.TRANSLATIONS: languages.translations, languages.ASKED_AS: languages.asked_as},
    RecordKind.MUNICIPALITY: ORIGIN
    | {"id": read.identifier}
    | dict.fromkeys(("name", "state", "country", "kind"), read.line)
    | {"names": read.words, "population": read.whole, "neighbours": read.identifiers, "mail_domains": read.domains}
    | {"latitude": read.within(-90, 90), "longitude": read.within(-180, 180)},
    RecordKind.CONTACT: COMMON
    | dict.fromkeys(("role", "deputy", "legal_basis", "source"), read.line)
    | dict[str, read.Reader](email=read.mail, phone=read.phone, matrix_id=read.matrix_id, projects=read.identifiers),
    RecordKind.EVENT: COMMON
    | ORIGIN
    | {"title": read.line, "text": read.text, "start": read.moment, "end": read.moment, "url": read.url},
}
REQUIRED: Mapping[RecordKind, tuple[str, ...]] = {
    RecordKind.PROJECT: ("id", "title", "text"),
    RecordKind.MUNICIPALITY: ("id", "name"),
    RecordKind.CONTACT: ("id", "role"),
    RecordKind.EVENT: ("id", "title"),
}
_NEVER_MASKED = frozenset({"id", "url", "sources", "start", "end", "lang", "as_of", "checked", "extra"})
_OF_A_ROLE = "contact_role"
_NAMES_OF_PLACES = frozenset({"municipality", "members", "country", "state", "topics"})  # no names of people
_SHOWN = (RecordKind.PROJECT, RecordKind.EVENT)  # kinds with public texts


@dataclass(frozen=True, slots=True)
class ValidRecord:
    """A valid record; ``unknown`` names its fields kept as extra, the others those in which something was masked."""

    record: Record
    line: int
    masked: tuple[str, ...] = ()  # contact data
    persons: tuple[str, ...] = ()  # names of people
    unknown: tuple[str, ...] = ()


def validate(row: Row) -> ValidRecord | list[RowError]:
    """Return the record of a row, or all its errors."""

    def error(field: str, reason: str, remedy: str = "", key: str = "", values: Values = ()) -> RowError:
        return RowError(row.file, row.line, field, reason, remedy, key, values)

    given = {name: value for name, value in row.values.items() if value is not None and value != ""}
    if len(given) > MAX_FIELDS:
        return [error("", f"The record has more than {MAX_FIELDS} fields.")]
    try:
        kind = _kind(given.pop("record", RecordKind.PROJECT))
    except read.FieldRefusedError as refused:
        return [error("record", refused.reason, refused.remedy)]
    if kind is RecordKind.PROJECT:
        given = languages.with_columns(current(kind, given))

    values, errors = _known(kind, given, error)
    extra, more = _extra(kind, given, error)
    errors += more
    refused_fields = {error.field for error in errors}
    errors += [
        error(name, "It is missing.", f"A {kind} needs {', '.join(REQUIRED[kind])}.", "missing")
        for name in REQUIRED[kind]
        if not values.get(name) and name not in refused_fields
    ]
    if errors:
        return errors
    values = {name: value for name, value in values.items() if value != ""}
    record = TYPES[kind](**values | {"extra": extra})
    if isinstance(record, Event) and record.start and record.end and record.end[:10] < record.start[:10]:
        return [error("end", "It lies before the start.")]
    unknown = tuple(sorted(name for name in given if name not in FIELDS[kind] and name != "extra"))
    return _without_contact_data(kind, ValidRecord(record, row.line, unknown=unknown))


def _kind(value: Json) -> RecordKind:
    name = read.line(value).lower()
    if name not in set(RecordKind):
        raise read.FieldRefusedError(
            f"{shortened(name)!r} is not a kind of record.", f"Write one of {', '.join(RecordKind)}."
        )
    return RecordKind(name)


_Error = Callable[..., RowError]
Values = tuple[tuple[str, str | int], ...]


def _known(kind: RecordKind, given: Mapping[str, Json], error: _Error) -> tuple[dict[str, Any], list[RowError]]:
    values, errors = {}, []
    for name, reader in FIELDS[kind].items():
        if name in given:
            try:
                values[name] = reader(given[name])
            except read.FieldRefusedError as refused:
                errors.append(error(name, refused.reason, refused.remedy, refused.key, refused.values))
    return values, errors


def _extra(kind: RecordKind, given: Mapping[str, Json], error: _Error) -> tuple[dict[str, Json], list[RowError]]:
    """Return the fields that the kind does not have; a mapping named ``extra`` (from an export) joins them."""
    nested = given.get("extra", {})
    if not isinstance(nested, dict):
        return {}, [error("extra", "It is not an object.", "Give other fields under their own names.")]
    others = nested | {name: value for name, value in given.items() if name not in FIELDS[kind] and name != "extra"}
    extra, errors = {}, []
    for name, value in others.items():
        try:
            extra[read.line(name)] = read.plain(value)
        except read.FieldRefusedError as refused:
            errors.append(error(shortened(name), refused.reason, refused.remedy))
    return extra, errors


def _without_contact_data(kind: RecordKind, checked: ValidRecord) -> ValidRecord:
    if kind not in _SHOWN:
        return checked
    before = {name: getattr(checked.record, name) for name in FIELDS[kind] if name not in _NEVER_MASKED}
    before |= {"extra": checked.record.extra}
    nameless = {
        name: value
        if name in _NAMES_OF_PLACES
        else _each(value, office_only if name == _OF_A_ROLE else without_persons)
        for name, value in before.items()
    }
    after = {name: _each(value, masked) for name, value in nameless.items()}
    changed = {name: value for name, value in after.items() if value != before[name]}
    return replace(
        checked,
        record=replace(checked.record, **changed),
        masked=tuple(sorted(name for name in after if after[name] != nameless[name])),
        persons=tuple(sorted(name for name in nameless if nameless[name] != before[name])),
    )


def _each(value: Json, mask: Callable[[str], str]) -> Json:
    match value:
        case str():
            return mask(value) if not value.startswith(("http://", "https://")) else value
        case list():
            return [_each(entry, mask) for entry in value]
        case tuple():
            return tuple(_each(entry, mask) for entry in value)
        case dict():
            return {name: _each(entry, mask) for name, entry in value.items()}
        case _:
            return value

"""Records as JSON documents and back; only this module knows how a dataclass becomes a stored body.

A *body* holds only fields that differ from their default, so that equal knowledge gives equal bytes and equal digests.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping
from dataclasses import MISSING, fields
from functools import cache
from typing import Any

from knowledge_base.errors import StoreError
from knowledge_base.model import Contact, Event, Municipality, Project, Record, RecordKind

Body = dict[str, Any]

TYPES: Mapping[RecordKind, type[Record]] = {
    RecordKind.PROJECT: Project,
    RecordKind.MUNICIPALITY: Municipality,
    RecordKind.CONTACT: Contact,
    RecordKind.EVENT: Event,
}


def kind_of(record: Record) -> RecordKind:
    """Return the kind under which ``record`` is stored."""
    return next(kind for kind, cls in TYPES.items() if isinstance(record, cls))


@cache
def defaults(kind: RecordKind) -> Mapping[str, Any]:
    """Return every field of the kind with its default; ``MISSING`` marks a required one."""
    return {f.name: f.default_factory() if f.default_factory is not MISSING else f.default for f in fields(TYPES[kind])}


def to_body(record: Record) -> Body:
    """Return the JSON document of a record; tuples become lists, default values are left out."""
    known = defaults(kind_of(record))
    values = {name: getattr(record, name) for name in known}
    return {name: _as_json(value) for name, value in values.items() if value != known[name]}


def _as_json(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {name: _as_json(entry) for name, entry in value.items()}
    return [_as_json(entry) for entry in value] if isinstance(value, tuple | list) else value


def current(kind: RecordKind, body: Body) -> Body:
    """Return the body as this version writes it: earlier ones kept the members of a project in ``extra``."""
    extra = body.get("extra")
    if kind is not RecordKind.PROJECT or "members" in body or not isinstance(extra, dict):
        return body
    members = extra.get("members")
    if not isinstance(members, list) or not members or not all(isinstance(name, str) for name in members):
        return body
    others = {name: value for name, value in extra.items() if name != "members"}
    rest = {name: value for name, value in body.items() if name != "extra"}
    return rest | {"members": members} | ({"extra": others} if others else {})


def from_body(kind: RecordKind, body: Mapping[str, Any]) -> Record:
    """Return the record of a stored document; keep fields that this version does not know in ``extra``.

    Raise ``StoreError`` when the document is not a record.
    """
    try:
        return _from_body(kind, body)
    except (TypeError, ValueError, AttributeError):
        raise StoreError(
            f"The database is damaged: it holds a {kind} whose fields cannot be read.",
            remedy="Run 'stadtlotse check', which names the row, then import or restore it.",
        ) from None


def _from_body(kind: RecordKind, body: Mapping[str, Any]) -> Record:
    known = defaults(kind)
    values: dict[str, Any] = {
        name: tuple(value) if isinstance(value, list) else value for name, value in body.items() if name in known
    }
    if "asked_as" in values:
        values["asked_as"] = {language: tuple(questions) for language, questions in values["asked_as"].items()}
    unknown = {name: value for name, value in body.items() if name not in known}
    if unknown:
        values["extra"] = {**dict(values.get("extra", {})), **unknown}
    make: Callable[..., Record] = TYPES[kind]
    return make(**values)


def digest(body: Mapping[str, Any]) -> str:
    """Return the SHA-256 of the canonical JSON text: equal digests mean equal knowledge."""
    text = json.dumps(body, sort_keys=True, ensure_ascii=False, separators=(",", ":"))
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()

"""Stored against new, pure: what an import would change, and how it respects what editors changed.

A record is kept twice: ``imported``, as the last import brought it, and ``body``, as it is shown. Where they differ,
an editor spoke. The merge is three-way, field by field: a field that an editor changed stays, every other one follows
the import. A record that an editor removed stays removed.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from knowledge_base.ingest.row import shortened
from knowledge_base.model import RecordKind

_MISSING = object()
_PERSONAL = frozenset({"email", "phone", "matrix_id", "deputy"})  # of contacts: shown to nobody, not even in a dry run


class What(StrEnum):
    """What an import does to a record."""

    ADDED = "added"
    CHANGED = "changed"
    NOTED = "noted"  # the imported version or its source changes, but nothing that is shown
    REMOVED = "removed"


@dataclass(frozen=True, slots=True)
class FieldChange:
    """One field of one record, old and new shortened for reading; personal fields show that they changed only."""

    name: str
    old: str
    new: str


def changed_fields(old: Mapping[str, Any], new: Mapping[str, Any]) -> tuple[str, ...]:
    """The names of the fields that differ, sorted; a missing field is not an empty one."""
    return tuple(sorted(name for name in {*old, *new} if old.get(name, _MISSING) != new.get(name, _MISSING)))


def merged(imported: Mapping[str, Any] | None, body: Mapping[str, Any], new: Mapping[str, Any]) -> dict[str, Any]:
    """The body to show after ``new`` is imported, given the last import (None: an editor made the record) and the
    body shown so far."""
    edited = changed_fields(imported or {}, body)
    result = dict(new)
    for name in edited:
        if name in body:
            result[name] = body[name]
        else:
            result.pop(name, None)
    return result


def field_changes(kind: RecordKind, old: Mapping[str, Any], new: Mapping[str, Any]) -> tuple[FieldChange, ...]:
    """What changes from ``old`` to ``new``, for people to read."""
    return tuple(
        FieldChange(name, _shown(kind, name, old.get(name)), _shown(kind, name, new.get(name)))
        for name in changed_fields(old, new)
    )


def _shown(kind: RecordKind, name: str, value: Any) -> str:
    if value is None:
        return ""
    if kind is RecordKind.CONTACT and name in _PERSONAL:
        return "•••"
    return shortened("; ".join(map(str, value)) if isinstance(value, list) else value)

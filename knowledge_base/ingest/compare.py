"""Stored against new, pure: the changes of an import, and the fields of editors that it keeps.

A record is kept twice: ``imported``, as the last import brought it, and ``body``, as it is shown. Where they differ, an
editor changed it. The merge is three-way, field by field: a field that an editor changed stays, every other one follows
the import. A record that an editor removed stays removed.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from knowledge_base.ingest.row import shortened
from knowledge_base.model import PERSONAL_FIELDS, RecordKind

_MISSING = object()


class ChangeKind(StrEnum):
    """The effect of an import on a record."""

    ADDED = "added"
    CHANGED = "changed"
    NOTED = "noted"  # the imported version or its source changes, the shown body does not
    REMOVED = "removed"


@dataclass(frozen=True, slots=True)
class FieldChange:
    """One changed field of a record, old and new shortened for reading; personal fields show only that they changed."""

    name: str
    old: str
    new: str


def changed_fields(old: Mapping[str, Any], new: Mapping[str, Any]) -> tuple[str, ...]:
    """Return the names of the fields that differ, sorted; a missing field differs from an empty one."""
    return tuple(sorted(name for name in {*old, *new} if old.get(name, _MISSING) != new.get(name, _MISSING)))


def merged(imported: Mapping[str, Any] | None, body: Mapping[str, Any], new: Mapping[str, Any]) -> dict[str, Any]:
    """Return the body to show after ``new`` is imported, given the last import and the present body.

    ``imported`` is None when an editor made the record.
    """
    edited = changed_fields(imported or {}, body)
    result = dict(new)
    for name in edited:
        if name in body:
            result[name] = body[name]
        else:
            result.pop(name, None)
    return result


def field_changes(kind: RecordKind, old: Mapping[str, Any], new: Mapping[str, Any]) -> tuple[FieldChange, ...]:
    """Return the changes from ``old`` to ``new`` in readable form."""
    return tuple(
        FieldChange(name, _shown(kind, name, old.get(name)), _shown(kind, name, new.get(name)))
        for name in changed_fields(old, new)
    )


def _shown(kind: RecordKind, name: str, value: Any) -> str:
    if value is None:
        return ""
    if kind is RecordKind.CONTACT and name in PERSONAL_FIELDS:  # not even in a dry run
        return "•••"
    return shortened("; ".join(map(str, value)) if isinstance(value, list) else value)

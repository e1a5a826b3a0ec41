"""Column types that behave the same on SQLite and PostgreSQL."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import JSON, DateTime, Dialect
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.types import TypeDecorator, TypeEngine

from knowledge_base.errors import StoreError

DAMAGED = "Run 'stadtlotse check', which names the row. Restore a backup, or ask an expert about the damaged file."


def damaged(content: str) -> StoreError:
    """Return the error about an unreadable value; it never quotes the value, which may be personal."""
    return StoreError(f"The database is damaged: it holds {content}.", remedy=DAMAGED)


def _reader(read: Callable[[Any], Any] | None, content: str) -> Callable[[Any], Any] | None:
    """Return ``read`` with errors that quote no value of the database."""
    if read is None:
        return None

    def reader(value: Any) -> Any:
        try:
            return read(value)
        except (ValueError, TypeError, RecursionError):
            raise damaged(content) from None

    return reader


class Document(TypeDecorator[Any]):
    """A JSON document; reading a damaged one raises ``StoreError``."""

    impl = JSON
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        kind = JSONB if dialect.name == "postgresql" else JSON
        return dialect.type_descriptor(kind(none_as_null=True))

    def result_processor(self, dialect: Dialect, coltype: object) -> Callable[[Any], Any] | None:
        return _reader(super().result_processor(dialect, coltype), "a document that is no JSON")


JsonDocument = Document(none_as_null=True)


class UtcDateTime(TypeDecorator[datetime]):
    """An aware moment in UTC.

    SQLite gives back naive values even for ``DateTime(timezone=True)``; this type stores UTC and returns aware UTC on
    both databases. A naive value is a programming error and is refused with ``ValueError``. Reading a damaged value
    raises ``StoreError``.
    """

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("a moment without a time zone cannot be stored")
        return value.astimezone(UTC)

    def process_result_value(self, value: Any, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        moment: datetime = value
        return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)

    def result_processor(self, dialect: Dialect, coltype: object) -> Callable[[Any], Any] | None:
        return _reader(super().result_processor(dialect, coltype), "a moment that cannot be read")

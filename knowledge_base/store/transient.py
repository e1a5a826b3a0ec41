"""Transient errors against errors of the work: the first are retried, the second end in an apology.

Each row of the lists answers one question: could the same work, unchanged, succeed later? It could when the error comes
from the database, the network or another transaction, and not from the request. A lost reply to a COMMIT counts too:
the work may be stored already, so the retry must begin by looking (``Inbox.done``).
"""

from __future__ import annotations

import sqlite3

import psycopg
from sqlalchemy.exc import DBAPIError, PendingRollbackError
from sqlalchemy.exc import TimeoutError as NoConnectionFreeError

from knowledge_base.errors import ChangedMeanwhileError

# SQLSTATE, whole or its class (two characters).
TRANSIENT_STATES = frozenset({
    "08",  # connection lost or refused; a pooler in front of the server says everything with 08P01
    "28",  # login refused: a password or pg_hba.conf is being changed, which is no fault of the work
    "3D000",  # the database is not there: it is being renamed or restored
    "40001",  # serialization failure: another transaction was first
    "40003",  # statement completion unknown
    "40P01",  # deadlock: the server chose this transaction to give way
    "55P03",  # lock timeout: another transaction is slow or frozen
    "57014",  # statement timeout, or an admin cancelled the statement: the server is overloaded
    "57P01", "57P02", "57P03", "57P05",  # the server stops, crashed, or starts; it ended an idle session
    "25P03", "25P04",  # the server ended a transaction that stood still or took too long: the process was held up
    "25006",  # read-only: after a fail-over the old primary is a standby; a provider's disk is nearly full
    "53000", "53100", "53200", "53300",  # disk, memory or places for connections are used up
    "58000", "58030",  # the server's system or its disk fails; storage comes back
    "23503",  # a row that this work refers to was deleted meanwhile (two persons were merged): look again
    "23505",  # another transaction stored the same first: look again, and find it
})  # fmt: skip
FOLLOWS = "25P02"  # "current transaction is aborted": the error before it decides

# Primary result codes, the lowest byte of the extended ones.
TRANSIENT_CODES = frozenset({
    sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED, sqlite3.SQLITE_PROTOCOL,  # another connection holds the file
    sqlite3.SQLITE_FULL, sqlite3.SQLITE_NOMEM,  # disk or memory is used up
    sqlite3.SQLITE_IOERR, sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_READONLY,  # the disk is away, or mounted read-only
    sqlite3.SQLITE_INTERRUPT,  # stopped from outside
})  # fmt: skip
RACED = frozenset({  # as 23503 and 23505
    sqlite3.SQLITE_CONSTRAINT_FOREIGNKEY, sqlite3.SQLITE_CONSTRAINT_UNIQUE, sqlite3.SQLITE_CONSTRAINT_PRIMARYKEY,
})  # fmt: skip


def is_transient(error: BaseException) -> bool:
    """Return whether the same work can succeed later; False for errors outside the database.

    Damaged data, a wrong schema and refused values are not transient. Callers bound the number of retries.
    """
    match error:
        case BaseExceptionGroup():
            return all(is_transient(inner) for inner in error.exceptions)
        case NoConnectionFreeError() | PendingRollbackError() | ChangedMeanwhileError():
            return True  # the pool has no free place; work went on after its connection was lost; raced
        case DBAPIError():
            return error.connection_invalidated or (error.orig is not None and is_transient(error.orig))
        case psycopg.Error():
            return _of_postgresql(error)
        case sqlite3.Error():
            return _of_sqlite(error)
    return False


def _of_postgresql(error: psycopg.Error) -> bool:
    state = error.sqlstate
    if state == FOLLOWS:
        return _first_was(error)
    if state is None:  # no answer of the server: the connection is lost, or was never made
        return isinstance(error, psycopg.OperationalError)
    return state in TRANSIENT_STATES or state[:2] in TRANSIENT_STATES


def _of_sqlite(error: sqlite3.Error) -> bool:
    code = getattr(error, "sqlite_errorcode", None)
    return code is not None and (code & 0xFF in TRANSIENT_CODES or code in RACED)


def _first_was(error: BaseException) -> bool:
    """Return whether an error that this one follows from is transient."""
    before = error.__cause__ or error.__context__
    while before is not None:
        if is_transient(before):
            return True
        before = before.__cause__ or before.__context__
    return False

"""Read what a client says to PostgreSQL: which statements it runs, and which transaction they belong to."""

from __future__ import annotations

import struct

_STARTUP_REQUESTS = (80877103, 80877104)  # for TLS and GSSAPI: the startup message comes after the server's no
_HEADER = struct.Struct("!cI")


class Statements:
    """Statements of one connection. Feed it the client's bytes, in pieces of any size."""

    def __init__(self) -> None:
        self.transaction: list[str] = []  # statements since the last BEGIN, the newest last
        self._started = False
        self._prepared: dict[bytes, str] = {}
        self._rest = b""

    def feed(self, data: bytes) -> int:
        """Read on; return how many statements these bytes complete."""
        self._rest += data
        count = 0
        while message := self._next():
            statement = self._statement(*message)
            if statement is not None:
                self._run(statement)
                count += 1
        return count

    @property
    def commits(self) -> bool:
        """True if the newest statement is a COMMIT."""
        return bool(self.transaction) and self.transaction[-1].upper().startswith("COMMIT")

    def _next(self) -> tuple[bytes, bytes] | None:
        """Take the next whole message off the bytes: its kind and its body."""
        while not self._started:
            if len(self._rest) < 8 or len(self._rest) < int.from_bytes(self._rest[:4]):
                return None
            length, request = struct.unpack_from("!II", self._rest)
            self._rest = self._rest[length:]
            self._started = request not in _STARTUP_REQUESTS
        if len(self._rest) < _HEADER.size:
            return None
        kind, length = _HEADER.unpack_from(self._rest)
        if len(self._rest) <= length:
            return None
        body, self._rest = self._rest[_HEADER.size : length + 1], self._rest[length + 1 :]
        return kind, body

    def _statement(self, kind: bytes, body: bytes) -> str | None:
        """Return the statement that a message runs; ``None`` for all other messages."""
        if kind == b"Q":
            return body.rstrip(b"\0").decode()
        if kind == b"P":
            name, text, _ = body.split(b"\0", 2)
            self._prepared[name] = text.decode()
        if kind == b"B":
            _, name, _ = body.split(b"\0", 2)
            return self._prepared.get(name, "")
        return None

    def _run(self, statement: str) -> None:
        if statement.upper().startswith("BEGIN"):
            self.transaction = []
        self.transaction.append(statement)

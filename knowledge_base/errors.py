"""The error tree: one class for each thing that a caller can do about it.

    StadtlotseError
     ├── InputError      the data or command given is wrong: fix it and try again
     ├── SettingsError   the configuration is wrong: fix it and start again   (config.settings)
     ├── StoreError      the database is unreachable, too new, or broken
     │    └── ChangedMeanwhileError   another transaction was faster: do the whole work again
     ├── ModelError      the embedding model cannot be loaded or run
     └── ChannelError    a network did not take a message                      (bot.channels.port)

A message says what is wrong, *where*, and what to do; it never holds a secret or a person's data. The cause stays
in ``__cause__``.
"""

from __future__ import annotations


class StadtlotseError(Exception):
    """Base of all errors that are explained to the operator.

    ``remedy`` is one sentence that says what to do; it is shown after the message.
    """

    def __init__(self, message: str, *, remedy: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.remedy = remedy

    def __str__(self) -> str:
        return f"{self.message} {self.remedy}".strip()


class InputError(StadtlotseError):
    """A file, a row or an argument that cannot be used."""


class StoreError(StadtlotseError):
    """A database that cannot be reached, has another schema, or is damaged."""


class ChangedMeanwhileError(StoreError):
    """A change by another transaction to data that this work is based on; the same work can succeed when repeated."""


class ModelError(StadtlotseError):
    """An embedding model that cannot be loaded or run."""

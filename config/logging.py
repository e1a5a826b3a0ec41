"""Structured logging: events with fields, never prose, user texts or secrets.

One line is one event with a fixed name and ids of messages. A filter in front of every handler masks tokens, passwords,
mail addresses, and the ids of accounts and rooms. It also masks them in messages of libraries and in exceptions. It
recognises them by their shape, by the name of their field, and by ``HIDDEN``.

An account is masked as ``[user 1f3a09]``. The mark of an account stays the same until the process ends.
"""

from __future__ import annotations

import hmac
import logging
import os
import re
import sys
import traceback
from collections.abc import Callable, Iterable, Mapping, MutableMapping
from time import monotonic
from typing import Any, Literal

import structlog

SECRETS = re.compile(
    r"(?P<telegram>\b(?:bot)?\d{6,12}:[A-Za-z0-9_-]{30,})"
    r"|(?P<matrix>\b(?:syt|mat|mct|syr)_[A-Za-z0-9_\-.~]{8,})"
    r"|(?P<bearer>(?i:bearer)\s+[A-Za-z0-9._~+/=-]{8,})"
    r"|(?P<password>(?<=://)[^\s:@/]+:[^\s@/]+(?=@))"
    r"|(?P<mail>[\w.+'!#$&*=?^{|}~-]+(?:@|%40)[\w-]+(?:\.[\w-]+)+)"
)
SERVER = r"(?::|%3A)(?:\[[0-9A-Fa-f:.]+\]|[\w.-]*\w)(?:(?::|%3A)\d+)?"
ACCOUNTS = re.compile(
    rf"(?P<user>(?:@|%40)[^\s:%@\"'<>(){{}},]+{SERVER})"
    rf"|(?P<room>(?:!|%21|#|%23)[^\s:%!\"'<>(){{}},/]+{SERVER}|(?:!|%21)[A-Za-z0-9_-]{{43}}(?![\w-]))",
    re.IGNORECASE,
)
NUMBERS = re.compile(r"(?<![\w.:$-])(?P<number>-?\d{6,16})(?![\w:]|[.-]\w)")  # accounts and chats of Telegram, phones
NAMED_NUMBERS = re.compile(
    r"(?P<name>\b(?:user|chat|sender|account|telegram)(?:_?id)?\b['\")]*\s?[=:,]\s?['\"(]*)(?P<id>-?\d+)", re.IGNORECASE
)
FIELDS = {  # fields with ids of accounts and rooms as values → the name of their kind
    **dict.fromkeys(("user", "user_id", "sender", "account", "person", "address", "recipient", "devices"), "user"),
    **dict.fromkeys(("room", "room_id", "chat", "chat_id", "conversation"), "room"),
}
OF_MESSAGES = frozenset({"event_id", "outbox_id", "timestamp"})  # long numbers in these fields are not accounts
TRACEBACK_EVERY_S = 3600.0
MOST_ERRORS = 100  # kinds of errors that are counted
HIDDEN = "_hidden"  # bind it (``structlog.contextvars``) to ids that nothing of what is logged meanwhile may hold

_salt = os.urandom(16)


_known: set[str] = set()


def hide(secrets: Iterable[str]) -> None:
    """Mask these values from now on, in every log line."""
    _known.update(secret for secret in secrets if len(secret) > 5)


def redact(text: str, *, numbers: bool = True) -> str:
    """Return the text with secrets, addresses and ids of accounts replaced by the name of their kind.

    With ``numbers``, long numbers are masked as well: they may be a Telegram account or a phone number.
    """
    for secret in _known:
        text = text.replace(secret, "[secret]")
    text = SECRETS.sub(lambda match: f"[{match.lastgroup}]", text)
    text = ACCOUNTS.sub(lambda match: _mark(match.lastgroup or "", match[0]), text)
    text = NAMED_NUMBERS.sub(lambda match: match["name"] + _mark("user", match["id"]), text)
    return NUMBERS.sub(lambda match: _mark("user", match[0]), text) if numbers else text


def _mark(kind: str, value: str) -> str:
    """Return a mark that links the log lines of one account until the process ends; others cannot reproduce it."""
    return f"[{kind} {hmac.digest(_salt, value.encode('utf-8', 'surrogatepass'), 'sha256').hex()[:6]}]"


def set_up(level: str, style: Literal["auto", "json", "console"]) -> None:
    """Send every log message, those of libraries included, through one formatter to stderr."""
    console = style == "console" or (style == "auto" and sys.stderr.isatty())
    shared: list[Any] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        Repeated(),
        structlog.processors.format_exc_info,
        _redact_event,
    ]
    structlog.configure(
        processors=[*shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        wrapper_class=structlog.stdlib.BoundLogger,
        logger_factory=structlog.stdlib.LoggerFactory(),
        cache_logger_on_first_use=False,
    )
    renderer: Any = (
        structlog.dev.ConsoleRenderer(colors=sys.stderr.isatty()) if console else structlog.processors.JSONRenderer()
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared, processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, renderer]
        )
    )
    root = logging.getLogger()
    root.handlers = [handler]
    root.setLevel(level)
    for noisy in (
        "httpx",
        "httpcore",
        "aiosqlite",
        "sqlalchemy",
        "alembic",
        "psycopg",
        "uvicorn",
        "telegram",
        "peewee",
    ):
        logging.getLogger(noisy).setLevel(max(logging.WARNING, root.level))
    logging.getLogger("nio").setLevel(logging.CRITICAL)  # nio quotes the events that it cannot read


class Repeated:
    """A processor that writes the traceback of an error once per hour; after that, its class and how often it came.

    An outage fails the same work every few seconds, for as long as it lasts.
    """

    def __init__(self, clock: Callable[[], float] = monotonic) -> None:
        self._clock = clock
        self._seen: dict[tuple[str, ...], tuple[float, int]] = {}  # error → its last traceback, times since

    def __call__(self, _logger: object, _method: str, event: MutableMapping[str, Any]) -> Mapping[str, Any]:
        given = event.get("exc_info")
        error = sys.exc_info()[1] if given is True else given[1] if isinstance(given, tuple) else given
        if not isinstance(error, BaseException):
            return event
        way = (f"{frame.filename}:{frame.lineno}" for frame in traceback.extract_tb(error.__traceback__))
        key, now = (str(event.get("event")), type(error).__name__, *way), self._clock()
        written, times = self._seen.get(key, (-TRACEBACK_EVERY_S, 0))
        if now - written >= TRACEBACK_EVERY_S:
            self._seen = {} if len(self._seen) >= MOST_ERRORS else self._seen
            self._seen[key] = (now, 1)
            return event
        self._seen[key] = (written, times + 1)
        del event["exc_info"]
        event.setdefault("error", type(error).__name__)
        event["times"] = times + 1
        return event


def _redact_event(_logger: object, _method: str, event: MutableMapping[str, Any]) -> Mapping[str, Any]:
    hidden = [value for value in event.pop(HIDDEN, ()) if value]
    return {name: _redacted(name, value, hidden) for name, value in event.items()}


def _redacted(name: str, value: Any, hidden: Iterable[str]) -> Any:
    """Return a value with secrets masked at every depth. Keys that begin with ``_`` belong to structlog."""
    if value is None or isinstance(value, bool) or name.startswith("_"):
        return value
    if isinstance(value, Mapping):
        return {redact(str(key)): _redacted(str(key), item, hidden) for key, item in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [_redacted(name, item, hidden) for item in value]
    if name in FIELDS:
        return _mark(FIELDS[name], str(value))
    if isinstance(value, int | float):
        return value
    text = str(value)
    for secret in hidden:
        text = re.sub(rf"(?<!\w){re.escape(secret)}(?!\w)", lambda match: _mark("user", match[0]), text)
    return redact(text, numbers=name not in OF_MESSAGES)

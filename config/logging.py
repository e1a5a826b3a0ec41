"""Logging: events with fields, never prose, never texts of people, never secrets.

One line is one event with a fixed name and ids of messages. A filter in front of every handler masks what must never be
written, even when a library logs it on its own or an exception quotes it: tokens, passwords, mail addresses, and the
ids of accounts and rooms. It knows them by their shape, by the name of their field, and by ``HIDDEN``.

An account is masked as ``[user 1f3a09]``: the same one is the same mark until the process ends, and nothing after.
"""

from __future__ import annotations

import hmac
import logging
import os
import re
import sys
from collections.abc import Iterable, Mapping, MutableMapping
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
FIELDS = {  # whose values are ids of accounts and rooms, whatever they look like → what they are
    **dict.fromkeys(("user", "user_id", "sender", "account", "person", "address", "recipient", "devices"), "user"),
    **dict.fromkeys(("room", "room_id", "chat", "chat_id", "conversation"), "room"),
}
OF_MESSAGES = frozenset({"event_id", "outbox_id", "timestamp"})  # fields whose long numbers are no accounts
HIDDEN = "_hidden"  # bind it (``structlog.contextvars``) to ids that nothing of what is logged meanwhile may hold

_salt = os.urandom(16)


_known: set[str] = set()


def hide(secrets: Iterable[str]) -> None:
    """These values are masked from now on, whatever they look like."""
    _known.update(secret for secret in secrets if len(secret) > 5)


def redact(text: str, *, numbers: bool = True) -> str:
    """The text with secrets, addresses and ids of accounts replaced by the name of their kind.

    ``numbers``: mask long numbers, too, which may be an account of Telegram or a phone.
    """
    for secret in _known:
        text = text.replace(secret, "[secret]")
    text = SECRETS.sub(lambda match: f"[{match.lastgroup}]", text)
    text = ACCOUNTS.sub(lambda match: _mark(match.lastgroup or "", match[0]), text)
    text = NAMED_NUMBERS.sub(lambda match: match["name"] + _mark("user", match["id"]), text)
    return NUMBERS.sub(lambda match: _mark("user", match[0]), text) if numbers else text


def _mark(kind: str, value: str) -> str:
    """A mark by which lines on the same account can be told, while the process lives and by nobody else."""
    return f"[{kind} {hmac.digest(_salt, value.encode('utf-8', 'surrogatepass'), 'sha256').hex()[:6]}]"


def set_up(level: str, style: Literal["auto", "json", "console"]) -> None:
    """Send everything, the libraries' messages too, through one formatter to stderr."""
    console = style == "console" or (style == "auto" and sys.stderr.isatty())
    shared: list[Any] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
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
    logging.getLogger("nio").setLevel(logging.CRITICAL)  # it quotes the events that it cannot read


def _redact_event(_logger: object, _method: str, event: MutableMapping[str, Any]) -> Mapping[str, Any]:
    hidden = [one for one in event.pop(HIDDEN, ()) if one]
    return {name: _redacted(name, value, hidden) for name, value in event.items()}


def _redacted(name: str, value: Any, hidden: Iterable[str]) -> Any:
    """A value without what must not be written, however deep in it; ``_`` begins what structlog keeps for itself."""
    if value is None or isinstance(value, bool) or name.startswith("_"):
        return value
    if isinstance(value, Mapping):
        return {redact(str(key)): _redacted(str(key), one, hidden) for key, one in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [_redacted(name, one, hidden) for one in value]
    if name in FIELDS:
        return _mark(FIELDS[name], str(value))
    if isinstance(value, int | float):
        return value
    text = str(value)
    for one in hidden:
        text = re.sub(rf"(?<!\w){re.escape(one)}(?!\w)", lambda match: _mark("user", match[0]), text)
    return redact(text, numbers=name not in OF_MESSAGES)

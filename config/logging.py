"""Logging: events with fields, never prose, never texts of people, never secrets.

One line is one event with a fixed name and ids. A filter in front of every handler masks what must never be written
even when a library logs it on its own: bot tokens, access tokens, e-mail addresses.
"""

from __future__ import annotations

import logging
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
    r"|(?P<mail>[\w.+-]+@[\w-]+(?:\.[\w-]+)+)"
)


_known: set[str] = set()


def hide(secrets: Iterable[str]) -> None:
    """These values are masked from now on, whatever they look like."""
    _known.update(secret for secret in secrets if len(secret) > 5)


def redact(text: str) -> str:
    """The text with secrets and e-mail addresses replaced by the name of their kind."""
    for secret in _known:
        text = text.replace(secret, "[secret]")
    return SECRETS.sub(lambda match: f"[{match.lastgroup}]", text)


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
    for noisy in ("httpx", "httpcore", "aiosqlite", "sqlalchemy", "alembic", "uvicorn", "telegram", "peewee"):
        logging.getLogger(noisy).setLevel(max(logging.WARNING, root.level))
    logging.getLogger("nio").setLevel(logging.CRITICAL)  # it quotes the events that it cannot read


def _redact_event(_logger: object, _method: str, event: MutableMapping[str, Any]) -> Mapping[str, Any]:
    return {name: redact(value) if isinstance(value, str) else value for name, value in event.items()}

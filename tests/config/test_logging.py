"""The log never holds a secret."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
import structlog

from config.logging import HIDDEN, MOST_ERRORS, TRACEBACK_EVERY_S, Repeated, redact, set_up

TOKEN = "123456789:AAF-abcdefghijklmnopqrstuvwxyz012345"


@pytest.mark.parametrize(
    "secret",
    [
        TOKEN,
        "syt_Ym90_abcdefghij_0123",
        "Bearer abcdef0123456789",
        "role@stadt.example",
        "s3cret",
    ],
)
def test_secrets_are_masked(secret: str) -> None:
    text = f"postgresql://bot:{secret}@db/x" if secret == "s3cret" else f"GET https://api/{secret}/getMe bot {secret}"
    assert secret not in redact(text)


def test_secrets_in_library_logs_and_exceptions_are_masked(capsys: pytest.CaptureFixture[str]) -> None:
    before = logging.getLogger().handlers
    try:
        set_up("DEBUG", "json")
        logging.getLogger("some.library").info("calling /bot%s/getMe", TOKEN)
        try:
            raise ValueError(f"no such user: role@stadt.example, token {TOKEN}")  # noqa: TRY301
        except ValueError:
            structlog.get_logger().exception("it.failed", event_id="$1")
    finally:
        logging.getLogger().handlers = before
    lines = capsys.readouterr().err
    assert TOKEN not in lines
    assert "role@stadt.example" not in lines
    events = [json.loads(line) for line in lines.splitlines()]
    assert events[-1]["event"] == "it.failed"
    assert events[-1]["event_id"] == "$1"


def test_debug_lines_of_libraries_with_data_are_not_logged(capsys: pytest.CaptureFixture[str]) -> None:
    """At DEBUG some libraries write every statement with its values, or every request with its address."""
    before = logging.getLogger().handlers
    try:
        set_up("DEBUG", "json")
        for library in (
            "httpx",
            "httpcore.http11",
            "aiosqlite",
            "sqlalchemy.engine",
            "telegram.ext",
            "peewee",
            "nio.rooms",
        ):
            logging.getLogger(library).debug("UPDATE accounts SET account = %s", "zwitscher")
    finally:
        logging.getLogger().handlers = before
    assert "zwitscher" not in capsys.readouterr().err


@contextmanager
def logged(capsys: pytest.CaptureFixture[str]) -> Iterator[list[dict[str, Any]]]:
    """Log at DEBUG in the block; after it the list holds the lines."""
    root = logging.getLogger()
    before, level, structured = root.handlers, root.level, structlog.get_config()
    lines: list[dict[str, Any]] = []
    try:
        set_up("DEBUG", "json")
        yield lines
    finally:
        root.handlers = before
        root.setLevel(level)
        structlog.configure(**structured)
    lines += [json.loads(line) for line in capsys.readouterr().err.splitlines()]


@pytest.mark.parametrize(
    ("account", "text"),
    [
        ("@anna.k-1:stadt.example", "no keys of @anna.k-1:stadt.example, yet"),
        ("anna", "GET https://hs.example/_matrix/client/v3/profile/%40anna%3Astadt.example%3A8448/displayname"),
        ("anna", "see https://matrix.to/#/@anna:[2001:db8::1]:8448"),
        ("!qWertZ", "(room='!qWertZ:stadt.example')"),
        ("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopq", "in !ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopq: refused"),
        ("qWertZ", "PUT /rooms/%21qWertZ%3Astadt.example/send/m.room.encrypted/17"),
        ("123456789", "Forbidden: user 123456789 is deactivated"),
        ("1001234567890", "chat_id=-1001234567890"),
        ("5000", "DETAIL:  Key (channel, user_id)=(telegram, 5000) already exists."),
        ("5000", "KeyError: 'telegram:5000'"),
        ("5000", '{"chat_id": 5000, "text": ""}'),
        ("7391846", "tel:+49 355 7391846"),
        ("o'neill", "to o'neill@stadt.example"),
        ("anna.k", "mailto:anna.k%40stadt.example"),
    ],
)
def test_ids_of_accounts_and_rooms_are_masked(account: str, text: str) -> None:
    assert account not in redact(text)


@pytest.mark.parametrize(
    "text",
    ["2026-11-30T08:00:00.123456+00:00", "search.refreshed", "0x7f93dc5cdf10", "$Wk3:event", "line 120, in wait",
     "knowledge_base/store/people.py", "duplicate key value violates unique constraint \"pk_account\""],
)  # fmt: skip
def test_text_without_an_account_is_not_masked(text: str) -> None:
    assert redact(text) == text


def test_log_fields_that_name_accounts_are_masked_whatever_their_value(capsys: pytest.CaptureFixture[str]) -> None:
    with logged(capsys) as lines:
        log = structlog.get_logger()
        log.info(
            "a.b", user="zwitscher", room=5555, chat_id=5555, devices=["zwitscher X"], count=7, event_id="123456789"
        )
        log.info("a.b", user="zwitscher", reasons=["of @zwitscher:stadt.example"], more={"sender": "zwitscher"})
    first, second = lines
    assert "zwitscher" not in f"{first}{second}"
    assert "5555" not in f"{first['room']}{first['chat_id']}"
    assert first["user"] == second["user"]
    assert (first["count"], first["event_id"]) == (7, "123456789")


def test_words_hidden_during_a_task_are_masked_only_in_its_log_lines(capsys: pytest.CaptureFixture[str]) -> None:
    with logged(capsys) as lines:
        with structlog.contextvars.bound_contextvars(**{HIDDEN: ("5000", "kim", "")}):
            try:
                raise ValueError("5000 is not kim, but 15000 may be kimono")  # noqa: TRY301
            except ValueError:
                structlog.get_logger().exception("it.failed")
        logging.getLogger("other").warning("nothing is hidden from 5000")
    first, second = lines
    assert HIDDEN not in first
    assert " 5000" not in first["exception"]
    assert "kim," not in first["exception"]
    assert "15000 may be kimono" in first["exception"]
    assert second["event"] == "nothing is hidden from 5000"


def test_exception_logged_by_a_library_is_masked(capsys: pytest.CaptureFixture[str]) -> None:
    with logged(capsys) as lines:
        try:
            raise ValueError("@anna:stadt.example")  # noqa: TRY301
        except ValueError:
            logging.getLogger("asyncio").exception("Task of %s failed", "123456789")
    (line,) = lines
    assert "anna" not in f"{line}"
    assert "123456789" not in f"{line}"
    assert "ValueError" in line["exception"]


def test_traceback_of_an_error_is_written_once_per_hour_and_then_counted() -> None:
    now = [0.0]
    repeated = Repeated(lambda: now[0])

    def failed(event: str, error: Exception) -> dict[str, Any]:
        try:
            raise error  # noqa: TRY301
        except Exception:  # noqa: BLE001 - as a loop of the bot catches it
            return dict(repeated(None, "error", {"event": event, "exc_info": True}))

    assert "exc_info" in failed("tick.failed", OSError("away"))
    assert failed("tick.failed", OSError("away")) == {"event": "tick.failed", "error": "OSError", "times": 2}
    assert failed("tick.failed", OSError("still away"))["times"] == 3
    assert "exc_info" in failed("tick.failed", ValueError("another error"))
    assert "exc_info" in failed("channel.broke", OSError("another event"))
    now[0] = TRACEBACK_EVERY_S
    assert "exc_info" in failed("tick.failed", OSError("away"))
    assert repeated(None, "info", {"event": "no.error"}) == {"event": "no.error"}


def test_kinds_of_errors_that_are_counted_are_bounded() -> None:
    repeated = Repeated(lambda: 0.0)
    for number in range(3 * MOST_ERRORS):
        repeated(None, "error", {"event": f"failed.{number}", "exc_info": OSError("away")})
    assert len(repeated._seen) <= MOST_ERRORS

"""Nothing secret is ever written."""

from __future__ import annotations

import json
import logging

import pytest
import structlog

from config.logging import redact, set_up

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


def test_libraries_and_exceptions_are_masked_too(capsys: pytest.CaptureFixture[str]) -> None:
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


def test_what_libraries_say_of_their_data_is_not_said(capsys: pytest.CaptureFixture[str]) -> None:
    """At DEBUG some of them write every statement with its values, or every request with its address."""
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

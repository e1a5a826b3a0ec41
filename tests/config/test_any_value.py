"""Every value of every setting is accepted, or refused with the name of the setting: never a traceback."""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from bot.channels.email import EmailChannel
from bot.channels.email.address import named
from bot.channels.matrix import MatrixChannel
from bot.channels.matrix.http import Server
from bot.channels.telegram import Menu, TelegramChannel
from bot.features.privacy.processors import unnamed
from bot.outgoing.links import Links
from bot.texts import Texts
from bot.web.pages.guard import Guard
from bot.web.server import listening_socket
from config.settings import Settings, SettingsError, describe, load, secrets, variable
from knowledge_base.errors import StadtlotseError
from knowledge_base.store.backup.create import database_file
from knowledge_base.store.database import create_engine, driver_url
from knowledge_base.store.state_folder import prepare

NAMES = [dotted for dotted, *_ in describe()]
NASTY = (
    "", " ", "\0", "\ud800", "\n", "a\r\nb", ":", "@", "lotse:@stadt.de", "lotse@", "@stadt.de", "a@b@c", "<a@b",
    "a@b>", '"a@b.de', "a@[", "a@[1", "a..b@c", "=?utf-8?q?=?=@x", "(a@b", "a@b (c", "é@ü.de", "a@\u2100",
    "x" * 300 + "@b.de", "http://[", "https://[", "https://[::1", "https://a:b", "https://a:99999",
    "https://\u2100.de", "https://", "http:///bot", "https://[/bot", "https://a:b/bot", "https://\ud800/bot",
    "sqlite://", "sqlite:///", "sqlite:///\0", "sqlite:///:memory:", "sqlite:////proc/none/x.db", "postgresql://",
    "postgresql://h:port/db", "postgresql://[::1/db", "postgresql://u:p@h/d?x=%",
    "postgresql://h/db?connect_timeout=abc", "postgresql://%zz@h/d", "mysql://x", "{", "[", '{"a": 1}', "[1",
    "null", "NaN", "inf", "-1", "1e400", "9" * 5000, "0x10", "true", "matrix:@a:b", "matrix:", ":x", "a:b,:", ",",
    "1,x", "1,,2", "999.1.1.1", "::1%eth0", "fe80::1", "256", "." * 70, "a" * 70 + ".de", "-a.de", "a b", "\u202e",
    "change-me",
)  # fmt: skip
longer = st.tuples(st.sampled_from(NASTY), st.text(max_size=5)).map("".join)
texts = st.sampled_from(NASTY) | st.text(max_size=30) | longer
scalars = texts | st.none() | st.booleans() | st.integers() | st.floats()
values = scalars | st.lists(scalars, max_size=3) | st.dictionaries(st.text(max_size=4), scalars, max_size=2)
often = settings(max_examples=200, deadline=None, suppress_health_check=list(HealthCheck))


@pytest.fixture(autouse=True)
def _no_settings_from_outside(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)  # some values are names of folders
    for name in os.environ:
        if name.startswith("STADTLOTSE_"):
            monkeypatch.delenv(name)


def used(settings: Settings) -> None:
    """Run what reads the settings when the bot starts, as far as it opens no connection."""
    create_engine(driver_url(settings.database_url))
    database_file(settings.database_url)
    for url in (settings.web.public_url, settings.telegram.api_base_url):
        Guard(url)
        Links(url, b"")
    if settings.web.enabled:
        listening_socket(settings.web.bind, 0).close()
    if settings.smtp.sender:
        named(settings.smtp.sender)
        EmailChannel(settings, Texts())
    if settings.smtp.reply_to:
        named(settings.smtp.reply_to)
    if settings.telegram.token:
        TelegramChannel(settings, Menu({}, frozenset()))
    if settings.matrix.homeserver:
        Server(settings.matrix.homeserver)
        MatrixChannel(settings.matrix, settings.state_dir, admins=settings.admins, reset_identity=False, stays=False)
    unnamed(settings)
    list(settings.secret_values())


def checked(dotted: str) -> None:
    """Load the settings: a refusal names the setting, and accepted values can be used."""
    result, problems = None, []
    try:
        result = load()
    except SettingsError as error:
        problems = error.problems
    section = dotted.partition(".")[0]
    assert result or any(dotted in one or variable(dotted) in one or section in one for one in problems), problems
    if result:
        with suppress(StadtlotseError):
            used(result)


@often
@given(name=st.sampled_from(NAMES), value=texts)
@example(name="smtp.sender", value="lotse:@stadt.de")
@example(name="smtp.reply_to", value="lotse:@stadt.de")
@example(name="database.url", value="sqlite://host/x.db")
@example(name="database.url", value="sqlite://?x")
@example(name="database.url", value="postgresql://h/d?a=1&a=2")
def test_every_value_in_the_environment_is_accepted_or_refused_by_name(name: str, value: str) -> None:
    raw = value.encode("utf-8", "surrogatepass").replace(b"\0", b"")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv(variable(name), os.fsdecode(raw))
        checked(name)


def with_rest(name: str, value: Any) -> dict[str, Any]:
    """The setting in a file, with the other settings that its section needs."""
    section, _, last = name.rpartition(".")
    complete: dict[str, dict[str, Any]] = {
        "smtp": {"host": "mail.stadt.example", "sender": "a@stadt.example"},
        "matrix": {"homeserver": "https://m.example", "access_token": "x"},
        "telegram": {"token": "1:a"},
    }
    return {section: {**complete.get(section, {}), last: value}} if section else {last: value}


@often
@given(name=st.sampled_from(NAMES), value=values)
@example(name="smtp.sender", value="lotse:@stadt.de")
@example(name="state_dir", value="\0")
@example(name="database.url", value="postgresql://h:port/db")
@example(name="web.bind", value="." * 70)
@example(name="telegram.api_base_url", value="https://[/bot")
@example(name="matrix.homeserver", value="https://[")
@example(name="web.public_url", value="https://[")
def test_every_value_in_the_file_is_accepted_or_refused_by_name(name: str, value: Any) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("config.settings._from_file", lambda _path, _problems: with_rest(name, value))
        patch.setenv("STADTLOTSE_CONFIG", "bot.toml")
        checked(name)


@often
@given(section=st.sampled_from(sorted({name.partition(".")[0] for name in NAMES})), value=values)
def test_every_value_in_place_of_a_section_is_accepted_or_refused_by_name(section: str, value: Any) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("config.settings._from_file", lambda _path, _problems: {section: value})
        patch.setenv("STADTLOTSE_CONFIG", "bot.toml")
        checked(section)


@often
@given(section=st.sampled_from(sorted({name.partition(".")[0] for name in NAMES if "." in name})), value=texts)
@example(section="smtp", value="{")
@example(section="smtp", value="x")
def test_every_section_in_the_environment_is_accepted_or_refused_by_name(section: str, value: str) -> None:
    raw = value.encode("utf-8", "surrogatepass").replace(b"\0", b"")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv(variable(section), os.fsdecode(raw))
        checked(section)


@pytest.mark.parametrize("secret", secrets())
@pytest.mark.parametrize("value", [5, "x", [1], None, True])
def test_secret_file_next_to_an_invalid_section_is_refused_by_name(
    secret: str, value: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "secret"
    file.write_bytes(b"abc\xff")
    for content in (b"abc", b"abc\xff", b"\0"):
        file.write_bytes(content)
        monkeypatch.setenv(f"{variable(secret)}_FILE", str(file))
        monkeypatch.setattr("config.settings._from_file", lambda _path, _problems: {secret.partition(".")[0]: value})
        monkeypatch.setenv("STADTLOTSE_CONFIG", "bot.toml")
        checked(secret)


@pytest.mark.parametrize("path", ["\0", "a\0b", "", "x" * 5000, "/", "/proc/self/mem"])
def test_unusable_path_of_the_settings_file_is_refused(path: str) -> None:
    with pytest.raises(SettingsError):
        load(Path(path))


@pytest.mark.parametrize("folder", ["/dev/null", "/proc/none", "/dev/null/x"])
def test_unusable_state_folder_is_refused_by_name(folder: str) -> None:
    with pytest.raises(StadtlotseError, match="STADTLOTSE_STATE_DIR"):
        prepare(Path(folder))

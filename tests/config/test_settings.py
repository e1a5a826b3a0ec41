"""Settings from every source; all problems are reported at once."""

from __future__ import annotations

from contextlib import nullcontext
from pathlib import Path

import pytest
from pydantic import ValidationError

from config.settings import Settings, SettingsError, describe, load


@pytest.fixture(autouse=True)
def _no_settings_from_outside(monkeypatch: pytest.MonkeyPatch) -> None:
    for _, variable, _, _ in describe():
        monkeypatch.delenv(variable, raising=False)
    monkeypatch.delenv("STADTLOTSE_CONFIG", raising=False)


def test_settings_load_without_file_and_environment() -> None:
    settings = load()
    assert settings.database_url == "sqlite:///var/stadtlotse.db"
    assert settings.embedding.engine == "embedded"


def test_environment_overrides_the_settings_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "bot.toml"
    file.write_text('admins = ["terminal:a"]\n[limits]\nquestions_per_hour = 5\n[web]\nport = 9000\n')
    monkeypatch.setenv("STADTLOTSE_CONFIG", str(file))
    monkeypatch.setenv("STADTLOTSE_LIMITS__QUESTIONS_PER_HOUR", "0")
    settings = load()
    assert (settings.admins, settings.limits.questions_per_hour, settings.web.port) == (("terminal:a",), 0, 9000)


def test_list_in_the_environment_is_split_at_commas(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("STADTLOTSE_EDITORS", "matrix:@a:example.org, telegram:123")
    assert load().editors == ("matrix:@a:example.org", "telegram:123")


def test_secret_is_read_from_a_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    secret = tmp_path / "secret"
    secret.write_text("postgresql://bot:s3cret@db/stadtlotse\n")
    monkeypatch.setenv("STADTLOTSE_DATABASE__URL_FILE", str(secret))
    assert load().database.url == "postgresql://bot:s3cret@db/stadtlotse"


def test_all_invalid_settings_are_reported_at_once_by_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "bot.toml"
    file.write_text('admins = ["nobody"]\nnonsense = 1\n[web]\npublic_url = "<your address>"\n')
    monkeypatch.setenv("STADTLOTSE_LIMITS__QUESTIONS_PER_HOUR", "many")
    monkeypatch.setenv("STADTLOTSE_DATABASE__URI", "x")
    monkeypatch.setenv("STADTLOTSE_DATABASE__URL_FILE", str(tmp_path / "missing"))
    with pytest.raises(SettingsError) as caught:
        load(file)
    told = "\n".join(caught.value.problems)
    for name in (
        "STADTLOTSE_ADMINS",
        "nonsense",
        "web.public_url: still holds the placeholder",
        "STADTLOTSE_LIMITS__QUESTIONS_PER_HOUR",
        "STADTLOTSE_DATABASE__URI: unknown setting",
        "STADTLOTSE_DATABASE__URL_FILE: the file cannot be read",
    ):
        assert name in told


@pytest.mark.parametrize("room", ["", "matrix:!id:example.org", "matrix:!AbC123", "telegram:-100123"])
def test_management_room_is_the_address_of_a_room(room: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("STADTLOTSE_MANAGEMENT_ROOM", room)
    assert load().management_room == room


@pytest.mark.parametrize("room", ["!id:example.org", "matrix:", "matrix:#alias:example.org", "matrix:@a:example.org"])
def test_management_room_that_is_no_room_is_refused(room: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("STADTLOTSE_MANAGEMENT_ROOM", room)
    with pytest.raises(SettingsError, match="STADTLOTSE_MANAGEMENT_ROOM"):
        load()


@pytest.mark.parametrize("content", [None, "a = ", "\x00"])
def test_unusable_settings_file_is_named_in_the_error(tmp_path: Path, content: str | None) -> None:
    file = tmp_path / "bot.toml"
    if content is not None:
        file.write_text(content)
    with pytest.raises(SettingsError, match=r"bot\.toml"):
        load(file)


@pytest.mark.parametrize(
    ("content", "told"),
    [
        ("[web]\npubic_url = 'https://x.example'\n", "web.pubic_url: unknown setting; did you mean web.public_url?"),
        (
            "[privacy]\nadmins = ['matrix:@a:b']\n",
            "privacy.admins: unknown setting; did you mean admins, above the first section?",
        ),
        ("public_url = 'x'\n", "public_url: unknown setting; did you mean web.public_url?"),
        ("[matrix]\ntoken = 'x'\n", "matrix.token: unknown setting; did you mean matrix.access_token?"),
        ("[telegramm]\ntoken = 'x'\n", "telegramm: unknown setting; did you mean [telegram]?"),
        ("[matrix]\nenabled = true\n", "matrix.enabled: unknown setting"),
        ("colour = 'red'\n", "colour: unknown setting"),
        ("[web]\nenabled = true\n[web]\nport = 80\n", "has a section [web] already"),
    ],
)
def test_a_wrong_name_or_place_comes_with_the_remedy(tmp_path: Path, content: str, told: str) -> None:
    file = tmp_path / "bot.toml"
    file.write_text(content)
    with pytest.raises(SettingsError) as caught:
        load(file)
    assert any(problem.endswith(told) or ("already" in told and told in problem) for problem in caught.value.problems)


def test_a_mistyped_variable_is_told_with_the_right_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("STADTLOTSE_WEB__PUBIC_URL", "https://x.example")
    with pytest.raises(SettingsError) as caught:
        load()
    told = "STADTLOTSE_WEB__PUBIC_URL: unknown setting; did you mean STADTLOTSE_WEB__PUBLIC_URL?"
    assert caught.value.problems == [told]


@pytest.mark.parametrize(
    ("url", "key", "ok"),
    [
        ("", "", True),
        ("https://translate.stadt.example/", "secret", True),
        ("http://127.0.0.1:5000", "secret", True),
        ("http://translate.stadt.example", "", True),
        ("http://translate.stadt.example", "secret", False),
        ("translate.stadt.example", "", False),
        ("ftp://translate.stadt.example", "", False),
    ],
)
def test_translation_server_needs_a_web_address_and_https_for_its_key(url: str, key: str, ok: bool) -> None:
    with nullcontext() if ok else pytest.raises(ValidationError):
        assert Settings(translation={"url": url, "api_key": key}).translation.url == url.rstrip("/")

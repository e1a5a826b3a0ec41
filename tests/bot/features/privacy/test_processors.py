"""The settings name every external server in use, or the bot reports the missing ones (Art. 28 GDPR)."""

from __future__ import annotations

from typing import Any

import pytest

from bot.features.privacy.processors import in_use, unnamed
from config.settings import Settings

EVERYTHING: dict[str, Any] = {
    "matrix": {"homeserver": "https://matrix.stadt.example", "user_id": "@lotse:stadt.example", "password": "x" * 20},
    "smtp": {"host": "mail.stadt.example", "sender": "lotse@stadt.example"},
    "database": {"url": "postgresql://lotse:geheim@db.stadt.example/lotse"},
    "telegram": {"token": "123456:" + "A" * 35},
}
ALL = ["matrix.stadt.example", "mail.stadt.example", "db.stadt.example", "Telegram"]


def test_external_servers_are_listed_as_processors_and_local_ones_are_not() -> None:
    assert list(in_use(Settings(**EVERYTHING))) == ALL
    assert list(in_use(Settings())) == []
    here = {"smtp": {"host": "127.0.0.1", "tls": "none", "sender": "a@b.example"}}
    assert list(in_use(Settings(**here, database={"url": "postgresql://a@localhost/a"}))) == []


@pytest.mark.parametrize("homeserver", ["stadt.example", "https://stadt.example:8448"])
def test_homeserver_is_listed_as_a_processor_by_name_or_address(homeserver: str) -> None:
    assert list(in_use(Settings(matrix=EVERYTHING["matrix"] | {"homeserver": homeserver}))) == ["stadt.example"]


def test_external_servers_without_a_named_processor_are_reported() -> None:
    assert unnamed(Settings(**EVERYTHING)) == ALL
    named = "Rechenzentrum: Matrix.Stadt.example, db.stadt.example, Vertrag 2026\nPost GmbH: mail.stadt.example"
    assert unnamed(Settings(**EVERYTHING, privacy={"processors": named})) == ["Telegram"]
    assert unnamed(Settings(**EVERYTHING, privacy={"processors": named, "telegram_reason": "Ratsbeschluss"})) == []


def test_settings_offer_no_external_embedding_service() -> None:
    """The bot embeds texts in its own process: no setting names a remote service."""
    engine = Settings.model_fields["embedding"].annotation
    assert engine is not None
    assert set(engine.model_fields) == {"engine", "model", "reranker"}
    assert set(engine.model_fields["engine"].annotation.__args__) == {"embedded", "sentence-transformers"}


def test_translation_server_is_listed_like_the_others() -> None:
    assert list(in_use(Settings(translation={"url": "https://translate.stadt.example"}))) == ["translate.stadt.example"]
    assert list(in_use(Settings(translation={"url": "http://127.0.0.1:5000"}))) == []

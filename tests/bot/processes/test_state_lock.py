"""One process per state folder; processes on one database have the same accounts and settings."""

from __future__ import annotations

from pathlib import Path

import pytest

from bot.processes.state_lock import ACCOUNT, differing, marks, only_one, shared_secrets
from config.settings import Settings
from knowledge_base.errors import StadtlotseError
from knowledge_base.store.processes import Living

TAKEN = StadtlotseError("taken")
TOKEN = "123456:" + "A" * 35


def test_second_process_is_refused_only_while_the_first_one_uses_the_folder(tmp_path: Path) -> None:
    with only_one(tmp_path, "serve", TAKEN) as place:
        with pytest.raises(StadtlotseError, match="taken"), only_one(tmp_path, "serve", TAKEN):
            pass
        with only_one(tmp_path, "chat", TAKEN) as other:
            assert other != place
    with only_one(tmp_path, "serve", TAKEN) as again:
        assert again == place, "so that it knows who ended here"


def test_different_folders_are_different_places(tmp_path: Path) -> None:
    with only_one(tmp_path / "a", "serve", TAKEN) as one, only_one(tmp_path / "b", "serve", TAKEN) as other:
        assert one != other


def of(tmp_path: Path, **values: object) -> dict[str, str]:
    return marks(Settings.model_validate({"state_dir": tmp_path} | values), b"k" * 32)


def test_processes_with_different_accounts_or_settings_are_detected(tmp_path: Path) -> None:
    mine = of(tmp_path, telegram={"token": TOKEN}, web={"port": 1, "public_url": "https://a.example"})
    same = of(tmp_path / "x", telegram={"token": TOKEN}, web={"port": 2, "public_url": "https://a.example"})
    assert differing(mine, [Living("b", same)]) == []
    other = of(tmp_path, telegram={"token": "9" + TOKEN[1:]}, web={"public_url": "https://b.example"})
    assert differing(mine, [Living("b", other)]) == [f"{ACCOUNT}telegram", "web"]
    assert all(TOKEN[:6] not in mark for mark in mine.values())


def test_shared_secrets_are_the_tokens_of_the_accounts(tmp_path: Path) -> None:
    assert shared_secrets(Settings(state_dir=tmp_path)) == []
    assert shared_secrets(Settings.model_validate({"state_dir": tmp_path, "telegram": {"token": TOKEN}})) == [TOKEN]

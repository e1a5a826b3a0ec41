"""The bot tells systemd its state, and runs without systemd too."""

from __future__ import annotations

import socket
from pathlib import Path

import pytest

from bot.operations.systemd import READY, WATCHDOG, notify


def test_bot_sends_its_state_to_the_named_socket(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "notify"
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as listener:
        listener.bind(str(path))
        monkeypatch.setenv("NOTIFY_SOCKET", str(path))
        assert notify(READY)
        assert notify(WATCHDOG)
        assert [listener.recv(64), listener.recv(64)] == [b"READY=1", b"WATCHDOG=1"]


@pytest.mark.parametrize("address", [None, "", "relative", "/nobody/listens/here"])
def test_missing_systemd_socket_causes_no_error(address: str | None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("NOTIFY_SOCKET", raising=False)
    if address is not None:
        monkeypatch.setenv("NOTIFY_SOCKET", address)
    assert not notify(READY)

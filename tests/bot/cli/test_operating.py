"""The READY line means that at least one channel listens or tries again."""

from __future__ import annotations

import socket
from pathlib import Path

import pytest

from bot.channels.port import ChannelEndedError
from bot.cli.operating import announce

ENDED = ChannelEndedError("The token was revoked.", remedy="Get a new one.")


def test_ready_names_each_channel_and_why_one_backs_off(capsys: pytest.CaptureFixture[str]) -> None:
    listening = announce(["one", "two"])
    listening("two", "unreachable")
    assert capsys.readouterr().out == ""
    listening("one", None)
    listening("two", None)
    assert capsys.readouterr().out == "READY one, two (unreachable)\n"


def test_ready_names_an_ended_channel_apart(capsys: pytest.CaptureFixture[str]) -> None:
    listening = announce(["one", "two"])
    listening("one", ENDED)
    listening("two", None)
    assert capsys.readouterr().out == "READY two; ended: one (The token was revoked. Get a new one.)\n"


def test_channel_that_backed_off_before_it_ended_is_not_ready(capsys: pytest.CaptureFixture[str]) -> None:
    listening = announce(["one", "two"])
    listening("one", "unreachable")
    listening("one", ENDED)
    listening("two", ENDED)
    assert capsys.readouterr().out == ""


def test_no_channel_left_is_not_ready(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as systemd:
        systemd.bind(str(tmp_path / "notify"))
        systemd.setblocking(False)
        monkeypatch.setenv("NOTIFY_SOCKET", str(tmp_path / "notify"))
        announce(["one"])("one", ENDED)
        assert capsys.readouterr().out == ""
        with pytest.raises(BlockingIOError):
            systemd.recv(64)
        announce(["one"])("one", None)
        assert systemd.recv(64) == b"READY=1"

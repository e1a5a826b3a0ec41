"""The command line as a whole: every name runs its command, and a call loads only what it needs."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner

import run_bot
from bot.cli.group import COMMANDS

ROOT = Path(__file__).parents[3]
HEAVY = ("aiosmtplib", "alembic", "httpx", "nio", "openpyxl", "prometheus_client", "starlette", "telegram", "uvicorn")


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_name_runs_its_command_and_has_a_help_text(name: str) -> None:
    command = typer.main.get_command(run_bot.app).commands[name]  # type: ignore[attr-defined]
    assert command.name == name
    assert command.help


def test_help_describes_each_command_in_one_line_of_80_characters() -> None:
    shown = CliRunner().invoke(run_bot.app, ["--help"], terminal_width=80).stdout
    lines = [line for line in shown.splitlines() if line.split()[:1] and line.split()[0] in COMMANDS]
    assert len(lines) == len(COMMANDS)
    assert [line for line in lines if not line.endswith(".") or line.endswith("...")] == []


def test_ask_command_loads_no_messenger_and_web_libraries() -> None:
    program = "import sys, bot.cli.asking, run_bot; print(*sorted({name.partition('.')[0] for name in sys.modules}))"
    loaded = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=True)
    assert set(loaded.stdout.split()) & set(HEAVY) == set()

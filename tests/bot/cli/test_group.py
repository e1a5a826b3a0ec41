"""The command line as a whole: every name leads to its command, and a call loads no other's parts."""

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
def test_every_name_leads_to_a_command_with_a_help(name: str) -> None:
    command = typer.main.get_command(run_bot.app).commands[name]  # type: ignore[attr-defined]
    assert command.name == name
    assert command.help


def test_the_help_says_what_each_command_does_in_a_line_of_80_characters() -> None:
    shown = CliRunner().invoke(run_bot.app, ["--help"], terminal_width=80).stdout
    lines = [line for line in shown.splitlines() if line.split()[:1] and line.split()[0] in COMMANDS]
    assert len(lines) == len(COMMANDS)
    assert [line for line in lines if not line.endswith(".") or line.endswith("...")] == []


def test_a_question_loads_nothing_of_messengers_and_pages() -> None:
    program = "import sys, bot.cli.asking, run_bot; print(*sorted({name.partition('.')[0] for name in sys.modules}))"
    loaded = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=True)
    assert set(loaded.stdout.split()) & set(HEAVY) == set()

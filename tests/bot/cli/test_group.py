"""The command line as a whole: every name leads to its command, and a call loads no other's parts."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
import typer

import run_bot
from bot.cli.group import COMMANDS

ROOT = Path(__file__).parents[3]
HEAVY = ("aiosmtplib", "alembic", "httpx", "nio", "openpyxl", "prometheus_client", "starlette", "telegram", "uvicorn")


@pytest.mark.parametrize("name", COMMANDS)
def test_every_name_leads_to_a_command_with_a_help(name: str) -> None:
    command = typer.main.get_command(run_bot.app).commands[name]  # type: ignore[attr-defined]
    assert command.name == name
    assert command.help


def test_a_question_loads_nothing_of_messengers_and_pages() -> None:
    program = "import sys, bot.cli.asking, run_bot; print(*sorted({name.partition('.')[0] for name in sys.modules}))"
    loaded = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=True)
    assert set(loaded.stdout.split()) & set(HEAVY) == set()

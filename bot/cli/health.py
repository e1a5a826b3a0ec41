"""``health``: is the bot that runs here well? Called by timers and monitors, so it loads little."""

from __future__ import annotations

import typer

from bot.cli.common import load_settings, run, write
from bot.web.client import ask_health, noted_address


def health(context: typer.Context) -> None:
    """Ask the running bot whether it is healthy. The exit code is 0 if it is."""
    settings = load_settings(context, level="ERROR")
    answer = run(ask_health(noted_address(settings.state_dir)))
    for line in answer.lines:
        write(line)
    raise typer.Exit(answer.exit_code)

"""The commands by name; each is loaded when it is called, so that ``ask`` does not wait for what ``serve`` needs."""

from __future__ import annotations

import os
import select
import sys
from collections import UserDict
from importlib import import_module
from typing import Any, TextIO

import typer
from typer.core import TyperGroup

COMMANDS = {  # name → module in this folder, and function in it; in the order of the help
    "chat": "chatting:chat",
    "ask": "asking:ask",
    "import": "knowledge:import_",
    "remove": "knowledge:remove",
    "export": "knowledge:export",
    "evaluate": "knowledge:evaluate",
    "serve": "operating:serve",
    "check": "operating:check",
    "health": "health:health",
    "digest": "digests:digest",
    "clock": "clock:clock",
    "unclear": "unclear:unclear",
    "bounced": "bounced:bounced",
    "contacts": "privacy:contacts",
    "privacy-report": "privacy:privacy_report_",
    "affected": "privacy:affected",
    "confirm-identity": "identities:confirm_identity",
    "migrate": "upkeep:migrate",
    "backup": "upkeep:backup",
    "restore": "upkeep:restore",
}


class Group(TyperGroup):
    """All commands; the help loads every one, a call only its own."""

    def __init__(self, **settings: Any) -> None:
        super().__init__(**settings)
        self.commands = _Loading(dict.fromkeys(COMMANDS))

    def invoke(self, ctx: Any) -> Any:
        """Run a command; end it as done when the reader of its output has seen enough (``| head``)."""
        try:
            return super().invoke(ctx)
        except BrokenPipeError:
            if not has_reader(sys.stdout):
                raise typer.Exit from None
            raise
        finally:
            if not has_reader(sys.stdout):  # what is left to write would fail when the process ends
                os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


class _Loading(UserDict[str, Any]):
    """Command line commands that are made when they are looked up."""

    def __getitem__(self, name: str) -> Any:
        if (command := super().__getitem__(name)) is None:
            command = self.data[name] = _command(name)
        return command


def has_reader(output: TextIO) -> bool:
    """Return whether what is written can still arrive: a pipe without a reader takes nothing."""
    try:
        number = output.fileno()
    except (OSError, ValueError):  # no file at all
        return True
    waiting = select.poll()
    waiting.register(number, 0)  # errors are reported without being asked for
    return not any(happened & select.POLLERR for _, happened in waiting.poll(0))


def _command(name: str) -> Any:
    module, _, function = COMMANDS[name].partition(":")
    alone = typer.Typer(add_completion=False, pretty_exceptions_enable=False, rich_markup_mode=None)
    alone.command(name)(getattr(import_module(f"bot.cli.{module}"), function))
    return typer.main.get_command(alone)

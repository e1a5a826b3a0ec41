"""The commands by name; each is loaded when it is called, so that ``ask`` does not wait for what ``serve`` needs."""

from __future__ import annotations

from collections import UserDict
from importlib import import_module
from typing import Any

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


class _Loading(UserDict[str, Any]):
    """Command line commands that are made when they are looked up."""

    def __getitem__(self, name: str) -> Any:
        if (command := super().__getitem__(name)) is None:
            command = self.data[name] = _command(name)
        return command


def _command(name: str) -> Any:
    module, _, function = COMMANDS[name].partition(":")
    alone = typer.Typer(add_completion=False, pretty_exceptions_enable=False, rich_markup_mode=None)
    alone.command(name)(getattr(import_module(f"bot.cli.{module}"), function))
    return typer.main.get_command(alone)

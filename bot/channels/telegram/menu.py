"""The command list that Telegram shows, in each language."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import structlog
from telegram import Bot, BotCommand
from telegram.error import TelegramError

log = structlog.get_logger()

POSSIBLE = re.compile(r"[a-z0-9_]{1,32}")


@dataclass(frozen=True, slots=True)
class Menu:
    """The commands to show, per language (``""``: all other languages), and every word that is a command."""

    commands: Mapping[str, Sequence[tuple[str, str]]]  # language -> (word, description)
    words: frozenset[str]


async def show(bot: Bot, menu: Menu) -> None:
    """Send the command list to Telegram; only log a failure, because the bot works without the list."""
    try:
        for language, commands in menu.commands.items():
            listed = [BotCommand(word, text[:256]) for word, text in commands if POSSIBLE.fullmatch(word)]
            await bot.set_my_commands(listed, language_code=language or None)
    except TelegramError as error:
        log.warning("telegram.menu_not_set", error=type(error).__name__)

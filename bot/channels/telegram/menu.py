"""The list of commands that Telegram shows, in each language."""

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
    """Commands of the bot: those to be shown, per language (``""``: for all others), and every word that is one."""

    commands: Mapping[str, Sequence[tuple[str, str]]]  # language -> (word, description)
    words: frozenset[str]


async def show(bot: Bot, menu: Menu) -> None:
    """Tell Telegram; without the list everything still works, so a failure is noted and that is all."""
    try:
        for language, commands in menu.commands.items():
            listed = [BotCommand(word, text[:256]) for word, text in commands if POSSIBLE.fullmatch(word)]
            await bot.set_my_commands(listed, language_code=language or None)
    except TelegramError as error:
        log.warning("telegram.menu_not_set", error=type(error).__name__)

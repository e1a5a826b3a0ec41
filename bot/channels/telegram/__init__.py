"""Telegram: the Bot API, by polling or webhook."""

from bot.channels.telegram.channel import TelegramChannel
from bot.channels.telegram.menu import Menu

__all__ = ["Menu", "TelegramChannel"]

"""Telegram: the Bot API, by polling or webhook."""

from bot.channels.networks import ChannelSetup
from bot.channels.telegram.channel import TelegramChannel
from bot.channels.telegram.menu import Menu

__all__ = ["Menu", "TelegramChannel", "build"]


def build(setup: ChannelSetup) -> TelegramChannel:
    """Make the channel of the account that the settings name."""
    return TelegramChannel(setup.settings, Menu(setup.commands, setup.words))

"""Mail, outbound only: nothing that arrives anywhere is read. A conversation is an address."""

from bot.channels.email.channel import EmailChannel
from bot.channels.networks import ChannelSetup

__all__ = ["EmailChannel", "build"]


def build(setup: ChannelSetup) -> EmailChannel:
    """Make the channel of the mail server that the settings name."""
    return EmailChannel(setup.settings, setup.texts)

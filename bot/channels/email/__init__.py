"""Mail, outbound only: nothing that arrives anywhere is read. A conversation is an address."""

from bot.channels.email.channel import EmailChannel

__all__ = ["EmailChannel"]

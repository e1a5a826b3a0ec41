"""Matrix: encrypted, cross-signed, exactly once.

nio provides only its Olm machine with its key store (``crypto``). The bot itself makes every request to the homeserver,
runs the sync loop and keeps the state of the rooms. So nothing is lost between them, and nothing waits forever.
"""

from bot.channels.matrix.channel import MatrixChannel

__all__ = ["MatrixChannel"]

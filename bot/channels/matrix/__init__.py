"""Matrix: encrypted, cross-signed, exactly once.

nio is used for one thing, its Olm machine with its key store (``crypto``); every request to the homeserver, the sync
loop and the state of the rooms are ours, so that nothing is lost between them and nothing waits for ever.
"""

from bot.channels.matrix.channel import MatrixChannel

__all__ = ["MatrixChannel"]

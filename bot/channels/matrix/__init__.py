"""Matrix: encrypted, cross-signed, exactly once.

nio provides only its Olm machine with its key store (``crypto``). The bot itself makes every request to the homeserver,
runs the sync loop and keeps the state of the rooms. So nothing is lost between them, and nothing waits forever.
"""

from bot.channels.matrix.channel import MatrixChannel
from bot.channels.networks import ChannelSetup

__all__ = ["MatrixChannel", "build"]


def build(setup: ChannelSetup) -> MatrixChannel:
    """Make the channel of the account that the settings name."""
    settings = setup.settings
    return MatrixChannel(
        settings.matrix,
        settings.state_dir,
        admins=settings.admins,
        reset_identity=setup.reset_identity,
        stays=settings.introductions.room == "stay",
    )

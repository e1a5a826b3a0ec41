"""Matrix: encrypted, cross-signed, exactly once.

nio is used for one thing, its Olm machine with its key store (``crypto``); every request to the homeserver, the sync
loop and the state of the rooms are ours, so that nothing is lost between them and nothing waits for ever.
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

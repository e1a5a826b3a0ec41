"""What the settings of every network's account answer."""

from __future__ import annotations

from config.section import Section


class ChannelSection(Section):
    """The settings of the bot's account on one network."""

    @property
    def is_set_up(self) -> bool:
        """Return whether the bot is to serve the network."""
        raise NotImplementedError

    @property
    def account(self) -> str:
        """Return the name of the account; processes on one database serve the same. Empty: there is none."""
        return ""

    @property
    def server(self) -> str:
        """Return the host name of the server that gets the bot's messages; empty: the operator chooses none."""
        return ""

    @property
    def shared_secrets(self) -> tuple[str, ...]:
        """Return the tokens and passwords that every process on one database is given."""
        return ()

    @property
    def lifts_data_policy(self) -> bool:
        """Return whether the operator lets other people's data pass, where the network by itself may carry none."""
        return False

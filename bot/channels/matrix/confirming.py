"""The question and the answer of ``stadtlotse confirm-identity``: does this user really have a new identity?"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from bot.channels.matrix.discovery import address_of
from bot.channels.matrix.files import Folder
from bot.channels.matrix.http import Server
from bot.channels.matrix.login import kept_login
from bot.channels.matrix.normalise import NAME
from bot.channels.matrix.pins import confirm, confirmed, pinned
from bot.channels.matrix.signing import chain
from bot.channels.port import ChannelEndedError
from config.matrix import MatrixSettings


@dataclass(frozen=True, slots=True)
class Identities:
    """A user's identity as the bot knows it and as the homeserver shows it; an empty string: no identity."""

    user: str
    known: str
    shown: str

    @property
    def changed(self) -> bool:
        """Return whether there is a new identity to confirm."""
        return bool(self.known and self.shown) and self.known != self.shown


async def identities(settings: MatrixSettings, state_dir: Path, user: str) -> Identities:
    """Return the user's identities; change nothing. Raise ``MatrixError`` or ``ChannelEndedError``."""
    folder = Folder(state_dir / NAME)
    login = kept_login(folder)
    if login is None:
        raise ChannelEndedError("The bot is not logged in to Matrix.", remedy="Start it once: stadtlotse serve.")
    async with Server(await address_of(settings.homeserver), login.access_token) as server:
        answer = await server.post("v3", "keys", "query", body={"device_keys": {user: []}})
    shown, _ = chain(user, *(answer.get(f"{kind}_keys", {}).get(user) for kind in ("master", "self_signing")))
    known = shown if shown and confirmed(folder).get(user) == shown else pinned(folder).get(user, "")
    return Identities(user, known, shown)


def accept(state_dir: Path, identity: Identities) -> None:
    """Store the operator's confirmation; a running bot picks it up by itself."""
    confirm(Folder(state_dir / NAME), identity.user, identity.shown)


def in_groups(key: str) -> str:
    """Return a key in groups of four characters, for reading aloud."""
    return " ".join(key[start : start + 4] for start in range(0, len(key), 4)) or "–"

"""The pinned identities: the public master key of every user, as first seen.

A different key later means that the user lost the old one, or that a homeserver lies. The bot cannot tell these apart;
an operator can, by asking the user. Only the running bot writes ``pinned-identities.json``, and only the command
``confirm-identity`` writes ``confirmed-identities.json``, so neither overwrites the other's file.
"""

from __future__ import annotations

import structlog

from bot.channels.matrix.files import Folder

log = structlog.get_logger()

PINNED, CONFIRMED = "pinned-identities.json", "confirmed-identities.json"
SIGNED, ALLOWED, REFUSED, CHANGED = "signed", "allowed", "refused", "changed"


class Pins:
    """The identities that the bot has seen."""

    def __init__(self, folder: Folder) -> None:
        self._folder = folder
        self._known = pinned(folder)

    def level(self, user: str, master: str, *, has_any: bool, allow_unsigned: bool) -> str:
        """Return ``SIGNED`` (check each device), or ``ALLOWED`` or ``REFUSED`` (the same for all devices of the user).

        ``CHANGED`` means refused until an operator confirms the identity or the old one is back. ``master`` is empty if
        the user has no (intact) identity; ``has_any`` tells whether there are keys of one.
        """
        if master and user not in self._known:
            self.pin(user, master)
        before = self._known.get(user, "")
        if before and master and before != master and confirmed(self._folder).get(user) == master:
            log.info("matrix.identity_confirmed", user=user)
            self.pin(user, master)
        elif before != master or (has_any and not master):
            return CHANGED
        return SIGNED if master else (ALLOWED if allow_unsigned else REFUSED)

    def pin(self, user: str, master: str) -> None:
        """Store this as the user's identity from now on."""
        if self._known.get(user) != master:
            self._known[user] = master
            self._folder.write(PINNED, self._known)


def pinned(folder: Folder) -> dict[str, str]:
    """Return the identities that the bot has seen, by user."""
    return {user: str(key) for user, key in (folder.read(PINNED) or {}).items()}


def confirmed(folder: Folder) -> dict[str, str]:
    """Return the identities that the operator has confirmed since, by user."""
    return {user: str(key) for user, key in (folder.read(CONFIRMED) or {}).items()}


def confirm(folder: Folder, user: str, master: str) -> None:
    """Store the operator's confirmation; the running bot reads it when it next fetches the user's devices."""
    folder.write(CONFIRMED, confirmed(folder) | {user: master})

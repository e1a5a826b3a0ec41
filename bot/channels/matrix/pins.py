"""Whose identity is whose: the public master key of every user, as it was first seen.

Another one later is that of a person who lost theirs, or a lie of a homeserver. The bot cannot tell these apart, an
operator can: by asking. ``pinned-identities.json`` is written by the running bot alone, and
``confirmed-identities.json`` by the command ``confirm-identity`` alone, so neither overwrites what the other wrote.
"""

from __future__ import annotations

import structlog

from bot.channels.matrix.files import Folder

log = structlog.get_logger()

PINNED, CONFIRMED = "pinned-identities.json", "confirmed-identities.json"
SIGNED, ALLOWED, REFUSED, CHANGED = "signed", "allowed", "refused", "changed"


class Pins:
    """What the bot has seen."""

    def __init__(self, folder: Folder) -> None:
        self._folder = folder
        self._known = pinned(folder)

    def level(self, user: str, master: str, *, has_any: bool, allow_unsigned: bool) -> str:
        """``SIGNED``: look at each device. ``ALLOWED``, ``REFUSED``: the same for all devices of the user.

        ``CHANGED``: refused, until a human confirms the identity or the old one is back. ``master`` is empty when the
        user has no (intact) identity, ``has_any`` tells whether there are keys of one.
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
        """From now on this is the user's identity."""
        if self._known.get(user) != master:
            self._known[user] = master
            self._folder.write(PINNED, self._known)


def pinned(folder: Folder) -> dict[str, str]:
    """The identities that the bot has seen, by user."""
    return {user: str(key) for user, key in (folder.read(PINNED) or {}).items()}


def confirmed(folder: Folder) -> dict[str, str]:
    """The identities that the operator has confirmed since."""
    return {user: str(key) for user, key in (folder.read(CONFIRMED) or {}).items()}


def confirm(folder: Folder, user: str, master: str) -> None:
    """The operator has made sure; the running bot takes it up with its next look at the user's devices."""
    folder.write(CONFIRMED, confirmed(folder) | {user: master})

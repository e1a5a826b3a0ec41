"""Introductions at work: an event is applied in one transaction, with all that follows from it.

What may happen is decided by ``knowledge_base.introductions.machine``; here are the doors to it. Contract, for the
chat, the pages and the ticker alike:

- ``respond`` is for the contact: it applies their answer and returns what to say to them, and whether it counted. It
  refuses answers of others, repeated ones and late ones, and says so. ``withdraw``, ``helped`` and ``for_editors``
  likewise.
- ``describe`` is what the contact may see before answering, for a page or a message.
- ``object_to_all`` is for a contact who wants to be asked no more; what they were asked goes to the next one.
- ``due`` does what is due; a second call, or two processes at once, change nothing more.
- ``erase`` closes what a person is part of, before their data are deleted; the other side is told.
"""

from bot.features.introductions.contact_answers import (
    can_take_back,
    for_editors,
    helped,
    object_to_all,
    respond,
    withdraw,
)
from bot.features.introductions.erasure import erase
from bot.features.introductions.timers import due
from bot.features.introductions.transitions import Applied, Evidence, apply
from bot.features.introductions.view import RequestView, Sharable, describe

__all__ = [
    "Applied",
    "Evidence",
    "RequestView",
    "Sharable",
    "apply",
    "can_take_back",
    "describe",
    "due",
    "erase",
    "for_editors",
    "helped",
    "object_to_all",
    "respond",
    "withdraw",
]

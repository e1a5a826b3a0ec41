"""Named places where a test may kill the process, to prove that no message is lost or handled twice there.

Outside tests a place costs one comparison. ``STADTLOTSE_FAIL_AT=NAME`` or ``NAME:N`` (the N-th time) arms one. It uses
``SIGKILL``, which no handler sees, like a power cut or the out-of-memory killer.
"""

from __future__ import annotations

import os
import signal
from collections import Counter

VARIABLE = "STADTLOTSE_FAIL_AT"
ANYWHERE = (  # on the way of every message, whatever its network
    "inbox.kept",  # a message is taken in, the network does not know yet
    "answer.before_commit",
    "answer.after_commit",
    "outbox.before_send",
    "outbox.after_send",  # the network has it, the outbox does not know yet
)
DIGESTS = (
    "digest.before_commit",
    "digest.after_commit",
)
MATRIX = (
    "matrix.device_made",  # the server has a new device, the folder has only its id
    "matrix.logged_in",
    "matrix.before_key_upload",
    "matrix.after_key_upload",  # the server has new one-time keys, the store does not know yet
    "matrix.seeds_kept",
    "matrix.identity_published",
    "matrix.recovery_key_written",
    "matrix.to_device_stored",  # room keys are kept, the server still offers them
    "matrix.rooms_read",
    "matrix.position_kept",
    "matrix.keys_claimed",
    "matrix.room_key_part_sent",
    "matrix.before_put",
    "matrix.after_put",
    "matrix.before_join",
    "matrix.after_join",
)
HANDOVER = (  # the keys are taken from a former leader
    "matrix.fenced",
    "matrix.store_copied",
    "matrix.store_named",
)

PRIVATE_ROOMS = (  # when the bot opens a room for one person
    "matrix.private_room_made",
    "matrix.private_room_noted",
    "matrix.private_room_invited",
    "matrix.encrypted",  # a message is encrypted; the room's readers are checked once more
)

_armed = ("", 0)
_passed: Counter[str] = Counter()


def arm(place: str) -> None:
    """Kill the process at ``NAME`` or ``NAME:N`` from now on; an empty place disarms."""
    global _armed  # noqa: PLW0603 - one process, one death
    name, _, count = place.partition(":")
    _armed = name, int(count) if count.isdecimal() else 1


def reached(name: str) -> None:
    """Note that the process reaches this place; kill it when the place is armed."""
    if name != _armed[0]:
        return
    _passed[name] += 1
    if _passed[name] == _armed[1]:
        os.kill(os.getpid(), signal.SIGKILL)


arm(os.environ.get(VARIABLE, ""))

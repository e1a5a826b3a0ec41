"""Named places where a test may kill the process, to prove that nothing is lost or done twice there.

Outside tests nothing happens: a place costs one comparison. ``STADTLOTSE_FAIL_AT=NAME`` or ``NAME:N`` (the N-th time)
arms one, by ``SIGKILL``, which no handler sees: exactly what a power cut or the out-of-memory killer does.
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
    "outbox.after_send",  # the network has it, we have not noted that
)
DIGESTS = (
    "digest.before_commit",
    "digest.after_commit",
)
MATRIX = (
    "matrix.logged_in",
    "matrix.before_key_upload",
    "matrix.after_key_upload",  # the server has new one-time keys, we have not noted that
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
HANDOVER = (  # the keys are taken from a process that leads no more
    "matrix.fenced",
    "matrix.store_copied",
    "matrix.store_named",
)

_armed = ("", 0)
_passed: Counter[str] = Counter()


def arm(place: str) -> None:
    """From now on the process dies at ``NAME`` or ``NAME:N``; an empty place disarms."""
    global _armed  # noqa: PLW0603 - one process, one death
    name, _, count = place.partition(":")
    _armed = name, int(count) if count.isdecimal() else 1


def reached(name: str) -> None:
    """This place is reached now."""
    if name != _armed[0]:
        return
    _passed[name] += 1
    if _passed[name] == _armed[1]:
        os.kill(os.getpid(), signal.SIGKILL)


arm(os.environ.get(VARIABLE, ""))

"""Notifications to systemd (``sd_notify``): one datagram to the socket that it names; elsewhere nothing happens."""

from __future__ import annotations

import os
import socket

READY, STOPPING, WATCHDOG = "READY=1", "STOPPING=1", "WATCHDOG=1"


def notify(state: str) -> bool:
    """Send a state such as ``READY``; return whether a socket took it. Never raise: reporting must not stop the bot."""
    path = os.environ.get("NOTIFY_SOCKET", "")
    if not path.startswith(("/", "@")):
        return False
    address = "\0" + path[1:] if path.startswith("@") else path  # "@" writes an abstract socket
    try:
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC) as channel:
            channel.setblocking(False)  # a full queue must not freeze the loop that reports its life
            channel.sendto(state.encode(), address)
    except OSError:
        return False
    return True

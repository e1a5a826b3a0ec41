"""Ports for servers of tests."""

from __future__ import annotations

import random
import socket

BELOW_WHAT_CLIENTS_GET = range(20_000, 32_000)  # no outgoing connection takes one between its choice and its use


def free_port() -> int:
    """A port of the loopback interface that is free, and stays it: two test processes hardly ever draw the same."""
    draw = random.SystemRandom()  # tests seed the common one
    while True:
        port = draw.choice(BELOW_WHAT_CLIENTS_GET)
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
            return port

"""Ports for servers that are killed and started again: nobody else comes by them meanwhile."""

from __future__ import annotations

import random
import socket

_FIRST, _LAST = 15_000, 32_000
"""Below what the system hands out for outgoing connections."""


def lasting_port() -> int:
    """A port that is free now, and that no outgoing connection takes while its server is away."""
    while True:
        port = random.SystemRandom().randint(_FIRST, _LAST)
        try:
            with socket.create_server(("127.0.0.1", port)):
                return port
        except OSError:
            continue

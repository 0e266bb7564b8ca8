"""Finding TCP ports of 127.0.0.1 on which nothing listens."""

from __future__ import annotations

import random
import socket
from collections.abc import Sequence

# Below the range from which Linux (32768 up) and macOS (49152 up) take ports for outgoing
# connections: no connection of somebody else's can take one between our look and our use. With
# the second range 10,000 above the first, a pair (port, port + 10000) is free of them as well.
_FIRST, _LAST = 20_000, 22_700


def is_free(port: int) -> bool:
    """Return whether one could listen on the port now."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
        return True


def free_ports(count: int, chance: random.Random, *, apart: Sequence[int] = (0,)) -> list[int]:
    """
    Return ``count`` different ports p with p + a free for every ``a`` in ``apart``.

    Another process may still take one before it is used: whoever starts a server on it tries
    again with others when that server does not start.
    """
    found: list[int] = []
    for port in chance.sample(range(_FIRST, _LAST), _LAST - _FIRST):
        if all(is_free(port + distance) for distance in apart):
            found.append(port)
        if len(found) == count:
            return found
    raise OSError(f"No {count} free ports between {_FIRST} and {_LAST} on 127.0.0.1.")

"""Ask the zygote for a process: the one message that engine and checkers send it."""

from __future__ import annotations

import json
import socket
from typing import Any


def request_process(
    zygote: socket.socket, order: dict[str, Any], extra: tuple[int, ...] = ()
) -> tuple[socket.socket, socket.socket]:
    """Return the channel to a new worker or checker, and the control socket of its monitor.

    ``extra`` are descriptors that the new process gets beside its own.
    """
    channel, far_channel = socket.socketpair()
    control, far_control = socket.socketpair()
    with far_channel, far_control:
        descriptors = [far_channel.fileno(), far_control.fileno(), *extra]
        socket.send_fds(zygote, [json.dumps(order).encode()], descriptors)
    return channel, control

"""Ask the zygote for a process: the messages that the engine and checkers send it."""

from __future__ import annotations

import json
import socket
from dataclasses import asdict

from autograder.sandbox.limits import Limits

# A checker does little of its own: comparing, a reference computation. Its limits only stop a runaway check.
_CHECKER_MEMORY_MB = 4096


def request_checker(zygote: socket.socket, limits: Limits) -> socket.socket:
    """Return the channel to a new checker, which can ask the same zygote for workers."""
    order = {
        "kind": "checker",
        "memory_mb": _CHECKER_MEMORY_MB,
        "processes": limits.processes,
        "file_mb": limits.file_mb,
        "cpu_s": round(2 * limits.submission_s),
    }
    channel, far_channel = socket.socketpair()
    with far_channel:
        _send(zygote, order, far_channel.fileno(), zygote.fileno())
    return channel


def request_worker(zygote: socket.socket, limits: Limits) -> tuple[socket.socket, socket.socket]:
    """Return the channel to a new worker, and the control socket of its monitor."""
    order = {"kind": "worker", "cpu_s": round(2 * limits.submission_s), **asdict(limits)}
    channel, far_channel = socket.socketpair()
    control, far_control = socket.socketpair()
    with far_channel, far_control:
        _send(zygote, order, far_channel.fileno(), far_control.fileno())
    return channel, control


def _send(zygote: socket.socket, order: dict[str, object], *descriptors: int) -> None:
    socket.send_fds(zygote, [json.dumps(order).encode()], descriptors)

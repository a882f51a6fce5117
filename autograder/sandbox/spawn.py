"""Ask the zygote for a process: the messages that the engine and checkers send it."""

from __future__ import annotations

import json
import socket
from dataclasses import asdict

from autograder.sandbox.limits import Limits

# A checker does little of its own: comparing, a reference computation. Its limits only stop a runaway check.
_CHECKER_MEMORY_MB = 4096


def request_checker(zygote: socket.socket, limits: Limits) -> tuple[socket.socket, socket.socket]:
    """Return the channel on which a new checker waits for its file of checks, and the socket of its requests.

    Each request brings the channel to a submission. The checker can ask the same zygote for workers.
    """
    order = {
        "kind": "checker",
        "memory_mb": _CHECKER_MEMORY_MB,
        "processes": limits.processes,
        "file_mb": limits.file_mb,
        "cpu_s": round(2 * limits.submission_s),
    }
    channel, far_channel = socket.socketpair()
    requests, far_requests = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    with far_channel, far_requests:
        _send(zygote, order, far_channel.fileno(), far_requests.fileno(), zygote.fileno())
    return channel, requests


def request_grading(checker: socket.socket) -> socket.socket:
    """Return the channel to a fork of a checker, which waits for a submission."""
    channel, far_channel = socket.socketpair()
    with far_channel:
        socket.send_fds(checker, [b"grade"], [far_channel.fileno()])
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

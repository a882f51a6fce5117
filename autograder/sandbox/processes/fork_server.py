"""A fork server's loop: one process that has everything ready, and a copy of it for each request."""

from __future__ import annotations

import os
import select
import socket
from collections.abc import Callable

MAX_REQUEST = 4096


def fork_for_each(
    requests: socket.socket, get_ready: Callable[[bytes], None] = lambda message: None
) -> tuple[bytes, list[int]] | None:
    """Fork at each request on a SEQPACKET socket; before that, ``get_ready`` is given the request.

    Returns in each child, with the message and the descriptors that came with it; and in the server itself with
    None, once the last one who could ask is gone and every child has ended.
    """
    children: set[int] = set()
    poll = select.poll()
    poll.register(requests, select.POLLIN)
    while True:
        ready = poll.poll(1000 if children else None)
        _reap(children)
        if not ready:
            continue
        message, descriptors, _, _ = socket.recv_fds(requests, MAX_REQUEST, 4)
        if not message:
            break
        get_ready(message)
        pid = os.fork()
        if pid == 0:
            requests.close()
            return message, descriptors
        children.add(pid)
        for descriptor in descriptors:
            os.close(descriptor)
    while children:
        _reap(children, wait=True)
    return None


def _reap(children: set[int], *, wait: bool = False) -> None:
    """Collect ended children, so that their CPU time is counted and no zombie stays."""
    while children:
        try:
            pid, _ = os.waitpid(-1, 0 if wait else os.WNOHANG)
        except ChildProcessError:
            children.clear()
            return
        if pid == 0:
            return
        children.discard(pid)

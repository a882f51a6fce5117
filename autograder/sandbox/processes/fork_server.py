"""The loop of a fork server: a fully prepared process that forks itself for each request."""

from __future__ import annotations

import os
import select
import socket
from collections.abc import Callable

MAX_REQUEST = 4096


def fork_for_each(
    requests: socket.socket, get_ready: Callable[[bytes], None] = lambda message: None
) -> tuple[bytes, list[int]] | None:
    """Fork for each request on a SEQPACKET socket, after calling ``get_ready`` with it.

    Returns the request and its descriptors in each child, and None in the server once all clients have closed the
    socket and all children have ended.
    """
    children: set[int] = set()
    poll = select.poll()
    poll.register(requests, select.POLLIN)
    while True:
        ready = poll.poll(1000 if children else None)  # wake up to reap, but only if there is something to reap
        _reap(children)
        if not ready:
            continue
        message, descriptors, _, _ = socket.recv_fds(requests, MAX_REQUEST, 4)
        if not message:
            break
        get_ready(message)
        pid = os.fork()
        if pid == 0:
            requests.close()  # a copy in a child would hide from clients that the server has ended
            return message, descriptors
        children.add(pid)
        for descriptor in descriptors:  # the child has its own; open here, they would hide that it hung up
            os.close(descriptor)
    while children:
        _reap(children, wait=True)
    return None


def _reap(children: set[int], *, wait: bool = False) -> None:
    """Reap ended children, so that their CPU time is counted and no zombies remain."""
    while children:
        try:
            pid, _ = os.waitpid(-1, 0 if wait else os.WNOHANG)
        except ChildProcessError:
            children.clear()
            return
        if pid == 0:
            return
        children.discard(pid)

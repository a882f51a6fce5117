"""Frames on a socket: msgpack for structure, raw buffers behind it, bounded in every direction.

A frame is ``u32 structure length, u32 number of buffers, u64 length of each buffer``, then the structure, then
the buffers. Nothing here knows tensors, so the grader's own process can use it without torch.
"""

from __future__ import annotations

import socket
import struct
from typing import Any

import msgpack

MAX_STRUCTURE = 16 * 2**20
MAX_BUFFERS = 20_000
MAX_BYTES = 512 * 2**20
MAX_NODES = 200_000
MAX_TEXT = 2**20
_HEAD = struct.Struct("!II")


class ProtocolError(Exception):
    """The other side sent something that is no well-formed message."""


def send(sock: socket.socket, structure: Any, buffers: list[memoryview] | None = None) -> None:
    """Send one frame; raise ``OSError`` when the other side is gone, `ProtocolError` when it is too large."""
    buffers = buffers or []
    body = msgpack.packb(structure, use_bin_type=True, unicode_errors="surrogatepass")
    sizes = [buffer.nbytes for buffer in buffers]
    if len(body) > MAX_STRUCTURE or len(buffers) > MAX_BUFFERS or sum(sizes) > MAX_BYTES:
        raise ProtocolError("a message is too large")
    sock.sendall(_HEAD.pack(len(body), len(buffers)) + struct.pack(f"!{len(sizes)}Q", *sizes) + body)
    for buffer in buffers:
        if buffer.nbytes:
            sock.sendall(buffer)


def receive(sock: socket.socket) -> tuple[Any, list[bytearray]]:
    """Return the next frame; raise ``EOFError`` at the end and `ProtocolError` on nonsense."""
    body_size, count = _HEAD.unpack(_exactly(sock, _HEAD.size))
    if body_size > MAX_STRUCTURE or count > MAX_BUFFERS:
        raise ProtocolError("a message is too large")
    sizes = struct.unpack(f"!{count}Q", _exactly(sock, 8 * count))
    if sum(sizes) > MAX_BYTES:
        raise ProtocolError("a message is too large")
    body = _exactly(sock, body_size)
    buffers = [_exactly(sock, size) for size in sizes]
    try:
        structure = msgpack.unpackb(
            body,
            unicode_errors="surrogatepass",
            max_str_len=4 * MAX_TEXT,  # bytes of UTF-8
            max_bin_len=MAX_STRUCTURE,
            max_array_len=MAX_NODES,
            max_map_len=0,
            max_ext_len=0,
        )
    except (ValueError, TypeError, RecursionError) as error:  # msgpack's own errors derive from these
        raise ProtocolError(f"ill-formed message ({type(error).__name__})") from None
    return structure, buffers


def _exactly(sock: socket.socket, size: int) -> bytearray:
    data = bytearray(size)
    view = memoryview(data)
    while view.nbytes:
        try:
            count = sock.recv_into(view)
        except ConnectionError:
            count = 0
        if not count:
            raise EOFError("the other side has closed the connection")
        view = view[count:]
    return data

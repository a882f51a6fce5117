"""Frames on a socket: msgpack for the structure, followed by raw buffers. All sizes are bounded.

A frame is ``u32 structure length, u32 number of buffers, u64 length of each buffer``, then the structure, then the
buffers. Nothing here needs torch, so the grader's own process can use it.
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
_STEP = 256 * 2**10


class ProtocolError(Exception):
    """A message is malformed or too large."""


def send(sock: socket.socket, structure: Any, buffers: list[memoryview] | None = None) -> None:
    """Send one frame; raise ``OSError`` if the other side has hung up, `ProtocolError` if the frame is too large."""
    buffers = buffers or []
    # A Python text may hold lone surrogates, which are not valid UTF-8, so a student could stop the sender with one.
    body = msgpack.packb(structure, use_bin_type=True, unicode_errors="surrogatepass")
    sizes = [buffer.nbytes for buffer in buffers]
    if len(body) > MAX_STRUCTURE or len(buffers) > MAX_BUFFERS or sum(sizes) > MAX_BYTES:
        raise ProtocolError("a message is too large")
    sock.sendall(_HEAD.pack(len(body), len(buffers)) + struct.pack(f"!{len(sizes)}Q", *sizes) + body)
    for buffer in buffers:
        if buffer.nbytes:
            sock.sendall(buffer)


def receive(sock: socket.socket) -> tuple[Any, list[bytearray]]:
    """Return the next frame; raise ``EOFError`` at the end, `ProtocolError` if the frame is malformed."""
    body_size, count = _HEAD.unpack(_exactly(sock, _HEAD.size))
    if body_size > MAX_STRUCTURE or count > MAX_BUFFERS:
        raise ProtocolError("a message is too large")
    sizes = struct.unpack(f"!{count}Q", _exactly(sock, 8 * count))
    if sum(sizes) > MAX_BYTES:
        raise ProtocolError("a message is too large")
    body = _exactly(sock, body_size)
    buffers = [_exactly(sock, size) for size in sizes]
    return unpack(body), buffers


def unpack(body: bytes | bytearray) -> Any:
    """Return the structure that ``body`` encodes; raise `ProtocolError` if it is malformed.

    A few bytes cannot claim much memory: a first pass skips over the whole structure, which fails if any claimed item
    is missing, and lists are counted while they are built.
    """
    count = 0

    def counted(items: list[Any]) -> list[Any]:
        nonlocal count
        count += 1 + len(items)
        if count > 2 * MAX_NODES:
            raise ProtocolError("a value has too many parts")
        return items

    try:
        walker = msgpack.Unpacker(read_size=len(body) or 1, max_buffer_size=MAX_STRUCTURE)
        walker.feed(body)
        walker.skip()
        return msgpack.unpackb(
            body,
            list_hook=counted,
            ext_hook=_refuse_extension,
            unicode_errors="surrogatepass",
            max_str_len=4 * MAX_TEXT,  # bytes of UTF-8
            max_bin_len=MAX_STRUCTURE,
            max_array_len=MAX_NODES,
            max_map_len=0,  # dicts arrive as pairs, so that colliding keys are refused before a dict is built
            max_ext_len=0,
        )
    except (ValueError, TypeError, RecursionError, msgpack.UnpackException) as error:
        raise ProtocolError(f"malformed message ({type(error).__name__})") from None


def _refuse_extension(_code: int, _data: bytes) -> Any:
    raise ProtocolError("a message contains an unknown extension")


def _exactly(sock: socket.socket, size: int) -> bytearray:
    """Return the next ``size`` bytes. Memory is allocated as they arrive, so claiming a large size costs nothing."""
    data = bytearray()
    while len(data) < size:
        try:
            received = sock.recv(min(size - len(data), _STEP))
        except ConnectionError:  # a killed process resets the connection if it had not read everything
            received = b""
        if not received:
            raise EOFError("the other side has closed the connection")
        data += received
    return data

"""Decoding validates everything: whatever bytes arrive, the result is a value or a `ProtocolError`."""

from __future__ import annotations

import socket
import struct
import tracemalloc
from contextlib import suppress
from typing import Any

import msgpack
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from autograder.sandbox.protocol import frames, values
from autograder.sandbox.protocol.frames import ProtocolError

JSONISH = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**80), 2**80)
    | st.floats()
    | st.text(max_size=20)
    | st.binary(max_size=20),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.lists(inner, max_size=4).map(tuple)
        | st.dictionaries(st.text(max_size=5), inner, max_size=4)
    ),
    max_leaves=20,
)


def no_handle(value: Any) -> Any:
    raise AssertionError(f"{value!r} has a tag of its own")


def over_a_socket(structure: Any, buffers: list[memoryview] | None = None) -> tuple[Any, list[bytearray]]:
    ours, theirs = socket.socketpair()
    with ours, theirs:
        ours.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 2**22)
        frames.send(ours, structure, buffers)
        return frames.receive(theirs)


def framed(body: bytes) -> bytes:
    return struct.pack("!II", len(body), 0) + body


def decode(structure: Any, buffers: list[bytearray] | None = None, **options: Any) -> Any:
    return values.Decoder(buffers or [], lambda number, name, is_callable: (number, name), **options).decode(structure)


@given(JSONISH)
@settings(max_examples=200, deadline=None)
def test_values_arrive_as_they_were_sent(value):
    encoder = values.Encoder(no_handle)
    structure, buffers = over_a_socket(encoder.encode(value), encoder.buffers)
    assert repr(decode(structure, buffers)) == repr(value)


@given(st.binary(max_size=200))
@settings(max_examples=300, deadline=None)
def test_any_bytes_are_a_frame_or_an_error(data):
    ours, theirs = socket.socketpair()
    with ours, theirs:
        ours.sendall(data)
        ours.close()
        try:
            structure, buffers = frames.receive(theirs)
            decode(structure, buffers)
        except (ProtocolError, EOFError):
            pass


TAGGED = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**63), 2**64 - 1) | st.floats()
    | st.text(max_size=8) | st.binary(max_size=8)
    | st.sampled_from([*values._TAGS, *values.DTYPES]),
    lambda inner: st.lists(inner, max_size=8) | st.builds(
        lambda tag, rest: [tag, *rest], st.sampled_from(list(values._TAGS)), st.lists(inner, max_size=8)
    ),
    max_leaves=30,
)  # fmt: skip


@given(TAGGED, st.lists(st.binary(max_size=64), max_size=3), st.booleans())
@settings(max_examples=1000, deadline=None)
def test_any_structure_is_a_value_or_an_error(structure, buffers, strided):
    with suppress(ProtocolError):
        decode(structure, [bytearray(buffer) for buffer in buffers], strided=strided)


@pytest.mark.parametrize(
    "structure",
    [
        ["T", "float32", [2, 2], 0, None, False, None, None],
        ["T", "float32", [10**9, 10**9], 0, None, False, None, None],
        ["T", "float32", [-1], 0, None, False, None, None],
        ["T", "object", [1], 0, None, False, None, None],
        ["T", "int64", [1], 0, None, True, None, None],
        ["A", "object", [1], 0],
        ["A", "float32", [1] * 40, 0],
        ["r", 3],
        ["i", "9" * 5000],
        ["h", -1, "x", False],
        ["h", True, "x", False],
        ["nonsense"],
        [["l"]],
        [],
        ["d", [["l", 1], 2]],
        {},
        msgpack.ExtType(5, b""),
        ["T", "bool", [8], 0, None, False, None, None],
        ["A", "bool", [8], 0],
        ["l", ["T", "float64", [1], 0, None, False, None, None], ["A", "float64", [1], 0]],
    ],
)
def test_lies_are_refused(structure):
    with pytest.raises(ProtocolError):
        decode(structure, [bytearray(b"\0\1\0\1\0\1\0\2")])


def test_strides_from_a_worker_are_ignored():
    structure = ["T", "float32", [2], 0, [10**12], False, None, None]
    assert decode(structure, [bytearray(8)]).stride() == (1,)


def test_depth_and_size_are_bounded():
    nested: Any = 1
    for _ in range(100):
        nested = ["l", nested]
    with pytest.raises(ProtocolError, match="nested"):
        decode(nested)
    with pytest.raises(ProtocolError):
        values.Encoder(no_handle).encode([[]] * (frames.MAX_NODES + 1))


@pytest.mark.parametrize(
    "header", [struct.pack("!II", 2**31, 0), struct.pack("!II", 1, 2**31), struct.pack("!IIQ", 1, 1, 2**60) + b"\x00"]
)
def test_claiming_a_size_costs_nothing(header):
    ours, theirs = socket.socketpair()
    with ours, theirs:
        ours.sendall(header)
        with pytest.raises(ProtocolError, match="too large"):
            frames.receive(theirs)


@pytest.mark.parametrize(
    "data",
    [
        struct.pack("!IIQ", 1, 1, frames.MAX_BYTES) + b"\xc0" + b"x" * 1000,
        struct.pack("!II", frames.MAX_STRUCTURE, 0) + b"\xc0",
        struct.pack("!II", 1, frames.MAX_BUFFERS),
        framed(b"\xdd" + struct.pack("!I", frames.MAX_NODES)),
        framed((b"\xdd" + struct.pack("!I", frames.MAX_NODES)) * 1000),
        framed(b"\xdd" + struct.pack("!I", frames.MAX_NODES) + b"\x91" * frames.MAX_NODES + b"\xc0"),
    ],
    ids=["buffer", "structure", "buffers", "list", "lists in lists", "lists that end too early"],
)
def test_items_claimed_but_not_sent_take_no_memory(data):
    ours, theirs = socket.socketpair()
    ours.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 2**20)
    with ours, theirs:
        ours.sendall(data)
        ours.close()
        tracemalloc.start()
        try:
            with pytest.raises((ProtocolError, EOFError)):
                frames.receive(theirs)
            assert tracemalloc.get_traced_memory()[1] < 2**20 + 8 * len(data)
        finally:
            tracemalloc.stop()


def test_more_lists_than_a_value_may_have_are_not_made():
    body = msgpack.packb([[[]] * 100_000 for _ in range(20)])
    tracemalloc.start()
    try:
        with pytest.raises(ProtocolError, match="parts"):
            frames.unpack(body)
        assert tracemalloc.get_traced_memory()[1] < 80 * 2 * frames.MAX_NODES
    finally:
        tracemalloc.stop()


def test_deep_msgpack_is_an_error_not_a_crash():
    ours, theirs = socket.socketpair()
    with ours, theirs:
        body = b"\x91" * 100_000 + b"\x01"
        ours.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 2**20)
        ours.sendall(framed(body))
        with pytest.raises(ProtocolError):
            frames.receive(theirs)


def test_subclasses_and_unknown_types_become_handles():
    class Text(str):
        pass

    handles: list[Any] = []

    def handle(value: Any) -> list[Any]:
        handles.append(value)
        return ["h", len(handles), type(value).__name__, callable(value)]

    encoder = values.Encoder(handle)
    structure = encoder.encode([Text("x"), object(), torch.ones(2).to_sparse()])
    assert len(handles) == 3
    assert msgpack.packb(structure)


def test_a_subclassed_tensor_arrives_as_a_plain_one():
    class Liar(torch.Tensor):
        @property
        def shape(self):
            return (7,)

    encoder = values.Encoder(no_handle)
    structure = encoder.encode(torch.zeros(2).as_subclass(Liar))
    result = decode(structure, [bytearray(buffer) for buffer in encoder.buffers])
    assert type(result) is torch.Tensor
    assert tuple(result.shape) == (2,)


@pytest.mark.parametrize("tag", ["d", "s"])
def test_keys_with_equal_hashes_do_not_keep_the_checker_busy(tag):
    keys = [["c", float(-1000003 * n), float(n)] for n in range(50_000)]
    assert len({hash(complex(*key[1:])) for key in keys[1:100]}) == 1
    with pytest.raises(ProtocolError, match="too many keys"):
        values.Decoder([], no_handle).decode([tag, *([[key, 0] for key in keys] if tag == "d" else keys)])


def test_a_frame_may_be_as_large_as_allowed_and_no_larger(monkeypatch):
    monkeypatch.setattr(frames, "MAX_STRUCTURE", 4)
    monkeypatch.setattr(frames, "MAX_BUFFERS", 2)
    monkeypatch.setattr(frames, "MAX_BYTES", 6)
    pair = [memoryview(b"abc")] * 2
    assert over_a_socket("abc", pair) == ("abc", [b"abc"] * 2)
    for structure, buffers in (("abcd", pair), ("abc", [memoryview(b"a")] * 3), ("abc", [memoryview(b"abcd")] * 2)):
        ours, theirs = socket.socketpair()
        with ours, theirs, pytest.raises(ProtocolError, match="too large"):
            frames.send(ours, structure, buffers)


def test_a_side_that_leaves_with_unread_data_has_hung_up():
    ours, theirs = socket.socketpair()
    with ours:
        ours.sendall(b"x")
        theirs.close()
        with pytest.raises(EOFError):
            frames.receive(ours)


def test_maps_are_refused():
    with pytest.raises(ProtocolError):
        frames.unpack(msgpack.packb({"a": 1}))


@pytest.mark.parametrize("number", [2**63 - 1, 2**63, -(2**63), -(2**63) - 1])
def test_integers_of_any_size_arrive(number):
    assert decode(over_a_socket(values.Encoder(no_handle).encode(number))[0]) == number


def test_a_text_may_be_as_long_as_allowed_and_no_longer():
    assert values.Encoder(no_handle).encode("x" * frames.MAX_TEXT)
    with pytest.raises(ProtocolError, match="a text is too long"):
        values.Encoder(no_handle).encode("x" * (frames.MAX_TEXT + 1))


def test_a_list_may_have_as_many_items_as_allowed_and_no_more():
    assert decode(["l", *[0] * (frames.MAX_NODES - 1)])
    with pytest.raises(ProtocolError, match="too many parts"):
        decode(["l", *[0] * frames.MAX_NODES])


@pytest.mark.parametrize(
    "tensor",
    [torch.ones(1).expand(3, 4), torch.ones(3, 1).expand(3, 4), torch.arange(6.0)[::2], torch.arange(6.0)[::6]],
    ids=["one value", "one column", "every other", "a single one"],
)
def test_values_that_are_stored_once_are_sent_once_and_strides_are_kept(tensor):
    encoder = values.Encoder(no_handle, strided=True)
    structure = encoder.encode(tensor)
    assert sum(buffer.nbytes for buffer in encoder.buffers) <= tensor.untyped_storage().nbytes()
    arrived = decode(structure, [bytearray(buffer) for buffer in encoder.buffers], strided=True)
    assert torch.equal(arrived, tensor)
    assert tensor.is_contiguous() or arrived.stride() == tensor.stride()


def test_a_gradient_belongs_to_a_tensor_that_requires_one():
    grad = ["T", "float32", [2], 1, None, False, None, None]
    for required in (False, True):
        tensor = decode(["T", "float32", [2], 0, None, required, grad, None], [bytearray(8), bytearray(8)])
        assert (tensor.grad is not None) is required

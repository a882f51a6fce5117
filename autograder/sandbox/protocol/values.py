"""Values between checker and worker, encoded as tagged lists and raw buffers; `frames` sends them.

Plain scalars stand for themselves; everything else is a list that starts with a tag (see ``_TAGS``). Nothing is ever
unpickled. Values without a tag cross as a *handle*, a number that only the worker can resolve, so the worker cannot
reach any object of the checker.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import torch

from autograder.sandbox.protocol.frames import MAX_NODES, MAX_TEXT, ProtocolError

MAX_DEPTH = 32
MAX_COLLISIONS = 100
"""The number of keys of a dict or set that may share their hash with another key. Real ones share almost none."""

_TAGS = {
    "l": "list",
    "t": "tuple",
    "d": "dict, as pairs",
    "s": "set",
    "z": "torch.Size",
    "T": "tensor: dtype, shape, buffer, strides or None, requires_grad, grad or None, graph slot or None",
    "A": "numpy array: dtype, shape, buffer",
    "n": "numpy scalar: dtype, bytes",
    "r": "reference to an earlier tensor of this message, by its index",
    "h": "handle: number, type name, callable?",
    "i": "integer of more than 64 bits, as text",
    "c": "complex: real, imaginary",
    "D": "torch dtype: name",
    "v": "torch device: text",
    "S": "slice: start, stop, step",
    "e": "Ellipsis",
}
DTYPES = {
    str(kind).removeprefix("torch."): kind
    for kind in (
        torch.float16, torch.bfloat16, torch.float32, torch.float64, torch.uint8, torch.int8, torch.int16,
        torch.int32, torch.int64, torch.bool,
    )
}  # fmt: skip
_DTYPE_NAMES = {kind: name for name, kind in DTYPES.items()}
_PLAIN = frozenset((type(None), bool, int, float, str, bytes))
_BOOLEANS = frozenset((torch.bool, np.dtype(bool)))
_NUMPY = frozenset(
    ("bool", "uint8", "int8", "uint16", "int16", "uint32", "int32", "uint64", "int64", "float16", "float32", "float64")
)


@dataclass
class Tensors:
    """The tensors of one message, in order."""

    seen: list[torch.Tensor] = field(default_factory=list)
    slots: dict[int, torch.Tensor] = field(default_factory=dict)
    """Graph slot → tensor: the outputs that the worker can backpropagate through."""


class Encoder:
    """Encodes the values of one message; ``handle`` encodes values that have no tag of their own.

    With ``strided``, tensors keep their memory layout, because student code must cope with it; otherwise they arrive
    contiguous.
    """

    def __init__(self, handle: Callable[[Any], list[Any]], *, strided: bool = False) -> None:
        self._strided = strided
        self.buffers: list[memoryview] = []
        self.tensors = Tensors()
        self._handle = handle
        self._places: dict[int, int] = {}
        self._nodes = 0

    def encode(self, value: Any, depth: int = 0) -> Any:
        """Return the structure of ``value`` and append its buffers; raise `ProtocolError` if it is too large."""
        self._nodes += 1
        if depth > MAX_DEPTH or self._nodes > MAX_NODES:
            raise ProtocolError("a value is nested too deeply or has too many parts")
        kind = type(value)  # not isinstance: a subclass has behaviour of its own and crosses as a handle
        if value is None or kind in (bool, float):
            return value
        if kind in (str, bytes):
            if len(value) > MAX_TEXT:
                raise ProtocolError("a text is too long")
            return value
        if kind is int:
            return value if -(2**63) <= value < 2**63 else ["i", str(value)]  # msgpack's range
        if isinstance(value, torch.Tensor):
            return self._tensor(value, depth)
        inner = depth + 1
        if kind is list or kind is tuple:
            return ["l" if kind is list else "t", *[self.encode(item, inner) for item in value]]
        if kind is dict or kind is OrderedDict:
            return ["d", *[[self.encode(k, inner), self.encode(v, inner)] for k, v in value.items()]]
        return self._rare(value, kind, inner)

    def _rare(self, value: Any, kind: type, depth: int) -> Any:
        if kind is set or kind is frozenset:
            return ["s", *[self.encode(item, depth) for item in value]]
        if kind is torch.Size:
            return ["z", *[int(n) for n in value]]
        if kind is np.ndarray and value.dtype.name in _NUMPY:
            self.buffers.append(_view(np.ascontiguousarray(value)))
            return ["A", value.dtype.name, list(value.shape), len(self.buffers) - 1]
        if isinstance(value, np.generic) and value.dtype.name in _NUMPY:
            return ["n", value.dtype.name, value.tobytes()]
        if kind is complex:
            return ["c", value.real, value.imag]
        if kind is torch.dtype and value in _DTYPE_NAMES:
            return ["D", _DTYPE_NAMES[value]]
        if kind is torch.device:
            return ["v", str(value)]
        if kind is slice:
            return ["S", *[self.encode(part, depth) for part in (value.start, value.stop, value.step)]]
        if value is Ellipsis:
            return ["e"]
        return self._handle(value)

    def _tensor(self, tensor: torch.Tensor, depth: int) -> Any:
        if id(tensor) in self._places:
            return ["r", self._places[id(tensor)]]
        if tensor.layout is not torch.strided or tensor.device.type != "cpu" or tensor.dtype not in _DTYPE_NAMES:
            return self._handle(tensor)
        plain = tensor.detach().as_subclass(torch.Tensor)  # a subclass may override any method called below
        # Before its grad, as in the decoder: a reference is an index into this order.
        self._places[id(tensor)] = len(self.tensors.seen)
        self.tensors.seen.append(tensor)
        slot = None
        if tensor.grad_fn is not None:
            slot = len(self.tensors.slots)
            self.tensors.slots[slot] = tensor
        grad = tensor.grad if tensor.is_leaf else None
        strides = list(plain.stride()) if self._strided and not plain.is_contiguous() else None
        self.buffers.append(_bytes_of(plain if strides is None else _narrowed(plain)))
        place = len(self.buffers) - 1
        return [
            "T", _DTYPE_NAMES[plain.dtype], list(plain.shape), place, strides, tensor.requires_grad,
            None if grad is None else self._tensor(grad, depth), slot,
        ]  # fmt: skip


def _narrowed(tensor: torch.Tensor) -> torch.Tensor:
    """Return an expanded tensor without its repetitions, so that values stored once are sent once."""
    for axis, (size, stride) in enumerate(zip(tensor.shape, tensor.stride(), strict=True)):
        if stride == 0 and size > 1:
            tensor = tensor.narrow(axis, 0, 1)
    return tensor


def _bytes_of(tensor: torch.Tensor) -> memoryview:
    flat = tensor.contiguous().reshape(-1)
    if flat.numel() and flat.stride(0) != 1:  # a single element counts as contiguous whatever its stride
        flat = torch.empty(flat.shape, dtype=flat.dtype).copy_(flat)
    return _view(flat.view(torch.uint8).numpy()) if flat.numel() else memoryview(b"")


def _view(array: np.ndarray[Any, Any]) -> memoryview:
    return memoryview(array.reshape(-1).view(np.uint8))  # type: ignore[arg-type, unused-ignore]


class Decoder:
    """Decodes a structure and buffers into values, validating everything.

    ``handle`` creates an object from a handle's number, type name and whether it is callable. Strides are accepted
    (``strided``) only in messages from the checker: a worker's could claim unlimited memory.
    """

    def __init__(
        self, buffers: list[bytearray], handle: Callable[[int, str, bool], Any], *, strided: bool = False
    ) -> None:
        self.tensors = Tensors()
        self._buffers: list[bytearray | None] = [*buffers]
        self._handle = handle
        self._strided = strided
        self._nodes = 0

    def decode(self, structure: Any) -> Any:
        """Return the value; raise `ProtocolError` if the structure is malformed."""
        try:
            return self._decode(structure, 0)
        except ProtocolError:
            raise
        except (ArithmeticError, AttributeError, LookupError, RuntimeError, TypeError, ValueError) as error:
            raise ProtocolError(f"malformed message ({type(error).__name__})") from None

    def _decode(self, node: Any, depth: int) -> Any:
        self._nodes += 1
        if depth > MAX_DEPTH or self._nodes > MAX_NODES:
            raise ProtocolError("a value is nested too deeply or has too many parts")
        if type(node) is not list:
            if type(node) not in _PLAIN:
                raise ProtocolError("unknown type of value")
            return node
        tag, *rest = node
        inner = depth + 1
        match tag:
            case "l":
                return [self._decode(item, inner) for item in rest]
            case "t":
                return tuple(self._decode(item, inner) for item in rest)
            case "d":
                pairs = [(self._decode(key, inner), self._decode(value, inner)) for key, value in rest]
                _refuse_collisions([key for key, _ in pairs])
                return dict(pairs)
            case "T":
                return self._tensor(rest, inner)
            case "h":
                number, name, is_callable = rest
                return self._handle(_natural(number), name[:80] if type(name) is str else "", bool(is_callable))
        return self._rare(tag, rest, inner)

    def _rare(self, tag: Any, rest: list[Any], depth: int) -> Any:
        match tag:
            case "s":
                return set(_refuse_collisions([self._decode(item, depth) for item in rest]))
            case "z":
                return torch.Size(_shape(rest))
            case "A":
                name, shape, place = rest
                dtype = np.dtype(_known(name))
                return np.frombuffer(self._buffer(place, shape, dtype), dtype=dtype).reshape(_shape(shape))
            case "n":
                name, data = rest
                return np.frombuffer(data, dtype=_known(name), count=1)[0]
            case "r":
                return self.tensors.seen[_natural(rest[0])]
            case "i":
                if len(rest[0]) > 4000:  # stays below the limit of `int`, whose cost is quadratic in the digits
                    raise ProtocolError("an integer is too long")
                return int(rest[0])
            case "c":
                return complex(*rest)
            case "D":
                return DTYPES[rest[0]]
            case "v":
                return torch.device(str(rest[0]))
            case "S":
                return slice(*[self._decode(part, depth) for part in rest])
            case "e":
                return ...
        raise ProtocolError("unknown tag")

    def _tensor(self, rest: list[Any], depth: int) -> torch.Tensor:
        name, shape, place, strides, requires_grad, grad, slot = rest
        dtype, shape = DTYPES[name], _shape(shape)
        if strides is not None and self._strided:
            tensor = self._strided_tensor(dtype, shape, strides, place)
        else:
            buffer = self._buffer(place, shape, dtype)
            tensor = (  # torch.frombuffer refuses an empty buffer
                torch.frombuffer(buffer, dtype=dtype).reshape(shape) if len(buffer) else torch.empty(shape, dtype=dtype)
            )
        self.tensors.seen.append(tensor)
        if requires_grad:
            tensor.requires_grad_()
        if grad is not None:
            value = self._decode(grad, depth)
            if isinstance(value, torch.Tensor) and value.shape == tensor.shape and tensor.requires_grad:
                tensor.grad = value
        if slot is not None:
            self.tensors.slots[_natural(slot)] = tensor
        return tensor

    def _strided_tensor(self, dtype: torch.dtype, shape: list[int], strides: list[int], place: int) -> torch.Tensor:
        stored = [1 if stride == 0 else size for size, stride in zip(shape, strides, strict=True)]
        values = torch.frombuffer(self._buffer(place, stored, dtype), dtype=dtype).reshape(stored)
        tensor = torch.empty_strided(stored, strides, dtype=dtype)
        return tensor.copy_(values).expand(shape)

    def _buffer(self, place: Any, shape: list[int], dtype: torch.dtype | np.dtype[Any]) -> bytearray:
        """Return a buffer of the right size, at most once: values that share memory would change together."""
        count = dtype.itemsize
        for size in _shape(shape):
            count *= size
        buffer = self._buffers[_natural(place)]
        if buffer is None:
            raise ProtocolError("a buffer is used twice")
        if len(buffer) != count:
            raise ProtocolError("a buffer does not have the size of its shape")
        if dtype in _BOOLEANS and buffer.translate(None, b"\0\1"):
            raise ProtocolError("a bool is neither true nor false")  # torch would count its byte as 2 or 255
        self._buffers[place] = None  # so that the check above finds a second use
        return buffer


def _natural(value: Any) -> int:
    if type(value) is not int or value < 0:  # not isinstance, which accepts True
        raise ProtocolError("an index or a size is not a natural number")
    return value


def _shape(shape: Any) -> list[int]:
    if len(shape) > 16:
        raise ProtocolError("too many dimensions")
    return [_natural(size) for size in shape]


def _refuse_collisions(keys: list[Any]) -> list[Any]:
    """Refuse keys chosen to share their hashes: a dict of 100 000 such keys takes minutes to fill."""
    if len(keys) - len({hash(key) for key in keys}) > MAX_COLLISIONS:
        raise ProtocolError("too many keys have the same hash")
    return keys


def _known(name: Any) -> str:
    if name not in _NUMPY:
        raise ProtocolError("unknown dtype")
    return str(name)

"""Search for bytes from a worker that make the checker misbehave, with coverage-guided fuzzing (atheris).

::

    python tests/sandbox/fuzz_wire.py --minutes 10 [--corpus FOLDER]

`try_input` is the property: whatever bytes arrive, an operation of the checker ends in a value of an allowed type, in
the student's exception or in the worker's death; reading a checker's message ends in a result or in `ProtocolError`.
Nothing else is raised, nothing hangs, and memory grows with the bytes received, not with the sizes claimed. Findings
are written to ``crash-…`` in the current folder; each belongs in ``test_values.py`` or ``test_remote.py`` as a test.
"""

from __future__ import annotations

import argparse
import json
import random
import resource
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgpack
import numpy as np
import torch

if __name__ == "__main__":
    import atheris

    with atheris.instrument_imports(include=["autograder.sandbox", "autograder.checking"]):
        import autograder.sandbox.engine
        import autograder.sandbox.processes.remote  # noqa: F401 - imported here to be watched; used under its names below

from autograder.checking.failures import NameMissing, WorkerDied, student_error
from autograder.checking.student_module import in_place
from autograder.checking.verdict import result_of
from autograder.course import Check, CheckFiles
from autograder.results.model import CellResult, Cost, Outcome, QuestionResult, Result, Status
from autograder.results.pictures import make_picture
from autograder.sandbox.engine import Engine
from autograder.sandbox.isolation import hardening
from autograder.sandbox.processes.remote import Link, RemoteObject, RemoteSubmission
from autograder.sandbox.protocol import frames, messages
from autograder.sandbox.protocol import values as wire
from autograder.sandbox.protocol.messages import Graded, Job, Limits

MAX_INPUT = 64 * 2**10
SPARE_MEMORY = 128 * 2**20
"""The memory that the process may allocate for one input of at most 64 KiB."""
TIMEOUT_S = 20
NEXT_FRAME = b"\xc1\xc1"  # msgpack never uses this byte
ALLOWED = (
    type(None), bool, int, float, complex, str, bytes, list, tuple, dict, set, torch.Size, torch.Tensor, np.ndarray,
    torch.dtype, torch.device, slice, type(Ellipsis), RemoteObject,
)  # fmt: skip


class Stream:
    """A worker that has already sent everything and reads nothing."""

    def __init__(self, data: bytes) -> None:
        self._data = memoryview(data)

    def recv(self, size: int) -> bytes:
        data, self._data = bytes(self._data[:size]), self._data[size:]
        return data

    def sendall(self, data: Any) -> None:
        pass

    def close(self) -> None:
        pass


def try_input(data: bytes) -> None:
    """Run the scenario that the first byte selects on the rest; let exceptions through that must not be raised."""
    if not data:
        return
    scenario = SCENARIOS[data[0] % len(SCENARIOS)]
    link = Link(lambda: WorkerDied("exit", "gone"), lambda _cell, _line: "")
    raw = data[0] >= 128
    link.attach(Stream(data[1:] if raw else b"".join(map(framed, data[1:].split(NEXT_FRAME)))))
    try:
        assert_allowed(scenario(link))
    except (WorkerDied, NameMissing):
        pass
    except Exception as error:
        if student_error(error) is None:
            raise


class Bounded:
    """`try_input` with a memory limit, raised now and then because the fuzzer itself uses more and more memory."""

    def __init__(self) -> None:
        self._inputs = 0

    def __call__(self, data: bytes) -> None:
        if self._inputs % 1000 == 0:
            _, hard = resource.getrlimit(resource.RLIMIT_DATA)
            resource.setrlimit(resource.RLIMIT_DATA, (hardening.data_in_use() + SPARE_MEMORY, hard))
        self._inputs += 1
        try_input(data)


def framed(part: bytes) -> bytes:
    """Return a well-formed frame of two buffers, whose sizes are the first two bytes, and a structure."""
    first, second, rest = part[:1], part[1:2], part[2:]
    sizes = [min(ord(size), len(rest)) for size in (first, second) if size]
    buffers, body = rest[: sum(sizes)], rest[sum(sizes) :]
    if len(buffers) < sum(sizes):
        sizes[-1] = len(buffers) - sizes[0]
    head = [len(body), len(sizes)]
    return b"".join([*[n.to_bytes(4, "big") for n in head], *[n.to_bytes(8, "big") for n in sizes], body, buffers])


def assert_allowed(value: Any, depth: int = 0) -> None:
    """Fail on a value that no real message could contain."""
    assert type(value) in ALLOWED or isinstance(value, np.generic), type(value)
    assert depth <= wire.MAX_DEPTH + 1
    match value:
        case dict():
            for key, item in value.items():
                assert_allowed(key, depth + 1)
                assert_allowed(item, depth + 1)
        case list() | tuple() | set():
            for item in value:
                assert_allowed(item, depth + 1)
        case slice():
            for item in (value.start, value.stop, value.step):
                assert_allowed(item, depth + 1)
        case torch.Tensor():
            assert value.untyped_storage().nbytes() <= MAX_INPUT
            assert value.dtype is not torch.bool or not value.numel() or int(value.view(torch.uint8).max()) <= 1
        case np.ndarray():
            assert value.nbytes <= MAX_INPUT
            assert value.dtype != bool or not value.size or value.view(np.uint8).max() <= 1


# --- Scenarios --------------------------------------------------------------------------------------


def take(link: Link) -> Any:
    """Get a name and use its value as a check might."""
    value = RemoteSubmission(link, {}).answer
    if isinstance(value, RemoteObject):
        return [value, repr(value), len(value), list(value), value.attribute]
    return value


def call(link: Link) -> Any:
    """Call a function without gradients."""
    with torch.no_grad():
        return RemoteObject(link, 1, "function", True)(torch.ones(2), 3, key=[1.5, "x"])


def differentiate(link: Link) -> Any:
    """Call a function that changes its argument, and backpropagate through it."""
    x = torch.ones(2, requires_grad=True)
    with in_place(x):
        value = RemoteObject(link, 1, "function", True)(x, torch.zeros(3, dtype=torch.int64))
    if isinstance(value, torch.Tensor) and value.requires_grad and value.is_floating_point():
        value.sum().backward()
    return [value, x, x.grad]


def run_cell(link: Link) -> Any:
    """Run a cell and describe the exception that it raised."""
    error = link.run_cell("cell-1", "x = 1")
    return None if error is None else [error.text(hidden=True), error.text(hidden=False)]


def iterate(link: Link) -> Any:
    """Get the length and the items of a list-like object."""
    target = RemoteObject(link, 1, "DataLoader", False)
    return [len(target), list(target), target[0]]


def report(link: Link) -> Any:
    """Read, as the engine does, a checker's messages about a submission with two cells and one check."""
    graded = Graded()
    assert link._sock is not None
    try:
        while Engine("D")._record(frames.receive(link._sock)[0], JOB, graded):
            pass
    except (EOFError, frames.ProtocolError):
        pass
    assert len(graded.cells) <= len(JOB.cells)
    assert len(graded.checks) <= len(JOB.checks)
    question = QuestionResult(CHECK.question, tuple(result for _, result in graded.checks))
    stored = Result("s", "e", "r", "d", "c", "x", "D", Status.GRADED, (question,), tuple(graded.cells)).to_json()
    assert Result.from_json(stored).to_json() == stored
    json.dumps(graded.costs, allow_nan=False)


SCENARIOS: list[Callable[[Link], Any]] = [take, call, differentiate, run_cell, iterate, report]
CHECK = Check("adds", "add", "Adds.", 1.0, public=True)
PICTURE = make_picture("images", "It", [("yours", [[1.0, 0.5], [float("nan"), -1.0]])])
JOB = Job(CheckFiles((), ()), (CHECK,), (("one", "x = 1"), ("two", "y = 2")), Limits())


# --- Seeds and mutations ----------------------------------------------------------------------------


def seeds() -> list[bytes]:
    """Return inputs made of real replies, one per type of value and scenario."""
    values: list[Any] = [
        None, True, 7, -3.5, "text", b"bytes", [1, (2, "x")], {"a": 1, 2: [3]}, {1, 2}, torch.Size([2, 3]), 2**90,
        1 + 2j, torch.float32, torch.device("cpu"), slice(1, None, 2), ..., torch.arange(4.0), torch.ones(2, 3).bool(),
        torch.tensor(3), torch.ones(2, requires_grad=True) * 2, np.arange(3), np.float32(1.5), np.bool_(True),
        object(), [torch.ones(2)] * 2, torch.zeros(0, 4),
    ]  # fmt: skip
    inputs = []
    for place in range(len(SCENARIOS)):
        for value in values:
            encoder = wire.Encoder(lambda _: ["h", 4, "DataLoader", True])
            structure = encoder.encode(value)
            changed = [[0, encoder.encode(torch.zeros(2))]]
            buffers = [bytes(buffer) for buffer in encoder.buffers]
            replies = [[1, "ok", structure, changed, 5], [2, "ok", structure, [], -1], [3, "ok", 2, [], -1]]
            inputs.append(bytes([place]) + NEXT_FRAME.join(_part(reply, buffers) for reply in replies))
        inputs.append(bytes([place]) + _part([1, "error", "ValueError", "no", "<cell cell-1>", 1], []))
        inputs.append(bytes([place]) + _part([1, "missing"], []))
        told = [
            messages.cells_message([CellResult("one", Outcome.PASSED), CellResult("two", Outcome.FAILED, "no")]),
            messages.check_message(CHECK, result_of(CHECK, Outcome.TIMED_OUT, "slow", (PICTURE,)), Cost(0.5, 1.0)),
            ["done", False, ["q"]],
        ]
        inputs.append(bytes([place]) + NEXT_FRAME.join(_part(message, []) for message in told))
        whole = framed(_part([1, "ok", ["l", 1, "x"], [], -1], []))
        inputs.append(bytes([128 + (place - 128) % len(SCENARIOS)]) + whole)
    return inputs


def _part(structure: Any, buffers: list[bytes]) -> bytes:
    first, second = [*buffers, b"", b""][:2]
    return bytes([len(first), len(second)]) + first + second + msgpack.packb(structure)


ATOMS: list[Any] = [
    None, True, 0, 1, -1, 2, 8, 2**31, 2**63, 2**64 - 1, 0.0, float("nan"), float("inf"), "", "x", "9" * 300, b"",
    b"\x02", "\ud800", *wire._TAGS, *wire.DTYPES, *wire._NUMPY, "error", "ok", "missing", "cells", "check", "done",
    "one", "two", "add", "adds", *map(str, Outcome),
]  # fmt: skip


def mutate(data: bytes, max_size: int, seed: int) -> bytes:
    """Change bytes anywhere, or one node in the structure of one frame."""
    chance = random.Random(seed)
    parts = data[1:].split(NEXT_FRAME)
    place = chance.randrange(len(parts))
    part = parts[place]
    if data[:1] < b"\x80" and chance.random() < 0.6 and len(part) > 2:
        buffers = part[: 2 + part[0] + part[1]]
        try:
            structure = msgpack.unpackb(part[len(buffers) :], unicode_errors="surrogatepass", strict_map_key=False)
            changed = _changed(structure, chance, depth=0)
            parts[place] = buffers + msgpack.packb(changed, unicode_errors="surrogatepass")
            return (data[:1] + NEXT_FRAME.join(parts))[:max_size]
        except Exception:  # not a structure: mutate the bytes
            pass
    return atheris.Mutate(data, max_size)


def _changed(node: Any, chance: random.Random, depth: int) -> Any:
    if isinstance(node, list) and node and depth < 12 and chance.random() < 0.85:
        place = chance.randrange(len(node))
        match chance.randrange(8):
            case 0:
                return [*node[:place], *node[place + 1 :]]
            case 1:
                return [*node[: place + 1], node[place], *node[place + 1 :]]
            case 2:
                return [*node[:place], chance.choice(ATOMS), *node[place:]]
            case _:
                return [*node[:place], _changed(node[place], chance, depth + 1), *node[place + 1 :]]
    match chance.randrange(4):
        case 0:
            return ["l", node, node]
        case 1:
            return [chance.choice(list(wire._TAGS)), node]
        case _:
            return chance.choice(ATOMS)


def main() -> None:
    """Fuzz for the time that the command line gives."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--minutes", type=float, default=10)
    parser.add_argument("--corpus", type=Path, help="keep what reaches new code here, and start from it")
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    with tempfile.TemporaryDirectory() as folder:
        for number, data in enumerate(seeds()):
            (Path(folder) / f"seed-{number:03}").write_bytes(data)
        kept = arguments.corpus or Path(folder) / "new"
        kept.mkdir(parents=True, exist_ok=True)
        options = [
            f"-max_total_time={round(arguments.minutes * 60)}", f"-max_len={MAX_INPUT}", f"-timeout={TIMEOUT_S}",
            "-rss_limit_mb=0", "-print_final_stats=1", str(kept), folder,
        ]  # fmt: skip
        atheris.Setup([sys.argv[0], *options], Bounded(), custom_mutator=mutate)
        atheris.Fuzz()


if __name__ == "__main__":
    main()

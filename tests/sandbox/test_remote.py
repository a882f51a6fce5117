"""The checker's side against a lying worker: whatever it replies, a call ends in a value, a death or an exception."""

from __future__ import annotations

import functools
import importlib.util
import os
import re
import socket
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from autograder.checking.failures import NameMissing, WorkerDied, student_error
from autograder.checking.student_module import in_place
from autograder.sandbox.processes.remote import MAX_ITEMS, Link, RemoteObject, RemoteSubmission
from autograder.sandbox.protocol import frames

from . import fuzz_wire
from .test_values import TAGGED


class Liar:
    """A worker that answers each request with the next of the given replies; None stands for the request's number."""

    def __init__(self, *replies: Any) -> None:
        self.ours, theirs = socket.socketpair()
        self.link = Link(lambda: WorkerDied("exit", "gone"), lambda _cell, _line: "")
        self.link.attach(self.ours)
        self.submission = RemoteSubmission(self.link, {})
        self._thread = threading.Thread(target=self._answer, args=(theirs, replies), daemon=True)
        self._thread.start()

    def _answer(self, sock: socket.socket, replies: tuple[Any, ...]) -> None:
        with sock:
            for reply in replies:
                try:
                    request, _ = frames.receive(sock)
                except EOFError:
                    return
                numbered = [request[0] if part is None else part for part in reply] if type(reply) is list else reply
                frames.send(sock, numbered, [memoryview(b"12345678"), memoryview(b"12345678")])

    def close(self) -> None:
        self.link.attach(None)
        self._thread.join()


FUNCTION = [None, "ok", ["h", 1, "function", True], [], -1]


@given(TAGGED, TAGGED)
@settings(max_examples=300, deadline=None)
def test_no_reply_makes_the_checker_fail(value, changed):
    for reply in ([None, "ok", value, changed, 3], [None, value, changed], value, [None, "error", value, changed]):
        liar = Liar(FUNCTION, reply, reply)
        try:
            result = liar.submission.f(torch.ones(2, requires_grad=True))
            if isinstance(result, torch.Tensor) and result.requires_grad and result.is_floating_point():
                result.sum().backward()
        except (WorkerDied, NameMissing):
            pass
        except Exception as error:
            if student_error(error) is None:
                raise AssertionError(f"{reply!r} gave {error!r}") from error
        finally:
            liar.close()


def test_a_late_reply_is_refused_and_the_worker_hung_up_on():
    liar = Liar(FUNCTION, [1, "ok", 5, [], -1], [None, "ok", 5, [], -1])
    function = liar.submission.f
    with pytest.raises(WorkerDied, match="does not match"):
        function(1)
    assert liar.link.refused
    with pytest.raises(WorkerDied, match="does not match"):
        function(1)
    liar.close()


def test_a_gradient_of_another_shape_is_ignored():
    tensor = ["T", "float32", [2], 0, None, True, None, 0]
    wrong = ["l", ["T", "float64", [1], 0, None, False, None, None]]
    liar = Liar(FUNCTION, [None, "ok", tensor, [], 7], [None, "ok", wrong, [], -1])
    x = torch.ones(2, requires_grad=True)
    liar.submission.f(x).sum().backward()
    assert x.grad is None
    liar.close()


def test_a_type_name_is_shown_only_when_it_is_known():
    link = Link(lambda: WorkerDied("exit", "gone"), lambda _cell, _line: "")
    assert RemoteObject(link, 1, "DataLoader", True).remote_type_name == "DataLoader"
    assert RemoteObject(link, 1, "the_hidden_input_is_41_5", True).remote_type_name == "object of your own"


@pytest.mark.parametrize(
    "name", ["__array_interface__", "__array__", "__torch_function__", "__cuda_array_interface__", "__dlpack__"]
)
def test_libraries_get_no_memory_address_from_a_students_object(name):
    liar = Liar(FUNCTION)
    thing = liar.submission.f
    with pytest.raises(AttributeError):
        getattr(thing, name)  # without asking the worker, which has no reply left
    liar.close()


def test_student_text_contains_nothing_that_affects_a_terminal_or_breaks_a_file():
    liar = Liar(FUNCTION, [None, "error", "ValueError", "a\x1b[2J\ud800\u202eb\nc\x9b\x00", "", 0])
    with pytest.raises(ValueError) as caught:
        liar.submission.f()
    liar.close()
    assert student_error(caught.value).message == "a�[2J��b\nc��"


OBJECT = [None, "ok", ["h", 2, "DataLoader", True], [], -1]
NESTED: Any = functools.reduce(lambda inner, _: [inner], range(900), "x")


@pytest.mark.parametrize(
    ("use", "reply"),
    [
        (len, [None, "ok", -1, [], -1]),
        (len, [None, "ok", 2**63, [], -1]),
        (list, [None, "ok", 2**31, [], -1]),
        (len, [None, "ok", "three", [], -1]),
        (len, [None, "ok", True, [], -1]),
        (list, [None, "ok", 5, [], -1]),
        (list, [None, "ok", ["l", *[0] * (MAX_ITEMS + 1)], [], -1]),
    ],
    ids=["negative", "too long", "too long for a list", "a text", "a truth value", "no list", "too many"],
)
def test_an_invalid_length_or_list_of_items_is_the_students_fault(use, reply):
    liar = Liar(OBJECT, reply)
    loader = liar.submission.loader
    with pytest.raises(WorkerDied, match="cannot be read"):
        use(loader)
    liar.close()


@pytest.mark.parametrize("place", [float("inf"), float("nan"), "0", None, -1, 1])
def test_a_change_to_anything_but_the_arguments_is_the_students_fault(place):
    tensor = ["T", "float32", [2], 0, None, False, None, None]
    liar = Liar(FUNCTION, [None, "ok", 0, [[place, tensor]], -1])
    function = liar.submission.f
    x = torch.ones(2)
    with in_place(x), pytest.raises(WorkerDied, match="cannot be read"):
        function(x)
    liar.close()


def test_an_exception_whose_fields_are_lists_is_an_exception():
    """A list nested as deeply as Python allows has no ``str``."""
    liar = Liar([None, "error", "ValueError", NESTED, NESTED, 1])
    error = liar.link.run_cell("cell-1", "x = 1")
    assert error is not None
    assert (error.kind, error.message, error.cell) == ("ValueError", "", "")
    liar.close()


@pytest.mark.parametrize("shape", [[2], [2, 1]])
@pytest.mark.parametrize("requires_grad", [True, False])
def test_gradients_are_those_of_the_argument_before_the_call(shape, requires_grad):
    """A call may change its argument's requires_grad or shape."""
    changed = [[0, ["T", "float32", shape, 0, None, requires_grad, None, None]]]
    result = ["T", "float32", [2], 1, None, True, None, 0]
    gradient = ["l", ["T", "float32", [2], 0, None, False, None, None]]
    liar = Liar(FUNCTION, [None, "ok", result, changed, 7], [None, "ok", gradient, [], -1])
    x = torch.ones(2, requires_grad=True)
    function = liar.submission.f
    with in_place(x):
        value = function(x)
    value.sum().backward()
    assert x.shape == torch.Size(shape)
    liar.close()


def test_an_argument_changes_only_where_the_check_is_to_see_it():
    tensor = ["T", "float32", [2], 0, None, False, None, None]
    for name, seen in (("float32", False), ("float32", True), ("float64", True)):
        wide = [*tensor[:1], name, [1] if name == "float64" else [2], *tensor[3:]]
        liar = Liar(FUNCTION, [None, "ok", 0, [[0, wide]], -1])
        function, x = liar.submission.f, torch.ones(2)
        if name == "float64":
            with in_place(x), pytest.raises(WorkerDied, match="changes the dtype of its input"):
                function(x)
        elif seen:
            with in_place(x):
                function(x)
        else:
            function(x)
        assert bool((x == 1).all()) is not (seen and name == "float32")
        liar.close()


def test_a_result_in_a_dict_can_be_differentiated():
    result = ["d", ["a", ["T", "float32", [2], 0, None, True, None, 0]]]
    gradient = ["l", ["T", "float32", [2], 0, None, False, None, None]]
    liar = Liar(FUNCTION, [None, "ok", result, [], 7], [None, "ok", gradient, [], -1])
    x = torch.ones(2, requires_grad=True)
    liar.submission.f(x)["a"].sum().backward()
    assert x.grad is not None
    liar.close()


def test_a_check_looks_for_every_name_anew():
    other = [None, "ok", ["h", 2, "function", True], [], -1]
    liar = Liar(FUNCTION, [None, "ok", None, []], other)
    first = liar.submission.f
    assert liar.submission.f is first
    liar.submission._seed(0)
    assert liar.submission.f is not first
    liar.close()


def test_an_error_keeps_a_kind_that_python_has_and_a_line_that_a_cell_may_have():
    asked = []
    link = Link(lambda: WorkerDied("exit", "gone"), lambda cell, line: asked.append((cell, line)) or "code")
    read = [link.student_error([kind, "", "one", line]) for kind, line in (("SystemExit", 99_999), ("Own", 100_000))]
    assert [(error.kind, error.line) for error in read] == [("SystemExit", 99_999), ("Exception", 0)]
    assert asked == [("one", 99_999), ("one", 0)]


@given(st.binary(max_size=300))
@settings(max_examples=300, deadline=None)
def test_no_bytes_make_the_checker_fail(data):
    fuzz_wire.try_input(data)


@given(st.sampled_from(fuzz_wire.seeds()), st.lists(st.tuples(st.integers(0, 250), st.binary(max_size=3)), max_size=4))
@settings(max_examples=300, deadline=None)
def test_no_change_to_a_real_reply_makes_the_checker_fail(data, changes):
    for place, new in changes:
        data = data[:place] + new + data[place + len(new) :]
    fuzz_wire.try_input(data)


@pytest.mark.slow
@pytest.mark.skipif(not importlib.util.find_spec("atheris"), reason="atheris, which searches by coverage, is missing")
def test_a_search_guided_by_coverage_finds_nothing(tmp_path):
    """Half a minute of the fuzzing that docs/fuzzing.md describes."""
    root = Path(__file__).parents[2]
    done = subprocess.run(
        [sys.executable, str(root / "tests" / "sandbox" / "fuzz_wire.py"), "--minutes", "0.4"],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": os.pathsep.join([str(root), os.environ.get("PYTHONPATH", "")])},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-3000:]
    runs = re.search(r"^Done (\d+) runs", done.stderr, re.M)
    assert runs is not None
    assert int(runs[1]) > len(fuzz_wire.seeds())

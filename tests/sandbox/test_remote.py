"""The checker's side against a worker that lies: whatever comes, a check ends in a value, a death or an exception."""

from __future__ import annotations

import socket
import threading
from typing import Any

import pytest
import torch
from hypothesis import given, settings

from autograder.checking.failure import NameMissing, WorkerDied, student_error
from autograder.sandbox import frames
from autograder.sandbox.remote import Link, RemoteObject, RemoteSubmission

from .test_wire import TAGGED


class Liar:
    """A worker that answers every request with the next of the given replies; None stands for its number."""

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
                frames.send(sock, numbered, [memoryview(b"12345678")])

    def close(self) -> None:
        self.link.attach(None)
        self._thread.join()


FUNCTION = [None, "ok", ["h", 1, "function", True], [], -1]


@given(TAGGED, TAGGED)
@settings(max_examples=300, deadline=None)
def test_no_reply_is_the_checkers_fault(value, changed):
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
    with pytest.raises(WorkerDied, match="does not belong"):
        function(1)
    assert liar.link.refused
    with pytest.raises(WorkerDied, match="does not belong"):
        function(1)
    liar.close()


def test_a_gradient_of_another_shape_is_none_of_ours():
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
def test_no_library_may_ask_an_object_of_the_student_for_an_address_in_memory(name):
    liar = Liar(FUNCTION)
    thing = liar.submission.f
    with pytest.raises(AttributeError):
        getattr(thing, name)  # without a question to the worker, which has no reply left
    liar.close()


@pytest.mark.parametrize("length", [-1, True, "3", None])
def test_what_cannot_be_a_length_is_no_answer(length):
    liar = Liar(FUNCTION, [None, "ok", length, [], -1] if length is not None else [None, "ok", ["t"], [], -1])
    with pytest.raises(WorkerDied, match="no length"):
        len(liar.submission.f)
    liar.close()


def test_items_that_are_no_list_are_no_answer():
    liar = Liar(FUNCTION, [None, "ok", 5, [], -1])
    with pytest.raises(WorkerDied, match="no list"):
        iter(liar.submission.f)
    liar.close()


def test_words_of_the_student_hold_nothing_that_acts_on_a_terminal_or_breaks_a_file():
    liar = Liar(FUNCTION, [None, "error", "ValueError", "a\x1b[2J\ud800\u202eb\nc\x9b\x00", "", 0])
    with pytest.raises(ValueError) as caught:
        liar.submission.f()
    liar.close()
    assert student_error(caught.value).message == "a�[2J��b\nc��"

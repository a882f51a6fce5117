"""The contract of `submission`, tested with both implementations: in this process and over the wire."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest
import torch

from autograder.checking import send_loader
from autograder.checking.execution import CellRunner, make_shell
from autograder.checking.failures import NameMissing, NameTaken, WorkerDied, student_error
from autograder.checking.student_module import LocalSubmission, in_place, send_function
from autograder.course.cells import Cell
from autograder.sandbox.processes.remote import Link, RemoteSubmission
from autograder.sandbox.processes.worker import Worker

Make = Callable[[str], Any]


@pytest.fixture(scope="module")
def shell() -> Any:
    return make_shell()


@pytest.fixture(params=["in process", "remote"])
def make(request: pytest.FixtureRequest, shell: Any) -> Iterator[Make]:
    """Yield a function that makes a submission from a cell's source."""
    if request.param == "in process":

        def local(source: str) -> LocalSubmission:
            runner = CellRunner(shell=shell)
            assert runner.run(Cell("answer", source)) is None
            return LocalSubmission(runner.namespace)

        yield local
        return
    ours, theirs = socket.socketpair()
    threads: list[threading.Thread] = []

    def remote(source: str) -> RemoteSubmission:
        worker = Worker(theirs, shell)
        threads.append(threading.Thread(target=worker.serve, daemon=True))
        threads[0].start()
        lines = source.splitlines()
        link = Link(lambda: WorkerDied("exit", "gone"), lambda _cell, line: lines[line - 1].strip() if line else "")
        link.attach(ours)
        assert link.run_cell("answer", source) is None
        return RemoteSubmission(link, {})

    yield remote
    ours.close()
    for thread in threads:
        thread.join()
    theirs.close()


@pytest.mark.parametrize(
    "value",
    [
        None, True, 3, -(2**70), 2.5, float("inf"), "ü\ud800", b"x", [1, [2]], (1, "a"), {"a": [1.0]}, {1, 2},
        torch.Size([2, 3]), 1 + 2j, torch.float64, torch.device("cpu"), slice(1, None, 2), ...,
    ],
    ids=repr,
)  # fmt: skip
def test_plain_values_come_back_as_they_went(make, value):
    result = make("def same(x):\n    return x\n").same(value)
    assert type(result) is type(value)
    assert result == value


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64, torch.bfloat16, torch.int64, torch.bool, torch.uint8])
@pytest.mark.parametrize("shape", [(), (0,), (1,), (2, 3), (2, 0, 3)])
def test_tensors_come_back_as_they_went(make, dtype, shape):
    tensor = torch.ones(shape, dtype=dtype)
    result = make("def same(x):\n    return x\n").same(tensor)
    assert type(result) is torch.Tensor
    assert (result.shape, result.dtype) == (tensor.shape, dtype)
    assert torch.equal(result, tensor)


@pytest.mark.parametrize(
    "tensor",
    [
        torch.arange(6.0).reshape(2, 3).T,
        torch.arange(12.0)[::3],
        torch.arange(3.0).expand(4, 3),
        torch.ones(()).expand(2, 2),
        torch.arange(24.0).reshape(2, 3, 4).permute(2, 0, 1)[1:],
    ],
)
def test_a_tensor_keeps_its_layout_on_its_way_to_the_student(make, tensor):
    submission = make("def layout(x):\n    return list(x.stride()), x.is_contiguous(), x.sum()\n")
    strides, contiguous, total = submission.layout(tensor)
    assert (strides, contiguous) == (list(tensor.stride()), tensor.is_contiguous())
    assert torch.equal(total, tensor.sum())


def test_arrays_and_numpy_scalars_cross(make):
    submission = make("def same(x):\n    return x\n\ndef mean(x):\n    return x.mean()\n")
    array = np.arange(6, dtype=np.uint8).reshape(2, 3)
    result = submission.same(array)
    assert isinstance(result, np.ndarray)
    assert result.dtype == np.uint8
    assert (result == array).all()
    assert type(submission.mean(array)) is np.float64


def test_a_missing_name_says_so(make):
    with pytest.raises(NameMissing, match="conv is not defined"):
        _ = make("x = 1").conv


@pytest.mark.parametrize("value", ["'relu'", "3", "None", "torch.ones(3)", "[abs]"])
def test_a_name_that_became_a_value_says_so(make, value):
    submission = make(f"import torch\ndef conv(x):\n    return x\nconv = {value}\n")
    _ = submission.conv  # a value, where no function is expected
    submission._expect_functions({"conv"})
    with pytest.raises(NameTaken, match="here, not a function"):
        _ = submission.conv


def test_a_callable_object_is_a_function(make):
    submission = make("import torch\nconv = torch.nn.Linear(1, 1)\ntwice = lambda x: 2 * x\n")
    submission._expect_functions({"conv", "twice"})
    assert submission.conv is not None
    assert submission.twice(2) == 4


def test_changes_in_place_are_seen(make):
    submission = make("def step(parameters):\n    for p in parameters:\n        p.data -= p.grad\n")
    parameter = torch.ones(2, requires_grad=True)
    parameter.grad = torch.full((2,), 0.5)
    with in_place(parameter):
        submission.step([parameter])
    assert torch.equal(parameter.detach(), torch.full((2,), 0.5))
    assert torch.equal(parameter.grad, torch.full((2,), 0.5))
    assert parameter.requires_grad


def test_a_grad_that_student_code_leaves_behind_is_seen(make):
    submission = make("def slope(f, x):\n    f(x).backward()\n    return x.grad\n")
    x = torch.tensor([3.0], requires_grad=True)

    def square(x):
        return (x**2).sum()

    with in_place(x):
        assert torch.equal(submission.slope(send_function(submission, square), x), torch.tensor([6.0]))
    assert torch.equal(x.grad, torch.tensor([6.0]))


def test_an_answer_cannot_change_what_the_check_expects(make):
    submission = make("def double(x, more):\n    x *= 0\n    more[0] *= 0\n    return x * 2\n")
    x, strided = torch.ones(2), torch.arange(6.0).reshape(2, 3).T
    assert torch.equal(submission.double(x, [strided]), torch.zeros(2))
    assert torch.equal(x, torch.ones(2))
    assert strided[2, 1] == 5
    with in_place(x):
        submission.double(x, [strided])
    assert torch.equal(x, torch.zeros(2))
    assert strided[2, 1] == 5  # was not named
    with in_place([strided]):
        submission.double(x, [strided])
    assert strided.sum() == 0


def test_unchanged_arguments_stay_unchanged(make):
    x = torch.tensor([float("nan"), 1.0])
    make("def same(x):\n    return x * 2\n").same(x)
    assert torch.isnan(x[0])
    assert x[1] == 1


def test_gradients_flow_through_a_call(make):
    submission = make("def f(x, w):\n    return x @ w, x.sum()\n")
    x, w = torch.randn(3, 2, requires_grad=True), torch.randn(2, requires_grad=True)
    product, total = submission.f(x, w)
    (product.sum() + 2 * total).backward()
    assert torch.allclose(x.grad, w.detach().expand(3, 2) + 2)
    assert torch.allclose(w.grad, x.detach().sum(0))


def test_gradients_pass_gradcheck_in_both_directions(make):
    submission = make("def f(x):\n    return (x ** 3).sum(0)\n")
    x = torch.randn(2, 3, dtype=torch.float64, requires_grad=True)
    assert torch.autograd.gradcheck(lambda x: 2 * submission.f(3 * x), (x,))


def test_a_result_that_requires_no_grad_requires_none_here(make):
    submission = make("def f(x):\n    return x.detach() * 2\n")
    assert not submission.f(torch.ones(2, requires_grad=True)).requires_grad


def test_no_grad_reaches_the_student(make):
    submission = make("def f(x):\n    return (x * 2).requires_grad\n")
    x = torch.ones(1, requires_grad=True)
    with torch.no_grad():
        assert submission.f(x) is False
    assert submission.f(x) is True


MODEL = """
import torch
class Block(torch.nn.Module):
    def __init__(self, n):
        super().__init__()
        self.linear = torch.nn.Linear(n, n, bias=False)
        self.n = n
        torch.nn.init.ones_(self.linear.weight)
    def forward(self, x):
        return self.linear(x)
"""


def test_objects_are_used_like_objects(make):
    block = make(MODEL).Block(2)
    assert block.n == 2
    assert torch.equal(block(torch.ones(1, 2)), torch.full((1, 2), 2.0))
    assert list(block.state_dict()) == ["linear.weight"]
    assert block.training is True
    block.eval()
    assert block.training is False
    block.n = 5
    assert block.n == 5
    out = block(torch.ones(1, 2))
    out.sum().backward()
    assert torch.equal(block.linear.weight.grad, torch.ones(2, 2))


def test_items_length_and_iteration(make):
    submission = make("class Data:\n    def __len__(self): return 3\n    def __getitem__(self, i):\n"
                      "        if i > 2: raise IndexError\n        return i * 10\n")  # fmt: skip
    data = submission.Data()
    assert len(data) == 3
    assert data[1] == 10
    assert list(data) == [0, 10, 20]
    assert bool(data)


@pytest.mark.parametrize(
    ("body", "kind"),
    [
        ("raise ValueError('no such name')", ValueError),
        ("[][1]", IndexError),
        ("{}['a']", KeyError),
        ("raise NotImplementedError('f is not implemented yet')", NotImplementedError),
        ("raise type('Own', (TypeError,), {})('mine')", TypeError),
        ("torch.ones(2) @ torch.ones(3)", RuntimeError),
    ],
)
def test_an_exception_keeps_its_builtin_kind_and_is_known_as_the_students(make, body, kind):
    submission = make(f"import torch\ndef f():\n    {body}\n")
    with pytest.raises(kind) as caught:
        submission.f()
    info = student_error(caught.value)
    assert info is not None
    assert (info.kind, info.line, info.code) == (kind.__name__, 3, body)


def test_wrong_arguments_are_the_students_error_too(make):
    with pytest.raises(TypeError) as caught:
        make("def f(a, b):\n    return a\n").f(1)
    assert student_error(caught.value) is not None


def test_an_error_in_the_check_itself_is_not_the_students(make):
    submission = make("def f():\n    return 1\n")
    with pytest.raises(ZeroDivisionError) as caught:
        _ = submission.f() / 0
    assert student_error(caught.value) is None


def test_seeds_make_student_randomness_repeatable(make):
    submission = make("import torch, random, numpy as np\ndef f():\n"
                      "    return torch.rand(2).tolist(), random.random(), float(np.random.rand())\n")  # fmt: skip
    submission._seed(1)
    first = submission.f()
    submission._seed(1)
    assert submission.f() == first
    submission._seed(2)
    assert submission.f() != first


def test_a_sent_function_is_defined_on_the_students_side(make):
    submission = make("def apply(f, x):\n    return f(x)\n")

    def halve(x):
        return torch.div(x, 2)

    assert torch.equal(submission.apply(send_function(submission, halve), torch.ones(2)), torch.full((2,), 0.5))
    with pytest.raises(TypeError, match="def"):
        send_function(submission, lambda x: x)


EPOCHS = """
import torch
def epochs(loader, n):
    return [[images for images, _ in loader] for _ in range(n)]
def sizes(loader):
    return [(tuple(x.shape), tuple(y.shape), x.dtype, y.dtype) for x, y in loader]
def pairs(loader):
    return all(bool((images.flatten(1)[:, 0] == labels).all()) for images, labels in loader)
def kind(loader):
    return isinstance(loader, torch.utils.data.DataLoader), len(loader.dataset), float(loader.dataset[2][1])
def state_stays(loader):
    before = torch.get_rng_state()
    for _ in loader:
        pass
    return torch.equal(before, torch.get_rng_state())
def spoil(loader):
    for images, labels in loader:
        images.zero_()
    loader.dataset.tensors[0].zero_()
"""


@pytest.fixture
def samples():
    labels = torch.arange(10.0)
    return labels[:, None, None, None].expand(10, 1, 2, 2).clone(), labels


def test_a_sent_loader_is_a_loader(make, samples):
    submission = make(EPOCHS)
    loader = send_loader(submission, *samples, batch_size=4)
    kinds = (torch.float32, torch.float32)
    assert submission.sizes(loader) == [((size, 1, 2, 2), (size,), *kinds) for size in (4, 4, 2)]
    assert submission.kind(loader) == (True, 10, 2.0)
    assert len(loader) == 3


def test_a_sent_loader_keeps_the_order_or_shuffles_each_epoch(make, samples):
    submission = make(EPOCHS)

    def two_epochs(seed):
        first, second = submission.epochs(send_loader(submission, *samples, shuffle_seed=seed), 2)
        return first[0].flatten(1)[:, 0].tolist(), second[0].flatten(1)[:, 0].tolist()

    assert two_epochs(None) == (samples[1].tolist(), samples[1].tolist())
    first, second = two_epochs(1)
    assert sorted(first) == sorted(second) == samples[1].tolist()
    assert first != second
    assert two_epochs(1) == (first, second) != two_epochs(2)
    assert submission.pairs(send_loader(submission, *samples, shuffle_seed=1)) is True


def test_a_sent_loader_leaves_random_states_and_the_checks_tensors_alone(make, samples):
    submission = make(EPOCHS)
    for seed in (None, 1):
        loader = send_loader(submission, *samples, shuffle_seed=seed)
        assert submission.state_stays(loader) is True
        submission.spoil(loader)
    assert torch.equal(samples[0][:, 0, 0, 0], torch.arange(10.0))

"""Compare the gradients of an answer with those of PyTorch's function."""

import torch

from autograder.checking import assert_tensor, assert_true, fail, phrase

from ..public.reference import CLOSE


def check_gradients(function, reference, inputs, call):
    """Compare the gradients through the student's function with those through PyTorch's.

    ``inputs`` maps the students' argument names to the tensors that ``function`` and ``reference`` take.
    """
    ours = [x.clone().requires_grad_() for x in inputs.values()]
    theirs = [x.clone().requires_grad_() for x in inputs.values()]
    output, expected = function(*ours), reference(*theirs)
    assert_tensor(output, expected.detach(), what=call, **CLOSE)
    broken = "`.item()`, `.tolist()`, `.detach()`, `.data`, `torch.tensor(…)` and NumPy cut the graph"
    assert_true(output.requires_grad, phrase("{call} cannot be differentiated.", call=call), cause=broken)
    direction = torch.randn(expected.shape)
    (expected * direction).sum().backward()
    try:
        (output * direction).sum().backward()
    except RuntimeError:
        problem = phrase("{call} cannot be differentiated: its backward pass fails.", call=call)
        fail(problem, cause="an in-place operation (`+=`, `x[...] =`) overwrote a value that the backward pass needs")
    for name, x, y in zip(inputs, ours, theirs, strict=True):
        if x.grad is None:
            fail(phrase("No gradient of {call} reaches `{name}`.", call=call, name=name), cause=broken)
        what = phrase("the gradient of {call} with respect to `{name}`", call=call, name=name)
        assert_tensor(x.grad, y.grad, what=what, **CLOSE)

"""TODO helpers"""

import torch

from autograder.checking import assert_true, fail


def backward(output, *leaves, what):
    """Send the gradient of ``output.sum()`` back to ``leaves``; say why where it does not arrive."""
    cut = "`.detach()`, `.data`, `.item()` or numpy inside the function cuts the computation graph"
    assert_true(
        isinstance(output, torch.Tensor) and output.requires_grad,
        f"No gradient flows through {what}.",
        cause=cut,
    )
    try:
        output.sum().backward()
    except RuntimeError as error:
        if "inplace operation" not in str(error):
            raise
        fail(
            f"The gradient of {what} cannot be computed.",
            cause="an operation in place (`+=`, `x[...] = `) overwrote a value that the gradient needs",
        )
    for leaf in leaves:
        assert_true(leaf.grad is not None, f"No gradient of {what} reaches one of its arguments.", cause=cut)


def if_not_finite(result, cause):
    """Return ``cause`` where the result holds NaN or infinity: other differences have other causes."""
    return cause if isinstance(result, torch.Tensor) and not bool(torch.isfinite(result).all()) else ""


def if_several(result, cause):
    """Return ``cause`` where several values came back instead of one tensor."""
    return cause if isinstance(result, list | tuple) else ""


def sum_of_squares(x):
    """Return the sum of the squares of all elements."""
    return (x * x).sum()

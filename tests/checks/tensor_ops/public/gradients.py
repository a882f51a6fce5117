"""Gradients through an answer, and a function to differentiate."""

import torch

from autograder.checking import assert_true, fail, phrase


def sum_of_squares(x):
    """Return the sum of the squares of all elements."""
    return (x * x).sum()


def backward(output, *leaves, what):
    """Backpropagate ``output.sum()`` to ``leaves``; fail with the cause if no gradient arrives."""
    cut = "`.detach()`, `.data`, `.item()` or numpy inside the function cuts the computation graph"
    problem = phrase("No gradient flows through {what}.", what=what)
    assert_true(isinstance(output, torch.Tensor) and output.requires_grad, problem, cause=cut)
    try:
        output.sum().backward()
    except RuntimeError as error:
        if "inplace operation" not in str(error):
            raise
        problem = phrase("The gradient of {what} cannot be computed.", what=what)
        fail(problem, cause="an in-place operation (`+=`, `x[...] = `) overwrote a value that the gradient needs")
    problem = phrase("No gradient of {what} reaches one of its arguments.", what=what)
    for leaf in leaves:
        assert_true(leaf.grad is not None, problem, cause=cut)

"""Checks that gradients reach every parameter."""

from autograder.checking import assert_true, phrase, send_function

NO_GRADIENT = "`.detach()`, `.data`, `.item()`, NumPy and `no_grad` cut the graph"


def count_unreached(model, images):
    """Return how many parameters get no gradient, and how many there are; runs on the student's side."""
    model(images).square().sum().backward()
    grads = [parameter.grad for parameter in model.parameters()]
    return sum(grad is None or not bool(grad.abs().sum() > 0) for grad in grads), len(grads)


def assert_all_reached(submission, model, images, what, told=None):
    """Check that every parameter gets a gradient; ``told`` is what a message calls the unreadable count."""
    unreached = send_function(submission, count_unreached)(model, images)
    readable = type(unreached) is tuple and [type(count) for count in unreached] == [int, int]
    told = told or phrase("The gradients of {what}", what=what)
    assert_true(readable, phrase("{told} cannot be read.", told=told))
    missing, n_parameters = unreached
    cause = "a layer that is created but not used, or `.detach()`, `.data` or `no_grad` in forward"
    problem = phrase("Some parameters of {what} get no gradient.", what=what)
    assert_true(missing == 0, problem, details=f"{missing} of {n_parameters} get none.", cause=cause)

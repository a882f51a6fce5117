"""Checks that gradients reach every parameter."""

from autograder.checking import assert_true, send_function

NO_GRADIENT = "`.detach()`, `.data`, `.item()`, NumPy and `no_grad` cut the graph"


def count_unreached(model, images):
    """Return how many parameters get no gradient, and how many there are; runs on the student's side."""
    model(images).square().sum().backward()
    grads = [parameter.grad for parameter in model.parameters()]
    return sum(grad is None or not bool(grad.abs().sum() > 0) for grad in grads), len(grads)


def assert_all_reached(submission, model, images, what, told=None):
    """Check that every parameter gets a gradient; ``told`` is what a message calls the unreadable count."""
    unreached = send_function(submission, count_unreached)(model, images)
    readable = type(unreached) is tuple and len(unreached) == 2
    assert_true(readable, f"{told or f'The gradients of {what}'} cannot be read.")
    missing, n_parameters = unreached
    cause = "a layer that is created but not used, or `.detach()`, `.data` or `no_grad` in forward"
    assert_true(missing == 0, f"{missing} of {n_parameters} parameters of {what} get no gradient.", cause=cause)

"""Steps of a student's sgd_step, with known parameters and gradients."""

import torch

from autograder.checking import assert_tensor, assert_true, phrase, send_function


def take_steps(step, values, grads, learning_rate, n_steps, as_generator):
    """Take steps from these values with these gradients, and return the outcome; runs on the student's side."""
    parameters = [torch.nn.Parameter(value.clone()) for value in values]
    for parameter, grad in zip(parameters, grads, strict=True):
        parameter.grad = None if grad is None else grad.clone()
    aliases = [parameter.detach() for parameter in parameters]  # these share memory with the parameters
    for _ in range(n_steps):
        returned = step((p for p in parameters) if as_generator else parameters, learning_rate)
    return {
        "values": [parameter.detach().clone() for parameter in parameters],
        "grads": [parameter.grad for parameter in parameters],
        "recorded": any(p.grad_fn is not None or not p.requires_grad for p in parameters),
        "moved": any(a.data_ptr() != p.data_ptr() for a, p in zip(aliases, parameters, strict=True)),
        "gradients are on": torch.is_grad_enabled(),
        "returned None": returned is None,
    }


def after_steps(submission, values, grads, learning_rate, n_steps=1, as_generator=False):
    """Return the result of `take_steps` for a student's function; fail unless its types are right."""
    helper = send_function(submission, take_steps)
    reply = helper(submission.sgd_step, values, grads, learning_rate, n_steps, as_generator)
    kinds = (list, list, bool, bool, bool, bool)
    good = type(reply) is dict and tuple(map(type, reply.values())) == kinds and len(reply["values"]) == len(values)
    assert_true(good and len(reply["grads"]) == len(values), "The parameters after the step cannot be read.")
    return reply


def assert_stepped(submission, values, grads, learning_rate, n_steps=1, as_generator=False, what="the parameters"):
    """Check parameters after steps of gradient descent."""
    reply = after_steps(submission, values, grads, learning_rate, n_steps, as_generator)
    for value, grad, new in zip(values, grads, reply["values"], strict=True):
        change = torch.zeros_like(value) if grad is None else n_steps * learning_rate * grad
        mistakes = {
            "nothing has changed: `p = p - …` creates a new tensor and leaves the parameter alone": value,
            "the step goes uphill: subtract α∇L": value + change,
            "the learning rate is ignored": value - change / learning_rate,
            "the step is divided by the learning rate": value - change / learning_rate**2,
            "the parameter is replaced by the step": -change,
            "only one of several steps was taken": value - change / n_steps,
            "the gradient is averaged before the step": value - change.mean(),
            "only the sign of the gradient is used": value - learning_rate * n_steps * change.sign(),
            "the steps gain speed (momentum); each must follow its own gradient only": value - 1.45 * change,
        }
        if grad is None:
            mistakes = {}
        expected = value - change
        after = phrase("{what} after the {steps}", what=what, steps="step" if n_steps == 1 else "steps")
        assert_tensor(new, expected, what=after, rtol=1e-5, mistakes=mistakes)
    return reply

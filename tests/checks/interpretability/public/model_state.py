"""Making a map must leave the model as it was: its modes, hooks, gradients and weights."""

import torch

from autograder.checking import assert_equal, assert_true, send_function, unchanged


def train_all_but_dropout(model):
    """Put a `network` in training mode except for its dropout: mixed modes, as after freezing a part of it."""
    model.train()
    model.features[6].eval()


def state_of(model):
    """Return everything of a model that a map must not change."""
    kinds = ("_forward_hooks", "_forward_pre_hooks", "_backward_hooks", "_backward_pre_hooks")
    hooks = sum(len(getattr(module, kind)) for module in model.modules() for kind in kinds)
    return {
        "modes": [module.training for module in model.modules()],
        "hooks": hooks + sum("forward" in vars(module) for module in model.modules()),
        "trainable": [parameter.requires_grad for parameter in model.parameters()],
        "grads": [None if p.grad is None else p.grad.clone() for p in model.parameters()],
        "values": [value.clone() for value in model.state_dict().values()],
    }


def same(first, second):
    """Whether two lists of tensors or None are equal."""
    return all(
        (a is None) == (b is None) and (a is None or torch.equal(a, b)) for a, b in zip(first, second, strict=True)
    )


def assert_as_found(before, after, call):
    """Fail where a model's state after a call differs from its state before."""
    assert_equal(
        after["hooks"],
        before["hooks"],
        what=f"The number of hooks after {call}",
        cause="a hook that is registered has to be removed: keep its handle, and call `.remove()` in a `finally`",
    )
    assert_true(
        after["modes"] == before["modes"],
        f"{call} leaves the model in another mode than it was in.",
        cause="`model.eval()` and `model.train()` set all submodules at once; "
        "each has a mode of its own that has to come back",
    )
    assert_true(
        same(before["grads"], after["grads"]),
        f"{call} changes the gradients (.grad) of the model's parameters.",
        cause="`backward()` adds to the .grad of every parameter, and `zero_grad()` deletes what was there; "
        "`torch.autograd.grad` touches none",
    )
    assert_true(
        after["trainable"] == before["trainable"],
        f"{call} changes requires_grad of the model's parameters.",
        cause="`requires_grad_(...)` on the model",
    )
    assert_true(
        same(before["values"], after["values"]),
        f"{call} changes the model itself: its weights, or the running statistics of a batch norm.",
        cause="a forward pass in training mode moves the running statistics of batch norms",
    )


def leaves_model(submission, model, image, call, function, *arguments):
    """Call ``function``; fail where it changes the model or the image. Return its result."""
    look = send_function(submission, state_of)
    before = look(model)
    with unchanged(image, what=call):
        result = function(*arguments)
    assert_as_found(before, look(model), call)
    return result

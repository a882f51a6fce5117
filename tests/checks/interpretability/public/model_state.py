"""Computing a map must not change the model: its modes, hooks, gradients and weights."""

import torch

from autograder.checking import assert_equal, assert_true, phrase, send_function, unchanged


def train_all_but_dropout(model):
    """Put a `network` in training mode except for its dropout: mixed modes, as after partial freezing."""
    model.train()
    model.features[6].eval()


def state_of(model):
    """Return everything in a model that a map must not change."""
    kinds = ("_forward_hooks", "_forward_pre_hooks", "_backward_hooks", "_backward_pre_hooks")
    hooks = sum(len(getattr(module, kind)) for module in model.modules() for kind in kinds)
    return {
        "modes": [module.training for module in model.modules()],
        "hooks": hooks + sum("forward" in vars(module) for module in model.modules()),
        "trainable": [parameter.requires_grad for parameter in model.parameters()],
        "grads": [None if p.grad is None else p.grad.clone() for p in model.parameters()],
        "values": [value.clone() for value in model.state_dict().values()],
    }


def state(submission, model):
    """Return `state_of` of a model on the student's side; fail unless it has that form."""
    found = send_function(submission, state_of)(model)
    kinds = {"modes": bool, "trainable": bool, "grads": torch.Tensor | None, "values": torch.Tensor}
    readable = (
        type(found) is dict
        and type(found.get("hooks")) is int
        and all(type(found.get(key)) is list for key in kinds)
        and all(isinstance(value, kind) for key, kind in kinds.items() for value in found[key])
    )
    assert_true(readable, "The state of the model cannot be read.")
    return found


def same(first, second):
    """Whether two lists of tensors or None are equal."""
    return len(first) == len(second) and all(
        (a is None) == (b is None) and (a is None or torch.equal(a, b)) for a, b in zip(first, second, strict=True)
    )


def assert_as_found(before, after, call):
    """Fail if a model's state after a call differs from its state before."""
    cause = "remove every registered hook: keep its handle, and call `.remove()` in a `finally`"
    what = phrase("The number of hooks after {call}", call=call)
    assert_equal(after["hooks"], before["hooks"], what=what, cause=cause)
    cause = "`model.eval()` and `model.train()` set all submodules at once; restore the mode of each"
    problem = phrase("{call} leaves the model in a different mode.", call=call)
    assert_true(after["modes"] == before["modes"], problem, cause=cause)
    problem = phrase("{call} changes the gradients (.grad) of the model's parameters.", call=call)
    cause = "`backward()` adds to every .grad and `zero_grad()` deletes them; `torch.autograd.grad` changes none"
    assert_true(same(before["grads"], after["grads"]), problem, cause=cause)
    problem = phrase("{call} changes requires_grad of the model's parameters.", call=call)
    assert_true(after["trainable"] == before["trainable"], problem, cause="`requires_grad_(...)` on the model")
    what = "its weights, or the running statistics of a batch norm"
    problem = phrase("{call} changes the model itself: {what}.", call=call, what=what)
    cause = "a forward pass in training mode updates the running statistics of batch norms"
    assert_true(same(before["values"], after["values"]), problem, cause=cause)


def leaves_model(submission, model, image, call, function, *arguments):
    """Call ``function`` and return its result; fail if it changes the model or the image."""
    before = state(submission, model)
    with unchanged(image, what=call):
        result = function(*arguments)
    assert_as_found(before, state(submission, model), call)
    return result

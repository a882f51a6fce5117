"""Models that a student's freeze_backbone has frozen."""

import torch

from autograder.checking import assert_equal, assert_true, fail, phrase, send_function


def is_same(one, other):
    """Return whether two names refer to the same object; runs on the student's side."""
    return one is other


def which_train(model):
    """Return the names of the parameters that require a gradient; runs on the student's side."""
    return [name for name, parameter in model.named_parameters() if parameter.requires_grad]


def frozen_model(submission, make):
    """Return a model frozen by the answer; fail unless it is the given one."""
    model = send_function(submission, make)()
    result = submission.freeze_backbone(model)
    if result is None:
        fail("freeze_backbone(model) returned None.", cause="a `return` is missing: return the same model")
    same = send_function(submission, is_same)(model, result)
    assert_true(same, "freeze_backbone(model) must return the same model, not another one.", cause="a copy is frozen")
    return model


def assert_kept(before, after, moving, what):
    """Check that nothing in a state dict has changed except the tensors named in ``moving``."""
    names = phrase("the names in the state dict {what}", what=what)
    assert_equal(sorted(after), sorted(before), what=names)
    for name, value in before.items():
        if name in moving or name.endswith("num_batches_tracked"):
            continue
        kind = "running statistics" if "running_" in name else "weights"
        cause = (
            "`requires_grad` does not freeze batch norm statistics: keep it in evaluation mode after `model.train()`"
            if kind == "running statistics"
            else "parameters that require no gradient do not change unless they are replaced"
        )
        problem = phrase("Frozen {kind} changed {what}.", kind=kind, what=what)
        same = after[name].shape == value.shape and torch.equal(after[name], value)
        assert_true(same, problem, details=f"The first of them is {name}.", cause=cause)

"""The state dict of a student's module."""

import torch

from autograder.checking import assert_true, phrase

UNKNOWN = "PyTorch does not know it: keep layers as `self.…`, in nn.Sequential or nn.ModuleList, not in a plain list"


def tensors_of(module, what):
    """Return the state dict of a student's module; fail unless it holds only tensors."""
    state = module.state_dict()
    problem = phrase("{what} has no state dict with its layers.", what=what)
    assert_true(isinstance(state, dict) and bool(state), problem, cause=UNKNOWN)
    problem = phrase("The state dict of {what} holds something that is not a tensor.", what=what)
    for value in state.values():
        assert_true(isinstance(value, torch.Tensor), problem)
    return {name: value.detach().clone() for name, value in state.items()}

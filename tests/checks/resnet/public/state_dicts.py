"""The state dict of a student's module."""

import torch

from autograder.checking import assert_true

UNKNOWN = "PyTorch does not know it: keep layers as `self.…`, in nn.Sequential or nn.ModuleList, not in a plain list"


def tensors_of(module, what):
    """Return the state dict of a student's module; fail unless it holds only tensors."""
    state = module.state_dict()
    assert_true(isinstance(state, dict) and bool(state), f"{what} has no state dict with its layers.", cause=UNKNOWN)
    for value in state.values():
        assert_true(isinstance(value, torch.Tensor), f"The state dict of {what} holds something that is not a tensor.")
    return {name: value.detach().clone() for name, value in state.items()}

"""A student's conv_block, with kernels that the check knows."""

import torch

from autograder.checking import assert_has, fail

from ...shared.public.outputs import assert_shape

BLOCK = "conv_block(in_channels, out_channels)"

MODULE_CAUSE = "return an nn.Module, for instance an nn.Sequential of three layers"


def new_block(submission, in_channels, out_channels):
    """Return a student's block in evaluation mode, once it is known to be a module."""
    block = submission.conv_block(in_channels, out_channels)
    assert_has(block, "state_dict", "load_state_dict", "eval", what=BLOCK, cause=MODULE_CAUSE)
    block.eval()  # a batch norm, which is allowed, then leaves its input as it is
    return block


def known_block(submission, in_channels, out_channels):
    """Return a student's block with random kernels and biases, the kernels, and the biases.

    The values go in through the state dict, so it does not matter what the block's layers are called.
    """
    block = new_block(submission, in_channels, out_channels)
    state = block.state_dict()
    if not isinstance(state, dict):
        fail(f"{BLOCK} has no state dict.", cause=MODULE_CAUSE)
    name = kernel_name(state)
    weight = torch.randn(out_channels, in_channels, 3, 3)
    mistakes = {
        "in_channels and out_channels are swapped": torch.zeros(in_channels, out_channels, 3, 3),
        "the kernels look at one channel only; they span all of them": torch.zeros(out_channels, 1, 3, 3),
        "the kernel is 5×5": torch.zeros(out_channels, in_channels, 5, 5),
        "the kernel is 2×2": torch.zeros(out_channels, in_channels, 2, 2),
        "the kernel is 1×1: it sees no neighbours": torch.zeros(out_channels, in_channels, 1, 1),
    }
    assert_shape(state[name], weight.shape, "the weight of the block's convolution", mistakes)
    bias_name = name.removesuffix("weight") + "bias"
    bias = torch.randn(out_channels) if bias_name in state else torch.zeros(out_channels)
    new = {**state, name: weight} | ({bias_name: bias} if bias_name in state else {})
    block.load_state_dict(new)
    return block, weight, bias


def kernel_name(state):
    """Return the name of the kernels in the state dict of a block, which must have one convolution."""
    kernels = [name for name, value in state.items() if isinstance(value, torch.Tensor) and value.dim() == 4]
    if len(kernels) != 1:
        unknown = "PyTorch does not know of it: keep the layer in an nn.Sequential or as `self.…`, not in a plain list"
        fail(
            f"{BLOCK} has {len(kernels)} convolutions, expected one.",
            cause="a block is one convolution, ReLU, max-pooling" if kernels else unknown,
        )
    return kernels[0]

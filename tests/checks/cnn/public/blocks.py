"""A student's conv_block, with known kernels."""

import torch

from autograder.checking import assert_has, fail, phrase

from ...shared.public.outputs import assert_shape

BLOCK = "conv_block(in_channels, out_channels)"
OUTPUT = "conv_block(in_channels, out_channels)(images)"

MODULE_CAUSE = "return an nn.Module, for example an nn.Sequential of three layers"


def new_block(submission, in_channels, out_channels):
    """Return a student's block in evaluation mode; fail unless it is a module."""
    block = submission.conv_block(in_channels, out_channels)
    assert_has(block, "state_dict", "load_state_dict", "eval", what=BLOCK, cause=MODULE_CAUSE)
    block.eval()  # a batch norm, which is allowed, then does not change its input
    return block


def known_block(submission, in_channels, out_channels):
    """Return a student's block with random kernels and biases, the kernels, and the biases.

    The values are set through the state dict, so the names of the block's layers do not matter.
    """
    block = new_block(submission, in_channels, out_channels)
    state = block.state_dict()
    if not isinstance(state, dict):
        fail(phrase("{block} has no state dict.", block=BLOCK), cause=MODULE_CAUSE)
    name = kernel_name(state)
    weight = torch.randn(out_channels, in_channels, 3, 3)
    mistakes = {
        "in_channels and out_channels are swapped": torch.zeros(in_channels, out_channels, 3, 3),
        "the kernels see one channel only; they must span all of them": torch.zeros(out_channels, 1, 3, 3),
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
    """Return the name of the kernels in a block's state dict; fail unless there is one convolution."""
    kernels = [name for name, value in state.items() if isinstance(value, torch.Tensor) and value.dim() == 4]
    if len(kernels) != 1:
        unknown = "PyTorch does not know it: keep the layer in an nn.Sequential or as `self.…`, not in a plain list"
        problem = phrase("{block} must have one convolution.", block=BLOCK)
        cause = "a block is one convolution, ReLU, max pooling" if kernels else unknown
        fail(problem, details=f"It has {len(kernels)}.", cause=cause)
    return kernels[0]

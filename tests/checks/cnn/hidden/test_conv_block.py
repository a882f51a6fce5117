"""Hidden checks of `conv_block`: its values, sizes and gradients."""

from functools import partial

import pytest
import torch
import torch.nn.functional as F

from autograder.checking import assert_tensor, assert_true, fail, phrase, send_function

from ...shared.hidden.gradients import NO_GRADIENT
from ...shared.public.outputs import assert_shape, run
from ..public.blocks import OUTPUT, known_block

# The order of a float32 sum changes its rounding, which matters for results close to 0.
CLOSE = {"atol": 1e-5}


def right_block(images, weight, bias, activation=F.relu, pool=F.max_pool2d):
    """Return the output of a correct block."""
    return pool(activation(F.conv2d(images, weight, bias, padding=1)), 2)


def block_mistakes(images, weight, bias):
    """Return the output of a block after each typical mistake: cause → value."""
    right = right_block(images, weight, bias)
    convolved = F.conv2d(images, weight, bias, padding=1)
    mirrored = F.pad(images, (1, 1, 1, 1), "reflect")
    repeated = F.pad(images, (1, 1, 1, 1), "replicate")
    return {
        "the ReLU is missing": F.max_pool2d(convolved, 2),
        "the mean of each window is taken, not its maximum": F.avg_pool2d(convolved.relu(), 2),
        "the mean of each window is taken, and the ReLU comes after it": F.avg_pool2d(convolved, 2).relu(),
        "the ReLU is missing, and the mean of each window is taken": F.avg_pool2d(convolved, 2),
        "the ReLU comes before the convolution": F.max_pool2d(F.conv2d(images.relu(), weight, bias, padding=1), 2),
        "the pooling is missing": convolved.relu(),
        "the pooling comes before the convolution": F.conv2d(F.max_pool2d(images, 2), weight, bias, padding=1).relu(),
        "the convolution has stride 2, and nothing is pooled": convolved[..., ::2, ::2].relu(),
        "the pooling steps by 1; it must halve height and width": F.max_pool2d(convolved.relu(), 2, 1),
        "the convolution is not padded": F.max_pool2d(F.conv2d(images, weight, bias).relu(), 2),
        "the image is mirrored at its border; pad with zeros": F.max_pool2d(F.conv2d(mirrored, weight, bias).relu(), 2),
        "the border is repeated; pad with zeros": F.max_pool2d(F.conv2d(repeated, weight, bias).relu(), 2),
        "an odd size is rounded up; round it down": F.max_pool2d(convolved.relu(), 2, ceil_mode=True),
        "this is a leaky ReLU": F.max_pool2d(F.leaky_relu(convolved, 0.01), 2),
        "this is the sigmoid, not the ReLU": F.max_pool2d(convolved.sigmoid(), 2),
        "this is the hyperbolic tangent, not the ReLU": F.max_pool2d(convolved.tanh(), 2),
        "the windows of the pooling overlap": F.max_pool2d(convolved.relu(), 3, 2, padding=1),
        "something after the pooling changes its values": right.sigmoid(),
    }


def gradients_of(module):
    """Return the gradient of the one parameter with four axes; runs on the student's side."""
    return next(parameter.grad for parameter in module.parameters() if parameter.dim() == 4)


@pytest.mark.points(0.75)
@pytest.mark.after("halves", "one_convolution")
def test_values(submission):
    """The values are those of convolution, ReLU and max pooling."""
    images = torch.randn(3, 2, 8, 10)
    block, weight, bias = known_block(submission, 2, 4)
    result = run(block, images, OUTPUT)
    expected = right_block(images, weight, bias)
    mistakes = partial(block_mistakes, images, weight, bias)
    cause = "convolution, then ReLU, then max pooling; nothing else"
    assert_tensor(result, expected, what=OUTPUT, mistakes=mistakes, cause=cause, **CLOSE)


@pytest.mark.points(0.25)
@pytest.mark.after("one_convolution")
def test_other_shapes(submission):
    """Odd sizes are rounded down, and a batch of one stays a batch."""
    for shape in ((2, 3, 7, 9), (1, 3, 5, 4), (1, 3, 2, 2), (1, 3, 3, 2)):
        images = torch.randn(shape)
        block, weight, bias = known_block(submission, 3, 2)
        right = right_block(images, weight, bias)
        mistakes = {
            "an odd size is rounded up; round it down": (
                right_block(images, weight, bias, pool=partial(F.max_pool2d, ceil_mode=True))
            ),
            "an axis of length one is lost (`squeeze`)": right.squeeze(),
            "the first axis is lost: a batch of one image is still a batch": right.squeeze(0),
        }
        output = run(block, images, phrase("{output} of an odd size", output=OUTPUT))
        assert_shape(output, right.shape, phrase("{output} of another shape", output=OUTPUT), mistakes)


@pytest.mark.points(0.25)
@pytest.mark.after("one_convolution")
def test_gradients(submission):
    """Gradients flow back to the images and to the kernels."""
    images = torch.randn(2, 2, 6, 6, requires_grad=True)
    block, weight, bias = known_block(submission, 2, 3)
    output = run(block, images, OUTPUT)
    assert_shape(output, (2, 3, 3, 3), OUTPUT)
    assert_true(
        output.requires_grad, "conv_block(in_channels, out_channels) cannot be differentiated.", cause=NO_GRADIENT
    )
    output.square().sum().backward()
    inputs = images.detach().clone().requires_grad_()
    kernels = weight.clone().requires_grad_()
    right_block(inputs, kernels, bias).square().sum().backward()
    if images.grad is None:
        fail("No gradient reaches the images.", cause=NO_GRADIENT)
    what = "the gradient of the block with respect to the images"
    assert_tensor(images.grad, inputs.grad, what=what, rtol=1e-3, atol=1e-3)
    grad = send_function(submission, gradients_of)(block)
    what = "the gradient of the block with respect to its kernels"
    assert_tensor(grad, kernels.grad, what=what, rtol=1e-3, atol=1e-3, cause=NO_GRADIENT)

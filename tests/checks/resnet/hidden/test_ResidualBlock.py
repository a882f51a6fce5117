"""Hidden checks of `ResidualBlock`: the sum, F, and gradients."""

import math

import pytest
import torch
import torch.nn.functional as F

from autograder.checking import assert_equal, assert_tensor, assert_true, unchanged

from ...shared.hidden.gradients import NO_GRADIENT, assert_all_reached
from ...shared.public.outputs import assert_shape, run
from ..public.blocks import CLOSE, SHAPES, known_block, new_block
from ..public.state_dicts import tensors_of


@pytest.mark.points(1)
@pytest.mark.after("identity", "projection")
@pytest.mark.hint("Which of F(x), shortcut(x) and their sum can be negative in your block?")
def test_sum(submission):
    """F(x) and shortcut(x) may both be negative: the only ReLU outside F comes after their sum."""
    early = "a ReLU ends F, before the addition; a residual can be negative too"
    call = "ResidualBlock"
    block, _ = known_block(submission, call, (5, 5, 1), scale=0.2)
    x = 10 + torch.randn(2, 5, 7, 8)  # so far above zero that the last ReLU changes nothing
    output = run(block, x, call)
    assert_shape(output, x.shape, "ResidualBlock(x)")
    residual = output.detach() - x
    low, high = float(residual.min()), float(residual.max())
    assert_true(
        low < -1e-3 or high > 1e-3, "In ResidualBlock, F(x) is always zero.", cause="F is not used, or ends in zeros"
    )
    assert_true(low < -1e-3, "In ResidualBlock, F(x) is never negative.", cause=early)
    assert_true(high > 1e-3, "In ResidualBlock, F(x) is never positive.", cause="F is subtracted after a ReLU")
    for sizes in ((3, 5, 1), (5, 5, 2)):
        block, (name, weight) = known_block(submission, call, sizes, scale=0.2)
        x = 10 + torch.randn(2, sizes[0], 7, 8)
        state = tensors_of(block, call)
        # With a shortcut far above zero, the last ReLU changes nothing, so the output shows F(x).
        block.load_state_dict({**state, name: torch.ones_like(weight)})
        raised = F.conv2d(x, torch.ones_like(weight), stride=sizes[2])
        output = run(block, x, call)
        assert_shape(output, raised.shape, "ResidualBlock(x)")
        residual = output.detach() - raised
        assert_true(
            float(residual.min()) < -1e-3, "In ResidualBlock with a projection, F(x) is never negative.", cause=early
        )
        weight = 0.05 * weight
        block.load_state_dict({**state, name: weight})
        shortcut = F.conv2d(x, weight, stride=sizes[2])
        result = run(block, x, call)
        expected = (residual + shortcut).relu()
        mistakes = {
            "a ReLU follows the projection; it belongs after the addition": (residual + shortcut.relu()).relu(),
            "the last ReLU, after the addition, is missing": residual + shortcut,
        }
        assert_tensor(
            result, expected, what="ResidualBlock(x) with a projection", mistakes=mistakes, rtol=5e-3, atol=2e-3
        )


@pytest.mark.points(0.5)
@pytest.mark.after("identity")
def test_not_linear(submission):
    """There is a ReLU between the two convolutions, so F is not linear."""
    block, _ = known_block(submission, "ResidualBlock", (6, 6, 1), scale=0.2)
    a, b = 10 + 5 * torch.rand(2, 3, 6, 8, 8)
    with torch.no_grad():
        outputs = [run(block, x, "ResidualBlock") for x in (a, b, (a + b) / 2)]
    for output in outputs:
        assert_shape(output, a.shape, "ResidualBlock(x)")
    at_a, at_b, between = (output - x for output, x in zip(outputs, (a, b, (a + b) / 2), strict=True))
    bend = float((between - (at_a + at_b) / 2).norm() / (at_a.norm() + at_b.norm()).clamp(min=1e-12))
    cause = "the ReLU between the two convolutions is missing: together they are just one convolution"
    assert_true(bend > 1e-2, "In ResidualBlock, F(x) is a linear function of x.", cause=cause)


@pytest.mark.points(0.25)
@pytest.mark.after("identity")
def test_neighbours(submission):
    """F sees two pixels far, like two 3×3 convolutions in a row."""
    block, _ = known_block(submission, "ResidualBlock", (6, 6, 1), scale=0.3)
    x = 10 + torch.rand(1, 6, 15, 15)
    changed = x.clone()
    changed[:, :, 7, 7] += torch.randn(6)
    with torch.no_grad():
        outputs = [run(block, images, "ResidualBlock") for images in (x, changed)]
    for output in outputs:
        assert_shape(output, x.shape, "ResidualBlock(x)")
    difference = (outputs[1] - outputs[0]).abs().amax((0, 1)) > 1e-5
    reach = (difference.nonzero() - 7).abs().max() if bool(difference.any()) else torch.tensor(0)
    mistakes = {
        "F has a single 3×3 convolution; it has two": 1,
        "F sees no neighbours": 0,
        "F has more than two 3×3 convolutions, or larger kernels": 3,
    }
    assert_equal(int(reach), 2, what="how many pixels far F sees in ResidualBlock", mistakes=mistakes)


@pytest.mark.points(0.5)
@pytest.mark.after("shapes")
@pytest.mark.hint("`+=`, `relu_` and `nn.ReLU(inplace=True)` modify their input tensor.")
def test_inputs(submission):
    """The input is not modified."""
    for sizes in SHAPES.values():
        block = new_block(submission, "ResidualBlock", sizes)
        x = torch.randn(2, sizes[0], 6, 7)
        for mode in ("train", "eval"):
            getattr(block, mode)()
            with unchanged(x, what="ResidualBlock"):
                block(x)


@pytest.mark.points(0.5)
@pytest.mark.after("identity", "projection")
def test_gradients(submission):
    """The gradient flows back through the shortcut, and every parameter gets one."""
    for sizes in ((5, 5, 1), (3, 5, 2)):
        block, projection = known_block(submission, "ResidualBlock", sizes)
        x = torch.randn(2, sizes[0], 6, 7, requires_grad=True)
        output = run(block, x, "ResidualBlock")
        reference = x.detach().requires_grad_()
        expected = (F.conv2d(reference, projection[1], stride=sizes[2]) if projection else reference).relu()
        assert_shape(output, expected.shape, "ResidualBlock(x)")
        assert_true(output.requires_grad, "ResidualBlock(x) cannot be differentiated.", cause=NO_GRADIENT)
        along = torch.randn(expected.shape)
        (output * along).sum().backward()
        (expected * along).sum().backward()
        got = torch.zeros_like(reference) if x.grad is None else x.grad
        no_way = "the shortcut is detached (`.detach()`, `.data`), but it is the gradient's way back"
        what = "the gradient with respect to x, with zero weights in F,"
        mistakes = {no_way: torch.zeros_like(reference)}
        assert_tensor(got, reference.grad, what=what, mistakes=mistakes, **CLOSE)
        block, _ = known_block(submission, "ResidualBlock", sizes, scale=1.0)
        assert_all_reached(submission, block, torch.randn(8, sizes[0], 6, 7), "ResidualBlock")


@pytest.mark.points(0.25)
@pytest.mark.after("shapes")
def test_alone(submission):
    """In evaluation mode, an image gives the same output alone as in a batch."""
    for sizes in ((4, 4, 1), (4, 6, 2)):
        block, _ = known_block(submission, "ResidualBlock", sizes, scale=1.0)
        x = torch.randn(4, sizes[0], 6, 7) * torch.arange(1.0, 5)[:, None, None, None]
        with torch.no_grad():
            together = run(block, x, "ResidualBlock of a batch")
            shape = 4, sizes[1], math.ceil(6 / sizes[2]), math.ceil(7 / sizes[2])
            assert_shape(together, shape, "ResidualBlock(x)")
            for place in range(4):
                alone = run(block, x[place : place + 1], "ResidualBlock of a single image")
                cause = "in evaluation mode, a batch norm uses its running statistics, not those of the batch"
                what = "ResidualBlock of a single image"
                assert_tensor(alone, together[place : place + 1], what=what, cause=cause, **CLOSE)

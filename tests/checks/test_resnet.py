"""Checks of the exercise `resnet`: a block, a network, a backbone that is adapted and frozen, and the training."""

import math
from functools import cache, partial

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from torch import nn
from torchvision.models import resnet18

from autograder.checking import (
    Experiment,
    assert_equal,
    assert_has,
    assert_tensor,
    assert_true,
    classification_metrics,
    fail,
    in_place,
    send_function,
    send_loader,
    show_confusion,
    show_curves,
    unchanged,
)
from autograder.datasets import load_dataset, phantoms

HIDDEN_SEED = 362_880_471

# A batch norm in evaluation mode divides by √(1 + 1e-5) even where it has nothing to do.
CLOSE = {"rtol": 2e-3, "atol": 2e-4}
UNKNOWN = (
    "PyTorch does not know of it: keep layers as `self.…`, in an nn.Sequential or nn.ModuleList, not in a plain list"
)
BROKEN = "`.detach()`, `.data`, `.item()`, NumPy and `no_grad` cut the gradient off"


def run(module, images, what, cause=""):
    """Return what a student's module makes of images; where it raises, say so in the words of this exercise."""
    try:
        return module(images)
    except NotImplementedError:
        raise  # the stub, not the answer
    except (RuntimeError, ValueError, TypeError, IndexError) as error:
        fail(f"{what} raises {type(error).__name__}.", details=str(error), cause=cause)


def assert_shape(output, shape, what, mistakes=None):
    """Check type, shape and dtype of floats whose values are free, and that they are numbers."""
    assert_tensor(output, torch.zeros(shape), what=what, atol=math.inf, mistakes=mistakes)


def tensors_of(module, what):
    """Return the state dict of a student's module, once it is known to hold tensors alone."""
    state = module.state_dict()
    assert_true(isinstance(state, dict) and bool(state), f"{what} has no state dict with its layers.", cause=UNKNOWN)
    for value in state.values():
        assert_true(isinstance(value, torch.Tensor), f"The state dict of {what} holds something that is no tensor.")
    return {name: value.detach().clone() for name, value in state.items()}


def count_unreached(model, images):
    """Return how many parameters get no gradient, and how many there are; runs on the student's side."""
    model(images).square().sum().backward()
    grads = [parameter.grad for parameter in model.parameters()]
    return sum(grad is None or not bool(grad.abs().sum() > 0) for grad in grads), len(grads)


def assert_all_reached(submission, model, images, what):
    """Check that every parameter gets a gradient."""
    unreached = send_function(submission, count_unreached)(model, images)
    assert_true(type(unreached) is tuple and len(unreached) == 2, f"The gradients of {what} cannot be read.")
    assert_true(
        unreached[0] == 0,
        f"{unreached[0]} of {unreached[1]} parameters of {what} get no gradient.",
        cause="a layer that is made but not used, or `.detach()`, `.data` or `no_grad` in forward",
    )


# --- ResidualBlock ---------------------------------------------------------------------------------------------

SHAPES = {
    "ResidualBlock(4, 4)": (4, 4, 1),
    "ResidualBlock(4, 6)": (4, 6, 1),
    "ResidualBlock(4, 4, stride=2)": (4, 4, 2),
    "ResidualBlock(4, 6, stride=2)": (4, 6, 2),
}
SUM_CAUSE = (
    "F(x) and shortcut(x) must have the same shape to be added: without a 1×1 convolution with this stride on the "
    "shortcut they differ, and a 3×3 convolution needs a padding of 1"
)


def new_block(submission, call, sizes):
    """Return a student's block, once it is known to be a module."""
    in_channels, out_channels, stride = sizes
    block = submission.ResidualBlock(in_channels, out_channels, stride=stride)
    assert_has(block, "state_dict", "load_state_dict", "eval", what=call, cause="ResidualBlock must be an nn.Module")
    return block


def known_block(submission, call, sizes, scale=0.0):
    """Return a student's block in evaluation mode with F scaled, and its projection, a kernel of random numbers.

    The values go in through the state dict, so it does not matter what the layers are called: kernels larger than 1×1
    are those of F, 1×1 is the projection, and None where there is none. Biases are 0, batch norms do nothing.
    """
    block = new_block(submission, call, sizes)
    block.eval()
    state, residual, projection = {}, 0, []
    for name, value in tensors_of(block, call).items():
        state[name] = value
        if value.dim() == 4 and tuple(value.shape[2:]) != (1, 1):
            kernel = torch.randn(value.shape)
            # With a mean of zero, bright images do not drown their own details.
            kernel -= kernel.mean((1, 2, 3), keepdim=True)
            state[name] = scale * kernel * (2 / value[0].numel()) ** 0.5
            residual += 1
        elif value.dim() == 4:
            projection.append(name)
        elif value.is_floating_point():
            state[name] = torch.zeros_like(value) if name.endswith(("bias", "running_mean")) else torch.ones_like(value)
    assert_true(residual > 0, f"{call} has no 3×3 convolution.", cause=UNKNOWN)
    out_channels, in_channels = sizes[1], sizes[0]
    is_same = in_channels == out_channels and sizes[2] == 1
    if is_same and projection:
        fail(
            f"The shortcut of {call} has weights.",
            cause="where channels and size stay, the shortcut is the input itself: nothing is learnt there",
        )
    if not is_same and len(projection) != 1:
        fail(
            f"{call} has {len(projection)} convolutions of 1×1, expected one, on its shortcut.",
            cause=(
                "the shortcut needs a 1×1 convolution where channels or size change, with a kernel that is learnt"
                if not projection
                else "F is made of 3×3 convolutions; a single 1×1 convolution is on the shortcut"
            ),
        )
    weight = torch.randn(out_channels, in_channels, 1, 1) if projection else None
    if projection:
        kernels = {"in_channels and out_channels are swapped": torch.zeros(in_channels, out_channels, 1, 1)}
        what = f"the weight of the 1×1 convolution of {call}"
        assert_tensor(state[projection[0]], weight, what=what, atol=math.inf, mistakes=kernels)
        state[projection[0]] = weight
    block.load_state_dict(state)
    return block, (projection[0], weight) if projection else None


def shortcut_mistakes(x, shortcut):
    """Return what a block whose F is zero gives after each typical mistake: cause → value."""
    return {
        "the last ReLU, after the addition, is missing": shortcut,
        "the shortcut is missing: nothing is added to F(x)": torch.zeros_like(shortcut),
        "the shortcut is added twice": 2 * shortcut.relu(),
        "the sigmoid is applied after the addition; it is the ReLU": shortcut.sigmoid(),
        "F(x) is multiplied by the shortcut; they are to be added": 0 * shortcut,
        "F(x) does not depend on its weights alone: with all of them zero, it must be zero": x.relu() + shortcut.relu()
        if x.shape == shortcut.shape
        else shortcut + 1,
    }


@pytest.mark.question("ResidualBlock")
@pytest.mark.hints(
    "Write F and the shortcut as two paths of one input; when do their shapes differ?",
    (
        "The last ReLU comes after the sum. The shortcut needs a 1×1 convolution where channels or stride change,"
        " with the same stride."
    ),
)
class TestResidualBlock:
    @pytest.mark.points(1)
    @pytest.mark.public
    @pytest.mark.hint("Print the shapes of F(x) and of the shortcut before you add them.")
    def test_shapes(self, submission):
        """The output has out_channels, and height and width divided by the stride, rounded up."""
        for call, sizes in SHAPES.items():
            in_channels, out_channels, stride = sizes
            block = new_block(submission, call, sizes)
            for mode in ("train", "eval"):
                getattr(block, mode)()
                for height, width in ((8, 8), (7, 10)):
                    shape = 3, out_channels, math.ceil(height / stride), math.ceil(width / stride)
                    output = run(block, torch.randn(3, in_channels, height, width), f"{call}(x)", SUM_CAUSE)
                    n, c, h, w = shape
                    mistakes = {
                        "the stride is ignored": torch.zeros(n, c, height, width),
                        "the stride is used twice: it belongs to the first 3×3 convolution alone": (
                            torch.zeros(n, c, math.ceil(h / stride), math.ceil(w / stride))
                        ),
                        "a 3×3 convolution without padding loses a pixel on each side": torch.zeros(n, c, h - 4, w - 4),
                        "the shortcut is put beside F(x) (`torch.cat`); it is to be added": (
                            torch.zeros(n, c + in_channels, h, w)
                        ),
                        "F(x) and the shortcut are put side by side (`torch.cat`); they are to be added": (
                            torch.zeros(n, 2 * c, h, w)
                        ),
                    }
                    assert_shape(
                        output, shape, f"{call}(x) for x of shape (3, {in_channels}, {height}, {width})", mistakes
                    )

    @pytest.mark.points(1)
    @pytest.mark.public
    @pytest.mark.after("shapes")
    def test_identity(self, submission):
        """Where channels and size stay, the shortcut is x itself: with the weights of F zero, the block is ReLU(x)."""
        call = "ResidualBlock(4, 4)"
        block, _ = known_block(submission, call, (4, 4, 1))
        x = torch.randn(3, 4, 6, 5)
        for mode in ("eval", "train"):
            getattr(block, mode)()
            what = f"{call}(x) in {mode} mode, where the weights of F are zero,"
            assert_tensor(run(block, x, what), x.relu(), what=what, mistakes=partial(shortcut_mistakes, x, x), **CLOSE)

    @pytest.mark.points(1)
    @pytest.mark.public
    @pytest.mark.after("shapes")
    def test_projection(self, submission):
        """Where channels or size change, the shortcut is a 1×1 convolution with the stride of the block."""
        for call, sizes in list(SHAPES.items())[1:]:  # in the first, nothing changes
            in_channels, _, stride = sizes
            block, (_, weight) = known_block(submission, call, sizes)
            x = torch.randn(2, in_channels, 7, 6)
            shortcut = F.conv2d(x, weight, stride=stride)
            pooled = F.conv2d(F.avg_pool2d(x, stride, ceil_mode=True), weight)
            shifted = F.conv2d(F.pad(x, (0, 1, 0, 1))[..., 1:, 1:], weight, stride=stride)
            what = f"{call}(x), where the weights of F are zero,"
            mistakes = shortcut_mistakes(x, shortcut) | {
                "the shortcut takes the mean of each window; a stride takes one pixel of it": pooled.relu(),
                "the shortcut takes the wrong pixel of each window": shifted.relu(),
            }
            assert_tensor(run(block, x, what, SUM_CAUSE), shortcut.relu(), what=what, mistakes=mistakes, **CLOSE)

    @pytest.mark.points(1)
    @pytest.mark.after("identity", "projection")
    @pytest.mark.hint("Which of the numbers F(x), shortcut(x) and their sum can be negative in your block?")
    def test_sum(self, submission):
        """F(x) and shortcut(x) may both be negative: the last ReLU comes after their sum, and only there."""
        early = "a ReLU at the end of F, before the addition: a residual can be negative too"
        call = "ResidualBlock"
        block, _ = known_block(submission, call, (5, 5, 1), scale=0.2)
        x = 10 + torch.randn(2, 5, 7, 8)  # so far above zero that the last ReLU changes nothing
        output = run(block, x, call)
        assert_shape(output, x.shape, f"{call}(x)")
        residual = output.detach() - x
        low, high = float(residual.min()), float(residual.max())
        assert_true(
            low < -1e-3 or high > 1e-3, f"In {call}, F(x) is always zero.", cause="F is not used, or ends in zeros"
        )
        assert_true(low < -1e-3, f"In {call}, F(x) is never negative.", cause=early)
        assert_true(high > 1e-3, f"In {call}, F(x) is never positive.", cause="F is subtracted after a ReLU")
        for sizes in ((3, 5, 1), (5, 5, 2)):
            block, (name, weight) = known_block(submission, call, sizes, scale=0.2)
            x = 10 + torch.randn(2, sizes[0], 7, 8)
            state = tensors_of(block, call)
            # With a shortcut far above zero the last ReLU changes nothing, and F(x) can be read off.
            block.load_state_dict({**state, name: torch.ones_like(weight)})
            raised = F.conv2d(x, torch.ones_like(weight), stride=sizes[2])
            output = run(block, x, call)
            assert_shape(output, raised.shape, f"{call}(x)")
            residual = output.detach() - raised
            assert_true(
                float(residual.min()) < -1e-3, f"In {call} with a projection, F(x) is never negative.", cause=early
            )
            weight = 0.05 * weight
            block.load_state_dict({**state, name: weight})
            shortcut = F.conv2d(x, weight, stride=sizes[2])
            assert_tensor(
                run(block, x, call),
                (residual + shortcut).relu(),
                what=f"{call}(x) with a projection",
                mistakes={
                    "a ReLU follows the projection; the only one outside F comes after the addition": (
                        (residual + shortcut.relu()).relu()
                    ),
                    "the last ReLU, after the addition, is missing": residual + shortcut,
                },
                rtol=5e-3,
                atol=2e-3,
            )

    @pytest.mark.points(0.5)
    @pytest.mark.after("identity")
    def test_not_linear(self, submission):
        """There is a ReLU between the two convolutions: F is not linear."""
        block, _ = known_block(submission, "ResidualBlock", (6, 6, 1), scale=0.2)
        a, b = 10 + 5 * torch.rand(2, 3, 6, 8, 8)
        with torch.no_grad():
            outputs = [run(block, x, "ResidualBlock") for x in (a, b, (a + b) / 2)]
        for output in outputs:
            assert_shape(output, a.shape, "ResidualBlock(x)")
        at_a, at_b, between = (output - x for output, x in zip(outputs, (a, b, (a + b) / 2), strict=True))
        bend = float((between - (at_a + at_b) / 2).norm() / (at_a.norm() + at_b.norm()).clamp(min=1e-12))
        assert_true(
            bend > 1e-2,
            "In ResidualBlock, F(x) is a linear function of x.",
            cause="the ReLU between the two convolutions is missing: together they are no more than one convolution",
        )

    @pytest.mark.points(0.25)
    @pytest.mark.after("identity")
    def test_neighbours(self, submission):
        """F looks two pixels far, as two 3×3 convolutions in a row do."""
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
        assert_equal(int(reach), 2, what="how many pixels far F looks in ResidualBlock", mistakes=mistakes)

    @pytest.mark.points(0.5)
    @pytest.mark.after("shapes")
    @pytest.mark.hint("`+=`, `relu_` and `nn.ReLU(inplace=True)` change the tensor that they are given.")
    def test_inputs(self, submission):
        """The input stays as it is."""
        for sizes in SHAPES.values():
            block = new_block(submission, "ResidualBlock", sizes)
            x = torch.randn(2, sizes[0], 6, 7)
            for mode in ("train", "eval"):
                getattr(block, mode)()
                with unchanged(x, what="ResidualBlock"):
                    block(x)

    @pytest.mark.points(0.5)
    @pytest.mark.after("identity", "projection")
    def test_gradients(self, submission):
        """The gradient comes back through the shortcut, and every parameter gets one."""
        for sizes in ((5, 5, 1), (3, 5, 2)):
            block, projection = known_block(submission, "ResidualBlock", sizes)
            x = torch.randn(2, sizes[0], 6, 7, requires_grad=True)
            output = run(block, x, "ResidualBlock")
            reference = x.detach().requires_grad_()
            expected = (F.conv2d(reference, projection[1], stride=sizes[2]) if projection else reference).relu()
            assert_shape(output, expected.shape, "ResidualBlock(x)")
            assert_true(output.requires_grad, "ResidualBlock(x) cannot be differentiated.", cause=BROKEN)
            along = torch.randn(expected.shape)
            (output * along).sum().backward()
            (expected * along).sum().backward()
            got = torch.zeros_like(reference) if x.grad is None else x.grad
            no_way = "the shortcut is cut off from the gradient (`.detach()`, `.data`): it is the gradient's way back"
            what = "the gradient by x, where the weights of F are zero,"
            mistakes = {no_way: torch.zeros_like(reference)}
            assert_tensor(got, reference.grad, what=what, mistakes=mistakes, **CLOSE)
            block, _ = known_block(submission, "ResidualBlock", sizes, scale=1.0)
            assert_all_reached(submission, block, torch.randn(8, sizes[0], 6, 7), "ResidualBlock")

    @pytest.mark.points(0.25)
    @pytest.mark.after("shapes")
    def test_alone(self, submission):
        """In evaluation mode an image gives the same alone as among others."""
        for sizes in ((4, 4, 1), (4, 6, 2)):
            block, _ = known_block(submission, "ResidualBlock", sizes, scale=1.0)
            x = torch.randn(4, sizes[0], 6, 7) * torch.arange(1.0, 5)[:, None, None, None]
            with torch.no_grad():
                together = run(block, x, "ResidualBlock of a batch")
                shape = 4, sizes[1], math.ceil(6 / sizes[2]), math.ceil(7 / sizes[2])
                assert_shape(together, shape, "ResidualBlock(x)")
                for place in range(4):
                    alone = run(block, x[place : place + 1], "ResidualBlock of a single image")
                    cause = "in evaluation mode a batch norm uses its running statistics, not those of the batch"
                    what = "ResidualBlock of a single image"
                    assert_tensor(alone, together[place : place + 1], what=what, cause=cause, **CLOSE)


# --- SmallResNet -----------------------------------------------------------------------------------------------

MAX_PARAMETERS = 100_000
SIZE_CAUSE = (
    "the linear layer must not depend on the size of the image: it has widths[-1] inputs, the means of the last maps "
    "over all places"
)


def new_network(submission, call, **arguments):
    """Return a student's network, once it is known to be a module."""
    network = submission.SmallResNet(**arguments)
    cause = "SmallResNet must be an nn.Module"
    assert_has(network, "parameters", "state_dict", "eval", "train", what=call, cause=cause)
    return network


def assert_logits(logits, shape, what):
    """Check the shape of logits, whose values are free."""
    n = shape[0]
    mistakes = {
        "the last axis is still there: one output a sample has shape (N,), like the labels": torch.zeros(n, 1),
        "all samples give one number": torch.zeros(()),
        "n_outputs is ignored": torch.zeros(n),
        "the axes of height and width are still there": torch.zeros(*shape, 1, 1),
        "the batch and the outputs are flattened into one axis": torch.zeros(math.prod(shape)),
    }
    if n == 1:
        lost = "`squeeze()` removes the axis of a batch of one image too; say which axis"
        mistakes = {lost: torch.zeros(()), **mistakes}
    assert_shape(logits, shape, what, mistakes)


def random_network(network, arguments, seed):
    """Return a network with random parameters in evaluation mode; runs on the student's side.

    How a network is initialised is free: a last layer of zeros, say, would tell nothing about what it does.
    """
    model = network(**arguments)
    generator = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for name, parameter in model.named_parameters():
            values = torch.randn(parameter.shape, generator=generator)
            if parameter.dim() > 1:
                values *= ((2 if parameter.dim() == 4 else 10) / parameter[0].numel()) ** 0.5
            else:
                values = 0.3 * values + (0 if name.endswith("bias") else 1)
            parameter.copy_(values)
    return model.eval()


def built(submission, seed, **arguments):
    """Return a student's network with random parameters, in evaluation mode."""
    return send_function(submission, random_network)(submission.SmallResNet, arguments, seed)


def map_sizes(model, images):
    """Return the channels, height and width of what each convolution gives, in order; runs on the student's side."""
    sizes = []
    layers = [layer for layer in model.modules() if isinstance(layer, torch.nn.Conv2d)]

    def note(_layer, _inputs, output):
        sizes.append(list(output.shape[1:]))

    hooks = [layer.register_forward_hook(note) for layer in layers]
    model(images)
    for hook in hooks:
        hook.remove()
    return sizes


def silence_residuals(model, in_channels):
    """Set all kernels larger than 1×1 to zero but those of the stem; runs on the student's side."""
    with torch.no_grad():
        for parameter in model.parameters():
            if parameter.dim() == 4 and parameter[0, 0].numel() > 1 and parameter.shape[1] != in_channels:
                parameter.zero_()


@pytest.mark.question("SmallResNet")
@pytest.mark.hints(
    "A stem, then a stage a width; the first block of a later stage has stride 2.",
    "The mean over height and width makes it work for any size of image.",
)
class TestSmallResNet:
    @pytest.mark.points(1)
    @pytest.mark.public
    def test_logits(self, submission):
        """One output a sample has shape (N,), more have shape (N, n_outputs)."""
        for call, arguments, channels, shape in (
            ("SmallResNet()", {}, 1, (5,)),
            ("SmallResNet(n_outputs=3)", {"n_outputs": 3}, 1, (5, 3)),
            ("SmallResNet(in_channels=3)", {"in_channels": 3}, 3, (5,)),
        ):
            network = new_network(submission, call, **arguments)
            for mode in ("train", "eval"):
                getattr(network, mode)()
                what = f"{call}(images) in {mode} mode"
                assert_logits(run(network, torch.rand(5, channels, 28, 28), what), shape, what)

    @pytest.mark.points(0.75)
    @pytest.mark.public
    @pytest.mark.after("logits")
    def test_image_sizes(self, submission):
        """Images of any size work: 28×28, 33×33, 64×64 and 20×40, without a word to the network."""
        network = new_network(submission, "SmallResNet()")
        for height, width in ((28, 28), (33, 33), (64, 64), (20, 40)):
            what = f"SmallResNet() of images of {height}×{width}"
            assert_logits(run(network, torch.rand(3, 1, height, width), what, SIZE_CAUSE), (3,), what)

    @pytest.mark.points(0.75)
    @pytest.mark.public
    @pytest.mark.after("logits")
    @pytest.mark.hint("Compare with the table of shapes in the lesson.")
    def test_stages(self, submission):
        """There is a stage for each width, which halves height and width from the second on, and no more than that."""
        for widths in ((8, 16, 32), (5, 6), (7,), (3, 4, 5, 6)):
            call = f"SmallResNet(widths={widths})"
            network = new_network(submission, call, widths=widths)
            run(network, torch.rand(2, 1, 32, 24), f"{call}(images)")
            sizes = send_function(submission, map_sizes)(network, torch.rand(2, 1, 32, 24))
            readable = type(sizes) is list and all(type(s) is list and [*map(type, s)] == [int] * 3 for s in sizes)
            assert_true(readable and bool(sizes), f"{call} has no nn.Conv2d.", cause=UNKNOWN)
            first = [32, 24]
            cause = "the stem has stride 1 and no pooling: small images cannot spare the pixels"
            assert_equal(sizes[0][1:], first, what=f"height and width of the first maps of {call}", cause=cause)
            for stage, width in enumerate(widths):
                own = [size[1:] for size in sizes if size[0] == width]
                what = f"maps with {width} channels in {call}"
                enough = len(own) >= (3 if stage == 0 else 2)
                cause = "a stage is missing: each width needs a ResidualBlock, the first one after the stem too"
                assert_true(enough, f"{call} has too few {what.split(' in ')[0]}.", cause=cause)
                expected = [math.ceil(32 / 2**stage), math.ceil(24 / 2**stage)]
                mistakes_cause = "stride 2 belongs to the first block of each stage from the second on, and to no other"
                assert_equal(own[-1], expected, what=f"height and width of the last {what}", cause=mistakes_cause)
        n_parameters = sum(
            value.numel()
            for name, value in tensors_of(new_network(submission, "SmallResNet()"), "SmallResNet()").items()
            if not name.endswith(("running_mean", "running_var", "num_batches_tracked"))
        )
        cause = "it is to be small: a block or two a stage, and a single linear layer"
        assert_true(
            n_parameters <= MAX_PARAMETERS,
            f"SmallResNet() has more than {MAX_PARAMETERS} parameters.",
            details=f"It has {n_parameters}.",
            cause=cause,
        )

    @pytest.mark.points(0.75)
    @pytest.mark.after("logits", "image_sizes", "stages")
    @pytest.mark.hint("Global average pooling leaves one number a map: its mean over all rows and columns.")
    def test_pooling(self, submission):
        """A pattern adds the same to the logits wherever it lies, and twice as much when it is there twice."""
        network = built(submission, 0, n_outputs=6, widths=(4, 6, 8))
        pattern = 3 * torch.randn(6, 6)
        empty, left, right, both = torch.zeros(4, 1, 152, 152)
        for image, places in ((left, (48,)), (right, (96,)), (both, (48, 96))):
            for place in places:
                image[0, place : place + 6, place : place + 6] = pattern
        with torch.no_grad():
            logits = run(network, torch.stack([empty, left, right, both]), "SmallResNet of large images", SIZE_CAUSE)
        assert_logits(logits, (4, 6), "SmallResNet(n_outputs=6)(images)")
        at_left, at_right, twice = logits[1:] - logits[0]
        size = float(at_left.norm().clamp(min=1e-6))
        assert_true(size > 1e-5, "The logits of SmallResNet do not depend on the image.")
        assert_true(
            float((at_left - at_right).norm()) < 0.02 * size,
            "The logits of SmallResNet depend on where a pattern lies.",
            cause="the maps are flattened, or pooled to more than one place, before the linear layer",
        )
        cause = "the mean over all places adds patterns up"
        if float((twice - at_left).norm()) < 0.02 * size:
            cause = "global maximum pooling: it does not see how often a pattern is there; here the mean is asked for"
        problem = "A pattern that is there twice does not add twice as much to the logits of SmallResNet."
        assert_true(float((twice - 2 * at_left).norm()) < 0.02 * size, problem, cause=cause)

    @pytest.mark.points(0.5)
    @pytest.mark.after("logits", "stages")
    def test_shortcuts(self, submission):
        """With the weights of every F zero, the image still reaches the logits through the shortcuts."""
        network = built(submission, 1, in_channels=2, n_outputs=5, widths=(6, 8, 10))
        send_function(submission, silence_residuals)(network, 2)
        images = torch.randn(6, 2, 24, 24) * torch.arange(1.0, 7)[:, None, None, None]
        with torch.no_grad():
            logits = run(network, images, "SmallResNet(in_channels=2)(images)")
        assert_logits(logits, (6, 5), "SmallResNet(in_channels=2, n_outputs=5)(images)")
        assert_true(
            float(logits.std(0).max()) > 1e-4,
            "SmallResNet has a stage without a way around its convolutions.",
            cause="the stages must be made of ResidualBlocks",
        )

    @pytest.mark.points(0.5)
    @pytest.mark.after("logits")
    def test_unbounded(self, submission):
        """The outputs are logits, of both signs and any size: nothing comes after the last layer."""
        images = 5 * torch.randn(8, 1, 20, 20)
        with torch.no_grad():
            several = run(built(submission, 2, n_outputs=40), images, "SmallResNet(n_outputs=40)(images)")
            assert_logits(several, (8, 40), "SmallResNet(n_outputs=40)(images)")
            single = [built(submission, seed)(images) for seed in range(12)]
        for logits in single:
            assert_logits(logits, (8,), "SmallResNet()(images)")
        for values, what in ((torch.stack(single), "one output"), (several, "several outputs")):
            low, high = float(values.min()), float(values.max())
            cause = "no activation comes after the linear layer: a logit can be any number"
            if low >= 0 and high <= 1:
                cause = (
                    "a sigmoid or softmax comes after the linear layer; it belongs to the loss, so it would come twice"
                )
            elif low >= 0:
                cause = "a ReLU comes after the linear layer: no logit can be negative, so nothing is predicted to be 0"
            elif high <= 0:
                cause = "a log-softmax comes after the linear layer"
            elif low >= -1 and high <= 1:
                cause = "a tanh comes after the linear layer"
            assert_true(low < -1 and high > 1, f"The logits of SmallResNet with {what} are bounded.", cause=cause)

    @pytest.mark.points(0.25)
    @pytest.mark.after("logits")
    def test_channels(self, submission):
        """All channels of the images are used, each with weights of its own."""
        what = "SmallResNet(in_channels=3)(images)"
        network = built(submission, 3, in_channels=3)
        images = torch.randn(8, 3, 20, 20, requires_grad=True)
        logits = run(network, images, what, "in_channels must reach the stem")
        assert_logits(logits, (8,), what)
        assert_true(logits.requires_grad, f"{what} cannot be differentiated.", cause=BROKEN)
        logits.sum().backward()
        if images.grad is None:
            fail("No gradient reaches the images.", cause=BROKEN)
        used = [bool(images.grad[:, channel].abs().max() > 0) for channel in range(3)]
        problem = f"SmallResNet(in_channels=3) uses {sum(used)} of 3 channels."
        assert_true(all(used), problem, cause="`x[:, :1]` or `x[:, 0]` leaves the other channels out")
        first, *others = images.grad.unbind(1)
        assert_true(
            not all(torch.allclose(first, other, rtol=1e-3) for other in others),
            "SmallResNet(in_channels=3) cannot tell the channels apart.",
            cause="the channels are averaged before the stem",
        )

    @pytest.mark.points(0.25)
    @pytest.mark.after("logits")
    def test_gradients(self, submission):
        """Every parameter gets a gradient."""
        assert_all_reached(submission, built(submission, 4), torch.randn(16, 1, 28, 28), "SmallResNet()")

    @pytest.mark.points(0.25)
    @pytest.mark.after("logits")
    def test_batch_of_one(self, submission):
        """In evaluation mode an image has the same logits alone as among others."""
        for n_outputs in (1, 3):
            network = built(submission, 5, n_outputs=n_outputs)
            images = torch.randn(4, 1, 28, 28) * torch.arange(1.0, 5)[:, None, None, None]
            with torch.no_grad():
                together = run(network, images, "SmallResNet of a batch")
                assert_logits(together, (4,) if n_outputs == 1 else (4, n_outputs), "SmallResNet of a batch")
                for place in range(4):
                    alone = run(network, images[place : place + 1], "SmallResNet of a batch of one")
                    assert_logits(alone, (1,) if n_outputs == 1 else (1, n_outputs), "SmallResNet of a batch of one")
                    cause = "in evaluation mode the images of a batch must not mix, and nothing may be random"
                    what = "SmallResNet of a batch of one"
                    assert_tensor(alone, together[place : place + 1], what=what, cause=cause, **CLOSE)


# --- adapt_resnet18 --------------------------------------------------------------------------------------------

NEW_CONVOLUTION = "the new first convolution is 7×7 with 64 kernels, stride 2 and padding 3, as the old one"


@cache
def backbone_weights():
    """Return a state dict of torchvision's resnet18 with random values, for its batch norms' statistics too."""
    with torch.device("meta"):  # shapes without memory
        state = resnet18().state_dict()
    generator = torch.Generator().manual_seed(18)
    weights = {}
    for name, value in state.items():
        if not value.is_floating_point():
            weights[name] = torch.tensor(7)
        elif value.dim() == 1:
            around = 0.0 if name.endswith(("bias", "running_mean")) else 1.0
            weights[name] = around + 0.2 * (2 * torch.rand(value.shape, generator=generator) - 1)
        else:
            size = (6 / value[0].numel()) ** 0.5
            weights[name] = size * (2 * torch.rand(value.shape, generator=generator) - 1)
    return weights


def adapted(submission, call, arguments):
    """Return a student's model in evaluation mode, once it is known to be a module."""
    model = submission.adapt_resnet18(**arguments)
    assert_has(model, "state_dict", "parameters", "eval", what=call, cause="adapt_resnet18 must return an nn.Module")
    model.eval()
    return model


def new_layers(model, call, n_outputs, in_channels):
    """Return the weight of the first convolution, and weight and bias of the last layer, whatever they are called."""
    values = list(tensors_of(model, call).values())
    convolutions = [value for value in values if value.dim() == 4 and tuple(value.shape[2:]) == (7, 7)]
    assert_equal(len(convolutions), 1, what=f"the number of 7×7 convolutions of {call}", cause=NEW_CONVOLUTION)
    cause = "the first convolution takes in_channels channels and gives 64"
    kernel = torch.zeros(64, in_channels, 7, 7)
    what = f"the weight of the 7×7 convolution of {call}"
    assert_tensor(convolutions[0], kernel, what=what, atol=math.inf, cause=cause)
    linear = [value for value in values if value.dim() == 2]
    cause = "the old last layer, with 1 000 outputs, is replaced by a new one with n_outputs, which gets 512 numbers"
    assert_equal(len(linear), 1, what=f"the number of linear layers of {call}", cause=cause)
    weight = torch.zeros(n_outputs, 512)
    assert_tensor(linear[0], weight, what=f"the weight of the last layer of {call}", atol=math.inf, cause=cause)
    biases = [value for value in values if value.dim() == 1 and len(value) == n_outputs]
    return convolutions[0], linear[0], biases[0] if biases else torch.zeros(n_outputs)


def expected_logits(convolution, weight, bias, images, stride=2, padding=3):
    """Return what resnet18 gives with the known backbone and these two layers, in evaluation mode."""
    with torch.device("meta"):
        reference = resnet18()
    state = {**backbone_weights(), "conv1.weight": convolution, "fc.weight": weight, "fc.bias": bias}
    # The layers have other shapes than the original: their tensors are taken as they are.
    reference.conv1 = nn.Conv2d(convolution.shape[1], 64, 7, stride=stride, padding=padding, bias=False, device="meta")
    reference.fc = nn.Linear(512, len(weight), device="meta")
    reference.load_state_dict(state, assign=True)
    with torch.no_grad():
        logits = reference.eval()(images)
    return logits[:, 0] if len(weight) == 1 else logits


def assert_adapted(submission, n_outputs, in_channels):
    """Check that all weights but those of the two new layers are kept, and that nothing else changed."""
    arguments = {"n_outputs": n_outputs, "in_channels": in_channels, "weights": backbone_weights()}
    call = "adapt_resnet18(…, weights=weights)"
    model = adapted(submission, call, arguments)
    layers = new_layers(model, call, n_outputs, in_channels)
    values = list(tensors_of(model, call).values())
    missing = [
        name
        for name, weight in backbone_weights().items()
        if not name.startswith(("conv1.", "fc.")) and not name.endswith("num_batches_tracked")
        if not any(value.shape == weight.shape and torch.equal(value, weight) for value in values)
    ]
    if missing:
        statistics = all(name.endswith(("running_mean", "running_var")) for name in missing)
        fail(
            f"{call} does not keep the weights of {len(missing)} layers that are to stay.",
            details=f"The first one is {missing[0]}.",
            cause=(
                "the running statistics of the batch norms are part of the state dict, and have to be kept too"
                if statistics
                else "`load_state_dict` is not called or its error is swallowed, or layers were made anew after it"
            ),
        )
    images = torch.randn(3, in_channels, 48, 64)
    with torch.no_grad():
        logits = run(model, images, f"{call}(images)")
    expected = expected_logits(*layers, images)
    assert_logits(logits, tuple(expected.shape), f"{call}(images)")

    def mistakes():
        return {
            "a sigmoid comes after the last layer; it belongs to the loss": expected.sigmoid(),
            "a ReLU comes after the last layer: no logit can be negative": expected.relu(),
            f"the stride is forgotten: {NEW_CONVOLUTION}": expected_logits(*layers, images, stride=1),
            f"the padding is forgotten: {NEW_CONVOLUTION}": expected_logits(*layers, images, padding=0),
        }

    cause = f"{NEW_CONVOLUTION}, without a bias, and all other layers are used as before"
    close = {"rtol": 1e-3, "atol": 1e-3 * float(expected.std())}
    assert_tensor(logits, expected, what=f"{call}(images)", mistakes=mistakes, cause=cause, **close)


def adapt_and_compare(adapt, weights):
    """Return whether a state dict stays as it is while a model is adapted and changed; runs on the student's side."""
    before = {name: value.clone() for name, value in weights.items()}
    model = adapt(weights=weights)
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.add_(1)
    same_names = list(before) == list(weights)
    return same_names, same_names and all(torch.equal(before[name], value) for name, value in weights.items())


@pytest.mark.question("adapt_resnet18")
@pytest.mark.hints(
    "`torchvision.models.resnet18()` has `conv1` and `fc`: both are replaced.",
    (
        "Load the weights without the keys of these two, with `strict=False`, or before replacing them. For one "
        "output take the last axis away."
    ),
)
class TestAdaptResnet18:
    @pytest.mark.points(0.75)
    @pytest.mark.public
    def test_logits(self, submission):
        """One output a sample has shape (N,), more have shape (N, n_outputs), for images with in_channels channels."""
        for call, arguments, channels, shape in (
            ("adapt_resnet18()", {}, 1, (2,)),
            ("adapt_resnet18(n_outputs=3, in_channels=4)", {"n_outputs": 3, "in_channels": 4}, 4, (2, 3)),
        ):
            model = adapted(submission, call, arguments)
            what = f"{call}(images)"
            with torch.no_grad():
                assert_logits(run(model, torch.randn(2, channels, 64, 64), what), shape, what)
                what = f"{call} of a batch of one image"
                assert_logits(run(model, torch.randn(1, channels, 64, 64), what), (1, *shape[1:]), what)

    @pytest.mark.points(0.5)
    @pytest.mark.public
    @pytest.mark.after("logits")
    def test_new_layers(self, submission):
        """The first convolution and the last layer are new, and the old ones are gone."""
        call = "adapt_resnet18()"
        model = adapted(submission, call, {})
        new_layers(model, call, 1, 1)
        count = 11_170_753
        shapes = [
            value.shape.numel()
            for name, value in tensors_of(model, call).items()
            if not name.endswith(("running_mean", "running_var", "num_batches_tracked"))
        ]
        mistakes = {
            "the first convolution has a bias; the old one has none, as a batch norm follows it": count + 64,
            "the last layer has no bias; the old one has": count - 1,
        }
        assert_equal(sum(shapes), count, what=f"the number of parameters of {call}", mistakes=mistakes)

    @pytest.mark.points(0.75)
    @pytest.mark.public
    @pytest.mark.after("logits", "new_layers")
    def test_weights(self, submission):
        """All weights and running statistics but those of the two new layers are kept, and used as before."""
        assert_adapted(submission, 1, 1)

    @pytest.mark.points(0.5)
    @pytest.mark.after("logits", "new_layers")
    def test_other_sizes(self, submission):
        """They are kept for other numbers of channels and outputs too."""
        assert_adapted(submission, 4, 2)

    @pytest.mark.points(0.25)
    @pytest.mark.after("logits")
    def test_colour(self, submission):
        """With three channels and weights it works too, and the last layer is new."""
        call = "adapt_resnet18(…, in_channels=3, weights=weights)"
        model = adapted(submission, call, {"in_channels": 3, "n_outputs": 2, "weights": backbone_weights()})
        what = f"{call}(images)"
        with torch.no_grad():
            assert_logits(run(model, torch.randn(2, 3, 40, 40), what), (2, 2), what)
        new_layers(model, call, 2, 3)

    @pytest.mark.points(0.25)
    @pytest.mark.after("weights")
    def test_weights_stay(self, submission):
        """The given weights stay as they are, also when the model changes later."""
        weights = {name: value.clone() for name, value in backbone_weights().items()}
        with in_place():  # the answer gets this very dict, not a copy
            same = send_function(submission, adapt_and_compare)(submission.adapt_resnet18, weights)
        assert_true(type(same) is tuple and len(same) == 2, "What became of the weights cannot be read.")
        cause = "`pop`, `del` and assignments change the dict of the caller; make a new dict"
        assert_true(same[0], "adapt_resnet18 changes which names the given weights have.", cause=cause)
        cause = "the model shares memory with the given weights; `load_state_dict` copies them"
        assert_true(same[1], "adapt_resnet18 changes the given weights, or the model shares them.", cause=cause)


# --- freeze_backbone -------------------------------------------------------------------------------------------


def normed_model():
    """Return a small CNN with batch norms and a linear layer; runs on the student's side."""
    nn = torch.nn
    first = nn.Conv2d(1, 4, 3, padding=1), nn.BatchNorm2d(4), nn.ReLU()
    second = nn.Conv2d(4, 6, 3, padding=1), nn.BatchNorm2d(6), nn.ReLU()
    return nn.Sequential(*first, *second, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(6, 1), nn.Flatten(0))


def unusual_model():
    """Return a model with nested modules, two linear layers, dropout, and parameters of its own."""
    nn = torch.nn

    class Unusual(nn.Module):
        def __init__(self):
            super().__init__()
            self.scale = nn.Parameter(torch.tensor(1.5))
            self.eyes = nn.ModuleDict({"left": nn.Sequential(nn.Conv2d(2, 5, 3), nn.BatchNorm2d(5))})
            self.brain = nn.ModuleList([nn.Linear(5, 7), nn.BatchNorm1d(7), nn.Dropout(0.5)])
            self.mouth = nn.Sequential(nn.Sequential(nn.ReLU(), nn.Linear(7, 3)), nn.Identity())
            for parameter in self.mouth.parameters():
                parameter.requires_grad_(False)  # it was frozen before: the last layer is to train

        def forward(self, x):
            x = self.scale * self.eyes["left"](x).relu().mean((2, 3))
            for part in self.brain:
                x = part(x)
            return self.mouth(x)

    return Unusual()


def wide_resnet():
    """Return torchvision's resnet18, with three channels and four outputs; runs on the student's side."""
    from torchvision.models import resnet18

    return resnet18(num_classes=4)


def is_same(one, other):
    """Return whether two names stand for the same object; runs on the student's side."""
    return one is other


def which_train(model):
    """Return the names of the parameters that require a gradient; runs on the student's side."""
    return [name for name, parameter in model.named_parameters() if parameter.requires_grad]


def step_of_training(model, images, n_steps):
    """Train what requires a gradient, in training mode; runs on the student's side."""
    optimizer = torch.optim.SGD([p for p in model.parameters() if p.requires_grad], lr=0.1)
    for _ in range(n_steps):
        model.train()
        loss = (model(images) - 1).square().mean()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        model.eval()
        with torch.no_grad():
            model(images)


def modes(model):
    """Return whether train and eval return the model, and the modes of model and dropout after each of them."""
    found = []
    for switch, arguments in ((model.train, ()), (model.eval, ()), (model.train, (True,)), (model.train, (False,))):
        returned = switch(*arguments) is model
        dropouts = [part.training for part in model.modules() if isinstance(part, torch.nn.Dropout)]
        found.append([returned, model.training, *dropouts])
    return found


def frozen_model(submission, make):
    """Return a model that the answer has frozen, once it is known to be the same one."""
    model = send_function(submission, make)()
    result = submission.freeze_backbone(model)
    if result is None:
        fail("freeze_backbone(model) returned None.", cause="a `return` is missing: return the same model")
    same = send_function(submission, is_same)(model, result)
    assert_true(same, "freeze_backbone(model) must return the same model, not another one.", cause="a copy is frozen")
    return model


def assert_kept(before, after, moving, what):
    """Check that nothing in a state dict has changed but the tensors that may."""
    assert_equal(sorted(after), sorted(before), what=f"the names in the state dict {what}")
    for name, value in before.items():
        if name in moving or name.endswith("num_batches_tracked"):
            continue
        kind = "running statistics" if "running_" in name else "weights"
        cause = (
            "`requires_grad` does not stop a batch norm: in training mode each forward pass changes its running mean "
            "and variance. It must stay in evaluation mode, also after `model.train()`"
            if kind == "running statistics"
            else "parameters that require no gradient stay as they are, as long as they are not made anew"
        )
        problem = f"Frozen {kind} changed {what}."
        same = after[name].shape == value.shape and torch.equal(after[name], value)
        assert_true(same, problem, details=f"The first of them is {name}.", cause=cause)


@pytest.mark.question("freeze_backbone")
@pytest.mark.hints(
    "First freeze everything, then thaw the last `nn.Linear` of `model.modules()`.",
    "A batch norm in train mode moves its statistics, whatever `requires_grad` says: they must not move in any mode.",
)
class TestFreezeBackbone:
    @pytest.mark.points(0.5)
    @pytest.mark.public
    def test_last_layer(self, submission):
        """It returns the same model, in which only the last linear layer requires a gradient."""
        before = tensors_of(send_function(submission, seeded)(0, send_function(submission, normed_model)), "the model")
        model = send_function(submission, seeded)(0, send_function(submission, normed_model))
        result = submission.freeze_backbone(model)
        if result is None:
            fail("freeze_backbone(model) returned None.", cause="a `return` is missing: return the same model")
        same = send_function(submission, is_same)(model, result)
        problem = "freeze_backbone(model) must return the same model, not another one."
        assert_true(same, problem, cause="a copy is frozen")
        training = send_function(submission, which_train)(model)
        what = "the parameters that require a gradient in a CNN whose last linear layer is number 8"
        assert_equal(training, ["8.weight", "8.bias"], what=what, cause="freeze all, then thaw the last nn.Linear")
        assert_kept(before, tensors_of(model, "the model"), (), "when the model was frozen")

    @pytest.mark.points(0.5)
    @pytest.mark.public
    @pytest.mark.after("last_layer")
    @pytest.mark.hint("Which modules does `model.train()` put into training mode?")
    def test_statistics(self, submission):
        """A frozen batch norm keeps its running mean and variance, also after model.train()."""
        model = frozen_model(submission, normed_model)
        before = tensors_of(model, "the model")
        for _ in range(2):
            model.train()
            model(3 + 2 * torch.randn(8, 1, 6, 6))
        after = tensors_of(model, "the model")
        assert_kept(before, after, (), "when images went through the model in training mode")

    @pytest.mark.points(0.5)
    @pytest.mark.after("last_layer")
    def test_other_models(self, submission):
        """Models of any kind are frozen, whatever their modules are called, and their last layer can be trained."""
        for make, last, channels in (
            (unusual_model, ["mouth.0.1.weight", "mouth.0.1.bias"], 2),
            (wide_resnet, ["fc.weight", "fc.bias"], 3),
        ):
            model = frozen_model(submission, make)
            cause = "the last nn.Linear may have any name and lie deep within; parameters may belong to no layer at all"
            what = "which parameters of another model require a gradient"
            trains = send_function(submission, which_train)(model)
            assert_true(type(trains) is list, "The names of the parameters cannot be read.")
            assert_true(sorted(map(str, trains)) == sorted(last), f"{what[0].upper()}{what[1:]} is wrong.", cause=cause)
            before = tensors_of(model, "the model")
            send_function(submission, step_of_training)(model, torch.randn(4, channels, 32, 32), 2)
            after = tensors_of(model, "the model")
            assert_kept(before, after, last, "when the last layer was trained")
            moved = all(not torch.equal(before[name], after[name]) for name in last)
            assert_true(moved, "The last layer did not change when it was trained.", cause="it gets no gradient")

    @pytest.mark.points(0.5)
    @pytest.mark.after("last_layer")
    def test_modes(self, submission):
        """model.train() and model.eval() work as ever: they return the model, and a dropout follows them."""
        model = frozen_model(submission, unusual_model)
        found = send_function(submission, modes)(model)
        expected = [[True, True, True], [True, False, False], [True, True, True], [True, False, False]]
        assert_true(type(found) is list and len(found) == 4, "The modes of the model cannot be read.")
        returned = [part[0] if type(part) is list and part else None for part in found]
        cause = "a method `train` that is replaced must return the module, and take the argument `mode`"
        assert_true(returned == [True] * 4, "model.train() does not return the model once it is frozen.", cause=cause)
        cause = "only batch norms stay in evaluation mode; the model itself and its dropout switch as ever"
        assert_true(found == expected, "A frozen model and its dropout do not switch mode any more.", cause=cause)


def seeded(seed, make):
    """Return a model with the same weights for the same seed; runs on the student's side."""
    torch.manual_seed(seed)
    return make()


# --- fit_resnet ------------------------------------------------------------------------------------------------


def brightness_model():
    """Return a model with one weight a pixel of 8×8, all of them 0; runs on the student's side."""
    linear = torch.nn.Linear(64, 1)
    torch.nn.init.zeros_(linear.weight)
    torch.nn.init.zeros_(linear.bias)
    return torch.nn.Sequential(torch.nn.Flatten(), linear, torch.nn.Flatten(0))


def bright_and_dark(n):
    """Return noisy images of 8×8, bright with label 1 and dark with label 0."""
    labels = torch.arange(n).remainder(2).float()
    return torch.randn(n, 1, 8, 8) + (2 * labels - 1)[:, None, None, None], labels


def fixed_model():
    """Return a model that nothing can train: the logit is four times the mean of the image."""

    class Fixed(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.weight = torch.nn.Parameter(torch.zeros(1))

        def forward(self, images):
            return 4 * images.mean((1, 2, 3)) + 0 * self.weight.sum()

    return Fixed()


def fingerprint_model(n_channels):
    """Return a model with one weight a channel, all of them 0, which notes how it is called.

    Where each image has a channel of its own, a weight tells whether the model was trained on that image. Each entry
    of ``calls`` tells of one call: which channels were lit, and whether gradients were on. Each entry of ``grads``
    tells of one backward pass: which channels were lit, and what then was in ``.grad``.
    """

    class Fingerprint(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.weight = torch.nn.Parameter(torch.zeros(n_channels))
            self.frozen = torch.nn.Parameter(torch.full((n_channels,), 0.25), requires_grad=False)
            self.calls, self.grads = [], []
            self.weight.register_post_accumulate_grad_hook(self.note)

        def forward(self, images):
            means = images.mean((2, 3))
            self.calls.append(((means.abs() > 0.1).any(0), torch.is_grad_enabled()))
            return means @ (self.weight + self.frozen)

        def note(self, parameter):
            self.grads.append((self.calls[-1][0], parameter.grad.clone()))

    return Fingerprint()


def normalising_model(training):
    """Return a small CNN with a batch norm, in the given mode."""
    layers = torch.nn.Conv2d(1, 2, 3, padding=1), torch.nn.BatchNorm2d(2), torch.nn.ReLU()
    model = torch.nn.Sequential(*layers, torch.nn.AdaptiveAvgPool2d(1), torch.nn.Flatten(), torch.nn.Linear(2, 1))
    return torch.nn.Sequential(model, torch.nn.Flatten(0)).train(training)


def given_resnet():
    """Return a small residual network, for fit_resnet to train; runs on the student's side."""
    from torchvision.models.resnet import BasicBlock

    nn = torch.nn

    def halving(width):
        projection = nn.Sequential(nn.Conv2d(width, 2 * width, 1, stride=2, bias=False), nn.BatchNorm2d(2 * width))
        return BasicBlock(width, 2 * width, stride=2, downsample=projection)

    stem = nn.Conv2d(1, 8, 5, stride=2, padding=2, bias=False), nn.BatchNorm2d(8), nn.ReLU()
    end = nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(32, 1), nn.Flatten(0)
    return nn.Sequential(*stem, BasicBlock(8, 8), halving(8), halving(16), *end)


def weights_of(model, reference):
    """Return the state dict of a model, once it is known to fit the reference, a model of the same kind."""
    state = model.state_dict()
    assert_true(isinstance(state, dict), "The model has no state dict any more.")
    for name, expected in reference.state_dict().items():
        what = "a parameter of the model after training"
        # Non-finite values are allowed: what a model is worth then is for the metrics to say.
        value = state.get(name)
        value = value.nan_to_num() if isinstance(value, torch.Tensor) and value.is_floating_point() else value
        assert_tensor(value, expected, what=what, atol=math.inf)
    return {name: state[name].detach() for name in reference.state_dict()}


LOSSES = {"training": "train_loss", "validation": "val_loss"}


def assert_records(records, epochs):
    """Check that these are the records of so many epochs, and return them."""
    call = f"fit_resnet(…, epochs={epochs})"
    if type(records) is not list:
        kind = "None" if records is None else f"a {type(records).__name__}"
        fail(f"{call} must return a list of dicts, but it returned {kind}.", cause="one record an epoch, in a list")
    assert_equal(
        len(records), epochs, what=f"the number of records that {call} returns", cause="one record for each epoch"
    )
    for record in records:
        if type(record) is not dict:
            fail(f"A record of {call} must be a dict, but it is a {type(record).__name__}.")
        for key in ("train_loss", "val_loss", "accuracy"):
            if key not in record:
                fail(f"A record of {call} has no {key!r}.")
            value = record[key]
            if isinstance(value, torch.Tensor):
                fail(f"{key!r} is a tensor; it must be a float.", cause="`.item()` makes a number of it")
            if isinstance(value, bool) or not isinstance(value, float | int | np.number):
                fail(f"{key!r} must be a float, but it is a {type(value).__name__}.")
            if not math.isfinite(value):
                fail(f"{key!r} is {value}.", cause="the training went astray: is the learning rate too large?")
    return records


def right_record(train, val, batch_size):
    """Return the record of an epoch with the fixed model, and that of each typical mistake: cause → record."""
    losses, rights = {}, {}
    z, y = 4 * train[0].mean((1, 2, 3)), train[1]
    v, w = 4 * val[0].mean((1, 2, 3)), val[1]
    loss = F.binary_cross_entropy_with_logits

    def batches(values, function):
        return torch.stack([function(*pair) for pair in zip(*(t.split(batch_size) for t in values), strict=True)])

    for key, logits, labels in (("train_loss", z, y), ("val_loss", v, w)):
        each, sizes = batches((logits, labels), loss), torch.tensor([len(b) for b in labels.split(batch_size)]).float()
        pairs = batches((logits, labels), lambda a, b: loss(a[:, None].expand(-1, len(b)), b.expand(len(a), -1)))
        rights[key] = loss(logits, labels)
        losses[key] = {
            "the sigmoid is applied twice: the model returns logits, and `binary_cross_entropy_with_logits` "
            "applies the sigmoid itself": loss(logits.sigmoid(), labels),
            "the sum over the images is given; it is to be their mean": each @ sizes,
            "the mean over batches is given, where a small batch weighs as much as a large one; it is to be the mean "
            "over images": each.mean(),
            "the sum of the batches' means is given; weigh each with its number of images, and divide by that of all": (
                each.sum()
            ),
            "the sum of the batches' means is divided by the number of images": each.sum() / len(labels),
            "the mean of each batch is weighed with the batch size that the loader was made with; the last batch is "
            "smaller": each.sum() * batch_size / len(labels),
            "the sum over the images of a batch is multiplied with their number; only their mean is to be": (
                (each * sizes) @ sizes / len(labels)
            ),
            "it is the loss of the last batch": each[-1],
            "every logit is compared with every label: shapes (N, 1) and (N,) broadcast to a table": (
                pairs @ sizes / len(labels)
            ),
            "the labels are the wrong way round": loss(logits, 1 - labels),
            "it is the squared error of the probabilities, not the cross-entropy": (
                (logits.sigmoid() - labels).square().mean()
            ),
            "the last batch is left out": each[:-1] @ sizes[:-1] / sizes[:-1].sum(),
            "the last batch is left out, but its images are counted": each[:-1] @ sizes[:-1] / len(labels),
            "it is the loss of the first batch": each[0],
        }
        other = (v, w) if key == "train_loss" else (z, y)
        losses[key]["this is the loss on the other images: training and validation are mixed up"] = loss(*other)
    right = ((v > 0) == (w > 0.5)).float()
    rights["accuracy"] = right.mean()
    losses["accuracy"] = {
        "logits are compared with 0.5; the prediction is 1 where the logit is above 0": (
            ((v > 0.5) == (w > 0.5)).float().mean()
        ),
        "it is a percentage; it is to be a share between 0 and 1": 100 * right.mean(),
        "it is the number of right predictions, not their share": right.sum(),
        "the mean over batches is given; it is to be the share of all images": (
            torch.stack([batch.mean() for batch in right.split(batch_size)]).mean()
        ),
        "it is that of the last batch alone": right.split(batch_size)[-1].mean(),
        "it is the share of wrong predictions": 1 - right.mean(),
        "it is the accuracy on the training images": ((z > 0) == (y > 0.5)).float().mean(),
        "the logits are truncated to whole numbers": ((v.int()) == w.int()).float().mean(),
    }
    as_numbers = {key: {cause: round(float(v), 6) for cause, v in wrong.items()} for key, wrong in losses.items()}
    return {key: round(float(value), 6) for key, value in rights.items()}, as_numbers


def assert_true_record(submission, train, val, batch_size):
    """Check the record of an epoch with a model that cannot change."""
    loaders = [send_loader(submission, *part, batch_size=batch_size) for part in (train, val)]
    model = send_function(submission, fixed_model)()
    (record,) = assert_records(submission.fit_resnet(model, *loaders, 1), 1)
    expected, mistakes = right_record(train, val, batch_size)
    for key, value in expected.items():
        what = f"{key!r} in the record of a model whose logits are known"
        got = round(float(record[key]), 6)
        assert_equal(got, value, what=what, rtol=1e-4, atol=1e-5, mistakes=mistakes[key])


def images_of_mean(means):
    """Return images of 4×4 whose means are these."""
    noise = torch.randn(len(means), 1, 4, 4)
    return noise - noise.mean((1, 2, 3), keepdim=True) + means[:, None, None, None]


def lit_channels(first, n, n_channels):
    """Return n images in which channel ``first``, ``first + 1``, … is lit: one each."""
    return torch.eye(n_channels)[first : first + n, :, None, None].expand(-1, -1, 2, 2).contiguous()


def fingerprints(submission, epochs):
    """Train on images that each light a channel of its own; return the model, labels, and the channels for validation.

    Channels 0 to 11 belong to one training image each, 12 to 17 to one validation image each. Channel 18 follows
    the label in all of them, so that the validation loss falls.
    """
    labels = torch.tensor([1.0, 0, 0, 1, 1, 1, 0, 1, 0, 0, 1, 0, 1, 0, 0, 1, 1, 0])
    images = lit_channels(0, 18, 19)
    images[:, 18] = 0.5 * (2 * labels - 1)[:, None, None]
    train = send_loader(submission, images[:12], labels[:12], batch_size=4)
    val = send_loader(submission, images[12:], labels[12:], batch_size=4)
    model = send_function(submission, fingerprint_model)(19)
    assert_records(submission.fit_resnet(model, train, val, epochs), epochs)
    return model, labels


def read_notes(notes):
    """Return what a fingerprint model noted, once it is known to be pairs that start with the lit channels."""
    assert_true(type(notes) is list, NO_NOTES)
    for note in notes:
        assert_true(type(note) is tuple and len(note) == 2, NO_NOTES)
        lit = note[0]
        assert_true(isinstance(lit, torch.Tensor) and lit.dtype == torch.bool and lit.shape == (19,), NO_NOTES)
    return notes


NO_NOTES = "The model does not have its notes any more."


EPOCHS = 5
N_TRAIN = 2000
BATCH_SIZE = 64


@cache
def _pixels(dataset):
    """Return images and labels, whole numbers: of training, of validation, and those that answers are judged by."""
    if dataset == "phantom":
        return [phantoms(n, seed=HIDDEN_SEED + part)[:2] for part, n in enumerate((N_TRAIN, 500, 1000))]
    train, held_out = load_dataset(dataset, "train"), load_dataset(dataset, "val")
    order = np.random.default_rng(0).permutation(len(train.labels))
    parts = [], []
    for label in np.unique(train.labels):  # of each class its share: 1 000 images to train, 250 to validate
        members = order[train.labels[order] == label]
        share = len(members) / len(order)
        parts[0].append(members[: round(1000 * share)])
        parts[1].append(members[round(1000 * share) : round(1250 * share)])
    chosen = [np.sort(np.concatenate(part)) for part in parts]
    return [*((train.images[part], train.labels[part]) for part in chosen), held_out[:2]]


@cache
def _data(dataset):
    """Return what `_pixels` does as tensors, standardised with the training images."""
    pixels = _pixels(dataset)
    mean, deviation = pixels[0][0].mean(), pixels[0][0].std()
    return [
        (torch.from_numpy((images - mean) / deviation).float()[:, None], torch.from_numpy(labels).float())
        for images, labels in pixels
    ]


def fit_baseline(network, dataset, epochs=EPOCHS):
    """Return the metrics of a simpler model, trained for as long: a figure that answers must exceed."""
    (images, labels), _, (new_images, new_labels) = _data(dataset)
    optimizer = torch.optim.Adam(network.parameters(), lr=1e-3)
    for _ in range(epochs):
        for batch in torch.randperm(len(images)).split(64):
            loss = F.binary_cross_entropy_with_logits(network(images[batch]), labels[batch])
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
    with torch.no_grad():
        return classification_metrics(network(new_images), new_labels)


def majority_class(dataset, _seed):
    """Return the metrics of a model that knows nothing but which class is more frequent."""
    (_, labels), _, (_, new_labels) = _data(dataset)
    return classification_metrics(torch.full(new_labels.shape, float(labels.mean() - 0.5)), new_labels)


def linear_model(dataset, _seed):
    """Return the metrics of logistic regression."""
    return fit_baseline(torch.nn.Sequential(torch.nn.Flatten(), torch.nn.Linear(784, 1), torch.nn.Flatten(0)), dataset)


def mlp_model(dataset, _seed):
    """Return the metrics of the MLP 784-128-64-1."""
    hidden = torch.nn.Linear(784, 128), torch.nn.ReLU(), torch.nn.Linear(128, 64), torch.nn.ReLU()
    network = torch.nn.Sequential(torch.nn.Flatten(), *hidden, torch.nn.Linear(64, 1), torch.nn.Flatten(0))
    return fit_baseline(network, dataset)


BASELINES = {"majority class": majority_class, "logistic regression": linear_model, "MLP": mlp_model}


def train_given_resnet(submission, dataset, seed):
    """Train the check's network with the student's fit_resnet; the weights come back and are evaluated here."""
    train, val, (new_images, new_labels) = _data(dataset)
    model = send_function(submission, given_resnet)()
    loaders = (
        send_loader(submission, *train, batch_size=BATCH_SIZE, shuffle_seed=seed),
        send_loader(submission, *val, batch_size=250),
    )
    submission.fit_resnet(model, *loaders, EPOCHS)
    reference = given_resnet().eval()
    reference.load_state_dict(weights_of(model, reference))
    with torch.no_grad():
        return classification_metrics(reference(new_images), new_labels)


# The AUC, not the accuracy: with batch norm and a constant learning rate, which is no mistake, the running statistics
# may lag behind at the last epoch. Then all logits are shifted and the accuracy is anything; their order is not.
FIT_RESNET_ON_PHANTOMS = Experiment(
    "fit_resnet_on_phantoms",
    train_given_resnet,
    dataset="phantom",
    metric="auc",
    data=_pixels,
    baselines=BASELINES,
)
# Real X-rays need a download, and a linear model does as well on them as a ResNet: measured, but not used by a check.
FIT_RESNET_ON_PNEUMONIA = Experiment(
    "fit_resnet_on_pneumonia",
    train_given_resnet,
    dataset="pneumoniamnist",
    metric="auc",
    data=_pixels,
    baselines={"majority class": majority_class},
)


@pytest.mark.question("fit_resnet")
@pytest.mark.hints(
    "The loop is the one that you know; give the optimiser the parameters that require a gradient.",
    "Batch norm makes the mode matter: train mode for training, eval mode for validation, in each epoch.",
)
class TestFitResnet:
    @pytest.mark.points(0.5)
    @pytest.mark.public
    def test_records(self, submission):
        """It returns a record for each epoch: train_loss, val_loss and accuracy, as floats."""
        train = send_loader(submission, *bright_and_dark(12), batch_size=4)
        val = send_loader(submission, *bright_and_dark(8), batch_size=4)
        for epochs in (1, 3):
            model = send_function(submission, brightness_model)()
            assert_records(submission.fit_resnet(model, train, val, epochs), epochs)

    @pytest.mark.points(0.5)
    @pytest.mark.public
    @pytest.mark.after("records")
    def test_learns(self, submission):
        """The model that it is given learns to tell bright images from dark ones."""
        train = send_loader(submission, *bright_and_dark(96), batch_size=8)
        val_images, val_labels = bright_and_dark(64)
        model = send_function(submission, brightness_model)()
        records = submission.fit_resnet(model, train, send_loader(submission, val_images, val_labels), 10)
        records = assert_records(records, 10)
        reference = brightness_model()
        before = reference.state_dict()["1.weight"].clone()
        state = weights_of(model, reference)
        if torch.equal(state["1.weight"], before):
            fail(
                "The model is as it was before.",
                cause=(
                    "`optimizer.step()` is missing, the gradients are set to zero before the step, the optimiser has "
                    "the parameters of another model, or a copy was trained"
                ),
            )
        reference.load_state_dict(state)
        with torch.no_grad():
            logits = reference(val_images)
        losses = {f"{kind} loss": [record[key] for record in records] for kind, key in LOSSES.items()}
        show_curves("The loss by epoch", losses)
        show_confusion("Bright (1) or dark (0), after the last epoch", logits > 0, val_labels)
        bright, dark = (logits[val_labels == label].mean().item() for label in (1, 0))
        assert_true(
            bright > dark,
            "The model has not learnt to tell bright images from dark ones.",
            details=f"Its mean logit is {bright:.2f} for bright images (label 1), {dark:.2f} for dark ones (0).",
            cause="the step goes the wrong way, the labels are mixed up, or the learning rate is far off",
        )
        assert_true(
            records[-1]["train_loss"] < records[0]["train_loss"],
            "The training loss does not fall.",
            details=f"{records[0]['train_loss']:.4f} in the first epoch, {records[-1]['train_loss']:.4f} in the last.",
            cause="the model is trained, so what is recorded is not its loss in this epoch",
        )

    @pytest.mark.points(0.5)
    @pytest.mark.public
    @pytest.mark.after("records")
    def test_true_records(self, submission):
        """The losses and the accuracy in a record are right: checked with a model that nothing can change."""
        train = (
            images_of_mean(torch.tensor([0.5, -0.5, 1.0, 0.25, -0.75, 0.5, -0.25, 0.05])),
            torch.tensor([1.0, 0, 1, 0, 0, 1, 1, 0]),
        )
        val = images_of_mean(torch.tensor([0.75, 0.1, -0.5, -1.0])), torch.tensor([1.0, 1, 1, 0])
        assert_true_record(submission, train, val, 2)

    @pytest.mark.points(0.25)
    @pytest.mark.after("true_records")
    @pytest.mark.hint("How much does the last batch weigh, and what becomes of its shape?")
    def test_last_batch(self, submission):
        """The means are over images, also where the last batch is smaller, down to a single image."""
        for n_train, n_val, batch_size in ((9, 7, 4), (6, 5, 4)):
            train = images_of_mean(torch.randn(n_train)), torch.arange(n_train).remainder(2).float()
            val = images_of_mean(torch.randn(n_val)), torch.arange(n_val).remainder(3).clamp(max=1).float()
            assert_true_record(submission, train, val, batch_size)

    @pytest.mark.points(0.25)
    @pytest.mark.after("records")
    def test_every_image(self, submission):
        """Every training image is learnt from, with its own label, and frozen parameters stay."""
        model, labels = fingerprints(submission, 2)
        reference = fingerprint_model(19)
        state = weights_of(model, reference)
        direction = state["weight"][:12].sign()
        n_ignored = int((direction == 0).sum())
        cause = "a batch is left out, or the loop ends early (`break`, or `return` within the loop)"
        problem = f"The model has learnt nothing from {n_ignored} of the training images."
        assert_true(n_ignored == 0, problem, cause=cause)
        n_wrong = int((direction != 2 * labels[:12] - 1).sum())
        cause = "the labels are mixed up among the images, are the wrong way round, or the step goes uphill"
        assert_true(n_wrong == 0, f"The model has learnt the wrong label of {n_wrong} training images.", cause=cause)
        cause = "only parameters with `requires_grad` are to be changed"
        assert_true(torch.equal(state["frozen"], reference.frozen), "A frozen parameter was changed.", cause=cause)

    @pytest.mark.points(0.5)
    @pytest.mark.after("records")
    def test_validation_images(self, submission):
        """Nothing is learnt from the validation images."""
        model, _labels = fingerprints(submission, 3)
        weight = weights_of(model, fingerprint_model(19))["weight"]
        assert_true(
            bool((weight[12:18] == 0).all()),
            "The model was trained on validation images.",
            cause="`backward` and `step` belong to the loop over train_loader alone",
        )

    @pytest.mark.points(0.5)
    @pytest.mark.after("records")
    def test_fresh_gradients(self, submission):
        """Each step follows the gradient of its own batch."""
        model, _labels = fingerprints(submission, 2)
        notes = read_notes(model.grads)
        for lit, grad in notes:  # none for torch.autograd.grad, which adds nothing up
            assert_tensor(grad, torch.zeros(19), what="the gradient of a batch", atol=math.inf)
            lit, grad = lit[:12], grad[:12]  # without the channel that all images share
            if not bool(lit.any()):
                continue  # a validation image, which is another check's concern
            own, other = grad[lit].abs().max(), grad.masked_fill(lit, 0).abs().max()
            # A penalty on the weights is in every batch's gradient, but it is small.
            assert_true(
                bool(other <= 0.3 * own),
                "The gradient of a batch still holds those of batches before it.",
                cause="`backward()` adds to `.grad`: `optimizer.zero_grad()` is missing, or is not done for each batch",
            )

    @pytest.mark.points(0.5)
    @pytest.mark.after("records")
    def test_modes(self, submission):
        """Training is in training mode in every epoch, validation in evaluation mode."""
        train = send_loader(submission, *bright_and_dark(24), batch_size=8)
        val = send_loader(submission, *bright_and_dark(15), batch_size=8)
        for training in (True, False):
            model = send_function(submission, normalising_model)(training)
            assert_records(submission.fit_resnet(model, train, val, 4), 4)
            state = weights_of(model, normalising_model(training))
            # A batch norm counts the batches that it meets in training mode: three an epoch.
            n_batches = int(state["0.1.num_batches_tracked"])
            cause = "in each epoch: `model.train()` before the training images, `model.eval()` before the others"
            for wrong, cause_of_it in (
                (20, "validation is in training mode: `model.eval()` is missing"),
                (3, "only the first epoch is in training mode: `model.train()` is needed in each epoch"),
                (0, "training is in evaluation mode: `model.train()` is missing"),
            ):
                cause = cause_of_it if n_batches == wrong else cause
            assert_true(n_batches == 12, "A batch norm does not meet just the training batches.", cause=cause)

    @pytest.mark.points(0.25)
    @pytest.mark.after("records")
    def test_no_gradients(self, submission):
        """Validation is without gradients."""
        model, _labels = fingerprints(submission, 2)
        validations = [gradients for lit, gradients in read_notes(model.calls) if bool(lit[12:18].any())]
        assert_true(len(validations) > 0, "The validation images never go through the model.")
        assert_true(
            not any(validations),
            "Gradients are on while the validation images go through the model.",
            cause="put validation under `with torch.no_grad():`: it needs less memory and time",
        )

    @pytest.mark.points(2.25)
    @pytest.mark.timeout(90)
    @pytest.mark.after("records", "learns", "true_records", "every_image", "fresh_gradients", "modes")
    @pytest.mark.hint("Train the lesson's network on the phantom and look at the learning curves.")
    def test_beats_the_mlp(self, submission):
        """In five epochs it brings a small ResNet far above what an MLP reaches on the phantom."""
        FIT_RESNET_ON_PHANTOMS.check(
            submission,
            what="The AUC of the small ResNet that fit_resnet trained, on images that it has never met,",
            cause=(
                "the learning rate: too small, and five epochs are not enough; too large, and the loss jumps. "
                "A one-cycle schedule with Adam and a maximum of 0.003 to 0.02 is a good start"
            ),
        )

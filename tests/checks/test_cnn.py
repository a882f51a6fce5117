"""Checks of the exercise `cnn`: counting, receptive fields, a block, a network, and how well it is trained."""

import math
from functools import cache, partial

import numpy as np
import pytest
import torch
import torch.nn.functional as F

from autograder.checking import (
    Experiment,
    assert_equal,
    assert_has,
    assert_tensor,
    assert_true,
    classification_metrics,
    fail,
    send_function,
    send_loader,
    show_confusion,
    show_curves,
)
from autograder.datasets import load_dataset, phantoms

HIDDEN_SEED = 604_217_935

# Float32 sums in another order differ by rounding, which shows where they come close to 0.
CLOSE = {"atol": 1e-5}


def run(module, images, what, cause=""):
    """Return what a student's module makes of images; where it raises, say so in the words of this exercise."""
    try:
        return module(images)
    except NotImplementedError:
        raise  # the stub, not the answer
    except (RuntimeError, ValueError, TypeError, IndexError) as error:
        fail(f"{what} raises {type(error).__name__}.", details=str(error), cause=cause)


def parameter_shapes(module):
    """Return the shapes of all parameters; runs on the student's side."""
    return [list(parameter.shape) for parameter in module.parameters()]


# --- count_parameters ------------------------------------------------------------------------------------------


def small_network():
    """Return the network 784-128-64-1 of the lecture; it runs on the student's side."""
    sizes = (784, 128, 64, 1)
    return torch.nn.Sequential(*[torch.nn.Linear(sizes[layer], sizes[layer + 1]) for layer in range(3)])


def half_frozen():
    """Return a convolution that trains and a linear layer that does not."""
    convolution, linear = torch.nn.Conv2d(3, 8, 3), torch.nn.Linear(10, 4)
    linear.requires_grad_(False)
    return torch.nn.Sequential(convolution, torch.nn.ReLU(), linear)


def which_train(module):
    """Return requires_grad of each parameter."""
    return [parameter.requires_grad for parameter in module.parameters()]


def tied_network():
    """Return an encoder whose weights the decoder uses again, with some of its other parameters frozen."""
    encoder, decoder = torch.nn.Linear(6, 6), torch.nn.Linear(6, 6)
    decoder.weight = encoder.weight
    decoder.bias.requires_grad_(False)
    return torch.nn.Sequential(encoder, decoder, encoder)


def deep_network():
    """Return nested modules with buffers, a parameter that is one number, and some frozen ones."""
    inner = torch.nn.Sequential(torch.nn.Conv2d(2, 4, (1, 3), bias=False), torch.nn.BatchNorm2d(4))
    outer = torch.nn.ModuleDict({"inner": torch.nn.ModuleList([inner]), "head": torch.nn.Linear(5, 3)})
    outer.temperature = torch.nn.Parameter(torch.tensor(1.0))
    outer.register_buffer("mean", torch.zeros(100))
    inner[1].requires_grad_(False)
    return outer


@pytest.mark.question("count_parameters")
@pytest.mark.hints(
    "`module.parameters()` lists them all, and each only once.",
    "`numel()` counts the elements of a tensor; `requires_grad` says whether it is learnt.",
)
class TestCountParameters:
    @pytest.mark.points(0.25)
    @pytest.mark.public
    def test_known_networks(self, submission):
        """The counts of a fully connected network and of a convolution are those of the formulas."""
        network = send_function(submission, small_network)()
        expected = 785 * 128 + 129 * 64 + 65
        assert_equal(
            submission.count_parameters(network),
            expected,
            what="count_parameters of the linear layers 784-128-64-1",
            mistakes={
                "tensors are counted, not the numbers in them: `p.numel()` is how many a tensor holds": 6,
                "the biases are left out: they are learnt too": 784 * 128 + 128 * 64 + 64,
                "only the weights' outputs are counted (`len(p)` is the first axis alone)": 2 * (128 + 64 + 1),
                "the result is a float; a count is an int": float(expected),
            },
        )

    @pytest.mark.points(0.25)
    @pytest.mark.public
    def test_frozen(self, submission):
        """Frozen parameters are left out, unless trainable_only is False; none is thawed or frozen by counting."""
        network = send_function(submission, half_frozen)()
        trains, frozen = 28 * 8, 11 * 4
        for call, arguments, expected in (
            ("count_parameters(module)", (), trains),
            ("count_parameters(module, trainable_only=True)", (True,), trains),
            ("count_parameters(module, trainable_only=False)", (False,), trains + frozen),
        ):
            assert_equal(
                submission.count_parameters(network, *arguments),
                expected,
                what=f"{call}, where a linear layer is frozen,",
                mistakes={
                    "frozen parameters (`requires_grad` is False) count too": trains + frozen,
                    "`trainable_only=False` asks for all parameters, the frozen ones too": trains,
                    "only the frozen parameters are counted": frozen,
                },
            )
            assert_equal(
                send_function(submission, which_train)(network),
                [True, True, False, False],
                what="requires_grad of the parameters, after counting,",
                cause="counting must not change the module",
            )

    @pytest.mark.points(0.25)
    def test_shared(self, submission):
        """A parameter that is used in several places counts once."""
        network = send_function(submission, tied_network)()
        cause = "a parameter with several names counts several times; `module.parameters()` gives each of them once"
        assert_equal(
            submission.count_parameters(network), 42, what="count_parameters of layers with shared weights", cause=cause
        )
        what = "count_parameters of layers with shared weights, frozen ones included,"
        assert_equal(submission.count_parameters(network, trainable_only=False), 48, what=what, cause=cause)

    @pytest.mark.points(0.25)
    def test_nested(self, submission):
        """Parameters of modules within modules count, buffers do not."""
        network = send_function(submission, deep_network)()
        for trainable_only, expected in ((True, 24 + 18 + 1), (False, 24 + 8 + 18 + 1)):
            assert_equal(
                submission.count_parameters(network, trainable_only),
                expected,
                what="count_parameters of modules within modules",
                mistakes={
                    "buffers are counted: nobody learns a running mean by gradient descent": expected + 109,
                    "a parameter that is a single number (shape ()) is left out": expected - 1,
                    "only the module and its direct children are counted, not what is within those": 19,
                    "only the module's own parameters are counted, not those of the modules within it": 1,
                },
            )
        empty = send_function(submission, torch_relu)()
        assert_equal(submission.count_parameters(empty), 0, what="count_parameters of a module without parameters")


def torch_relu():
    """Return a module without parameters."""
    return torch.nn.ReLU()


# --- receptive_field -------------------------------------------------------------------------------------------


def right_field(layers):
    """Return the receptive field, walking back from one value of the last layer to the pixels that it needs."""
    size = 1
    for kernel_size, stride in reversed(layers):
        size = (size - 1) * stride + kernel_size
    return size


def field_mistakes(layers):
    """Return what receptive_field gives after each typical mistake: cause → value."""
    kernels, strides = [kernel for kernel, _ in layers], [stride for _, stride in layers]
    before = [math.prod(strides[:layer]) for layer in range(len(layers))]
    through = [math.prod(strides[: layer + 1]) for layer in range(len(layers))]
    nearest = [1, *strides][: len(layers)]
    return {
        "the strides are ignored": 1 + sum(kernel - 1 for kernel in kernels),
        "a layer's own stride is multiplied in; only those of the layers before it count": (
            1 + sum((kernel - 1) * jump for kernel, jump in zip(kernels, through, strict=True))
        ),
        "only the stride of the layer just before counts; the formula has the product of all before": (
            1 + sum((kernel - 1) * stride for kernel, stride in zip(kernels, nearest, strict=True))
        ),
        "the layers are gone through from the last to the first, with the formula for the other order": (
            right_field(layers[::-1])
        ),
        "the strides are added up; the formula multiplies them": (
            1 + sum((k - 1) * (1 + sum(s - 1 for s in strides[:i])) for i, k in enumerate(kernels))
        ),
        "k is used where the formula has k − 1": (
            1 + sum(kernel * jump for kernel, jump in zip(kernels, before, strict=True))
        ),
        "the 1 that the sum starts from is missing": right_field(layers) - 1,
        "the kernel sizes are multiplied": math.prod(kernels),
        "the kernel sizes are added up": sum(kernels),
        "the result is a float; pixels are counted": float(right_field(layers)),
    }


@pytest.mark.question("receptive_field")
@pytest.mark.hints(
    "Keep two numbers: the field so far, and how far apart two neighbours are, in pixels of the image.",
    "A layer adds (k − 1) times the distance so far; only after that its stride multiplies the distance.",
)
class TestReceptiveField:
    @pytest.mark.points(0.5)
    @pytest.mark.public
    def test_stride_one(self, submission):
        """Layers with stride 1: one 3×3 convolution sees 3 pixels, two see 5, three see 7."""
        for depth in (1, 2, 3):
            layers = [(3, 1)] * depth
            assert_equal(
                submission.receptive_field(layers),
                2 * depth + 1,
                what=f"receptive_field({layers})",
                mistakes=field_mistakes(layers),
            )

    @pytest.mark.points(0.5)
    @pytest.mark.public
    @pytest.mark.hint("Write down how far apart two neighbours in a layer's input lie in the image.")
    def test_pooling_between(self, submission):
        """A 2×2 pooling between two 3×3 convolutions gives 8 pixels; convolution and pooling in turn, twice, 10."""
        for layers, expected in (([(3, 1), (2, 2), (3, 1)], 8), ([(3, 1), (2, 2), (3, 1), (2, 2)], 10)):
            assert_equal(
                submission.receptive_field(layers),
                expected,
                what=f"receptive_field({layers})",
                mistakes=field_mistakes(layers),
            )

    @pytest.mark.points(0.25)
    def test_no_layers(self, submission):
        """Without layers the receptive field is 1, and the layers that are given stay as they are."""
        call = "receptive_field of no layers"
        assert_equal(submission.receptive_field([]), 1, what=call, cause="a pixel sees itself")
        assert_equal(submission.receptive_field([(1, 1)]), 1, what="receptive_field of a 1×1 convolution")

    @pytest.mark.points(0.75)
    @pytest.mark.hint("Work a stack with two strides out by hand, from one value of the last layer back to the image.")
    def test_strides_accumulate(self, submission):
        """Strides of all earlier layers multiply, in stacks of any depth and order, given as tuples too."""
        stacks = (
            [(7, 2), (3, 2), (3, 1), (3, 1), (3, 2)],
            [(3, 2)] * 4,
            [(5, 3), (2, 2), (4, 1)],
            [(1, 2), (3, 1), (1, 3), (5, 2)],
            [(2, 2), (3, 1), (2, 2), (3, 1), (2, 2)],
            [(3, 1), (2, 2)] * 12,
        )
        for layers in stacks:
            assert_equal(
                submission.receptive_field(tuple(layers)),
                right_field(layers),
                what="receptive_field(layers)",
                mistakes=field_mistakes(layers),
            )


# --- conv_block ------------------------------------------------------------------------------------------------

BLOCK = "conv_block(in_channels, out_channels)"
MODULE_CAUSE = "return an nn.Module, for instance an nn.Sequential of three layers"


def new_block(submission, in_channels, out_channels):
    """Return a student's block in evaluation mode, once it is known to be a module."""
    block = submission.conv_block(in_channels, out_channels)
    assert_has(block, "state_dict", "load_state_dict", "eval", what=BLOCK, cause=MODULE_CAUSE)
    block.eval()  # a batch norm, which is allowed, then leaves its input as it is
    return block


def known_block(submission, in_channels, out_channels):
    """Return a student's block with kernels and biases that the check knows, and these two.

    The values go in through the state dict, so it does not matter what the block's layers are called.
    """
    block = new_block(submission, in_channels, out_channels)
    state = block.state_dict()
    if not isinstance(state, dict):
        fail(f"{BLOCK} has no state dict.", cause=MODULE_CAUSE)
    kernels = [name for name, value in state.items() if isinstance(value, torch.Tensor) and value.dim() == 4]
    if len(kernels) != 1:
        unknown = "PyTorch does not know of it: keep the layer in an nn.Sequential or as `self.…`, not in a plain list"
        fail(
            f"{BLOCK} has {len(kernels)} convolutions, expected one.",
            cause="a block is one convolution, ReLU, max-pooling" if kernels else unknown,
        )
    weight = torch.randn(out_channels, in_channels, 3, 3)
    mistakes = {
        "in_channels and out_channels are swapped": torch.zeros(in_channels, out_channels, 3, 3),
        "the kernels look at one channel only; they span all of them": torch.zeros(out_channels, 1, 3, 3),
        "the kernel is 5×5": torch.zeros(out_channels, in_channels, 5, 5),
        "the kernel is 2×2": torch.zeros(out_channels, in_channels, 2, 2),
        "the kernel is 1×1: it sees no neighbours": torch.zeros(out_channels, in_channels, 1, 1),
    }
    # An infinite tolerance lets every finite value pass: only type, shape and dtype are compared here.
    what = "the weight of the block's convolution"
    assert_tensor(state[kernels[0]], weight, what=what, atol=math.inf, mistakes=mistakes)
    bias_name = kernels[0].removesuffix("weight") + "bias"
    bias = torch.randn(out_channels) if bias_name in state else torch.zeros(out_channels)
    new = {**state, kernels[0]: weight} | ({bias_name: bias} if bias_name in state else {})
    block.load_state_dict(new)
    return block, weight, bias


def right_block(images, weight, bias, activation=F.relu, pool=F.max_pool2d):
    """Return what a block gives."""
    return pool(activation(F.conv2d(images, weight, bias, padding=1)), 2)


def block_mistakes(images, weight, bias):
    """Return what a block gives after each typical mistake: cause → value."""
    right = right_block(images, weight, bias)
    convolved = F.conv2d(images, weight, bias, padding=1)
    mirrored = F.pad(images, (1, 1, 1, 1), "reflect")
    repeated = F.pad(images, (1, 1, 1, 1), "replicate")
    return {
        "the ReLU is missing": F.max_pool2d(convolved, 2),
        "the mean of each window is taken instead of its maximum": F.avg_pool2d(convolved.relu(), 2),
        "the mean of each window is taken, and only then the ReLU": F.avg_pool2d(convolved, 2).relu(),
        "the ReLU is missing, and the mean of each window is taken": F.avg_pool2d(convolved, 2),
        "the ReLU comes before the convolution": F.max_pool2d(F.conv2d(images.relu(), weight, bias, padding=1), 2),
        "the pooling is missing": convolved.relu(),
        "the pooling comes before the convolution": F.conv2d(F.max_pool2d(images, 2), weight, bias, padding=1).relu(),
        "the convolution has stride 2, and nothing is pooled": convolved[..., ::2, ::2].relu(),
        "the pooling steps by 1; it is to halve height and width": F.max_pool2d(convolved.relu(), 2, 1),
        "the convolution is not padded": F.max_pool2d(F.conv2d(images, weight, bias).relu(), 2),
        "the image is mirrored at its border; padding is with zeros": (
            F.max_pool2d(F.conv2d(mirrored, weight, bias).relu(), 2)
        ),
        "the border is repeated outwards; padding is with zeros": (
            F.max_pool2d(F.conv2d(repeated, weight, bias).relu(), 2)
        ),
        "an odd size is rounded up; it is to be rounded down": F.max_pool2d(convolved.relu(), 2, ceil_mode=True),
        "this is a leaky ReLU": F.max_pool2d(F.leaky_relu(convolved, 0.01), 2),
        "this is the sigmoid, not the ReLU": F.max_pool2d(convolved.sigmoid(), 2),
        "this is the hyperbolic tangent, not the ReLU": F.max_pool2d(convolved.tanh(), 2),
        "the windows of the pooling overlap": F.max_pool2d(convolved.relu(), 3, 2, padding=1),
        "something comes after the pooling that changes its values": right.sigmoid(),
    }


def gradients_of(module):
    """Return the gradient of the one parameter with four axes; runs on the student's side."""
    return next(parameter.grad for parameter in module.parameters() if parameter.dim() == 4)


@pytest.mark.question("conv_block")
@pytest.mark.hints(
    "Three layers in a row: `nn.Sequential`.",
    "A 3×3 kernel keeps the size with a padding of 1.",
)
class TestConvBlock:
    @pytest.mark.points(0.5)
    @pytest.mark.public
    def test_halves(self, submission):
        """A block makes out_channels maps of half the height and width."""
        for in_channels, out_channels, size in ((1, 8, 28), (3, 5, 16)):
            images = torch.randn(2, in_channels, size, size)
            call = f"conv_block({in_channels}, {out_channels})(images)"
            half = torch.zeros(2, out_channels, size // 2, size // 2)
            output = run(new_block(submission, in_channels, out_channels), images, call)
            assert_tensor(
                output,
                half,
                what=call,
                atol=math.inf,
                mistakes={
                    "nothing is pooled": torch.zeros(2, out_channels, size, size),
                    "the convolution is not padded": torch.zeros(2, out_channels, size // 2 - 1, size // 2 - 1),
                    "the padding is too large": torch.zeros(2, out_channels, size // 2 + 1, size // 2 + 1),
                    "both the convolution and the pooling halve": torch.zeros(2, out_channels, size // 4, size // 4),
                    "the pooling steps by 1": torch.zeros(2, out_channels, size - 1, size - 1),
                },
            )

    @pytest.mark.points(0.25)
    @pytest.mark.public
    def test_one_convolution(self, submission):
        """A block has one convolution, with 3×3 kernels that span all input channels."""
        known_block(submission, 2, 4)

    @pytest.mark.points(0.75)
    @pytest.mark.after("halves", "one_convolution")
    def test_values(self, submission):
        """The values are those of convolution, ReLU and max-pooling."""
        images = torch.randn(3, 2, 8, 10)
        block, weight, bias = known_block(submission, 2, 4)
        assert_tensor(
            run(block, images, f"{BLOCK}(images)"),
            right_block(images, weight, bias),
            what=f"{BLOCK}(images)",
            mistakes=partial(block_mistakes, images, weight, bias),
            cause="convolution, then ReLU, then max-pooling; nothing else",
            **CLOSE,
        )

    @pytest.mark.points(0.25)
    @pytest.mark.after("one_convolution")
    def test_other_shapes(self, submission):
        """Odd sizes are rounded down, and a batch of one stays a batch."""
        for shape in ((2, 3, 7, 9), (1, 3, 5, 4), (1, 3, 2, 2), (1, 3, 3, 2)):
            images = torch.randn(shape)
            block, weight, bias = known_block(submission, 3, 2)
            right = right_block(images, weight, bias)
            assert_tensor(
                run(block, images, f"{BLOCK}(images) of an odd size"),
                right,
                what=f"{BLOCK}(images) of another shape",
                atol=math.inf,
                mistakes={
                    "an odd size is rounded up; it is to be rounded down": (
                        right_block(images, weight, bias, pool=partial(F.max_pool2d, ceil_mode=True))
                    ),
                    "an axis of length one is lost (`squeeze`)": right.squeeze(),
                    "the first axis is lost: a batch of one image is still a batch": right.squeeze(0),
                },
            )

    @pytest.mark.points(0.25)
    @pytest.mark.after("one_convolution")
    def test_gradients(self, submission):
        """Gradients flow back to the images and to the kernels."""
        images = torch.randn(2, 2, 6, 6, requires_grad=True)
        block, weight, bias = known_block(submission, 2, 3)
        output = run(block, images, f"{BLOCK}(images)")
        shape = torch.zeros(2, 3, 3, 3)
        assert_tensor(output, shape, what=f"{BLOCK}(images)", atol=math.inf)
        cause = "`.detach()`, `.data`, `.item()`, NumPy and `no_grad` cut the gradient off"
        assert_true(output.requires_grad, f"{BLOCK} cannot be differentiated.", cause=cause)
        output.square().sum().backward()
        inputs = images.detach().clone().requires_grad_()
        kernels = weight.clone().requires_grad_()
        right_block(inputs, kernels, bias).square().sum().backward()
        if images.grad is None:
            fail("No gradient reaches the images.", cause=cause)
        what = "the gradient of the block with respect to the images"
        assert_tensor(images.grad, inputs.grad, what=what, rtol=1e-3, atol=1e-3)
        grad = send_function(submission, gradients_of)(block)
        what = "the gradient of the block with respect to its kernels"
        assert_tensor(grad, kernels.grad, what=what, rtol=1e-3, atol=1e-3, cause=cause)


# --- SimpleCNN -------------------------------------------------------------------------------------------------

MAX_PARAMETERS = 100_000
SIZE_CAUSE = "the number of inputs of the first linear layer depends on image_size: do not write it down as a number"


def new_network(submission, call, **arguments):
    """Return a student's network, once it is known to be a module."""
    try:
        network = submission.SimpleCNN(**arguments)
    except NotImplementedError:
        raise
    except RuntimeError as error:  # what a layer raises that the constructor tries out
        fail(f"{call} raises RuntimeError.", details=str(error), cause=SIZE_CAUSE)
    assert_has(network, "parameters", "state_dict", "eval", "train", what=call, cause="SimpleCNN must be an nn.Module")
    return network


def assert_logits(logits, shape, what):
    """Check the shape of logits, whose values are free."""
    wanted = torch.zeros(shape)
    n = shape[0]
    mistakes = {
        "the last axis is still there: one output a sample has shape (N,), like the labels": torch.zeros(n, 1),
        "all samples give one number": torch.zeros(()),
        "the feature maps are not flattened": torch.zeros(n, 7, 7),
        "one output a sample is wanted, but there are two": torch.zeros(n, 2),
        "n_outputs is ignored": torch.zeros(n),
    }
    if n == 1:
        lost = "`squeeze()` removes the axis of a batch of one image too; say which axis"
        mistakes = {lost: torch.zeros(()), **mistakes}
    assert_tensor(logits, wanted, what=what, atol=math.inf, mistakes=mistakes)


def random_network(network, in_channels, n_outputs, image_size, seed):
    """Return a network with random parameters in evaluation mode; runs on the student's side.

    How a network is initialised is free: a last layer of zeros, say, would tell nothing about what it does.
    """
    model = network(in_channels=in_channels, n_outputs=n_outputs, image_size=image_size)
    generator = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for parameter in model.parameters():
            # large enough for signals to grow from layer to layer
            scale = (8 / parameter[0].numel()) ** 0.5 if parameter.dim() > 1 else 1.0
            parameter.copy_(scale * torch.randn(parameter.shape, generator=generator))
    return model.eval()


def keep_centres(model):
    """Set all weights of convolutions to 0 but those in the centre of their kernels; runs on the student's side."""
    with torch.no_grad():
        for parameter in model.parameters():
            if parameter.dim() == 4:
                row, column = parameter.shape[2] // 2, parameter.shape[3] // 2
                centre = parameter[:, :, row, column].clone()
                parameter.zero_()
                parameter[:, :, row, column] = 3 * centre


def count_unreached(model, images):
    """Return how many parameters get no gradient, and how many there are; runs on the student's side."""
    model(images).square().sum().backward()
    grads = [parameter.grad for parameter in model.parameters()]
    return sum(grad is None or not bool(grad.abs().sum() > 0) for grad in grads), len(grads)


def train_a_network(network, loader, epochs):
    """Return a trained network: the loop that the check brings along; runs on the student's side."""
    model = network()
    optimizer = torch.optim.Adam(model.parameters(), lr=1e-3)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, 8e-3, total_steps=epochs * len(loader))
    for _ in range(epochs):
        model.train()
        for images, labels in loader:
            loss = torch.nn.functional.binary_cross_entropy_with_logits(model(images), labels)
            optimizer.zero_grad()
            loss.backward()
            torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
            optimizer.step()
            schedule.step()
    return model.eval()


EPOCHS = 5


@cache
def _pixels(dataset):
    """Return images and labels, whole numbers: of training, of validation, and those that answers are judged by."""
    if dataset == "phantom":
        return [phantoms(n, seed=HIDDEN_SEED + part)[:2] for part, n in enumerate((4000, 500, 1000))]
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
    """Return the metrics of another model than a CNN, trained like one: a figure that answers must exceed."""
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


def train_simple_cnn(submission, dataset, seed):
    """Train the student's network with the check's own loop."""
    (images, labels), _, (new_images, new_labels) = _data(dataset)
    loader = send_loader(submission, images, labels, batch_size=64, shuffle_seed=seed)
    network = send_function(submission, train_a_network)(submission.SimpleCNN, loader, EPOCHS)
    with torch.no_grad():
        logits = network(new_images)
    return classification_metrics(logits, new_labels, what="SimpleCNN()(images)")


SIMPLE_CNN_ON_PHANTOMS = Experiment(
    "simple_cnn_on_phantoms",
    train_simple_cnn,
    dataset="phantom",
    metric="accuracy",
    data=_pixels,
    baselines=BASELINES,
)


@pytest.mark.question("SimpleCNN")
@pytest.mark.hints(
    "Two blocks halve the image twice: how large is it then, and how many numbers does the linear layer get?",
    "Flatten from axis 1 on. With one output the logits have shape (N,): take the last axis away, and that one only.",
)
class TestSimpleCNN:
    @pytest.mark.points(1)
    @pytest.mark.public
    def test_logits(self, submission):
        """One output a sample has shape (N,), more have shape (N, n_outputs), for images of 28×28 and 32×32."""
        for call, arguments, image_shape, shape in (
            ("SimpleCNN()", {}, (5, 1, 28, 28), (5,)),
            ("SimpleCNN(n_outputs=3)", {"n_outputs": 3}, (5, 1, 28, 28), (5, 3)),
            ("SimpleCNN(image_size=32)", {"image_size": 32}, (4, 1, 32, 32), (4,)),
        ):
            network = new_network(submission, call, **arguments)
            images = torch.rand(image_shape)
            for mode in ("train", "eval"):
                getattr(network, mode)()
                what = f"{call}(images) in {mode} mode"
                assert_logits(run(network, images, what, SIZE_CAUSE), shape, what)

    @pytest.mark.points(0.5)
    @pytest.mark.public
    @pytest.mark.after("logits")
    def test_layers(self, submission):
        """There are at least two convolutions, and at most 100 000 parameters."""
        network = new_network(submission, "SimpleCNN()")
        shapes = send_function(submission, parameter_shapes)(network)
        assert_true(type(shapes) is list, "SimpleCNN() has no list of parameters.")
        n_parameters = sum(math.prod(shape) for shape in shapes)
        # A kernel of 1×1 sees no neighbours, one as large as the image is a fully connected layer.
        kernels = [shape[2:] for shape in shapes if len(shape) == 4]
        kernels = [kernel for kernel in kernels if math.prod(kernel) > 1 and max(kernel) < 14]
        assert_true(
            len(kernels) >= 2,
            "SimpleCNN() must have at least two convolutions that look at neighbours.",
            details=f"It has {len(kernels)}.",
            cause=(
                "there are fewer than two, or PyTorch does not know of them: layers in a plain list are not part of "
                "the module; use nn.Sequential or nn.ModuleList"
            ),
        )
        assert_true(
            n_parameters <= MAX_PARAMETERS,
            f"SimpleCNN() has more than {MAX_PARAMETERS} parameters.",
            details=f"It has {n_parameters}.",
            cause="the first linear layer has weights for each value of the last maps: fewer channels, or more pooling",
        )

    @pytest.mark.points(0.5)
    @pytest.mark.after("logits")
    @pytest.mark.hint("Print the shape just before you flatten, for two sizes.")
    def test_image_sizes(self, submission):
        """Any image size that is divisible by 4 works, with any number of outputs and channels."""
        for size, in_channels, n_outputs in ((20, 1, 1), (64, 1, 2), (36, 2, 1), (48, 3, 4)):
            call = "SimpleCNN of another image size"
            network = new_network(submission, call, in_channels=in_channels, n_outputs=n_outputs, image_size=size)
            images = torch.rand(2, in_channels, size, size)
            logits = run(network, images, f"{call}, called with images,", SIZE_CAUSE)
            assert_logits(logits, (2,) if n_outputs == 1 else (2, n_outputs), f"{call}, called with images,")

    @pytest.mark.points(0.5)
    @pytest.mark.after("logits")
    def test_channels(self, submission):
        """All channels of the images are used, each with weights of its own."""
        cause = "in_channels must reach the first convolution"
        network = new_network(submission, "SimpleCNN(in_channels=3)", in_channels=3)
        what = "SimpleCNN(in_channels=3)(images)"
        assert_logits(run(network, torch.rand(4, 3, 28, 28), what, cause), (4,), what)
        network = send_function(submission, random_network)(submission.SimpleCNN, 3, 1, 28, 1)
        images = torch.randn(16, 3, 28, 28, requires_grad=True)
        logits = network(images)
        assert_logits(logits, (16,), what)
        broken = "`.detach()`, `.data`, `.item()`, NumPy and `no_grad` cut the gradient off"
        assert_true(logits.requires_grad, f"{what} cannot be differentiated.", cause=broken)
        logits.sum().backward()
        if images.grad is None:
            fail("No gradient reaches the images.", cause=broken)
        used = [bool(images.grad[:, channel].abs().max() > 0) for channel in range(3)]
        problem = f"SimpleCNN(in_channels=3) uses {sum(used)} of 3 channels."
        assert_true(all(used), problem, cause="`x[:, :1]` or `x[:, 0]` leaves the other channels out")
        first, *others = images.grad.unbind(1)
        assert_true(
            not all(torch.allclose(first, other, rtol=1e-3) for other in others),
            "SimpleCNN(in_channels=3) cannot tell the channels apart.",
            cause="the channels are averaged before the first convolution",
        )

    @pytest.mark.points(0.5)
    @pytest.mark.after("logits")
    def test_unbounded(self, submission):
        """The outputs are logits, of both signs and any size: nothing comes after the last layer."""
        build = send_function(submission, random_network)
        images = 3 * torch.randn(8, 1, 28, 28)
        with torch.no_grad():
            several = build(submission.SimpleCNN, 1, 40, 28, 0)(images)
            assert_logits(several, (8, 40), "SimpleCNN(n_outputs=40)(images)")
            single = [build(submission.SimpleCNN, 1, 1, 28, seed)(images) for seed in range(12)]
        for logits in single:
            assert_logits(logits, (8,), "SimpleCNN()(images)")
        for values, what in ((torch.stack(single), "one output"), (several, "several outputs")):
            low, high = float(values.min()), float(values.max())
            cause = "no activation comes after the last linear layer: a logit can be any number"
            if low >= 0 and high <= 1:
                cause = (
                    "a sigmoid (or softmax) comes after the last layer; it belongs to the loss, and would come twice"
                )
            elif low >= 0:
                cause = "a ReLU comes after the last layer: no logit can be negative, so nothing is predicted to be 0"
            elif high <= 0:
                cause = "a log-softmax comes after the last layer"
            elif low >= -1 and high <= 1:
                cause = "a tanh comes after the last layer"
            assert_true(low < -1 and high > 1, f"The logits of SimpleCNN with {what} are bounded.", cause=cause)

    @pytest.mark.points(0.25)
    @pytest.mark.after("logits")
    def test_not_linear(self, submission):
        """The network is more than a linear function of its input."""
        network = send_function(submission, random_network)(submission.SimpleCNN, 1, 8, 28, 2)
        send_function(submission, keep_centres)(network)
        # Uniform images stay uniform maps, of which pooling takes nothing away: what is not linear is an activation.
        values = torch.linspace(-3, 3, 13)
        with torch.no_grad():
            logits = network(values[:, None, None, None].expand(13, 1, 28, 28).contiguous())
        assert_logits(logits, (13, 8), "SimpleCNN(n_outputs=8)(images)")
        slope = logits.diff(dim=0)
        bend = float((slope.diff(dim=0)).abs().max() / slope.abs().max().clamp(min=1e-12))
        assert_true(
            bend > 1e-3,
            "SimpleCNN has no activation: apart from pooling, it is a linear function.",
            cause="a ReLU is missing after the convolutions and between the linear layers",
        )

    @pytest.mark.points(0.25)
    @pytest.mark.after("logits")
    def test_gradients(self, submission):
        """Every parameter gets a gradient."""
        network = send_function(submission, random_network)(submission.SimpleCNN, 1, 1, 28, 3)
        unreached = send_function(submission, count_unreached)(network, torch.randn(16, 1, 28, 28))
        what = "what the gradients of SimpleCNN tell"
        assert_true(type(unreached) is tuple and len(unreached) == 2, f"{what} cannot be read.")
        missing, n_parameters = unreached
        assert_true(
            missing == 0,
            f"{missing} of {n_parameters} parameters of SimpleCNN() get no gradient.",
            cause="a layer that is made but not used, or `.detach()`, `.data` or `no_grad` in forward",
        )

    @pytest.mark.points(0.5)
    @pytest.mark.after("logits")
    def test_batch_of_one(self, submission):
        """In evaluation mode an image has the same logits alone as among others."""
        for n_outputs in (1, 3):
            network = send_function(submission, random_network)(submission.SimpleCNN, 1, n_outputs, 28, 4)
            images = torch.randn(4, 1, 28, 28)
            with torch.no_grad():
                together = network(images)
                assert_logits(together, (4,) if n_outputs == 1 else (4, n_outputs), "SimpleCNN of a batch")
                for place in range(4):
                    alone = run(network, images[place : place + 1], "SimpleCNN of a batch of one")
                    assert_logits(alone, (1,) if n_outputs == 1 else (1, n_outputs), "SimpleCNN of a batch of one")
                    assert_tensor(
                        alone,
                        together[place : place + 1],
                        what="SimpleCNN of a batch of one",
                        rtol=1e-3,
                        atol=1e-4,
                        cause="in evaluation mode the images of a batch must not mix, and nothing may be random",
                    )

    @pytest.mark.points(1)
    @pytest.mark.timeout(90)
    @pytest.mark.after("logits", "layers", "image_sizes", "unbounded", "not_linear", "gradients", "batch_of_one")
    @pytest.mark.hint("Does the training loss of your network fall? Has it enough channels, and not too much pooling?")
    def test_beats_the_mlp(self, submission):
        """Trained for five epochs in an ordinary way, the network beats an MLP on the phantom."""
        SIMPLE_CNN_ON_PHANTOMS.check(
            submission,
            what="The accuracy of SimpleCNN() on images that it has never met",
            cause=(
                "the network is too small, loses small shadows (too much pooling, an average over the whole image, "
                "dropout that leaves little), or starts with units that never respond"
            ),
        )


# --- fit_cnn ---------------------------------------------------------------------------------------------------


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


def given_cnn():
    """Return a network like that of the lesson, for fit_cnn to train; runs on the student's side.

    Its units leak, because a network whose ReLU units all die at the start, one in thirty, says nothing of the loop
    that trains it.
    """
    first = torch.nn.Conv2d(1, 8, 3, padding=1), torch.nn.LeakyReLU(0.1), torch.nn.MaxPool2d(2)
    second = torch.nn.Conv2d(8, 16, 3, padding=1), torch.nn.LeakyReLU(0.1), torch.nn.MaxPool2d(2)
    head = torch.nn.Flatten(), torch.nn.Linear(784, 64), torch.nn.LeakyReLU(0.1), torch.nn.Linear(64, 1)
    return torch.nn.Sequential(*first, *second, *head, torch.nn.Flatten(0))


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
    call = f"fit_cnn(…, epochs={epochs})"
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
    (record,) = assert_records(submission.fit_cnn(model, *loaders, 1), 1)
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
    assert_records(submission.fit_cnn(model, train, val, epochs), epochs)
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


def train_given_cnn(submission, dataset, seed):
    """Train the check's network with the student's fit_cnn; the weights come back and are evaluated here."""
    train, val, (new_images, new_labels) = _data(dataset)
    model = send_function(submission, given_cnn)()
    loaders = (
        send_loader(submission, *train, batch_size=64, shuffle_seed=seed),
        send_loader(submission, *val, batch_size=250),
    )
    submission.fit_cnn(model, *loaders, EPOCHS)
    reference = given_cnn().eval()
    reference.load_state_dict(weights_of(model, reference))
    with torch.no_grad():
        return classification_metrics(reference(new_images), new_labels)


FIT_CNN_ON_PHANTOMS = Experiment(
    "fit_cnn_on_phantoms",
    train_given_cnn,
    dataset="phantom",
    metric="accuracy",
    data=_pixels,
    baselines=BASELINES,
)
# Real X-rays need a download, and a linear model does as well on them as a CNN: measured, but not used by a check.
FIT_CNN_ON_PNEUMONIA = Experiment(
    "fit_cnn_on_pneumonia",
    train_given_cnn,
    dataset="pneumoniamnist",
    metric="auc",
    data=_pixels,
    baselines={"majority class": majority_class},
)


@pytest.mark.question("fit_cnn")
@pytest.mark.hints(
    "The loop of the MLP's exercise works here: only the model is another.",
    (
        "Adam with a rate around 1e-3 is a good start. Weigh each batch's loss by its size, and set the mode at "
        "the right places."
    ),
)
class TestFitCnn:
    @pytest.mark.points(0.5)
    @pytest.mark.public
    def test_records(self, submission):
        """It returns a record for each epoch: train_loss, val_loss and accuracy, as floats."""
        train = send_loader(submission, *bright_and_dark(12), batch_size=4)
        val = send_loader(submission, *bright_and_dark(8), batch_size=4)
        for epochs in (1, 3):
            model = send_function(submission, brightness_model)()
            assert_records(submission.fit_cnn(model, train, val, epochs), epochs)

    @pytest.mark.points(0.5)
    @pytest.mark.public
    @pytest.mark.after("records")
    def test_learns(self, submission):
        """The model that it is given learns to tell bright images from dark ones."""
        train = send_loader(submission, *bright_and_dark(96), batch_size=8)
        val_images, val_labels = bright_and_dark(64)
        model = send_function(submission, brightness_model)()
        records = submission.fit_cnn(model, train, send_loader(submission, val_images, val_labels), 10)
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
            assert_records(submission.fit_cnn(model, train, val, 4), 4)
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
        """In five epochs it brings a network like the lesson's above what an MLP reaches on the phantom."""
        FIT_CNN_ON_PHANTOMS.check(
            submission,
            what="The accuracy of the network that fit_cnn trained, on images that it has never met,",
            cause=(
                "the learning rate: too small, and five epochs are not enough; too large, and the loss jumps or the "
                "ReLUs die. Adam with 0.001 to 0.005 is a good start"
            ),
        )

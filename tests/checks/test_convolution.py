"""Checks of the exercise `convolution`: cross-correlation, pooling and edges, compared with PyTorch's own."""

import math
from functools import partial

import pytest
import torch
import torch.nn.functional as F

from autograder.checking import (
    assert_equal,
    assert_raises,
    assert_tensor,
    assert_true,
    fail,
    send_function,
    unchanged,
)

LECTURE_IMAGE = torch.tensor(
    [[-5, 3, 2, -5, 3], [4, 3, 2, 1, -3], [1, 0, 3, 3, 5], [-2, 0, 1, 4, 4], [5, 6, 7, 9, -1]]
).float()
LECTURE_KERNEL = torch.tensor([[0, -1, 0], [-1, 5, -1], [0, -1, 0]]).float()
LECTURE_OUTPUT = torch.tensor([[6, 1, 8], [-7, 9, 2], [-5, -9, 3]]).float()
EDGE_KERNEL = torch.tensor([[-1, -1, -1], [-1, 8, -1], [-1, -1, -1]]).float()

# Float32 sums in another order differ by rounding, which shows where they come close to 0.
CLOSE = {"atol": 1e-5}


def library_convolutions(function, *arguments):
    """Call a function on the student's side; return the names of the convolutions of libraries that it used."""
    import sys

    from torch.utils._python_dispatch import TorchDispatchMode

    used = set()

    class Watch(TorchDispatchMode):
        """Sees every operation of PyTorch, whatever name it was called by."""

        @classmethod
        def _should_skip_dynamo(cls):
            return False  # otherwise the first operation imports the compiler: 800 modules, a second for each student

        def __torch_dispatch__(self, operation, types, args=(), kwargs=None):
            name = operation.overloadpacket.__name__
            if "conv" in name:
                used.add(f"torch: {name}")
            return operation(*args, **(kwargs or {}))

    def watched(library, name):
        original = getattr(library, name)

        def call(*a, **k):
            used.add(f"{library.__name__}.{name}")
            return original(*a, **k)

        setattr(library, name, call)
        return lambda: setattr(library, name, original)

    libraries = {"numpy": ["convolve", "correlate"]}
    for module in ("scipy.signal", "scipy.ndimage"):
        libraries[module] = [name for name in dir(sys.modules.get(module)) if "conv" in name or "correl" in name]
    undo = [watched(sys.modules[module], name) for module, names in libraries.items() for name in names]
    try:
        with Watch():
            function(*arguments)
    except NotImplementedError:
        raise
    except Exception:
        pass  # a wrong answer is for the other checks to tell
    finally:
        for put_back in undo:
            put_back()
    return sorted(used)


def require_by_hand(submission, function, *arguments):
    """Fail where a function uses the convolution of a library, which the exercise rules out."""
    used = send_function(submission, library_convolutions)(function, *arguments)
    if used:
        fail(
            "This exercise is done by hand, and your answer calls the convolution of a library.",
            cause="F.conv2d, nn.Conv2d, scipy.signal or numpy.convolve is used somewhere: write sums of products",
        )


def single(image, kernel, bias=0.0, padding=0):
    """PyTorch's cross-correlation of one image with one kernel."""
    return F.conv2d(image[None, None], kernel[None, None], padding=padding)[0, 0] + bias


def value_at(output, row, column):
    """Return one value of the lecture example's output, once it is known to be a 3×3 tensor without NaN."""
    # An infinite tolerance lets every finite value pass: only type, shape and dtype are compared here.
    assert_tensor(
        output,
        LECTURE_OUTPUT,
        what="conv2d_single(image, kernel)",
        atol=math.inf,
        mistakes={
            "the image is padded: here the kernel stays inside of it": torch.zeros(5, 5),
            "the last row and column are left out: the loops stop one place too early": torch.zeros(2, 2),
            "only one value is returned: the kernel takes nine places": torch.zeros(()),
        },
    )
    return output[row, column]


def whole_numbers(*shape):
    """Return random whole numbers from −4 to 4: a student can follow them by hand."""
    return torch.randint(-4, 5, shape).float()


def kernel_mistakes(image, kernel):
    """Return what conv2d_single gives after each typical mistake with kernel and image: cause → value."""
    right, turned = single(image, kernel), single(image, kernel.flip(0, 1))
    return {
        "the kernel is flipped: the lecture's operation is cross-correlation": turned,
        "the kernel is flipped along its rows": single(image, kernel.flip(0)),
        "the kernel is flipped along its columns": single(image, kernel.flip(1)),
        "rows and columns of the kernel are swapped": single(image, kernel.T),
        "the image is padded: here the kernel stays inside of it": single(image, kernel, padding=1),
        "rows and columns of the output are swapped": right.T,
        "the last row and column are left out: the loops stop one place too early": right[:-1, :-1],
    }


def layer_mistakes(images, weight, bias=None, stride=1, padding=0):
    """Return what conv2d gives after each typical mistake: cause → value."""

    def layer(x=images, w=weight, b=bias, s=stride, p=padding):
        return F.conv2d(x, w, b, s, p)

    right = layer()
    n_channels, n_weights = weight.shape[1], weight.shape[2] * weight.shape[3]
    mistakes = {
        "the kernel is flipped: the lecture's operation is cross-correlation": layer(w=weight.flip(2, 3)),
        "rows and columns of the kernel are swapped": layer(w=weight.mT),
        "rows and columns of the output are swapped": right.mT,
        "only the first channel is used: the kernel spans all of them": layer(images[:, :1], weight[:, :1]),
        "the mean over the channels is taken; the formula sums over them": layer(w=weight / n_channels),
        "the sum over the channels is missing: each kernel gives one map": torch.stack(
            [layer(images[:, q : q + 1], weight[:, q : q + 1]) for q in range(n_channels)], dim=2
        ),
        "the last row and column are left out: the loops stop one place too early": right[..., :-1, :-1],
        "only the first image is used: the output has one for each of them": right[:1],
        "only the first kernel is used": layer(w=weight[:1], b=None if bias is None else bias[:1]),
        "the first axis is lost: a batch of one image is still a batch": right.squeeze(0),
        "an axis of length one is lost (`squeeze`): the output has four axes": right.squeeze(),
    }
    if bias is not None:
        once = "it belongs once to each output value"
        mistakes |= {
            "the bias is forgotten": layer(b=None),
            "the bias is subtracted": layer(b=-bias),
            f"the bias is added once a weight; {once}": layer(b=bias * n_weights),
            f"the bias is added once a channel; {once}": layer(b=bias * n_channels),
            f"the bias is added once a weight and channel; {once}": layer(b=bias * n_weights * n_channels),
        }
    if stride > 1:
        mistakes |= {
            "the stride is ignored": layer(s=1),
            "the stride is used along the rows only": layer(s=(stride, 1)),
            "the stride is used along the columns only": layer(s=(1, stride)),
            "the output has the right size, but its windows do not step by the stride": (
                layer(s=1)[..., : right.shape[2], : right.shape[3]]
            ),
            "the output size is rounded up; where the next stride would leave the image, it ends": layer(
                F.pad(images, (0, stride - 1, 0, stride - 1))
            ),
        }
    if padding > 0:
        frame = (padding,) * 4
        repeated, mirrored = F.pad(images, frame, "replicate"), F.pad(images, frame, "reflect")
        ones = F.pad(images, frame, value=1.0)
        two_sides, all_on_two = (F.pad(images, (0, width, 0, width)) for width in (padding, 2 * padding))
        mistakes |= {
            "the padding is ignored": layer(p=0),
            "the padding is forgotten left and right": layer(p=(padding, 0)),
            "the padding is forgotten above and below": layer(p=(0, padding)),
            "the border is repeated outwards; padding is with zeros": layer(repeated, p=0),
            "the image is mirrored at its border; padding is with zeros": layer(mirrored, p=0),
            "the padding is not 0 but 1": layer(ones, p=0),
            "the padding is added on two sides only; it belongs on all four": layer(two_sides, p=0),
            "the padding is added on the right and below only; half of it belongs left and above": layer(
                all_on_two, p=0
            ),
            "the output is padded; it is the images that are padded": F.pad(layer(b=None, p=0), frame)
            + (0 if bias is None else bias[:, None, None]),
        }
    return mistakes


def pooling_mistakes(images, kernel_size, stride):
    """Return what max_pool2d gives after each typical mistake: cause → value."""
    right = F.max_pool2d(images, kernel_size, stride)
    rounded_up = F.max_pool2d(images, kernel_size, stride, ceil_mode=True)
    framed = F.pad(images, (1, 1, 1, 1))
    filled = F.pad(images, (0, -images.shape[3] % stride, 0, -images.shape[2] % stride))
    return {
        "a 0 takes part, as start or as padding: negative values have a negative maximum": right.clamp(min=0),
        "the images are surrounded by zeros; nothing is padded here": F.max_pool2d(framed, kernel_size, stride),
        "the images are filled up with zeros; a window that does not fit is left out": F.max_pool2d(
            filled, kernel_size, stride
        ),
        "the stride is used along the rows only": F.max_pool2d(images, kernel_size, (stride, kernel_size)),
        "the stride is used along the columns only": F.max_pool2d(images, kernel_size, (kernel_size, stride)),
        "the stride is 1; unless given, it is the size of the window": F.max_pool2d(images, kernel_size, 1),
        "the stride is ignored: the windows step by their own size": F.max_pool2d(images, kernel_size),
        "the mean is taken instead of the maximum": F.avg_pool2d(images, kernel_size, stride),
        "the minimum is taken instead of the maximum": -F.max_pool2d(-images, kernel_size, stride),
        "the largest absolute value is taken": F.max_pool2d(images.abs(), kernel_size, stride),
        "a window that does not fit any more is left out; here it is kept": rounded_up,
        "the maximum is taken over all channels; each is pooled by itself": right.amax(1, keepdim=True),
        "rows and columns of the output are swapped": right.mT,
        "the first axis is lost: a batch of one image is still a batch": right.squeeze(0),
        "an axis of length one is lost (`squeeze`): the output has four axes": right.squeeze(),
    }


def edge_mistakes(image):
    """Return what detect_edges gives after each typical mistake: cause → value."""
    right, inside = single(image, EDGE_KERNEL, padding=1), single(image, EDGE_KERNEL)
    cross = torch.tensor([[0.0, -1, 0], [-1, 4, -1], [0, -1, 0]])
    repeated = F.pad(image[None, None], (1, 1, 1, 1), "replicate")[0, 0]
    mirrored = F.pad(image[None, None], (1, 1, 1, 1), "reflect")[0, 0]
    half = torch.tensor([[-1.0, -1, -1], [-1, 4, -1], [-1, -1, -1]])
    sharpen = torch.tensor([[0.0, -1, 0], [-1, 5, -1], [0, -1, 0]])
    return {
        "the image is not padded, so the output is smaller than it": inside,
        "the output is padded with zeros; it is the image that is padded": F.pad(inside, (1, 1, 1, 1)),
        "the sign is wrong: 8 in the centre, −1 around": -right,
        "the kernel has 4 in the centre and 0 in the corners": single(image, cross, padding=1),
        "the centre of the kernel is 4; it is 8": single(image, half, padding=1),
        "this is the sharpening kernel of the first example": single(image, sharpen, padding=1),
        "the border is repeated outwards; padding is with zeros": single(repeated, EDGE_KERNEL),
        "the image is mirrored at its border; padding is with zeros": single(mirrored, EDGE_KERNEL),
        "the padding is forgotten left and right": single(image, EDGE_KERNEL, padding=(1, 0)),
        "the padding is forgotten above and below": single(image, EDGE_KERNEL, padding=(0, 1)),
        "negative values are set to 0; keep both signs": right.relu(),
        "the absolute value is taken; keep both signs": right.abs(),
        "the result is clipped to [0, 1]; keep it as it is": right.clamp(0, 1),
        "the image is divided by its maximum first": right / image.max(),
        "batch and channel are still there: the output has two axes": right[None, None],
    }


def check_gradients(function, reference, inputs, call):
    """Compare the gradients through the student's function with those through PyTorch's.

    ``inputs`` are the tensors that ``function`` and ``reference`` take, by the names that students know.
    """
    ours = [x.clone().requires_grad_() for x in inputs.values()]
    theirs = [x.clone().requires_grad_() for x in inputs.values()]
    output, expected = function(*ours), reference(*theirs)
    assert_tensor(output, expected.detach(), what=call, **CLOSE)
    broken = "`.item()`, `.tolist()`, `.detach()`, `.data`, `torch.tensor(…)` and NumPy cut the gradient off"
    assert_true(output.requires_grad, f"{call} cannot be differentiated.", cause=broken)
    direction = torch.randn(expected.shape)
    (expected * direction).sum().backward()
    try:
        (output * direction).sum().backward()
    except RuntimeError:
        fail(
            f"{call} cannot be differentiated: its backward pass fails.",
            cause="an operation in place (`+=`, `x[...] =`) overwrote a value that the backward pass needs",
        )
    for name, x, y in zip(inputs, ours, theirs, strict=True):
        if x.grad is None:
            fail(f"No gradient of {call} reaches `{name}`.", cause=broken)
        assert_tensor(x.grad, y.grad, what=f"the gradient of {call} with respect to `{name}`", **CLOSE)


DOWNCAST = (
    "`.float()` makes float32, and so do `torch.zeros(…)` and `torch.tensor(…)` by themselves; "
    "`x.new_zeros(…)` and `torch.zeros_like(x)` keep the dtype of x"
)
EXACT = {"rtol": 1e-12, "atol": 1e-12}


@pytest.mark.question("output_size")
@pytest.mark.hints(
    "Count with pencil and paper: 5 pixels, a kernel of 3. How often can it take a step?",
    "Padding adds to both ends; division rounds down; and count the first place, too.",
)
class TestOutputSize:
    @pytest.mark.points(0.5)
    @pytest.mark.public
    def test_known_sizes(self, submission):
        """The sizes of the lesson's examples are right."""
        for input_size, kernel_size, stride, padding, expected in (
            (5, 3, 1, 0, 3),  # the lecture's example
            (7, 3, 2, 0, 3),
            (7, 3, 3, 0, 2),
            (28, 3, 1, 1, 28),
            (7, 3, 2, 1, 4),
            (224, 7, 2, 3, 112),  # the first layer of a ResNet
        ):
            call = f"output_size({input_size}, {kernel_size}, stride={stride}, padding={padding})"
            exact = (input_size + 2 * padding - kernel_size) / stride
            assert_equal(
                submission.output_size(input_size, kernel_size, stride=stride, padding=padding),
                expected,
                what=call,
                mistakes={
                    "the result is a float; `//` divides and rounds down to an int": float(expected),
                    "the result is not rounded down": exact + 1,
                    "rounded up, where the formula rounds down": math.ceil(exact) + 1,
                    "the padding is ignored": (input_size - kernel_size) // stride + 1,
                    "the padding is counted once, but it is added at both ends": (
                        (input_size + padding - kernel_size) // stride + 1
                    ),
                    "the stride is ignored": input_size + 2 * padding - kernel_size + 1,
                    "off by one: the first place counts too": expected - 1,
                },
            )
        call = "output_size(5, 3)"
        cause = "the default is stride=1, padding=0"
        assert_equal(submission.output_size(5, 3), 3, what=call, cause=cause)

    @pytest.mark.points(0.25)
    def test_counts_places(self, submission):
        """The result is the number of places of the kernel, for other sizes, strides and paddings too."""
        cause = "lay the kernel on a few pixels with pencil and paper, and count its places"
        for input_size in (1, 2, 6, 11):
            for kernel_size in (1, 2, 5):
                for stride in (1, 2, 3):
                    for padding in (0, 1, 4):
                        last = input_size + 2 * padding - kernel_size
                        if last >= 0:
                            size = submission.output_size(input_size, kernel_size, stride, padding)
                            expected = len(range(0, last + 1, stride))
                            call = "output_size(input_size, kernel_size, stride, padding)"
                            assert_equal(size, expected, what=call, cause=cause)

    @pytest.mark.points(0.25)
    def test_too_large_a_kernel(self, submission):
        """A kernel larger than the padded input raises ValueError; one that just fits does not."""
        call = "output_size of a kernel that just fits"
        assert_equal(submission.output_size(3, 7, stride=2, padding=2), 1, what=call)
        assert_equal(submission.output_size(4, 4), 1, what=call)
        for input_size, kernel_size, stride, padding in (
            (4, 5, 1, 0),
            (4, 5, 3, 0),
            (2, 9, 2, 3),
            (1, 4, 1, 1),
        ):
            assert_raises(
                ValueError,
                submission.output_size,
                input_size,
                kernel_size,
                stride,
                padding,
                what="output_size of a kernel that does not fit",
                cause="compare the kernel with the input and the padding of both ends, whatever the stride",
            )


@pytest.mark.question("conv2d_single")
@pytest.mark.hints(
    "Two loops over the output's rows and columns: cut out the window, multiply, add up.",
    (
        "Or: loop over the kernel's cells, and add up shifted images. Collect with `torch.stack`, as writing into"
        " `torch.zeros(…)` can lose dtype and gradient."
    ),
)
@pytest.mark.after("by_hand")
class TestConv2dSingle:
    @pytest.mark.points(0)
    @pytest.mark.public
    def test_by_hand(self, submission):
        """It does without a convolution of a library; else no other check of this question counts."""
        require_by_hand(submission, submission.conv2d_single, LECTURE_IMAGE, LECTURE_KERNEL)

    @pytest.mark.points(0.5)
    @pytest.mark.public
    def test_first_output(self, submission):
        """The first output of the lecture's example is 6."""
        output = submission.conv2d_single(LECTURE_IMAGE, LECTURE_KERNEL)
        assert_tensor(
            value_at(output, 0, 0),
            torch.tensor(6.0),
            what="conv2d_single(image, kernel)[0, 0]",
            mistakes={
                "a bias of −1 is added, though none is given": torch.tensor(5.0),
                "only the middle weight is used: 5·3": torch.tensor(15.0),
                "the pixels are added up without the weights": LECTURE_IMAGE[:3, :3].sum(),
                "the mean of the products is taken; the formula sums them": torch.tensor(6.0 / 9),
            },
            cause="5·3 − 3 − 4 − 2 − 0 = 6: see the first step in the figure",
        )

    @pytest.mark.points(0.5)
    @pytest.mark.public
    def test_bias(self, submission):
        """With a bias of −1, the second output of the lecture's example is the slide's 0."""
        output = submission.conv2d_single(LECTURE_IMAGE, LECTURE_KERNEL, bias=-1)
        assert_tensor(
            value_at(output, 0, 1),
            torch.tensor(0.0),
            what="conv2d_single(image, kernel, bias=-1)[0, 1]",
            mistakes={
                "the bias is forgotten: without it the value is 1": torch.tensor(1.0),
                "the bias is subtracted": torch.tensor(2.0),
                "the bias is added once a weight; it belongs once to each output value": torch.tensor(-8.0),
                "the bias is added once a weight that is not 0; it belongs once to each output value": (
                    torch.tensor(-4.0)
                ),
            },
            cause="5·2 − 2 − 3 − 1 − 3 − 1 = 0, where the last −1 is the bias",
        )

    @pytest.mark.points(1)
    @pytest.mark.public
    def test_whole_output(self, submission):
        """Without a bias, the lecture's example gives 6 1 8 / −7 9 2 / −5 −9 3."""
        assert_tensor(
            submission.conv2d_single(LECTURE_IMAGE, LECTURE_KERNEL),
            LECTURE_OUTPUT,
            what="conv2d_single(image, kernel)",
            mistakes={
                **kernel_mistakes(LECTURE_IMAGE, LECTURE_KERNEL),
                "the bias is −1 unless it is given; it is 0": LECTURE_OUTPUT - 1,
            },
        )

    @pytest.mark.points(0.75)
    @pytest.mark.hint("Try a kernel that is 1 in one corner and 0 elsewhere: it copies a part of the image.")
    def test_cross_correlation(self, submission):
        """The kernel lies on the image as it is written: it is not flipped."""
        image, kernel = torch.randn(7, 7), torch.randn(3, 3)
        assert_tensor(
            submission.conv2d_single(image, kernel),
            single(image, kernel),
            what="conv2d_single(image, kernel)",
            mistakes=partial(kernel_mistakes, image, kernel),
            **CLOSE,
        )

    @pytest.mark.points(0.5)
    def test_other_shapes(self, submission):
        """Images and kernels of any shape are right: not square, of even size, as large as each other."""
        cause = "count rows by shape[0] and columns by shape[1], of the image and of the kernel each"
        for image_shape, kernel_shape in (
            ((9, 5), (3, 3)),
            ((4, 8), (2, 5)),
            ((8, 6), (5, 2)),
            ((5, 6), (1, 1)),
            ((4, 7), (4, 7)),
            ((3, 1), (2, 1)),
        ):
            image, kernel = torch.randn(image_shape), torch.randn(kernel_shape)
            call = "conv2d_single(image, kernel, bias)"
            output = submission.conv2d_single(image, kernel, 0.75)
            bias_mistakes = {
                "the bias is forgotten": single(image, kernel),
                "the bias is added once a weight; it belongs once to each output value": single(
                    image, kernel, 0.75 * kernel.numel()
                ),
            }
            assert_tensor(output, single(image, kernel, 0.75), what=call, mistakes=bias_mistakes, cause=cause, **CLOSE)
        image, kernel = torch.randn(6, 8).T, torch.randn(4, 9)[:, ::3].T
        call = "conv2d_single(image, kernel) of tensors that are not contiguous"
        assert_tensor(submission.conv2d_single(image, kernel), single(image, kernel), what=call, **CLOSE)

    @pytest.mark.points(0.25)
    def test_inputs(self, submission):
        """The inputs stay as they are, and a float64 image gives a float64 output."""
        image, kernel = torch.randn(6, 5).double(), torch.randn(2, 3).double()
        with unchanged(image, kernel, what="conv2d_single"):
            output = submission.conv2d_single(image, kernel, 0.1)
        call = "conv2d_single(image, kernel, bias) of float64 tensors"
        assert_tensor(output, single(image, kernel, 0.1), what=call, cause=DOWNCAST, **EXACT)

    @pytest.mark.points(0.5)
    @pytest.mark.hint("Stay with tensor operations from the input to the output.")
    def test_gradients(self, submission):
        """Gradients flow back to the image and to the kernel."""
        inputs = {"image": torch.randn(5, 6), "kernel": torch.randn(3, 2)}
        check_gradients(submission.conv2d_single, single, inputs, "conv2d_single(image, kernel)")


@pytest.mark.question("conv2d")
@pytest.mark.hints(
    (
        "Pad, then for each place of the kernel cut a window (N, C, kH, kW) and compare it with the weights (O, "
        "C, kH, kW)."
    ),
    (
        "`unfold` along both axes gives all windows at once; `torch.einsum` sums over channel and kernel. The "
        "bias is added once a map."
    ),
)
@pytest.mark.after("by_hand")
class TestConv2d:
    @pytest.mark.points(0)
    @pytest.mark.public
    def test_by_hand(self, submission):
        """It does without a convolution of a library; else no other check of this question counts."""
        require_by_hand(submission, submission.conv2d, torch.ones(1, 1, 4, 4), torch.ones(1, 1, 3, 3))

    @pytest.mark.points(0.5)
    @pytest.mark.public
    def test_lecture_example(self, submission):
        """The lecture's example is right as a batch of one image and one channel, with and without bias."""
        images, weight = LECTURE_IMAGE[None, None], LECTURE_KERNEL[None, None]
        for bias, call in (
            (None, "conv2d(images, weight)"),
            (torch.tensor([-1.0]), "conv2d(images, weight, bias)"),
        ):
            expected = LECTURE_OUTPUT[None, None] + (0 if bias is None else bias)
            output = submission.conv2d(images, weight, bias)
            assert_tensor(output, expected, what=call, mistakes=partial(layer_mistakes, images, weight, bias))

    @pytest.mark.points(1)
    @pytest.mark.public
    def test_channels_and_kernels(self, submission):
        """Each kernel spans all channels of every image, and gives one channel of the output."""
        images, weight = whole_numbers(2, 3, 5, 5), whole_numbers(4, 3, 3, 3)
        assert_tensor(
            submission.conv2d(images, weight),
            F.conv2d(images, weight),
            what="conv2d(images, weight)",
            mistakes=partial(layer_mistakes, images, weight),
        )

    @pytest.mark.points(1)
    @pytest.mark.public
    def test_stride_and_padding(self, submission):
        """The kernel steps by the stride along both axes, and zeros surround the image on all sides."""
        images, weight = LECTURE_IMAGE[None, None], torch.arange(1.0, 10).reshape(1, 1, 3, 3)
        for stride, padding in ((2, 0), (1, 1), (2, 1)):
            assert_tensor(
                submission.conv2d(images, weight, stride=stride, padding=padding),
                F.conv2d(images, weight, stride=stride, padding=padding),
                what=f"conv2d(images, weight, stride={stride}, padding={padding})",
                mistakes=partial(layer_mistakes, images, weight, None, stride, padding),
            )

    @pytest.mark.points(0.5)
    @pytest.mark.public
    @pytest.mark.timeout(3)  # thirty times what the slowest right answer takes: a busy machine costs nobody a point
    @pytest.mark.after("channels_and_kernels")
    @pytest.mark.hint("Loop over the few weights of the kernel, not over the many pixels and images.")
    def test_speed(self, submission):
        """A batch of 64 RGB images of 32×32 takes less than a second."""
        images, weight = torch.randn(64, 3, 32, 32), torch.randn(1, 3, 3, 3)
        output = submission.conv2d(images, weight)
        assert_tensor(output, F.conv2d(images, weight), what="conv2d(images, weight)", **CLOSE)

    @pytest.mark.points(0.5)
    @pytest.mark.hint("Write the number of rows and of columns down apart, for the image, kernel and output.")
    def test_rows_and_columns(self, submission):
        """Images and kernels that are not square are right, also when they are not contiguous."""
        call = "conv2d(images, weight, stride=…, padding=…)"
        for size, kernel_size in (((7, 12), (2, 4)), ((12, 7), (5, 2)), ((9, 8), (1, 3)), ((8, 9), (3, 1))):
            images, weight = torch.randn(2, 3, *size), torch.randn(2, 3, *kernel_size)
            assert_tensor(
                submission.conv2d(images, weight, stride=2, padding=1),
                F.conv2d(images, weight, stride=2, padding=1),
                what=call,
                mistakes=partial(layer_mistakes, images, weight, None, 2, 1),
                **CLOSE,
            )
        images = torch.randn(8, 18, 3, 2).permute(3, 2, 0, 1)[..., ::2]  # as from images of shape (H, W, C)
        weight = torch.randn(3, 4, 3, 2).transpose(1, 2)
        call = "conv2d(images, weight) of tensors that are not contiguous"
        cause = "`view` needs contiguous tensors and fails or mixes pixels up; use `reshape`"
        assert_tensor(submission.conv2d(images, weight), F.conv2d(images, weight), what=call, cause=cause, **CLOSE)

    @pytest.mark.points(0.75)
    def test_settings(self, submission):
        """It agrees with PyTorch for every mix of stride, padding and bias."""
        images, weight, bias = torch.randn(2, 2, 9, 8), torch.randn(3, 2, 3, 4), torch.randn(3)
        for stride in (1, 2, 3):
            for padding in (0, 1, 3):
                assert_tensor(
                    submission.conv2d(images, weight, bias, stride, padding),
                    F.conv2d(images, weight, bias, stride, padding),
                    what="conv2d(images, weight, bias, stride, padding)",
                    mistakes=partial(layer_mistakes, images, weight, bias, stride, padding),
                    **CLOSE,
                )

    @pytest.mark.points(0.5)
    def test_bias(self, submission):
        """Each kernel has its own bias, added once to each value of its map."""
        images, weight = torch.randn(2, 3, 6, 5), torch.randn(4, 3, 3, 2)
        bias = torch.tensor([1.0, -2, 0.5, 3])
        # The maps have as many rows and columns as there are kernels: a bias that is not reshaped still fits.
        maps = F.conv2d(images, weight)
        axis = "it belongs along the second axis, that of the kernels"
        mistakes = {
            **layer_mistakes(images, weight, bias),
            f"the bias is added along the columns; {axis}": maps + bias,
            f"the bias is added along the rows; {axis}": maps + bias[:, None],
            "every kernel gets the first bias": maps + bias[0],
            "every kernel gets the sum of all biases": maps + bias.sum(),
        }
        assert_tensor(
            submission.conv2d(images, weight, bias),
            F.conv2d(images, weight, bias),
            what="conv2d(images, weight, bias)",
            mistakes=mistakes,
            **CLOSE,
        )

    @pytest.mark.points(0.25)
    def test_batch_of_one(self, submission):
        """A batch of one image, one channel or one value keeps all its axes."""
        for image_shape, weight_shape in (
            ((1, 3, 6, 5), (2, 3, 3, 3)),
            ((3, 1, 4, 4), (1, 1, 3, 3)),
            ((1, 2, 3, 4), (1, 2, 3, 4)),
        ):
            images, weight = torch.randn(image_shape), torch.randn(weight_shape)
            expected = F.conv2d(images, weight)
            assert_tensor(
                submission.conv2d(images, weight),
                expected,
                what="conv2d(images, weight)",
                mistakes={
                    "an axis of length one is lost (`squeeze`): the output has four axes": expected.squeeze(),
                    "the first axis is lost: a batch of one image is still a batch": expected.squeeze(0),
                },
                **CLOSE,
            )

    @pytest.mark.points(0.25)
    def test_inputs(self, submission):
        """The inputs stay as they are, and float64 images give a float64 output."""
        images, weight = torch.randn(2, 2, 6, 5).double(), torch.randn(3, 2, 3, 2).double()
        bias = torch.randn(3).double()
        with unchanged(images, weight, bias, what="conv2d"):
            output = submission.conv2d(images, weight, bias, stride=2, padding=1)
        call = "conv2d(images, weight, bias, stride, padding) of float64 tensors"
        assert_tensor(output, F.conv2d(images, weight, bias, 2, 1), what=call, cause=DOWNCAST, **EXACT)

    @pytest.mark.points(0.75)
    @pytest.mark.hint("Stay with tensor operations from the input to the output.")
    def test_gradients(self, submission):
        """Gradients flow back to the images, the weights and the bias."""
        inputs = {
            "images": torch.randn(2, 3, 6, 5),
            "weight": torch.randn(2, 3, 3, 2),
            "bias": torch.randn(2),
        }

        def strided(images, weight, bias):
            return submission.conv2d(images, weight, bias, stride=2, padding=1)

        def reference(images, weight, bias):
            return F.conv2d(images, weight, bias, stride=2, padding=1)

        check_gradients(strided, reference, inputs, "conv2d(images, weight, bias, stride, padding)")


@pytest.mark.question("max_pool2d")
@pytest.mark.hints(
    "The windows are those of a convolution without padding; what is taken from each?",
    "Do not start from zeros: values may all be negative. `unfold` and `amax` need no loop.",
)
class TestMaxPool2d:
    @pytest.mark.points(0.75)
    @pytest.mark.public
    def test_windows(self, submission):
        """The lesson's 4×4 feature map gives 5 −1 / 4 7 with windows of 2×2."""
        images = torch.tensor([[1.0, 3, -2, -6], [5, 0, -4, -1], [2, 2, 7, 0], [-8, 4, 3, 6]])[None, None]
        assert_tensor(
            submission.max_pool2d(images, 2),
            torch.tensor([[5.0, -1], [4, 7]])[None, None],
            what="max_pool2d(images, 2)",
            mistakes=partial(pooling_mistakes, images, 2, 2),
        )

    @pytest.mark.points(0.75)
    @pytest.mark.public
    def test_stride(self, submission):
        """The windows step by the stride, and those that do not fit are left out."""
        images = whole_numbers(2, 3, 5, 5)
        for kernel_size, stride in ((2, 2), (3, 1), (3, 2), (2, 3)):
            assert_tensor(
                submission.max_pool2d(images, kernel_size, stride),
                F.max_pool2d(images, kernel_size, stride),
                what=f"max_pool2d(images, {kernel_size}, stride={stride})",
                mistakes=partial(pooling_mistakes, images, kernel_size, stride),
            )

    @pytest.mark.points(0.5)
    @pytest.mark.hint("What is the maximum of −3 and −5? Look at what your result starts from.")
    def test_negative_values(self, submission):
        """Where all values are negative, however large, the result is negative."""
        for low in (-1.0, -1e4, -1e30):
            images = low * (1 + torch.rand(2, 2, 7, 6))
            for kernel_size in (2, 3):
                assert_tensor(
                    submission.max_pool2d(images, kernel_size),
                    F.max_pool2d(images, kernel_size),
                    what="max_pool2d of negative values",
                    mistakes=partial(pooling_mistakes, images, kernel_size, kernel_size),
                    cause="start from −∞, or from a value of the window: a fixed number is never low enough",
                )

    @pytest.mark.points(0.5)
    def test_other_shapes(self, submission):
        """Images of any shape are right: not square, not contiguous, a batch of one."""
        for shape, kernel_size, stride in (
            ((2, 3, 9, 5), 2, None),
            ((3, 2, 6, 11), 3, None),
            ((1, 2, 7, 10), 3, 2),
            ((2, 1, 4, 5), 4, 1),
            ((1, 1, 3, 3), 3, None),
            ((2, 3, 4, 6), 1, None),
            ((1, 4, 8, 7), 2, 3),
        ):
            images = torch.randn(shape)
            assert_tensor(
                submission.max_pool2d(images, kernel_size, stride),
                F.max_pool2d(images, kernel_size, stride),
                what="max_pool2d(images, kernel_size, stride)",
                mistakes=partial(pooling_mistakes, images, kernel_size, stride or kernel_size),
            )
        images = torch.randn(10, 7, 3, 2).permute(3, 2, 1, 0)[..., ::2]
        call = "max_pool2d of images that are not contiguous"
        cause = "`view` needs contiguous tensors and fails or mixes pixels up; use `reshape`"
        assert_tensor(submission.max_pool2d(images, 2), F.max_pool2d(images, 2), what=call, cause=cause)

    @pytest.mark.points(0.25)
    def test_inputs(self, submission):
        """The images stay as they are, and float64 images give a float64 output."""
        images = torch.randn(2, 2, 5, 6).double()
        with unchanged(images, what="max_pool2d"):
            output = submission.max_pool2d(images, 2)
        call = "max_pool2d(images, kernel_size) of float64 images"
        assert_tensor(output, F.max_pool2d(images, 2), what=call, cause=DOWNCAST, **EXACT)

    @pytest.mark.points(0.25)
    @pytest.mark.hint("Stay with tensor operations from the input to the output.")
    def test_gradients(self, submission):
        """Gradients flow back to the largest value of each window."""

        def overlapping(images):
            return submission.max_pool2d(images, 3, 2)

        def reference(images):
            return F.max_pool2d(images, 3, 2)

        inputs = {"images": torch.randn(2, 2, 7, 6)}
        check_gradients(overlapping, reference, inputs, "max_pool2d(images, kernel_size, stride)")


@pytest.mark.question("detect_edges")
@pytest.mark.hints(
    "Everything is there: which kernel, how much padding so that the size stays, and which of your functions?",
    (
        "`conv2d` wants (N, C, H, W) and (O, C, kH, kW): add the axes, and take them away again. Give the kernel "
        "the image's dtype."
    ),
)
@pytest.mark.after("by_hand")
class TestDetectEdges:
    @pytest.mark.points(0)
    @pytest.mark.public
    def test_by_hand(self, submission):
        """It does without a convolution of a library; else no other check of this question counts."""
        require_by_hand(submission, submission.detect_edges, LECTURE_IMAGE)

    @pytest.mark.points(0.5)
    @pytest.mark.public
    def test_single_point(self, submission):
        """A single bright pixel gives 8 at its place and −1 all around."""
        image = torch.zeros(5, 6)
        image[2, 3] = 1.0
        expected = torch.zeros(5, 6)
        expected[1:4, 2:5] = EDGE_KERNEL
        assert_tensor(
            submission.detect_edges(image),
            expected,
            what="detect_edges(image)",
            mistakes=partial(edge_mistakes, image),
            **CLOSE,
        )

    @pytest.mark.points(0.5)
    @pytest.mark.public
    def test_uniform_image(self, submission):
        """A uniform image gives 0 inside, and an edge where the zeros of the padding begin."""
        image = torch.ones(4, 5)
        expected = torch.tensor([[5.0, 3, 3, 3, 5], [3, 0, 0, 0, 3], [3, 0, 0, 0, 3], [5, 3, 3, 3, 5]])
        # Each of these gives zeros all over a uniform image.
        no_frame = (
            "no edge at the border: the image is padded with zeros before the kernel slides, "
            "not the output afterwards, and not with copies of the border"
        )
        assert_tensor(
            submission.detect_edges(image),
            expected,
            what="detect_edges(image)",
            **CLOSE,
            mistakes={no_frame: torch.zeros(4, 5), **edge_mistakes(image)},
        )

    @pytest.mark.points(0.5)
    def test_other_images(self, submission):
        """Images of any shape and contrast are right, also when they are not contiguous."""
        for image in (
            torch.rand(7, 4),
            torch.rand(3, 8),
            50 * whole_numbers(6, 6),
            torch.rand(9, 5).T[:, ::2],
        ):
            assert_tensor(
                submission.detect_edges(image),
                single(image, EDGE_KERNEL, padding=1),
                what="detect_edges(image)",
                **CLOSE,
                mistakes=partial(edge_mistakes, image),
            )

    @pytest.mark.points(0.25)
    def test_inputs(self, submission):
        """The image stays as it is, and a float64 image gives a float64 output."""
        image = torch.rand(5, 6).double()
        with unchanged(image, what="detect_edges"):
            output = submission.detect_edges(image)
        call = "detect_edges(image) of a float64 image"
        expected = single(image, EDGE_KERNEL.double(), padding=1)
        assert_tensor(output, expected, what=call, cause=DOWNCAST, **EXACT)

    @pytest.mark.points(0.25)
    @pytest.mark.hint("Stay with tensor operations from the input to the output.")
    def test_gradients(self, submission):
        """Gradients flow back to the image."""

        def reference(image):
            return single(image, EDGE_KERNEL, padding=1)

        inputs = {"image": torch.rand(5, 6)}
        check_gradients(submission.detect_edges, reference, inputs, "detect_edges(image)")

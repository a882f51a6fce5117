"""Checks of the exercise `tensor_ops`: introduction to PyTorch."""

import itertools

import pytest
import torch

from autograder.checking import (
    assert_raises,
    assert_tensor,
    assert_true,
    fail,
    in_place,
    send_function,
    unchanged,
)


def backward(output, *leaves, what):
    """Send the gradient of ``output.sum()`` back to ``leaves``; say why where it does not arrive."""
    cut = "`.detach()`, `.data`, `.item()` or numpy inside the function cuts the computation graph"
    assert_true(
        isinstance(output, torch.Tensor) and output.requires_grad,
        f"No gradient flows through {what}.",
        cause=cut,
    )
    try:
        output.sum().backward()
    except RuntimeError as error:
        if "inplace operation" not in str(error):
            raise
        fail(
            f"The gradient of {what} cannot be computed.",
            cause="an operation in place (`+=`, `x[...] = `) overwrote a value that the gradient needs",
        )
    for leaf in leaves:
        assert_true(leaf.grad is not None, f"No gradient of {what} reaches one of its arguments.", cause=cut)


def if_not_finite(result, cause):
    """Return ``cause`` where the result holds NaN or infinity: other differences have other causes."""
    return cause if isinstance(result, torch.Tensor) and not bool(torch.isfinite(result).all()) else ""


def if_several(result, cause):
    """Return ``cause`` where several values came back instead of one tensor."""
    return cause if isinstance(result, list | tuple) else ""


@pytest.mark.question("flatten_images")
@pytest.mark.hints(
    "How many rows has the result, and how many numbers belong to one image?",
    "`flatten` takes the axis from which to merge; unlike `view` it does not need contiguous memory.",
)
class TestFlattenImages:
    @pytest.mark.public
    @pytest.mark.points(0.5)
    def test_one_row_a_sample(self, submission):
        """Each image becomes one row: channel after channel, pixel row after pixel row."""
        images = torch.arange(24.0).reshape(2, 2, 2, 3)  # two images, two channels, 2×3 pixels
        rows = torch.stack([torch.arange(0.0, 12.0), torch.arange(12.0, 24.0)])
        assert_tensor(
            submission.flatten_images(images),
            rows,
            what="flatten_images(images)",
            mistakes={
                "the whole batch became one row; the first axis, the samples, stays": torch.arange(24.0),
                "the result lies on its side: samples are the rows, features the columns": rows.T,
                "every channel became a row of its own; a row holds all channels of an image": torch.arange(
                    24.0
                ).reshape(4, 6),
                "the images are mixed up: to transpose is not to reshape": torch.stack(
                    [torch.arange(0.0, 24.0, 2.0), torch.arange(1.0, 24.0, 2.0)]
                ),
                "channels come last within a row: their axis was moved before flattening": torch.tensor(
                    [0.0, 6, 1, 7, 2, 8, 3, 9, 4, 10, 5, 11, 12, 18, 13, 19, 14, 20, 15, 21, 16, 22, 17, 23]
                ).reshape(2, 12),
            },
        )

    @pytest.mark.points(0.25)
    @pytest.mark.hint("`view` only works where the memory is in the tensor's own order; some siblings copy if need be.")
    def test_non_contiguous(self, submission):
        """Images whose memory lies in another order (channels last) are flattened as well."""
        stored = torch.randn(3, 4, 5, 2)  # (N, H, W, C), as most image files are read
        images = stored.permute(0, 3, 1, 2)
        expected = images.flatten(start_dim=1)
        with unchanged(stored, what="flatten_images"):
            result = submission.flatten_images(images)
        assert_tensor(
            result,
            expected,
            what="flatten_images(images)",
            mistakes={
                "the numbers were taken in the order of memory, not in the order of the axes": stored.flatten(
                    start_dim=1
                )
            },
        )

    @pytest.mark.points(0.25)
    def test_batch_of_one(self, submission):
        """A single image gives one row, of the same number type."""
        image = torch.rand(1, 1, 7, 9, dtype=torch.float64)
        expected = image.flatten(start_dim=1)
        assert_tensor(
            submission.flatten_images(image),
            expected,
            what="flatten_images(one_image)",
            mistakes={"axes of size 1 were squeezed away; the batch axis stays, also for one sample": expected[0]},
        )


@pytest.mark.question("standardise")
@pytest.mark.hints(
    "A column is a feature: over which axis are its values? Keep that axis, so that the result broadcasts.",
    "The population's deviation divides by N; PyTorch's `std` divides by N − 1 unless told otherwise.",
)
class TestStandardise:
    @pytest.mark.public
    @pytest.mark.points(0.5)
    def test_mean_and_deviation(self, submission):
        """Every column has mean 0 and population standard deviation 1."""
        # The columns have the means 5 and 20 and the population deviations 2 and 10.
        x = torch.tensor([[2, 10], [4, 30], [4, 10], [4, 30], [5, 10], [5, 30], [7, 10], [9, 30]]).float()
        z = torch.tensor([[-1.5, -1], [-0.5, 1], [-0.5, -1], [-0.5, 1], [0, -1], [0, 1], [1, -1], [2, 1]])
        assert_tensor(
            submission.standardise(x),
            z,
            what="standardise(x)",
            mistakes={
                "this is the sample deviation, which divides by N − 1; the population's divides by N": (
                    z * (7 / 8) ** 0.5
                ),
                "the rows were standardised; a feature is a column: average over the samples": torch.tensor(
                    [[-1.0, 1.0]] * 8
                ),
                "one mean and one deviation were taken over all numbers; every column has its own": (
                    (x - 12.5) / 10.404326
                ),
                "the columns were divided by their deviation, but the mean was not subtracted": (
                    x / torch.tensor([2.0, 10.0])
                ),
                "the mean was subtracted, but nothing was divided by the deviation": x - torch.tensor([5.0, 20.0]),
                "this divides by the variance; its square root is the deviation": z / torch.tensor([2.0, 10.0]),
            },
        )

    @pytest.mark.public
    @pytest.mark.points(0.5)
    def test_constant_column(self, submission):
        """A constant column becomes zeros, never NaN."""
        # So many samples that sample and population deviation agree: another check tells them apart.
        x = torch.tensor([[1.0, 7.0], [3.0, 7.0]]).repeat(200, 1)
        expected = torch.tensor([[-1.0, 0.0], [1.0, 0.0]]).repeat(200, 1)
        result = submission.standardise(x)
        zero_by_zero = "the deviation of a constant column is 0, and 0 / 0 is NaN: this is what eps is for"
        cause = if_not_finite(result, zero_by_zero)
        assert_tensor(result, expected, what="standardise(x)", rtol=0.01, cause=cause)

    @pytest.mark.points(0.5)
    def test_any_shape(self, submission):
        """It works by column for any number of samples and features, also when the two are equal."""
        spread = torch.tensor([1.0, 30.0, 2.0, 500.0, 8.0], dtype=torch.float64)
        shift = torch.tensor([0.0, -100.0, 5.0, 1000.0, 3.0], dtype=torch.float64)
        tall = torch.randn(9, 5, dtype=torch.float64) * spread + shift
        square = tall[:5]
        # Stored feature by feature: a transposed, so non-contiguous, tensor.
        wide = tall[:4].T.contiguous().T
        for x in (tall, square, wide):
            mean, deviation = x.mean(dim=0), x.var(dim=0, correction=0).sqrt()
            z = (x - mean) / deviation
            rows = x - x.mean(dim=1, keepdim=True)
            whole = x - x.mean()
            mistakes = {
                "this is the sample deviation, which divides by N − 1": z * ((len(x) - 1) / len(x)) ** 0.5,
                "the rows were standardised, not the columns": rows / rows.square().mean(dim=1, keepdim=True).sqrt(),
                "one mean and one deviation were taken over all numbers; every column has its own": (
                    whole / whole.square().mean().sqrt()
                ),
                "this divides by the variance; its square root is the deviation": z / deviation,
                "the mean was subtracted, but nothing was divided by the deviation": x - mean,
                "the columns were divided by their deviation, but the mean was not subtracted": x / deviation,
            }
            if len(x) == x.shape[1]:
                mistakes["the means of the rows were subtracted from the columns: check the axis of the mean"] = (
                    x - x.mean(dim=1)
                ) / x.var(dim=1, correction=0).sqrt()
            assert_tensor(submission.standardise(x), z, what="standardise(x)", mistakes=mistakes)

    @pytest.mark.points(0.25)
    def test_batch_of_one(self, submission):
        """A single sample has no spread at all, so it becomes zeros."""
        x = torch.tensor([[3.0, -20.0, 0.0, 0.5]])
        result = submission.standardise(x)
        zero_by_zero = "0 / 0 is NaN: is it the population deviation, and is eps in the denominator?"
        cause = if_not_finite(result, zero_by_zero)
        assert_tensor(result, torch.zeros(1, 4), what="standardise(one_sample)", cause=cause)

    @pytest.mark.points(0.25)
    def test_input_unchanged(self, submission):
        """The tensor that is handed in stays as it was."""
        x = torch.randn(6, 3) * 4 + 2
        before = x.clone()
        with unchanged(x, what="standardise"):
            result = submission.standardise(x)
        expected = (before - before.mean(dim=0)) / before.var(dim=0, correction=0).sqrt()
        # Tolerant of the sample deviation, which another check is for.
        assert_tensor(result, expected, what="standardise(x)", rtol=0.1, atol=1e-3)


@pytest.mark.question("linear")
@pytest.mark.hints(
    "Write down the shapes: what times (D,) gives one number for each of N rows?",
    "`x @ theta` does it. Beware of `squeeze`: a single sample still has shape (1,).",
)
class TestLinear:
    @pytest.mark.public
    @pytest.mark.points(0.4)
    def test_lecture_sum(self, submission):
        """The result is the bias plus the weighted sum of each sample's features."""
        x = torch.tensor([[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]])
        theta = torch.tensor([0.5, -1.0, 2.0])
        # 10 + 0.5 − 2 + 6 = 14.5 and 10 + 2 − 5 + 12 = 19
        assert_tensor(
            submission.linear(x, theta, torch.tensor(10.0)),
            torch.tensor([14.5, 19.0]),
            what="linear(x, theta, theta_0)",
            mistakes={
                "the bias theta_0 was forgotten": torch.tensor([4.5, 9.0]),
                "the bias theta_0 was subtracted": torch.tensor([-5.5, -1.0]),
                "the bias was added once a feature; it is added once a sample": torch.tensor([34.5, 39.0]),
                "the sum runs over the samples; it must run over the features": torch.tensor([12.5, 3.0, 28.0]),
                "the result is one column, shape (N, 1); it must have the shape (N,)": torch.tensor([[14.5], [19.0]]),
                "everything was added up to one number; every sample has its own": torch.tensor(23.5),
                "the results of all samples were added up; every sample has its own": torch.tensor(33.5),
            },
        )

    @pytest.mark.points(0.2)
    def test_as_many_samples_as_features(self, submission):
        """With as many samples as features the sum still runs over the features, and no input is changed."""
        x, theta, theta_0 = torch.randn(4, 4).T, torch.randn(4), torch.tensor(0.7)
        features = x * theta
        expected = features.sum(dim=1) + theta_0
        with unchanged(x, theta, theta_0, what="linear"):
            result = submission.linear(x, theta, theta_0)
        assert_tensor(
            result,
            expected,
            what="linear(x, theta, theta_0)",
            mistakes={
                "the bias theta_0 was forgotten": features.sum(dim=1),
                "the sum runs over the samples; it must run over the features": features.sum(dim=0) + theta_0,
                "the weights were multiplied down the columns: x was transposed": theta @ x + theta_0,
                "the bias was added once a feature": features.sum(dim=1) + 4 * theta_0,
            },
        )

    @pytest.mark.points(0.2)
    def test_one_sample(self, submission):
        """One sample with one feature gives a tensor of shape (1,)."""
        x = torch.tensor([[2.0]], dtype=torch.float64)
        theta = torch.tensor([1.5], dtype=torch.float64)
        theta_0 = torch.tensor(-0.25, dtype=torch.float64)
        expected = theta_0 + x[:, 0] * 1.5
        assert_tensor(
            submission.linear(x, theta, theta_0),
            expected,
            what="linear(one_sample, theta, theta_0)",
            mistakes={
                "the batch axis is lost when there is only one sample": expected[0],
                "the result is one column, shape (N, 1); it must have the shape (N,)": expected[:, None],
                "the bias theta_0 was forgotten": expected - theta_0,
            },
        )

    @pytest.mark.points(0.2)
    def test_gradient(self, submission):
        """Gradients reach the samples, the weights and the bias."""
        x, theta = torch.randn(5, 3, requires_grad=True), torch.randn(3, requires_grad=True)
        theta_0 = torch.tensor(0.3, requires_grad=True)
        output = submission.linear(x, theta, theta_0)
        assert_tensor(output, (x @ theta + theta_0).detach(), what="linear(x, theta, theta_0)")
        backward(output, x, theta, theta_0, what="linear(x, theta, theta_0)")
        assert_tensor(x.grad, theta.detach().repeat(5, 1), what="the gradient with respect to x")
        assert_tensor(theta.grad, x.detach().sum(dim=0), what="the gradient with respect to theta")
        assert_tensor(theta_0.grad, torch.tensor(5.0), what="the gradient with respect to theta_0")


@pytest.mark.question("logistic_regression")
@pytest.mark.hints(
    "You have `linear` already; which function maps a logit to a probability?",
    "exp(1000) overflows: PyTorch's own sigmoid is written so that it never happens.",
)
class TestLogisticRegression:
    @pytest.mark.public
    @pytest.mark.points(0.5)
    def test_probabilities(self, submission):
        """Logits of 0, log 3 and −log 3 give the probabilities 0.5, 0.75 and 0.25."""
        log_3 = 1.0986123
        x = torch.tensor([[1.0, 0.0], [2.0, 0.0], [1.0, 1.0]])
        theta, theta_0 = torch.tensor([log_3, -log_3]), torch.tensor(-log_3)
        assert_tensor(
            submission.logistic_regression(x, theta, theta_0),
            torch.tensor([0.5, 0.75, 0.25]),
            what="logistic_regression(x, theta, theta_0)",
            mistakes={
                "these are the logits: the sigmoid is missing": torch.tensor([0.0, log_3, -log_3]),
                "the bias theta_0 was forgotten": torch.tensor([0.75, 0.9, 0.5]),
                "the sign of the exponent: this is 1 minus the probability": torch.tensor([0.5, 0.25, 0.75]),
                "this is a softmax over the batch; each sample has a probability of its own": torch.tensor(
                    [0.2307692, 0.6923077, 0.0769231]
                ),
                "the bias belongs to the linear model: it is added before the sigmoid": torch.tensor(
                    [-0.3486123, -0.1986123, -0.5986123]
                ),
                "the sigmoid was applied twice": torch.tensor([0.6224593, 0.6791787, 0.5621765]),
                "these are predicted classes; the model returns probabilities": torch.tensor([0.0, 1.0, 0.0]),
            },
        )

    @pytest.mark.public
    @pytest.mark.points(0.5)
    @pytest.mark.hint("exp(1000) is infinite in floating point. PyTorch has a sigmoid that avoids it.")
    def test_extreme_logits(self, submission):
        """For logits of ±1000 the probabilities are 1 and 0 and the gradient is finite."""
        x = torch.tensor([[1000.0], [-1000.0]])
        theta, theta_0 = torch.tensor([1.0], requires_grad=True), torch.tensor(0.0)
        output = submission.logistic_regression(x, theta, theta_0)
        assert_tensor(
            output,
            torch.tensor([1.0, 0.0]),
            what="logistic_regression(x, theta, theta_0)",
            mistakes={
                "these are the logits: the sigmoid is missing": torch.tensor([1000.0, -1000.0]),
                "the sign of the exponent: this is 1 minus the probability": torch.tensor([0.0, 1.0]),
            },
            cause=if_not_finite(output, "an exponential overflows: inf / inf is NaN"),
        )
        backward(output, theta, what="logistic_regression(x, theta, theta_0)")
        overflow = "an exponential overflows: its derivative is infinite, and 0 · inf is NaN"
        assert_tensor(
            theta.grad,
            torch.tensor([0.0]),
            what="the gradient with respect to theta",
            cause=if_not_finite(theta.grad, overflow),
        )

    @pytest.mark.points(0.5)
    def test_any_batch(self, submission):
        """It is the sigmoid of the linear model for any batch, in float64 too, and changes no input."""
        theta_0 = torch.tensor(-0.8, dtype=torch.float64)
        for n_samples, n_features in ((4, 4), (1, 3), (6, 1)):
            x = torch.randn(n_features, n_samples, dtype=torch.float64).T
            theta = torch.randn(n_features, dtype=torch.float64)
            logits = x @ theta + theta_0
            mistakes = {
                "the bias theta_0 was forgotten": torch.sigmoid(logits - theta_0),
                "these are the logits: the sigmoid is missing": logits,
                "this is 1 minus the probability": torch.sigmoid(-logits),
                "one axis too many is squeezed when there is only one sample": torch.sigmoid(logits).squeeze(),
            }
            if n_samples == n_features:
                mistakes["the sum runs over the samples; it must run over the features"] = torch.sigmoid(
                    theta @ x + theta_0
                )
            with unchanged(x, theta, theta_0, what="logistic_regression"):
                result = submission.logistic_regression(x, theta, theta_0)
            assert_tensor(
                result,
                torch.sigmoid(logits),
                what="logistic_regression(x, theta, theta_0)",
                mistakes=mistakes,
            )

    @pytest.mark.points(0.5)
    def test_gradient(self, submission):
        """The gradient with respect to weights and bias is p(1 − p) times the input."""
        x = torch.randn(6, 3)
        theta, theta_0 = torch.randn(3, requires_grad=True), torch.tensor(0.2, requires_grad=True)
        output = submission.logistic_regression(x, theta, theta_0)
        with torch.no_grad():
            p = torch.sigmoid(x @ theta + theta_0)
        assert_tensor(output, p, what="logistic_regression(x, theta, theta_0)")
        backward(output, theta, theta_0, what="logistic_regression(x, theta, theta_0)")
        assert_tensor(theta.grad, (p * (1 - p)) @ x, what="the gradient with respect to theta", atol=1e-5)
        assert_tensor(theta_0.grad, (p * (1 - p)).sum(), what="the gradient with respect to theta_0", atol=1e-5)


def zoo(x, slope=0.1, alpha=1.0):
    """Return the value of every activation at ``x``, by name."""
    return {
        "sigmoid": torch.sigmoid(x),
        "tanh": torch.tanh(x),
        "relu": torch.relu(x),
        "leaky_relu": torch.nn.functional.leaky_relu(x, slope),
        "elu": torch.nn.functional.elu(x, alpha),
    }


@pytest.mark.question("activation")
@pytest.mark.hints(
    "Start with a dictionary from name to function; a name that is missing is the ValueError.",
    (
        "In `torch.where` both sides are computed: an overflow in the side that is not taken still ruins the "
        "gradient. `clamp` what goes into `exp`."
    ),
)
class TestActivation:
    @pytest.mark.public
    @pytest.mark.points(0.25)
    def test_sigmoid_tanh_relu(self, submission):
        """Sigmoid, tanh and ReLU have the lecture's values."""
        x = torch.tensor([-2.0, -1.0, 0.0, 1.0, 2.0])
        values = {
            "sigmoid": torch.tensor([0.1192029, 0.2689414, 0.5, 0.7310586, 0.8807971]),
            "tanh": torch.tensor([-0.9640276, -0.7615942, 0.0, 0.7615942, 0.9640276]),
            "relu": torch.tensor([0.0, 0.0, 0.0, 1.0, 2.0]),
        }
        for name, expected in values.items():
            assert_tensor(
                submission.activation(name, x),
                expected,
                what=f'activation("{name}", x)',
                mistakes={
                    "this is the sigmoid": values["sigmoid"],
                    "this is the hyperbolic tangent": values["tanh"],
                    "this is the ReLU": values["relu"],
                    "the input came back as it was": x,
                    "this is the sigmoid of −x": values["sigmoid"].flip(0),
                    "this is the smaller of 0 and x; the ReLU is the larger": torch.tensor([-2.0, -1, 0, 0, 0]),
                    "this is |x|; the ReLU is 0 for negative x": x.abs(),
                },
            )

    @pytest.mark.public
    @pytest.mark.points(0.25)
    def test_leaky_relu(self, submission):
        """The leaky ReLU keeps a tenth of negative values."""
        x = torch.tensor([-2.0, -1.0, 0.0, 1.0, 2.0])
        assert_tensor(
            submission.activation("leaky_relu", x),
            torch.tensor([-0.2, -0.1, 0.0, 1.0, 2.0]),
            what='activation("leaky_relu", x)',
            mistakes={
                "the slope is on the wrong side: it belongs to negative x": torch.tensor([-2.0, -1, 0, 0.1, 0.2]),
                "the slope is 0.01, PyTorch's default; the lecture's is 0.1": torch.tensor([-0.02, -0.01, 0, 1, 2]),
                "this is the plain ReLU: the slope is missing": torch.tensor([0.0, 0.0, 0.0, 1.0, 2.0]),
                "the sign of the slope: negative x must stay negative": torch.tensor([0.2, 0.1, 0.0, 1.0, 2.0]),
                "the slope applies to negative x only": torch.tensor([-0.2, -0.1, 0.0, 0.1, 0.2]),
            },
        )

    @pytest.mark.public
    @pytest.mark.points(0.25)
    def test_elu(self, submission):
        """The ELU is x where x is positive and bends down towards −1 elsewhere."""
        x = torch.tensor([-2.0, -1.0, 0.0, 1.0, 2.0])
        assert_tensor(
            submission.activation("elu", x),
            torch.tensor([-0.8646647, -0.6321206, 0.0, 1.0, 2.0]),
            what='activation("elu", x)',
            mistakes={
                "the −1 after the exponential is missing": torch.tensor([0.1353353, 0.3678794, 1.0, 1.0, 2.0]),
                "the −1 after the exponential is missing, for negative x": torch.tensor(
                    [0.1353353, 0.3678794, 0.0, 1.0, 2.0]
                ),
                "the exponential must apply to negative x only": torch.tensor(
                    [-0.8646647, -0.6321206, 0.0, 1.7182818, 6.3890561]
                ),
                "the exponential is on the wrong side": torch.tensor([-2.0, -1.0, 0.0, 1.7182818, 6.3890561]),
                "this is the plain ReLU": torch.tensor([0.0, 0.0, 0.0, 1.0, 2.0]),
            },
        )

    @pytest.mark.public
    @pytest.mark.points(0.25)
    def test_unknown_name(self, submission):
        """Another name raises a ValueError that lists the known names."""
        x = torch.tensor([-1.0, 2.0])
        assert_tensor(submission.activation("relu", x), torch.tensor([0.0, 2.0]), what='activation("relu", x)')
        assert_raises(
            ValueError,
            submission.activation,
            "swish",
            x,
            mentions=["sigmoid", "tanh", "relu", "leaky_relu", "elu"],
            what='activation("swish", x)',
            cause="a typing mistake must not pass silently, and the message helps to put it right",
        )

    @pytest.mark.points(0.2)
    def test_other_slope(self, submission):
        """The leaky ReLU uses the slope that it is given."""
        x, slope = torch.tensor([-7.0, -0.5, 0.0, 0.25, 3.0]), 0.35
        assert_tensor(
            submission.activation("leaky_relu", x, slope=slope),
            zoo(x, slope=slope)["leaky_relu"],
            what='activation("leaky_relu", x, slope=…)',
            mistakes={
                "the argument slope is ignored": zoo(x)["leaky_relu"],
                "the argument slope is ignored, and PyTorch's default is used": zoo(x, slope=0.01)["leaky_relu"],
                "the slope is on the wrong side: it belongs to negative x": torch.where(x > 0, slope * x, x),
                "this is the plain ReLU": zoo(x)["relu"],
            },
        )

    @pytest.mark.points(0.2)
    def test_other_alpha(self, submission):
        """The ELU bends towards −alpha, for the alpha that it is given."""
        x, alpha = torch.tensor([-7.0, -0.5, 0.0, 0.25, 3.0]), 2.5
        assert_tensor(
            submission.activation("elu", x, alpha=alpha),
            zoo(x, alpha=alpha)["elu"],
            what='activation("elu", x, alpha=…)',
            mistakes={
                "the argument alpha is ignored": zoo(x)["elu"],
                "the −1 after the exponential is missing": torch.where(x > 0, x, alpha * torch.exp(x)),
                "alpha scales the whole curve; for positive x the ELU is x itself": alpha * zoo(x)["elu"],
                "alpha belongs before the bracket, not into the exponent": torch.where(
                    x > 0, x, torch.expm1(alpha * x)
                ),
                "alpha multiplies the exponential alone, not the −1": torch.where(x > 0, x, alpha * torch.exp(x) - 1),
            },
        )

    @pytest.mark.points(0.15)
    def test_extreme_values(self, submission):
        """All five are finite far from zero."""
        x = torch.tensor([-1000.0, -100.0, 100.0, 1000.0])
        for name, expected in zoo(x).items():
            result = submission.activation(name, x)
            overflow = "an exponential overflows to infinity, and inf / inf, inf − inf and 0 · inf are NaN"
            cause = if_not_finite(result, overflow)
            assert_tensor(result, expected, what=f'activation("{name}", x)', cause=cause)

    @pytest.mark.points(0.15)
    def test_any_tensor(self, submission):
        """Any shape, memory order and number type is accepted, and the input stays as it was."""
        batch = torch.randn(2, 3, 4, dtype=torch.float64).transpose(0, 2)
        single = torch.tensor(-1.5)
        for x in (batch, single):
            for name, expected in zoo(x).items():
                with unchanged(x, what=f'activation("{name}", x)'):
                    result = submission.activation(name, x)
                assert_tensor(result, expected, what=f'activation("{name}", x)')

    @pytest.mark.points(0.15)
    def test_differentiable(self, submission):
        """Each activation passes its derivative back."""
        values = torch.tensor([-3.0, -0.6, 0.4, 2.0])
        for name in zoo(values):
            x, reference = values.clone().requires_grad_(), values.clone().requires_grad_()
            zoo(reference)[name].sum().backward()
            output = submission.activation(name, x)
            assert_tensor(output, zoo(values)[name], what=f'activation("{name}", x)')
            backward(output, x, what=f'activation("{name}", x)')
            assert_tensor(x.grad, reference.grad, what=f'the derivative of activation("{name}", x)', atol=1e-5)

    @pytest.mark.points(0.15)
    def test_names_outside_the_zoo(self, submission):
        """Names that PyTorch knows but the lecture's zoo does not are refused as well."""
        x = torch.tensor([-1.0, 2.0])
        assert_tensor(submission.activation("tanh", x), torch.tanh(x), what='activation("tanh", x)')
        for name in ("softplus", "selu", "exp", ""):
            assert_raises(
                ValueError,
                submission.activation,
                name,
                x,
                mentions=["sigmoid", "tanh", "relu", "leaky_relu", "elu"],
                what="activation(another_name, x)",
                cause="every name but the five of the zoo raises, and the message lists these five",
            )


@pytest.mark.question("maxout")
@pytest.mark.hints(
    "Compute both linear models for all samples first, then compare them.",
    "`torch.maximum` compares element by element; `max` without an axis gives one number for all.",
)
class TestMaxout:
    @pytest.mark.public
    @pytest.mark.points(0.5)
    def test_larger_of_two(self, submission):
        """Each sample gets the larger of its two linear models."""
        x = torch.tensor([[1.0, 2.0], [3.0, -1.0], [0.0, 0.0]])
        w1, b1 = torch.tensor([1.0, -1.0]), torch.tensor(0.5)
        w2, b2 = torch.tensor([-2.0, 1.0]), torch.tensor(1.0)
        first, second = torch.tensor([-0.5, 4.5, 0.5]), torch.tensor([1.0, -6.0, 1.0])
        result = submission.maxout(x, w1, b1, w2, b2)
        assert_tensor(
            result,
            torch.tensor([1.0, 4.5, 1.0]),
            what="maxout(x, w1, b1, w2, b2)",
            cause=if_several(result, "the maximum along an axis comes as a pair: the values, and their indices"),
            mistakes={
                "the bias b1 was forgotten": torch.tensor([1.0, 4.0, 1.0]),
                "the bias b2 was forgotten": torch.tensor([0.0, 4.5, 0.5]),
                "the sums run over the samples; they must run over the features": torch.tensor([4.5, 2.0]),
                "this is the smaller of the two": torch.tensor([-0.5, -6.0, 0.5]),
                "the biases b1 and b2 were forgotten": torch.tensor([0.0, 4.0, 0.0]),
                "the biases were added after the maximum; each belongs to its own linear model": torch.tensor(
                    [1.5, 5.5, 1.5]
                ),
                "the biases are swapped": torch.tensor([0.5, 5.0, 1.0]),
                "this is the sum of the two": torch.tensor([0.5, -1.5, 1.5]),
                "only the first linear model was used": first,
                "only the second linear model was used": second,
                "this is the largest of the whole batch; every sample has its own maximum": torch.tensor(4.5),
                "this holds both linear models; keep the larger": torch.stack([first, second]),
                "the result is one column, shape (N, 1); it must have the shape (N,)": torch.tensor(
                    [[1.0], [4.5], [1.0]]
                ),
            },
        )

    @pytest.mark.points(0.2)
    def test_as_many_samples_as_features(self, submission):
        """With as many samples as features each still gets its own maximum, and no input is changed."""
        x = torch.randn(5, 5, dtype=torch.float64).T
        w1, w2 = torch.randn(2, 5, dtype=torch.float64)
        b1, b2 = torch.tensor([0.9, -0.4], dtype=torch.float64)
        with unchanged(x, w1, b1, w2, b2, what="maxout"):
            result = submission.maxout(x, w1, b1, w2, b2)
        assert_tensor(
            result,
            torch.maximum(x @ w1 + b1, x @ w2 + b2),
            what="maxout(x, w1, b1, w2, b2)",
            mistakes={
                "this is the smaller of the two": torch.minimum(x @ w1 + b1, x @ w2 + b2),
                "the biases b1 and b2 were forgotten": torch.maximum(x @ w1, x @ w2),
                "the sums run over the samples; they must run over the features": torch.maximum(
                    w1 @ x + b1, w2 @ x + b2
                ),
                "the biases are swapped": torch.maximum(x @ w1 + b2, x @ w2 + b1),
                "the bias b1 was forgotten": torch.maximum(x @ w1, x @ w2 + b2),
                "the bias b2 was forgotten": torch.maximum(x @ w1 + b1, x @ w2),
            },
        )

    @pytest.mark.points(0.15)
    def test_one_sample(self, submission):
        """One sample gives a tensor of shape (1,)."""
        x, w1, w2 = (
            torch.tensor([[2.0, -3.0, 1.0]]),
            torch.tensor([1.0, 1.0, 0.0]),
            torch.tensor([-2.0, 0.0, 1.0]),
        )
        expected = torch.tensor([-0.5])
        assert_tensor(
            submission.maxout(x, w1, torch.tensor(0.5), w2, torch.tensor(-1.0)),
            expected,
            what="maxout(one_sample, w1, b1, w2, b2)",
            mistakes={
                "the batch axis is lost when there is only one sample": expected[0],
                "this is the smaller of the two": torch.tensor([-4.0]),
            },
        )

    @pytest.mark.points(0.15)
    def test_gradient(self, submission):
        """Only the linear model that wins a sample learns from it."""
        x = torch.tensor([[1.0, 2.0], [3.0, -1.0], [-1.0, 1.0]])
        w1, b1 = torch.tensor([1.0, -1.0], requires_grad=True), torch.tensor(0.5, requires_grad=True)
        w2, b2 = torch.tensor([-2.0, 1.0], requires_grad=True), torch.tensor(1.0, requires_grad=True)
        output = submission.maxout(x, w1, b1, w2, b2)
        assert_tensor(output, torch.tensor([1.0, 4.5, 4.0]), what="maxout(x, w1, b1, w2, b2)")
        backward(output, w1, b1, w2, b2, what="maxout(x, w1, b1, w2, b2)")
        assert_tensor(w1.grad, x[1], what="the gradient with respect to w1")
        assert_tensor(w2.grad, x[0] + x[2], what="the gradient with respect to w2")
        assert_tensor(b1.grad, torch.tensor(1.0), what="the gradient with respect to b1")
        assert_tensor(b2.grad, torch.tensor(2.0), what="the gradient with respect to b2")


def forward(x, weights, first=torch.relu, second=torch.relu, third=torch.tanh, fourth=torch.sigmoid):
    """Return a five-layer network's output, with the functions after its first four layers."""
    for weight, function in zip(weights, (first, second, third, fourth), strict=False):
        x = function(x @ weight.T)
    return x @ weights[-1].T


def random_weights(*sizes):
    """Return a weight of shape (out, in) for each pair of neighbouring layer sizes."""
    return [torch.randn(n_out, n_in) for n_in, n_out in itertools.pairwise(sizes)]


def identity(z):
    """Return ``z``: a layer without a nonlinearity."""
    return z


@pytest.mark.question("deep_network")
@pytest.mark.hints(
    "Work from the inside out: W1 meets x first, and each layer's output is the next one's input.",
    "Samples are rows here and the lecture's are columns, so a layer is `x @ W.T`.",
)
class TestDeepNetwork:
    @pytest.mark.public
    @pytest.mark.points(0.5)
    def test_single_neurons(self, submission):
        """Five single neurons with the weights 2, 1, 0.5, 2 and 3 turn 1 into 2.4630 and −1 into 1.5."""
        #  1 → relu 2 → relu 2 → tanh 0.7616 → sigmoid 0.8210 → 2.4630
        # −1 → relu 0 → relu 0 → tanh 0 → sigmoid 0.5 → 1.5
        x = torch.tensor([[1.0], [-1.0]])
        weights = [torch.tensor([[w]]) for w in (2.0, 1.0, 0.5, 2.0, 3.0)]
        assert_tensor(
            submission.deep_network(x, weights),
            torch.tensor([[2.463022], [1.5]]),
            what="deep_network(x, weights)",
            mistakes={
                "sigmoid and tanh are swapped: tanh follows W3, the sigmoid W4": torch.tensor([[2.694189], [2.284782]]),
                "the order is reversed: the formula is read from the inside, from x outwards": torch.tensor(
                    [[2.120455], [0.355925]]
                ),
                "the weights are used in reverse: the first of the list is the innermost": torch.tensor(
                    [[1.460170], [1.0]]
                ),
                "a ReLU is missing: it follows W1 and W2": torch.tensor([[2.463022], [0.536977]]),
                "the tanh after W3 is missing": torch.tensor([[2.642391], [1.5]]),
                "the sigmoid after W4 is missing": torch.tensor([[4.569565], [0.0]]),
                "a sigmoid follows W5 too; the last layer has no activation": torch.tensor([[0.921509], [0.817574]]),
                "the result lost its last axis; it must have the shape (N, K)": torch.tensor([2.463022, 1.5]),
            },
        )

    @pytest.mark.public
    @pytest.mark.points(0.5)
    @pytest.mark.hint("A weight has the shape (out, in): its row j holds the weights of neuron j.")
    def test_layers_of_different_width(self, submission):
        """Layers of different width fit together: weights have the shape (out, in), samples are rows."""
        x = torch.tensor([[1.0, 2.0], [-1.0, 1.0], [0.0, -2.0]])
        weights = [
            torch.tensor([[1.0, 0.0], [-1.0, 1.0], [0.0, 2.0]]),
            torch.tensor([[1.0, -1.0, 0.0], [0.0, -1.0, 1.0]]),
            torch.tensor([[1.0, -1.0], [0.0, 0.5], [-0.5, 0.0]]),
            torch.tensor([[1.0, 2.0, 0.0], [0.0, -1.0, 1.0]]),
            torch.tensor([[1.0, 1.0], [2.0, -1.0]]),
        ]
        expected = torch.tensor([[0.981219, 1.098457], [1.0, 0.5], [1.0, 0.5]])
        assert_tensor(
            submission.deep_network(x, weights),
            expected,
            what="deep_network(x, weights)",
            mistakes={
                "the result is on its side: samples are rows, outputs are columns": expected.T,
                "the ReLU after W1 is missing": torch.tensor([[0.981219, 1.098457], [1.0, 0.5], [1.042228, 1.129555]]),
                "the ReLU after W2 is missing": torch.tensor([[0.981219, 1.098457], [0.957772, -0.129555], [1.0, 0.5]]),
                "the ReLUs after W1 and W2 are missing": torch.tensor(
                    [[0.981219, 1.098457], [0.981921, -0.172177], [0.871950, 0.243901]]
                ),
                "sigmoid and tanh are swapped: tanh follows W3, the sigmoid W4": torch.tensor(
                    [[0.625883, 2.173702], [0.905148, 1.810297], [0.905148, 1.810297]]
                ),
            },
        )

    @pytest.mark.points(0.5)
    def test_square_weights(self, submission):
        """Where all layers are of one width, the weights are still (out, in), and no input is changed."""
        x = torch.randn(4, 4, dtype=torch.float64).T
        weights = list(torch.randn(5, 4, 4, dtype=torch.float64))
        with unchanged(x, *weights, what="deep_network"):
            result = submission.deep_network(x, weights)
        assert_tensor(
            result,
            forward(x, weights),
            what="deep_network(x, weights)",
            mistakes={
                "the weights are transposed: (out, in) means that row j belongs to neuron j": forward(
                    x, [weight.T for weight in weights]
                ),
                "samples and features are mixed up: samples are the rows of x": forward(x.T, weights).T,
                "the weights are used in reverse order": forward(x, weights[::-1]),
                "the ReLU after W1 is missing": forward(x, weights, first=identity),
                "the ReLU after W2 is missing": forward(x, weights, second=identity),
                "the tanh after W3 is missing": forward(x, weights, third=identity),
                "the sigmoid after W4 is missing": forward(x, weights, fourth=identity),
                "sigmoid and tanh are swapped": forward(x, weights, third=torch.sigmoid, fourth=torch.tanh),
                "a sigmoid follows W5 too; the last layer has no activation": torch.sigmoid(forward(x, weights)),
                "a ReLU follows W5 too; the last layer has no activation": torch.relu(forward(x, weights)),
            },
        )

    @pytest.mark.points(0.25)
    def test_one_sample_one_output(self, submission):
        """One sample and one output give the shape (1, 1); the weights may come as a tuple."""
        weights = tuple(random_weights(7, 5, 2, 6, 3, 1))
        x = torch.randn(1, 7)
        expected = forward(x, weights)
        assert_tensor(
            submission.deep_network(x, weights),
            expected,
            what="deep_network(one_sample, weights)",
            mistakes={
                "axes of size 1 were squeezed away; the result has the shape (N, K)": expected.squeeze(),
                "the output axis was squeezed away; the result has the shape (N, K)": expected[:, 0],
            },
        )

    @pytest.mark.points(0.25)
    def test_gradient(self, submission):
        """Gradients reach the weights of all five layers and the input."""
        inputs = [torch.randn(8, 3), *random_weights(3, 6, 6, 4, 5, 2)]
        leaves = [tensor.clone().requires_grad_() for tensor in inputs]
        references = [tensor.clone().requires_grad_() for tensor in inputs]
        expected = forward(references[0], references[1:])
        expected.sum().backward()
        output = submission.deep_network(leaves[0], leaves[1:])
        assert_tensor(output, expected, what="deep_network(x, weights)")
        backward(output, *leaves, what="deep_network(x, weights)")
        for name, leaf, reference in zip(("x", "W1", "W2", "W3", "W4", "W5"), leaves, references, strict=True):
            assert_tensor(leaf.grad, reference.grad, what=f"the gradient with respect to {name}", atol=1e-5)


def sum_of_squares(x):
    """Return the sum of the squares of all elements."""
    return (x * x).sum()


def wavy(x):
    """Return a smooth number of a matrix that depends on all its elements, on each in another way."""
    return (torch.sin(x) * x.flip(0)).sum() + (x[0] ** 3).sum()


def finite_differences(f, x, step=1e-5):
    """Return df/dx by central differences, one element at a time; ``x`` is in double precision."""
    shifts = step * torch.eye(x.numel(), dtype=x.dtype).reshape(-1, *x.shape)
    return torch.stack([(f(x + shift) - f(x - shift)) / (2 * step) for shift in shifts]).reshape(x.shape)


@pytest.mark.question("gradient")
@pytest.mark.hints(
    "Automatic differentiation needs a tensor that requires a gradient; that need not be `x` itself.",
    (
        "`x.detach().clone().requires_grad_()` is a leaf of your own; `torch.autograd.grad` returns the gradient "
        "and adds nothing to `.grad`."
    ),
)
class TestGradient:
    @pytest.mark.public
    @pytest.mark.points(0.25)
    def test_sum_of_squares(self, submission):
        """The gradient of the sum of squares is 2x."""
        f = send_function(submission, sum_of_squares)
        result = submission.gradient(f, torch.tensor([1.0, 2.0, 3.0]))
        assert_tensor(
            result,
            torch.tensor([2.0, 4.0, 6.0]),
            what="gradient(f, x)",
            cause=if_several(result, "`torch.autograd.grad` returns a tuple, an entry for each of its inputs"),
            mistakes={
                "this is f(x), not its derivative": torch.tensor(14.0),
                "this is x itself": torch.tensor([1.0, 2.0, 3.0]),
                "the gradient was added up over x; it has an entry for each of its elements": torch.tensor(12.0),
                "the gradient was computed twice and added up": torch.tensor([4.0, 8.0, 12.0]),
                "the sign: this points downhill": torch.tensor([-2.0, -4.0, -6.0]),
                "this is the gradient divided by its length": torch.tensor([0.2672612, 0.5345225, 0.8017837]),
            },
        )

    @pytest.mark.public
    @pytest.mark.points(0.25)
    def test_x_keeps_its_state(self, submission):
        """`x.requires_grad` and `x.grad` are afterwards what they were before."""
        f = send_function(submission, sum_of_squares)
        expected = torch.tensor([2.0, 4.0, 6.0])
        plain = torch.tensor([1.0, 2.0, 3.0])
        with unchanged(plain, what="gradient(f, x)"):
            result = submission.gradient(f, plain)
        assert_tensor(result, expected, what="gradient(f, x)")

        learning = torch.tensor([1.0, 2.0, 3.0], requires_grad=True)
        learning.grad = torch.full((3,), 7.0)
        with unchanged(learning, what="gradient(f, x)"):
            result = submission.gradient(f, learning)
        assert_tensor(result, expected, what="gradient(f, x), where x.grad holds something already,")

    @pytest.mark.points(0.25)
    def test_finite_differences(self, submission):
        """It agrees with finite differences for a matrix in double precision."""
        f = send_function(submission, wavy)
        x = torch.randn(2, 3, dtype=torch.float64).T
        with unchanged(x, what="gradient(f, x)"):
            result = submission.gradient(f, x)
        assert_tensor(
            result,
            finite_differences(wavy, x),
            what="gradient(f, x)",
        )

    @pytest.mark.points(0.25)
    def test_second_call(self, submission):
        """A second call on the same tensor gives the same gradient."""
        f = send_function(submission, sum_of_squares)
        values = torch.randn(4)
        x = values.clone()
        for call in ("first", "second"):
            with in_place():
                result = submission.gradient(f, x)
            assert_tensor(
                result,
                2 * values,
                what=f"the {call} of two calls of gradient(f, x)",
                mistakes={"gradients add up in `x.grad` from call to call": 4 * values},
            )

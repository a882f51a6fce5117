"""Checks of the exercise `mlp`: the loss, a step, the network, the loops around it, and how well it is trained."""

import math
from functools import cache, partial
from itertools import pairwise

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
    in_place,
    send_function,
    send_loader,
    show_confusion,
    show_curves,
    unchanged,
)
from autograder.datasets import load_dataset

HIDDEN_SEED = 731_905_268

NO_GRADIENT = "`.detach()`, `.data`, `.item()`, NumPy and `no_grad` cut the gradient off"
# Where a comparison of values comes later, or is not wanted, this lets every finite value pass.
ANY = {"atol": math.inf}


def as_float(value, what):
    """Return a number that must be a float; NumPy's floats are welcome too."""
    if isinstance(value, torch.Tensor):
        fail(f"{what} is a tensor; it must be a float.", cause="`.item()` makes a number of it")
    if isinstance(value, bool) or not isinstance(value, float | int | np.number):
        fail(f"{what} must be a float, but it is {'None' if value is None else 'a ' + type(value).__name__}.")
    return float(value)


# --- binary_cross_entropy --------------------------------------------------------------------------------------

CALL = "binary_cross_entropy(y_hat, y)"


def right_losses(y_hat, y, base=math.e):
    """Return the loss of each sample, for probabilities that are neither 0 nor 1."""
    return -(y * y_hat.log() + (1 - y) * (1 - y_hat).log()) / math.log(base)


def loss_mistakes(y_hat, y, base=math.e):
    """Return what the loss gives after each typical mistake: cause → value."""
    right, log = right_losses(y_hat, y, base), math.log(base)
    return {
        "the mean over the samples is returned; wanted is the loss of each": right.mean(),
        "the sum over the samples is returned; wanted is the loss of each": right.sum(),
        "the minus sign is missing": -right,
        "the labels are the wrong way round: log(ŷ) belongs to y = 1": right_losses(y_hat, 1 - y, base),
        "`base` is ignored; the logarithm is natural": right * log,
        "the logarithm has base 10 whatever `base` says": right * log / math.log(10),
        "the natural logarithm is multiplied with log(base); divide by it": right * log * log,
        "the term of y = 0 is missing": -y * y_hat.log() / log,
        "the term of y = 1 is missing": -(1 - y) * (1 - y_hat).log() / log,
        "a sigmoid is applied to ŷ, which is a probability already": right_losses(y_hat.sigmoid(), y, base),
        "this is the squared error, not the cross-entropy": (y - y_hat).square(),
        "the two terms are subtracted; add them": -(y * y_hat.log() - (1 - y) * (1 - y_hat).log()) / log,
        "the shapes (N, 1) and (N,) broadcast to a table of every sample against every label": torch.zeros(
            len(y), len(y)
        ),
    }


@pytest.mark.question("binary_cross_entropy")
@pytest.mark.hints(
    "Write the formula down as it stands, then think of ŷ = 0 and ŷ = 1.",
    "Clamp ŷ by a little on both sides before the logarithm. A logarithm to another base is a division by log(base).",
)
class TestBinaryCrossEntropy:
    @pytest.mark.points(0.5)
    @pytest.mark.public
    def test_lecture_base_10(self, submission):
        """The lecture's losses, in base 10: 2.0000 for y = 1, ŷ = 0.01, and 0.0044 for y = 1, ŷ = 0.99."""
        y_hat, y = torch.tensor([0.01, 0.99]), torch.ones(2)
        assert_tensor(
            submission.binary_cross_entropy(y_hat, y, base=10),
            torch.tensor([2.0, 0.0044]),
            what="binary_cross_entropy(y_hat, y, base=10)",
            atol=5e-5,
            mistakes=partial(loss_mistakes, y_hat, y, 10),
        )

    @pytest.mark.points(0.5)
    @pytest.mark.public
    def test_natural_logarithm(self, submission):
        """Without a base the logarithm is natural, like PyTorch's: 4.6052 and 0.0101, for y = 0 as for y = 1."""
        y_hat, y = torch.tensor([0.01, 0.99, 0.01, 0.99]), torch.tensor([1.0, 1, 0, 0])
        assert_tensor(
            submission.binary_cross_entropy(y_hat, y),
            torch.tensor([4.6052, 0.0101, 0.0101, 4.6052]),
            what=CALL,
            atol=1e-4,
            mistakes=partial(loss_mistakes, y_hat, y),
        )

    @pytest.mark.points(0.25)
    @pytest.mark.public
    def test_inputs(self, submission):
        """The probabilities and the labels stay as they are."""
        y_hat, y = torch.tensor([0.0, 0.3, 1.0]), torch.tensor([0.0, 1, 1])
        with unchanged(y_hat, y, what="binary_cross_entropy"):
            losses = submission.binary_cross_entropy(y_hat, y)
        assert_tensor(losses, torch.tensor([0.0, -math.log(0.3), 0.0]), what=CALL, atol=1e-3)

    @pytest.mark.points(0.75)
    @pytest.mark.hint("What is log(0)? And in float32, is 1 − 1e-12 smaller than 1?")
    def test_certain_predictions(self, submission):
        """Predictions of exactly 0 and 1 have finite losses: near 0 when right, large when wrong."""
        y_hat, y = torch.tensor([0.0, 1, 0, 1]), torch.tensor([0.0, 1, 1, 0])
        for base in (math.e, 10):
            losses = submission.binary_cross_entropy(y_hat, y, base)
            what = "binary_cross_entropy of predictions that are exactly 0 or 1"
            cause = (
                "log(0) is −∞, and 0 · −∞ is NaN: keep ŷ away from both ends, by more than float32 rounds off at 1 "
                "(about 6e-8)"
            )
            assert_tensor(losses, torch.zeros(4), what=what, cause=cause, **ANY)
            right, wrong = losses.detach()[:2], losses.detach()[2:]
            assert_true(
                bool((right.abs() < 1e-3).all()),
                "A certain and right prediction must cost almost nothing.",
                cause="ŷ is moved too far away from 0 and 1",
            )
            assert_true(
                bool((wrong > 9 / math.log(base)).all()),
                "A certain and wrong prediction must cost more than this.",
                cause="ŷ is moved too far away from 0 and 1, or the loss of such samples is replaced by 0",
            )

    @pytest.mark.points(0.5)
    def test_other_values(self, submission):
        """Any number of samples, any base and small probabilities are right, in float64 too."""
        cause = "ŷ is moved too far away from 0 and 1, so that losses of small probabilities are off"
        for n, base, dtype in (
            (1, 2, torch.float32),
            (7, 3.5, torch.float32),
            (50, math.e, torch.float64),
            (50, 10, torch.float64),
        ):
            y_hat = torch.rand(n, dtype=dtype).clamp(0.01, 0.99)
            y_hat[0] = 3e-4
            y = (torch.arange(n) % 3 != 1).to(dtype)
            assert_tensor(
                submission.binary_cross_entropy(y_hat, y, base),
                right_losses(y_hat, y, base),
                what="binary_cross_entropy(y_hat, y, base)",
                rtol=2e-3,
                mistakes=partial(loss_mistakes, y_hat, y, base),
                cause=cause,
            )

    @pytest.mark.points(0.5)
    @pytest.mark.hint("Stay with tensor operations from the input to the output.")
    def test_gradients(self, submission):
        """Gradients flow back to the predictions."""
        y_hat, y = torch.linspace(0.05, 0.95, 10).requires_grad_(), (torch.arange(10) % 2).float()
        losses = submission.binary_cross_entropy(y_hat, y, 2.0)
        assert_tensor(losses, right_losses(y_hat, y, 2.0), what="binary_cross_entropy(y_hat, y, base)")
        assert_true(losses.requires_grad, "The losses cannot be differentiated.", cause=NO_GRADIENT)
        losses.sum().backward()
        if y_hat.grad is None:
            fail("No gradient reaches the predictions.", cause=NO_GRADIENT)
        p = y_hat.detach()
        expected = (p - y) / (p * (1 - p)) / math.log(2)
        assert_tensor(y_hat.grad, expected, what="the gradient of the losses by y_hat", rtol=1e-3)


# --- sgd_step --------------------------------------------------------------------------------------------------


def take_steps(step, values, grads, learning_rate, n_steps, as_generator):
    """Step with parameters of these values and gradients, and return what became of them; on the student's side."""
    parameters = [torch.nn.Parameter(value.clone()) for value in values]
    for parameter, grad in zip(parameters, grads, strict=True):
        parameter.grad = None if grad is None else grad.clone()
    aliases = [parameter.detach() for parameter in parameters]  # these share memory with the parameters
    for _ in range(n_steps):
        returned = step((p for p in parameters) if as_generator else parameters, learning_rate)
    return {
        "values": [parameter.detach().clone() for parameter in parameters],
        "grads": [parameter.grad for parameter in parameters],
        "recorded": any(p.grad_fn is not None or not p.requires_grad for p in parameters),
        "moved": any(a.data_ptr() != p.data_ptr() for a, p in zip(aliases, parameters, strict=True)),
        "gradients are on": torch.is_grad_enabled(),
        "returned None": returned is None,
    }


def after_steps(submission, values, grads, learning_rate, n_steps=1, as_generator=False):
    """Return what `take_steps` tells of a student's function, once it is known to be what it should be."""
    helper = send_function(submission, take_steps)
    with in_place():
        told = helper(submission.sgd_step, values, grads, learning_rate, n_steps, as_generator)
    kinds = (list, list, bool, bool, bool, bool)
    good = type(told) is dict and tuple(map(type, told.values())) == kinds and len(told["values"]) == len(values)
    assert_true(good and len(told["grads"]) == len(values), "What became of the parameters cannot be read.")
    return told


def assert_stepped(submission, values, grads, learning_rate, n_steps=1, as_generator=False, what="the parameters"):
    """Check parameters after steps of gradient descent."""
    told = after_steps(submission, values, grads, learning_rate, n_steps, as_generator)
    for value, grad, new in zip(values, grads, told["values"], strict=True):
        change = torch.zeros_like(value) if grad is None else n_steps * learning_rate * grad
        mistakes = {
            "nothing has changed: `p = p - …` makes a new tensor and leaves the parameter alone": value,
            "the step goes uphill: α∇L is subtracted": value + change,
            "the learning rate is ignored": value - change / learning_rate,
            "the step is divided by the learning rate": value - change / learning_rate**2,
            "the parameter is replaced by the step": -change,
            "only one of several steps has been made": value - change / n_steps,
            "the gradient is averaged before the step": value - change.mean(),
            "only the sign of the gradient is used": value - learning_rate * n_steps * change.sign(),
            "the steps gather speed (momentum); each is to follow its own gradient alone": value - 1.45 * change,
        }
        if grad is None:
            mistakes = {}
        assert_tensor(
            new, value - change, what=f"{what} after the step" + "s" * (n_steps > 1), rtol=1e-5, mistakes=mistakes
        )
    return told


@pytest.mark.question("sgd_step")
@pytest.mark.hints(
    "The new value has to be written into the tensor that is there: `p = …` only makes a new name.",
    "Within `torch.no_grad()`, `p -= learning_rate * p.grad`; skip those whose gradient is None.",
)
class TestSgdStep:
    @pytest.mark.points(0.5)
    @pytest.mark.public
    def test_step(self, submission):
        """θ = (1, −2) with the gradient (3, 4) and α = 0.1 becomes (0.7, −2.4)."""
        values = [torch.tensor([1.0, -2]), torch.tensor([[2.0], [0.5]])]
        assert_stepped(submission, values, [torch.tensor([3.0, 4]), torch.tensor([[-1.0], [2]])], 0.1)

    @pytest.mark.points(0.5)
    @pytest.mark.public
    def test_without_gradient(self, submission):
        """Parameters whose gradient is None stay as they are, and those after them still take their step."""
        values = [torch.tensor([1.0]), torch.tensor([5.0, 6]), torch.tensor([2.0])]
        assert_stepped(submission, values, [None, torch.tensor([1.0, -1]), None], 0.5)

    @pytest.mark.points(0.5)
    @pytest.mark.after("step")
    def test_nothing_recorded(self, submission):
        """The parameters are still the leaves that they were, with the same gradients, and autograd is still on."""
        values, grads = [torch.randn(3, 2), torch.randn(2)], [torch.randn(3, 2), torch.randn(2)]
        told = assert_stepped(submission, values, grads, 0.2)
        cause = "step within `with torch.no_grad():`, and change the parameter itself (`-=`, `sub_`)"
        assert_true(not told["recorded"], "Autograd has recorded the step.", cause=cause)
        assert_true(
            told["gradients are on"], "Autograd is off after the step.", cause="`with torch.no_grad():` ends by itself"
        )
        assert_true(told["returned None"], "sgd_step must return None.", cause="the parameters change in place")
        cause = "the step uses the gradients; making them zero is a step of its own in the training loop"
        for grad, new in zip(grads, told["grads"], strict=True):
            assert_tensor(new, grad, what="a gradient after the step", cause=cause)

    @pytest.mark.points(0.25)
    @pytest.mark.after("step")
    def test_any_iterable(self, submission):
        """The parameters may come from a generator, such as `model.parameters()`."""
        values, grads = (
            [torch.randn(4, 3), torch.randn(()), torch.randn(2, 1, 2)],
            [torch.randn(4, 3), torch.randn(()), None],
        )
        assert_stepped(submission, values, grads, 0.3, as_generator=True)

    @pytest.mark.points(0.25)
    @pytest.mark.after("step")
    def test_several_steps(self, submission):
        """Two steps with the same gradient go twice as far as one: there is no momentum, and no decay."""
        values, grads = [torch.randn(5, 2), torch.randn(3).double()], [torch.randn(5, 2), torch.randn(3).double()]
        assert_stepped(submission, values, grads, 0.05, n_steps=2)


# --- MLP -------------------------------------------------------------------------------------------------------


def new_mlp(submission, call, **arguments):
    """Return a student's network, once it is known to be a module."""
    network = submission.MLP(**arguments)
    assert_has(network, "parameters", "state_dict", "eval", "train", what=call, cause="MLP must be an nn.Module")
    return network


def run(network, x, what, cause=""):
    """Return what a student's module makes of its input; where it raises, say so in the words of this exercise."""
    try:
        return network(x)
    except NotImplementedError:
        raise  # the stub, not the answer
    except (RuntimeError, ValueError, TypeError, IndexError) as error:
        fail(f"{what} raises {type(error).__name__}.", details=str(error), cause=cause)


def assert_logits(logits, shape, what):
    """Check the shape of logits, whose values are free."""
    n = shape[0]
    mistakes = {
        "the last axis is still there: one output a sample has shape (N,), like the labels": torch.zeros(n, 1),
        "all samples give one number": torch.zeros(()),
        "`squeeze()` without saying which axis removes that of a batch of one too": torch.zeros(shape[1:]),
        "out_features is ignored": torch.zeros(n),
    }
    assert_tensor(logits, torch.zeros(shape), what=what, mistakes=mistakes, **ANY)


def parameter_shapes(model):
    """Return the shapes of all parameters, in a fixed order; runs on the student's side."""
    return sorted(list(parameter.shape) for parameter in model.parameters())


def randomise(model, x, seed):
    """Give a network random parameters; return its logits and its linear layers; runs on the student's side.

    How a network is initialised is free: a last layer of zeros, say, would tell nothing about what it does.
    """
    model(x)  # lazy layers have a shape after this
    generator = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for parameter in model.parameters():
            scale = 2 / parameter.shape[-1] ** 0.5 if parameter.dim() > 1 else 0.5
            parameter.copy_(scale * torch.randn(parameter.shape, generator=generator))
        layers = [module for module in model.modules() if isinstance(module, torch.nn.Linear)]
        return model(x), [[layer.weight.clone(), layer.bias.clone()] for layer in layers if layer.bias is not None]


def forward(x, layers, activation=F.relu, last=None):
    """Return the logits of linear layers with an activation between them."""
    x = x.flatten(1)
    for weight, bias in layers[:-1]:
        x = activation(x @ weight.T + bias)
    weight, bias = layers[-1]
    logits = x @ weight.T + bias
    logits = logits if last is None else last(logits)
    return logits[:, 0] if len(bias) == 1 else logits


def check_forward(submission, call, sizes, x, **arguments):
    """Check what a network with random parameters computes; ``sizes`` runs from in_features to out_features."""
    network = new_mlp(submission, call, **arguments)
    network.eval()
    run(network, x, f"{call}(x)", "flatten the input to (N, in_features), and let the sizes follow the arguments")
    told = send_function(submission, randomise)(network, x, 1)
    assert_true(type(told) is tuple and len(told) == 2 and type(told[1]) is list, "The layers cannot be read.")
    logits, found = told
    assert_logits(logits, (len(x),) if sizes[-1] == 1 else (len(x), sizes[-1]), f"{call}(x)")
    layers = []
    for n_in, n_out in pairwise(sizes):
        fitting = [pair for pair in found if isinstance(pair[0], torch.Tensor) and pair[0].shape == (n_out, n_in)]
        cause = (
            "a layer a number in hidden_features, and one more for the output; keep them in the module, not in a list"
        )
        assert_true(
            len(fitting) == 1, f"{call} must have one linear layer with {n_in} inputs and {n_out} outputs.", cause=cause
        )
        layers.append(fitting[0])
    mistakes = {
        "the ReLU between the layers is missing": forward(x, layers, lambda z: z),
        "a ReLU comes after the last layer: a logit may be negative": forward(x, layers, last=F.relu),
        "a sigmoid comes after the last layer; it belongs to the loss, here it would come twice": forward(
            x, layers, last=torch.sigmoid
        ),
        "a tanh comes after the last layer": forward(x, layers, last=torch.tanh),
        "a softmax comes after the last layer": forward(x, layers, last=lambda z: z.softmax(1)),
        "a log-softmax comes after the last layer": forward(x, layers, last=lambda z: z.log_softmax(1)),
        "the activation is a sigmoid, not a ReLU": forward(x, layers, torch.sigmoid),
        "the activation is a tanh, not a ReLU": forward(x, layers, torch.tanh),
        "the activation is a leaky ReLU": forward(x, layers, partial(F.leaky_relu, negative_slope=0.1)),
    }
    assert_tensor(
        logits, forward(x, layers), what=f"{call}(x) in eval mode", rtol=1e-3, atol=1e-4, mistakes=mistakes,
        cause="a ReLU follows each linear layer but the last; nothing else changes the values in eval mode",
    )  # fmt: skip


def find_dropped(model, x):
    """Return which inputs of each linear layer are dropped in train mode, by its number of inputs.

    Weights and inputs are positive, so that no ReLU gives 0. It runs on the student's side.
    """
    model(x)
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.fill_(0.01)
    model.train()
    outputs = model(x)
    model.zero_grad()
    outputs.sum().backward()
    layers = [module for module in model.modules() if isinstance(module, torch.nn.Linear)]
    # The gradient of a weight is its input times what comes back from its output.
    shares = {layer.in_features: float((layer.weight.grad == 0).all(0).float().mean()) for layer in layers}
    return shares, float((outputs == 0).float().mean())


@pytest.mark.question("MLP")
@pytest.mark.hints(
    "List the sizes from input to output; each pair of neighbours is a `Linear`.",
    (
        "`nn.Sequential` or `nn.ModuleList` makes layers known to the module, a plain list does not. No "
        "activation follows the last one."
    ),
)
class TestMLP:
    @pytest.mark.points(0.5)
    @pytest.mark.public
    def test_logits(self, submission):
        """One output a sample has shape (N,), more have shape (N, out_features); images are flattened."""
        for call, arguments, input_shape, shape in (
            ("MLP()", {}, (5, 1, 28, 28), (5,)),
            ("MLP()", {}, (5, 784), (5,)),
            ("MLP(out_features=3)", {"out_features": 3}, (4, 1, 28, 28), (4, 3)),
            ("MLP(in_features=12)", {"in_features": 12}, (6, 3, 2, 2), (6,)),
        ):
            network = new_mlp(submission, call, **arguments)
            what = f"{call} of an input of shape {input_shape}"
            logits = run(network, torch.rand(input_shape), what, "flatten each sample to in_features numbers")
            assert_logits(logits, shape, what)

    @pytest.mark.points(0.5)
    @pytest.mark.public
    def test_layers(self, submission):
        """The lecture's 784-128-64-1 has 108 801 parameters; other hidden_features give other layers."""
        for call, sizes, arguments in (
            ("MLP()", (784, 128, 64, 1), {}),
            (
                "MLP(20, (10, 7, 5), 2)",
                (20, 10, 7, 5, 2),
                {"in_features": 20, "hidden_features": (10, 7, 5), "out_features": 2},
            ),
        ):
            network = new_mlp(submission, call, **arguments)
            shapes = send_function(submission, parameter_shapes)(network)
            expected = sorted([[m, n] for n, m in pairwise(sizes)] + [[m] for m in sizes[1:]])
            assert_equal(
                shapes,
                expected,
                what=f"The list of the shapes of the parameters of {call}",
                cause=(
                    "a linear layer with a bias for each number in hidden_features, and one for the output; layers in "
                    "a plain list are not part of the module: use nn.Sequential or nn.ModuleList"
                ),
            )

    @pytest.mark.points(1)
    @pytest.mark.after("logits")
    @pytest.mark.hint("Linear, ReLU, Linear, ReLU, …, Linear: what comes last?")
    def test_forward(self, submission):
        """A ReLU follows each hidden layer and nothing the last: the logits are what the layers give."""
        for sizes in ((9, 16, 12, 1), (6, 20, 4), (5, 8, 7, 6, 10)):
            arguments = {"in_features": sizes[0], "hidden_features": sizes[1:-1], "out_features": sizes[-1]}
            check_forward(submission, "MLP(…)", sizes, torch.randn(30, sizes[0]), **arguments)

    @pytest.mark.points(0.25)
    @pytest.mark.after("logits")
    def test_no_hidden_layer(self, submission):
        """Without hidden layers it is logistic regression, and one hidden layer is enough too."""
        for hidden in ((), (7,)):
            sizes = (8, *hidden, 1)
            call = f"MLP with hidden_features={hidden}"
            check_forward(submission, call, sizes, torch.randn(20, 2, 2, 2), in_features=8, hidden_features=hidden)

    @pytest.mark.points(0.25)
    @pytest.mark.after("logits")
    def test_batch_of_one(self, submission):
        """A batch of one keeps its axis, and inputs that are not contiguous are read rightly."""
        check_forward(
            submission,
            "MLP(…) of a batch of one",
            (12, 6, 1),
            torch.randn(1, 3, 2, 2),
            in_features=12,
            hidden_features=(6,),
        )
        check_forward(
            submission,
            "MLP(…) of a batch of one",
            (12, 6, 3),
            torch.randn(1, 12),
            in_features=12,
            hidden_features=(6,),
            out_features=3,
        )
        turned = torch.randn(5, 4, 3, 1).permute(0, 3, 1, 2).transpose(2, 3)
        check_forward(
            submission, "MLP(…) of a transposed image", (12, 6, 1), turned, in_features=12, hidden_features=(6,)
        )

    @pytest.mark.points(0.5)
    @pytest.mark.after("logits")
    @pytest.mark.hint("In which mode is dropout active, and what is dropped?")
    def test_dropout(self, submission):
        """In train mode a share `dropout` of each hidden layer is dropped, in eval mode nothing is."""
        call = "MLP with dropout"
        for dropout in (0.3, 0.0):
            arguments = {"in_features": 20, "hidden_features": (900, 700), "out_features": 40, "dropout": dropout}
            network = new_mlp(submission, call, **arguments)
            told = send_function(submission, find_dropped)(network, torch.ones(1, 20))
            good = type(told) is tuple and len(told) == 2 and type(told[0]) is dict and type(told[1]) is float
            assert_true(good and set(told[0]) == {20, 900, 700}, f"The layers of {call} cannot be read.")
            shares, outputs = told
            assert_true(
                shares[20] == 0, "Inputs of the network are dropped.", cause="dropout belongs after each hidden layer"
            )
            assert_true(outputs == 0, "Logits are dropped.", cause="no dropout after the last layer")
            for n_in in (900, 700):
                share = shares[n_in]
                cause = "dropout with probability `dropout` follows the ReLU of each hidden layer"
                if share == 0:
                    cause = "a hidden layer is without dropout, or F.dropout is told that this is no training"
                elif abs(share - 0.7) < 0.1:
                    cause = "`dropout` is the share that is dropped, not the share that is kept"
                elif abs(share - 0.5) < 0.1:
                    cause = "the argument `dropout` is ignored: 0.5 is nn.Dropout's own default"
                elif not dropout:
                    cause = "dropout=0.0 means none at all"
                problem = (
                    f"The share of a hidden layer that is dropped in train mode is not `dropout`, but {share:.2f}."
                )
                assert_true(
                    abs(share - dropout) < (0.1 if dropout else 1e-9),
                    problem,
                    details=f"Expected {dropout}.",
                    cause=cause,
                )
            network.eval()
            x = torch.randn(3, 20)
            first, second = run(network, x, call), run(network, x, call)
            assert_logits(first, (3, 40), f"{call} in eval mode")
            cause = "F.dropout needs `training=self.training`; nn.Dropout knows the mode by itself"
            assert_tensor(second, first.detach(), what=f"{call}, called again in eval mode,", cause=cause)


# --- train_one_epoch -------------------------------------------------------------------------------------------


def small_model(first, second):
    """Return a model with given weights for images of shape (1, 2, 3): linear, ReLU, linear."""
    layers = torch.nn.Linear(6, 4), torch.nn.Linear(4, 1)
    with torch.no_grad():
        for layer, values in zip(layers, (first, second), strict=True):
            layer.weight.copy_(values)
            layer.bias.fill_(0.1)
    return torch.nn.Sequential(torch.nn.Flatten(), layers[0], torch.nn.ReLU(), layers[1], torch.nn.Flatten(0))


def new_optimizer(model, learning_rate, momentum):
    """Return stochastic gradient descent for a model; runs on the student's side."""
    return torch.optim.SGD(model.parameters(), lr=learning_rate, momentum=momentum)


def new_criterion(pos_weight):
    """Return a loss for logits; runs on the student's side."""
    return torch.nn.BCEWithLogitsLoss(pos_weight=torch.tensor(pos_weight))


def reference_epoch(weights, batches, learning_rate, momentum=0.0, pos_weight=1.0, mistake=""):
    """Return the parameters after an epoch as one row, and the mean loss; with one of the typical mistakes, if any."""
    model = small_model(*weights)
    optimizer, criterion = new_optimizer(model, learning_rate, momentum), new_criterion(pos_weight)
    if mistake == "plain":
        optimizer = new_optimizer(model, learning_rate, 0.0)
    if mistake == "criterion":
        criterion = new_criterion(1.0)
    if mistake == "sum":
        criterion = torch.nn.BCEWithLogitsLoss(pos_weight=torch.tensor(pos_weight), reduction="sum")
    losses = []
    for place, (images, labels) in enumerate(batches):
        logits = model(images)
        logits = logits.sigmoid() if mistake == "sigmoid" else logits
        labels = 1 - labels if mistake == "inverted" else labels
        if mistake == "table":
            logits, labels = (x.contiguous() for x in torch.broadcast_tensors(logits[:, None], labels))
        loss = criterion(logits, labels)
        losses.append(loss.item() * len(images))
        if mistake != "add" and not (mistake == "once" and place):
            optimizer.zero_grad()
        (-loss if mistake == "uphill" else loss).backward()
        last = place == len(batches) - 1
        if mistake not in ("still", "end", "drop") or (mistake == "end" and last) or (mistake == "drop" and not last):
            optimizer.step()
        if mistake == "first":
            break
    row = torch.cat([parameter.detach().flatten() for parameter in model.parameters()])
    return row, sum(losses) / sum(len(labels) for _, labels in batches)


STEP_MISTAKES = {
    "the model has not changed: `optimizer.step()` is missing, or the gradients are set to zero before it": "still",
    "`optimizer.zero_grad()` is missing: `backward()` adds to the gradients of the batches before": "add",
    "the gradients are set to zero once an epoch; each batch needs it": "once",
    "the sigmoid is applied twice: the model returns logits, and the criterion applies the sigmoid itself": "sigmoid",
    "logits of shape (N, 1) against labels of shape (N,) make a table of every sample against every label": "table",
    "the gradient is that of the sum of the losses, not of their mean": "sum",
    "the labels are the wrong way round": "inverted",
    "the step goes uphill": "uphill",
    "only one step is made, at the end of the epoch; each batch needs one": "end",
    "only the first batch is used: the loop ends early (`break`, or `return` within the loop)": "first",
    "the last batch is left out": "drop",
    "the optimizer that is given is not used": "plain",
    "the criterion that is given is not used": "criterion",
}


def random_batches(n, batch_size):
    """Return images, labels, and their batches."""
    images, labels = torch.randn(n, 1, 2, 3), (torch.rand(n) < 0.4).float()
    return images, labels, list(zip(images.split(batch_size), labels.split(batch_size), strict=True))


def trained(submission, weights, images, labels, batch_size, learning_rate, momentum=0.0, pos_weight=1.0):
    """Return the parameters of a small model after a student's epoch, as one row, and the loss."""
    model = send_function(submission, small_model)(*weights)
    optimizer = send_function(submission, new_optimizer)(model, learning_rate, momentum)
    criterion = send_function(submission, new_criterion)(pos_weight)
    loader = send_loader(submission, images, labels, batch_size=batch_size)
    loss = submission.train_one_epoch(model, loader, optimizer, criterion)
    state = model.state_dict()
    assert_true(isinstance(state, dict), "The model has no state dict any more.")
    for name, value in small_model(*weights).state_dict().items():
        assert_tensor(state.get(name), value, what="a parameter of the model", cause="the learning went astray", **ANY)
    return torch.cat([state[name].detach().flatten() for name in small_model(*weights).state_dict()]), loss


def assert_golden(submission, n, batch_size, learning_rate, momentum=0.0, pos_weight=1.0):
    """Check the parameters after an epoch against those of the reference."""
    weights = torch.randn(4, 6), torch.randn(1, 4)
    images, labels, batches = random_batches(n, batch_size)
    row, _ = trained(submission, weights, images, labels, batch_size, learning_rate, momentum, pos_weight)
    settings = (weights, batches, learning_rate, momentum, pos_weight)

    def mistakes():
        return {cause: reference_epoch(*settings, mistake)[0] for cause, mistake in STEP_MISTAKES.items()}

    expected, _ = reference_epoch(*settings)
    cause = "for each batch: the loss of the model's logits, zero_grad, backward, step"
    what = "the row of all parameters after an epoch with train_one_epoch"
    assert_tensor(row, expected, what=what, rtol=1e-3, atol=1e-3, mistakes=mistakes, cause=cause)


def assert_mean_loss(submission, n, batch_size):
    """Check the loss that an epoch returns when the learning rate is 0, so that the model stays as it is."""
    weights = torch.randn(4, 6), torch.randn(1, 4)
    images, labels, batches = random_batches(n, batch_size)
    _, loss = trained(submission, weights, images, labels, batch_size, 0.0)
    model = small_model(*weights)
    with torch.no_grad():
        each = [float(F.binary_cross_entropy_with_logits(model(x), y)) for x, y in batches]
        expected = float(F.binary_cross_entropy_with_logits(model(images), labels))
    total = expected * n
    last = each[-1] * len(batches[-1][1])
    assert_equal(
        as_float(loss, "What train_one_epoch returns"),
        expected,
        what="the mean loss that train_one_epoch returns",
        rtol=1e-4,
        atol=1e-6,
        mistakes={
            "the sum of the batches' means is returned; weigh each with its number of samples, and divide by all": sum(
                each
            ),
            "the mean over batches is returned, where a small batch weighs as much as a large one": sum(each)
            / len(each),
            "the sum of the batches' means is divided by the number of samples": sum(each) / n,
            "the sum over samples is returned; divide it by their number": total,
            "the sum over samples is divided by the number of batches": total / len(each),
            "the mean of each batch is weighed with the size of a full batch; the last one is smaller": sum(each)
            * batch_size
            / n,
            "the number of samples is taken as batches · batch size; the last batch is smaller": total
            / (len(each) * batch_size),
            "the last batch is left out": (total - last) / max(n - len(batches[-1][1]), 1),
            "it is the loss of the last batch": each[-1],
            "it is the loss of the first batch": each[0],
        },
    )


def normalising_model(training):
    """Return a model with a batch norm, which counts the batches that it meets in train mode."""
    layers = torch.nn.Flatten(), torch.nn.BatchNorm1d(6), torch.nn.Linear(6, 1), torch.nn.Flatten(0)
    return torch.nn.Sequential(*layers).train(training)


def count_batches(model):
    """Return how many batches the batch norm met in train mode."""
    return int(model[1].num_batches_tracked)


def modes(model):
    """Return whether each module is in train mode."""
    return [module.training for module in model.modules()]


@pytest.mark.question("train_one_epoch")
@pytest.mark.hints(
    "For each batch: clear the gradients, forward, loss, backward, step.",
    "The loss is a mean over the batch: weigh it by the batch's size, as the last batch may be smaller.",
)
class TestTrainOneEpoch:
    @pytest.mark.points(0.75)
    @pytest.mark.public
    @pytest.mark.timeout(20)
    def test_steps(self, submission):
        """Four batches of eight: the model is where four steps of gradient descent lead."""
        assert_golden(submission, 32, 8, 0.5)

    @pytest.mark.points(0.5)
    @pytest.mark.public
    def test_mean_loss(self, submission):
        """It returns the mean loss over the samples, as a float."""
        assert_mean_loss(submission, 24, 6)

    @pytest.mark.points(0.5)
    @pytest.mark.after("mean_loss")
    @pytest.mark.hint("How much does a last batch of three weigh beside batches of eight?")
    def test_last_batch(self, submission):
        """The mean is over samples also where the last batch is smaller, down to a single sample."""
        for n, batch_size in ((19, 8), (9, 4), (3, 5)):
            assert_mean_loss(submission, n, batch_size)

    @pytest.mark.points(0.5)
    @pytest.mark.after("steps")
    def test_train_mode(self, submission):
        """The model is trained in train mode, whatever mode it arrives in, and left in it."""
        images, labels, _ = random_batches(12, 4)
        for training in (True, False):
            model = send_function(submission, normalising_model)(training)
            optimizer = send_function(submission, new_optimizer)(model, 0.1, 0.0)
            criterion = send_function(submission, new_criterion)(1.0)
            submission.train_one_epoch(
                model, send_loader(submission, images, labels, batch_size=4), optimizer, criterion
            )
            cause = "`model.train()` before the loop: the model may come from an evaluation"
            problem = "A batch norm does not meet each batch once in train mode."
            assert_true(send_function(submission, count_batches)(model) == 3, problem, cause=cause)
            left = send_function(submission, modes)(model)
            problem = "The model is not left in train mode."
            assert_true(type(left) is list and all(mode is True for mode in left), problem, cause=cause)

    @pytest.mark.points(0.75)
    @pytest.mark.after("steps")
    def test_given_tools(self, submission):
        """It uses the optimizer and the criterion that it is given, on every batch."""
        assert_golden(submission, 26, 8, 0.2, momentum=0.8)
        assert_golden(submission, 26, 8, 0.3, pos_weight=4.0)
        assert_golden(submission, 5, 8, 1.0)


# --- evaluate --------------------------------------------------------------------------------------------------


def mean_model():
    """Return a model whose logit is the mean of the image; it notes how it is called."""

    class Mean(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.scale = torch.nn.Parameter(torch.ones(()))
            self.modes, self.with_gradients, self.sizes = [], [], []

        def forward(self, images):
            self.modes.append(self.training)
            self.with_gradients.append(torch.is_grad_enabled())
            self.sizes.append(len(images))
            return self.scale * images.flatten(1).mean(1)

    return Mean()


def images_of(logits):
    """Return images whose mean is a given logit, to float32."""
    return logits[:, None, None, None].expand(-1, 1, 2, 2).contiguous()


KEYS = ("accuracy", "balanced_accuracy", "auc")


def metric_mistakes(logits, labels, batch_size):
    """Return, for each key, what evaluate gives after each typical mistake: cause → value."""
    right = classification_metrics(logits, labels)
    high = classification_metrics(logits - 0.5, labels)
    batches = list(zip(logits.split(batch_size), labels.split(batch_size), strict=True))
    parts = [classification_metrics(*batch) for batch in batches]
    predictions = (logits > 0).float()
    tables = logits[labels == 1][:, None] - logits[labels == 0]
    low = "logits are compared with 0.5; the prediction is 1 where the logit is above 0"
    of_batches = "the mean over batches is given; collect all samples first"
    last = "it is that of the last batch alone"
    sizes = [(predictions == label).float() for label in (0, 1)]
    precision = [float((labels[p == 1] == k).float().mean()) for k, p in enumerate(sizes) if p.any()]
    mistakes = {
        key: {
            low: high[key],
            of_batches: sum(part[key] for part in parts) / len(parts),
            last: parts[-1][key],
            "it is a percentage; it is to be a share between 0 and 1": 100 * right[key],
        }
        for key in KEYS
    }
    mistakes["accuracy"] |= {
        "it is the number of right predictions, not their share": right["accuracy"] * len(labels),
        "it is the share of wrong predictions": 1 - right["accuracy"],
        "a logit of exactly 0 is predicted as 1; the prediction is 1 above 0": float(
            ((logits >= 0).float() == labels).float().mean()
        ),
        "shapes (N, 1) and (N,) make a table of every prediction against every label": float(
            (predictions[:, None] == labels).float().mean()
        ),
    }
    mistakes["balanced_accuracy"] |= {
        "it is the plain accuracy; balanced accuracy is the mean of the shares of each class that are found": right[
            "accuracy"
        ],
        "the shares are of the predictions (precision); they are to be of the true classes": sum(precision)
        / max(len(precision), 1),
        "it is the share of class 1 that is found (sensitivity) alone": float(predictions[labels == 1].mean()),
        "it is the share of class 0 that is found (specificity) alone": float(1 - predictions[labels == 0].mean()),
    }
    mistakes["auc"] |= {
        "ties count nothing; half of them count": float((tables > 0).float().mean()),
        "ties count in full; half of them count": float((tables >= 0).float().mean()),
        "it is computed from the predictions 0 and 1; the logits' order is what counts": classification_metrics(
            predictions, labels
        )["auc"],
        "the classes are the wrong way round": 1 - right["auc"],
    }
    return mistakes


def evaluated(submission, model, logits, labels, batch_size):
    """Return the metrics that a student's evaluate finds, as floats."""
    loader = send_loader(submission, images_of(logits), labels, batch_size=batch_size)
    found = submission.evaluate(model, loader)
    if type(found) is not dict:
        fail(
            f"evaluate must return a dict, but it returned {'None' if found is None else 'a ' + type(found).__name__}."
        )
    for key in KEYS:
        assert_true(key in found, f"What evaluate returns has no {key!r}.")
    return {key: as_float(found[key], f"{key!r}") for key in KEYS}


def assert_metrics(submission, logits, labels, batch_size, keys=KEYS):
    """Check the metrics of known logits."""
    found = evaluated(submission, send_function(submission, mean_model)(), logits, labels, batch_size)
    expected = classification_metrics(logits, labels)
    for key in keys:
        mistakes = partial(lambda key: metric_mistakes(logits, labels, batch_size)[key], key)
        what = f"{key!r} of a model whose logits are known"
        assert_equal(found[key], expected[key], what=what, rtol=1e-4, atol=1e-6, mistakes=mistakes)


def unsteady_model(frozen):
    """Return a model with batch norm and dropout in train mode, its first batch norm in eval mode if ``frozen``."""
    layers = [
        torch.nn.Flatten(),
        torch.nn.BatchNorm1d(4),
        torch.nn.Dropout(0.5),
        torch.nn.Linear(4, 1),
        torch.nn.Flatten(0),
    ]
    model = torch.nn.Sequential(*layers).train()
    if frozen:
        model[1].eval()
        model[3].weight.requires_grad_(False)
    return model


def flags(model):
    """Return requires_grad of each parameter and whether it has a gradient."""
    return [[p.requires_grad, p.grad is None] for p in model.parameters()]


@pytest.mark.question("evaluate")
@pytest.mark.hints(
    "Collect logits and labels of all batches first, then count. A probability above ½ is a logit above 0.",
    (
        "AUC is the share of pairs (one of each class) in which the logit of class 1 is larger; ties count half. "
        "Remember each module's mode before `eval()`."
    ),
)
class TestEvaluate:
    @pytest.mark.points(0.75)
    @pytest.mark.public
    def test_metrics(self, submission):
        """Five of eight are right: accuracy 0.625; 3 of 5 and 2 of 3 of each class are found; the AUC is 11/15."""
        logits = torch.tensor([2.0, -1, 0.25, -0.5, -2, -1.5, 0.75, 0.5])
        labels = torch.tensor([1.0, 0, 1, 1, 0, 0, 0, 0])
        assert_metrics(submission, logits, labels, 4)

    @pytest.mark.points(0.5)
    @pytest.mark.public
    @pytest.mark.after("metrics")
    def test_eval_mode(self, submission):
        """The model is called in eval mode and without gradients."""
        model = send_function(submission, mean_model)()
        model.train()
        evaluated(submission, model, torch.linspace(-1, 1, 6), torch.tensor([0.0, 1, 0, 1, 0, 1]), 3)
        for noted, problem, cause in (
            (model.modes, "The model is in train mode during the evaluation.", "`model.eval()` before the loop"),
            (
                model.with_gradients,
                "Gradients are on during the evaluation.",
                "`with torch.no_grad():` around the loop: it needs less memory and time",
            ),
        ):
            assert_true(
                type(noted) is list and len(noted) > 0, "The model was not called.", cause="call the model itself"
            )
            assert_true(not any(noted), problem, cause=cause)

    @pytest.mark.points(0.5)
    @pytest.mark.after("metrics")
    @pytest.mark.hint("How often does a random sample of class 1 have a larger logit than one of class 0?")
    def test_ties_and_imbalance(self, submission):
        """Ties count half in the AUC, and few samples of a class weigh as much as many in the balanced accuracy."""
        logits = torch.tensor([0.0, 0.5, 0.5, -0.5, 1.0, 0.5, -0.5, 0.0, 0.25, -1.0, 0.25, 2.0])
        labels = torch.tensor([0.0, 0, 1, 0, 1, 0, 0, 0, 0, 0, 0, 0])
        assert_metrics(submission, logits, labels, 12)
        assert_metrics(submission, torch.zeros(6), torch.tensor([0.0, 1, 1, 0, 0, 0]), 6)
        # As a model that says "normal" to all, with one in ten ill.
        assert_metrics(submission, -torch.rand(40).round(decimals=1) - 1, (torch.arange(40) % 10 == 3).float(), 40)

    @pytest.mark.points(0.25)
    @pytest.mark.after("metrics")
    def test_one_class(self, submission):
        """Where all samples are of one class, the AUC is NaN and the accuracy is right."""
        for label in (0.0, 1.0):
            logits, labels = torch.tensor([0.5, -1, 2, 0.25, 1]), torch.full((5,), label)
            assert_metrics(submission, logits, labels, 2, keys=("accuracy", "auc"))

    @pytest.mark.points(0.5)
    @pytest.mark.after("metrics")
    def test_batches(self, submission):
        """The metrics do not depend on the batches: small ones, of one class, of a single sample."""
        logits = (2 * torch.randn(31)).round(decimals=1)
        labels = (logits + 2 * torch.randn(31) > 0.5).float()
        labels[:9], labels[-2:] = torch.arange(9).div(8, rounding_mode="floor").float(), torch.tensor([0.0, 1])
        for batch_size in (5, 1, 30):
            found = evaluated(submission, send_function(submission, mean_model)(), logits, labels, batch_size)
            for key, expected in classification_metrics(logits, labels).items():
                cause = "collect logits and labels of all batches first, and only then compute"
                what = f"{key!r} in batches of another size"
                assert_equal(found[key], expected, what=what, rtol=1e-4, atol=1e-6, cause=cause)

    @pytest.mark.points(0.5)
    @pytest.mark.after("metrics")
    @pytest.mark.hint("`model.training` is the mode of the model; each of its modules has one of its own.")
    def test_leaves_no_trace(self, submission):
        """Evaluating twice gives the same, and parameters, buffers and the mode of each module are as they were."""
        logits, labels = torch.randn(24), (torch.arange(24) % 2).float()
        for training, frozen in ((True, False), (False, False), (True, True)):
            model = send_function(submission, unsteady_model)(frozen)
            if not training:
                model.eval()
            before = (
                send_function(submission, modes)(model),
                send_function(submission, flags)(model),
                model.state_dict(),
            )
            first, second = (evaluated(submission, model, logits, labels, 6) for _ in range(2))
            cause = "dropout is active: `model.eval()` is missing"
            assert_equal(second, first, what="What a second evaluation finds", cause=cause)
            after = model.state_dict()
            assert_true(isinstance(after, dict), "The model has no state dict any more.")
            for name, value in before[2].items():
                assert_tensor(
                    after.get(name),
                    value,
                    what="a parameter or buffer of the model",
                    cause="batch norm learns in train mode",
                )
            cause = (
                "remember the mode before `model.eval()`, and go back to it at the end. A part of the model may be in "
                "eval mode while the rest is in train mode: remember it for each of `model.modules()`"
                if frozen
                else "remember `model.training` before `model.eval()`, and go back to it at the end"
            )
            problem = "The model is not left in the mode in which it was."
            assert_true(send_function(submission, modes)(model) == before[0], problem, cause=cause)
            same = send_function(submission, flags)(model) == before[1]
            assert_true(
                same, "Gradients or requires_grad of the parameters changed.", cause="use `with torch.no_grad():`"
            )


# --- regularisation_penalty ------------------------------------------------------------------------------------


def penalised_model():
    """Return linear layers with known weights and biases."""
    model = torch.nn.Sequential(torch.nn.Linear(2, 2), torch.nn.ReLU(), torch.nn.Linear(2, 1))
    for parameter, values in zip(model.parameters(), ([[1.0, -2], [3, 0]], [5.0, 5], [[-4.0, 2]], [7.0]), strict=True):
        parameter.data = torch.tensor(values)
    return model


def convolutional_model(values):
    """Return a convolution, a batch norm and a linear layer whose weights are slices of the given values."""
    model = torch.nn.Sequential(
        torch.nn.Conv2d(1, 2, 3), torch.nn.BatchNorm2d(2), torch.nn.Flatten(), torch.nn.Linear(8, 3)
    )
    model.scale = torch.nn.Parameter(torch.tensor(2.0))
    with torch.no_grad():
        model[0].weight.copy_(values[:18].reshape(2, 1, 3, 3))
        model[3].weight.copy_(values[18:].reshape(3, 8))
    return model


def penalty_gradients(penalty, model, l1, l2):
    """Return the gradients of a penalty by the weights and by the biases, as rows; runs on the student's side."""
    penalty(model, l1, l2).backward()
    grads = [(p.dim() > 1, torch.zeros_like(p) if p.grad is None else p.grad) for p in model.parameters()]
    return [torch.cat([grad.flatten() for is_weight, grad in grads if is_weight is kind]) for kind in (True, False)]


def penalty_mistakes(weights, others, l1, l2):
    """Return what the penalty gives after each typical mistake: cause → value."""
    both = torch.cat([weights, others])

    def right(w, first=l1, second=l2):
        return first * w.abs().sum() + second * w.square().sum()

    return {
        "the biases are penalised too; only parameters with two dimensions or more are weights": right(both),
        "l1 and l2 are swapped": right(weights, l2, l1),
        "l2 is for the sum of the squares, not for its root": l1 * weights.abs().sum() + l2 * weights.norm(),
        "the absolute values are missing: positive and negative weights cancel": l1 * weights.sum()
        + l2 * weights.square().sum(),
        "the means are taken instead of the sums": right(weights) / len(weights),
        "the penalty is halved": right(weights) / 2,
        "l2 is halved": right(weights, l1, l2 / 2),
        "only the biases are penalised": right(others),
        "l1 is ignored": right(weights, 0.0),
        "l2 is ignored": right(weights, l1, 0.0),
        "the minus is wrong: a penalty is positive": -right(weights),
    }


@pytest.mark.question("regularisation_penalty")
@pytest.mark.hints(
    "Which parameters count? Look at their number of dimensions.",
    "Add tensors up, starting from a tensor of zero: `.item()` would cut the gradient off.",
)
class TestRegularisationPenalty:
    @pytest.mark.points(0.5)
    @pytest.mark.public
    def test_small_network(self, submission):
        """Weights 1, −2, 3, 0, −4, 2: Σ|w| = 12 and Σw² = 34; the biases do not count."""
        model = send_function(submission, penalised_model)()
        weights, biases = torch.tensor([1.0, -2, 3, 0, -4, 2]), torch.tensor([5.0, 5, 7])
        for call, l1, l2, expected in (
            ("regularisation_penalty(model, l1=0.5)", 0.5, 0.0, 6.0),
            ("regularisation_penalty(model, l2=0.1)", 0.0, 0.1, 3.4),
            ("regularisation_penalty(model, l1=0.5, l2=0.1)", 0.5, 0.1, 9.4),
            ("regularisation_penalty(model)", 0.0, 0.0, 0.0),
        ):
            mistakes = partial(penalty_mistakes, weights, biases, l1, l2)
            penalty = submission.regularisation_penalty(model, l1=l1, l2=l2)
            assert_tensor(penalty, torch.tensor(expected), what=call, mistakes=mistakes)

    @pytest.mark.points(0.25)
    @pytest.mark.after("small_network")
    def test_other_layers(self, submission):
        """The kernels of a convolution are weights; a batch norm's parameters and single numbers are not."""
        weights = torch.randn(42)
        others = [p.detach().flatten() for p in convolutional_model(weights).parameters() if p.dim() < 2]
        model = send_function(submission, convolutional_model)(weights)
        names = [
            name for name, value in model.state_dict().items() if isinstance(value, torch.Tensor) and value.dim() < 2
        ]
        assert_true(len(names) > 0, "The model has no parameters any more.")
        expected = 0.3 * weights.abs().sum() + 0.7 * weights.square().sum()
        linear = weights[18:]
        mistakes = {
            "parameters with two dimensions only are penalised; the kernels of a convolution have four": (
                0.3 * linear.abs().sum() + 0.7 * linear.square().sum()
            ),
            "parameters are told by their name, but a batch norm's `weight` is none: count the dimensions": (
                expected + 2.0
            ),
            **penalty_mistakes(weights, torch.cat(others), 0.3, 0.7),
        }
        penalty = submission.regularisation_penalty(model, 0.3, 0.7)
        assert_tensor(penalty, expected, what="regularisation_penalty of a convolutional model", mistakes=mistakes)

    @pytest.mark.points(0.25)
    @pytest.mark.after("small_network")
    @pytest.mark.hint("Stay with tensor operations: `.item()` and `.data` have no gradient.")
    def test_differentiable(self, submission):
        """Its gradient is l1·sign(w) + 2·l2·w for the weights and 0 for the biases."""
        model = send_function(submission, penalised_model)()
        told = send_function(submission, penalty_gradients)(submission.regularisation_penalty, model, 0.5, 0.25)
        assert_true(type(told) is list and len(told) == 2, "The gradients cannot be read.")
        weights = torch.tensor([1.0, -2, 3, 0, -4, 2])
        expected = 0.5 * weights.sign() + 0.5 * weights
        assert_tensor(told[0], expected, what="the gradient of the penalty by the weights", cause=NO_GRADIENT)
        assert_tensor(told[1], torch.zeros(3), what="the gradient of the penalty by the biases")


# --- EarlyStopping ---------------------------------------------------------------------------------------------


def assert_stops(submission, losses, answers, bests, what, mistakes=None, **arguments):
    """Check what the steps of an EarlyStopping return, and what is best after each."""
    stopping = submission.EarlyStopping(**arguments)
    assert_has(
        stopping, "step", what=f"EarlyStopping({', '.join(arguments)})", cause="it is a class with a method `step`"
    )
    for place, (loss, answer, best) in enumerate(zip(losses, answers, bests, strict=True)):
        returned = stopping.step(loss)
        if type(returned) is not bool:
            kind = "None" if returned is None else f"a {type(returned).__name__}"
            fail(f"step must return True or False, but it returned {kind}.", cause="a `return` on every path")
        assert_has(stopping, "best", what="An EarlyStopping", cause="keep the best loss in `self.best`")
        found = as_float(stopping.best, "`best`")
        cause = "`best` is the lowest loss that was an improvement; other losses do not change it"
        shown = f"`best` after the losses {losses[: place + 1]}" if mistakes is not None else "`best`"
        assert_equal(found, best, what=f"{shown}{what}", rtol=1e-9, cause=cause)
        if returned is not answer:
            early = "It stops too early" if returned else "It does not stop in time"
            cause = (mistakes or {}).get((place, returned)) or (
                "count the steps in a row without an improvement; after an improvement, count from 0 again"
            )
            fail(f"{early}{what}.", details=f"After the losses {losses[: place + 1]}.", cause=cause)


@pytest.mark.question("EarlyStopping")
@pytest.mark.hints(
    "What has to be remembered from one step to the next? Two things.",
    (
        "An improvement resets the count. NaN is never an improvement: ask whether the loss is below, not whether"
        " it is not above."
    ),
)
class TestEarlyStopping:
    @pytest.mark.points(0.5)
    @pytest.mark.public
    def test_patience(self, submission):
        """With a patience of 2 it stops at the second step in a row without improvement."""
        off_by_one = "with a patience of 2, two steps without improvement are enough, and one is not"
        reset = "the count starts from 0 again after an improvement"
        assert_stops(
            submission,
            [1.0, 0.8, 0.9, 0.7, 0.75, 0.72],
            [False, False, False, False, False, True],
            [1.0, 0.8, 0.8, 0.7, 0.7, 0.7],
            " with a patience of 2",
            mistakes={
                (2, True): off_by_one,
                (4, True): reset,
                (5, False): off_by_one,
                (0, True): "the first loss is an improvement",
            },
            patience=2,
        )

    @pytest.mark.points(0.25)
    def test_min_delta(self, submission):
        """An improvement is a loss below best − min_delta; a smaller change is none, and leaves `best` alone."""
        what = " with a min_delta"
        arguments = {"patience": 3, "min_delta": 0.25}
        losses = [1.0, 0.875, 0.8125, 0.625, 0.5, 0.4375, 0.375]  # the last is exactly best - min_delta: not below it
        answers, bests = [False] * 6 + [True], [1.0] * 3 + [0.625] * 4
        assert_stops(submission, losses, answers, bests, what, **arguments)
        # A sign the wrong way round calls a slightly larger loss an improvement.
        assert_stops(submission, [1.0, 1.125, 1.125], [False, False, True], [1.0] * 3, what, patience=2, min_delta=0.5)

    @pytest.mark.points(0.25)
    def test_equal_losses(self, submission):
        """An equal loss is no improvement, and neither is NaN; each object counts for itself."""
        what = " where the loss stays the same"
        for patience in (1, 4):
            n = patience + 1
            assert_stops(submission, [0.5] * n, [False] * patience + [True], [0.5] * n, what, patience=patience)
        what = " where the loss is NaN"
        losses = [0.5, math.nan, math.nan, 0.25, math.nan, math.nan, math.nan]
        bests = [0.5, 0.5, 0.5, 0.25, 0.25, 0.25, 0.25]
        assert_stops(submission, losses, [False] * 6 + [True], bests, what, patience=3)
        first, second = (submission.EarlyStopping(patience=1) for _ in range(2))
        for stopping in (first, second):
            assert_has(stopping, "step", what="An EarlyStopping")
        first.step(0.1)
        cause = "keep the state in `self.…`, made in `__init__`: what belongs to the class is shared by all objects"
        assert_true(second.step(5.0) is False, "An EarlyStopping knows of the losses of another one.", cause=cause)


# --- fit -------------------------------------------------------------------------------------------------------


def brightness_model():
    """Return a model with one weight a pixel of 4×4, all of them 0; runs on the student's side."""
    linear = torch.nn.Linear(16, 1)
    torch.nn.init.zeros_(linear.weight)
    torch.nn.init.zeros_(linear.bias)
    return torch.nn.Sequential(torch.nn.Flatten(), linear, torch.nn.Flatten(0))


def bright_and_dark(n):
    """Return noisy images of 4×4, bright with label 1 and dark with label 0."""
    labels = torch.arange(n).remainder(2).float()
    return torch.randn(n, 1, 4, 4) + (2 * labels - 1)[:, None, None, None], labels


def fixed_model():
    """Return a model that nothing can train: the logit is the mean of the image."""

    class Fixed(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.weight = torch.nn.Parameter(torch.zeros(1))

        def forward(self, images):
            return images.mean((1, 2, 3)) + 0 * self.weight.sum()

    return Fixed()


def pixel_model(n_pixels):
    """Return a model with a weight a pixel and no bias, all of them 0; runs on the student's side."""
    linear = torch.nn.Linear(n_pixels, 1, bias=False)
    torch.nn.init.zeros_(linear.weight)
    return torch.nn.Sequential(torch.nn.Flatten(), linear, torch.nn.Flatten(0))


def noting_model(n_pixels):
    """Return a model like `pixel_model` that notes, for each batch, which pixels are lit and what is in ``.grad``."""

    class Noting(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.weight = torch.nn.Parameter(torch.zeros(n_pixels))
            self.notes = []
            self.weight.register_post_accumulate_grad_hook(self.note)

        def forward(self, images):
            if torch.is_grad_enabled():
                self.lit = (images.flatten(1) != 0).any(0)
            return images.flatten(1) @ self.weight

        def note(self, parameter):
            self.notes.append([self.lit, parameter.grad.clone()])

    return Noting()


def given_mlp(in_features, hidden_features):
    """Return a network for fit to train; runs on the student's side."""
    from itertools import pairwise

    sizes = (in_features, *hidden_features)
    hidden = [part for n, m in pairwise(sizes) for part in (torch.nn.Linear(n, m), torch.nn.ReLU())]
    return torch.nn.Sequential(torch.nn.Flatten(), *hidden, torch.nn.Linear(sizes[-1], 1), torch.nn.Flatten(0))


def weights_of(model, reference):
    """Return the state dict of a model, once it is known to fit the reference, a model of the same kind."""
    state = model.state_dict()
    assert_true(isinstance(state, dict), "The model has no state dict any more.")
    for name, expected in reference.state_dict().items():
        value = state.get(name)
        # Non-finite values are allowed: what a model is worth then is for the metrics to say.
        value = value.nan_to_num() if isinstance(value, torch.Tensor) and value.is_floating_point() else value
        assert_tensor(value, expected, what="a parameter of the model after training", **ANY)
    return {name: state[name].detach() for name in reference.state_dict()}


LOSSES = {"training": "train_loss", "validation": "val_loss"}


def assert_records(records, epochs):
    """Check that these are the records of so many epochs, and return them."""
    call = f"fit(…, epochs={epochs})"
    if type(records) is not list:
        kind = "None" if records is None else f"a {type(records).__name__}"
        fail(f"{call} must return a list of dicts, but it returned {kind}.", cause="one record an epoch, in a list")
    what = f"the number of records that {call} returns"
    assert_equal(len(records), epochs, what=what, cause="one record for each epoch, none left out, none too many")
    for record in records:
        if type(record) is not dict:
            fail(f"A record of {call} must be a dict, but it is a {type(record).__name__}.")
        for key in ("train_loss", "val_loss", "accuracy"):
            assert_true(key in record, f"A record of {call} has no {key!r}.")
            value = as_float(record[key], f"{key!r}")
            if not math.isfinite(value):
                fail(f"{key!r} is {value}.", cause="the training went astray: is the learning rate too large?")
    return records


def right_records(train, val):
    """Return the record of an epoch with the fixed model, and those of typical mistakes: key → cause → value."""
    (x, y), (v, w) = ((images.mean((1, 2, 3)), labels) for images, labels in (train, val))
    loss = F.binary_cross_entropy_with_logits
    right = {"train_loss": loss(x, y), "val_loss": loss(v, w), "accuracy": ((v > 0) == (w == 1)).float().mean()}
    swapped = "this is of the other images: training and validation are mixed up"
    twice = "the sigmoid is applied twice: the criterion for logits applies it itself"
    total = "it is a sum over the images; it is to be their mean"
    mistakes = {
        "train_loss": {swapped: loss(v, w), twice: loss(x.sigmoid(), y), total: loss(x, y, reduction="sum")},
        "val_loss": {swapped: loss(x, y), twice: loss(v.sigmoid(), w), total: loss(v, w, reduction="sum")},
        "accuracy": {
            swapped: ((x > 0) == (y == 1)).float().mean(),
            "logits are compared with 0.5; the prediction is 1 where the logit is above 0": ((v > 0.5) == (w == 1))
            .float()
            .mean(),
            "it is a percentage; it is to be a share between 0 and 1": 100 * right["accuracy"],
        },
    }
    as_numbers = {key: {cause: float(wrong) for cause, wrong in each.items()} for key, each in mistakes.items()}
    return {key: float(value) for key, value in right.items()}, as_numbers


def moved(submission, learning_rate):
    """Return how far the weights of a model go in an epoch."""
    images, labels = bright_and_dark(40)
    model = send_function(submission, brightness_model)()
    loaders = [send_loader(submission, images, labels, batch_size=8) for _ in range(2)]
    submission.fit(model, *loaders, epochs=1, learning_rate=learning_rate)
    return float(weights_of(model, brightness_model())["1.weight"].abs().max())


SETTINGS = {  # dataset → inputs and hidden layers of the model, batch size, epochs, learning rate
    "rings": (2, (32, 16), 40, 10, 0.02),
    "pneumoniamnist": (784, (128, 64), 64, 5, 3e-3),
}


def rings(n, generator):
    """Return points in the plane, shape (n, 1, 1, 2), of a noisy ring of radius 1 or, with label 1, of radius 2."""
    labels = (torch.arange(n) % 2).float()
    angle = 2 * math.pi * torch.rand(n, generator=generator)
    radius = 1 + labels + 0.3 * torch.randn(n, generator=generator)
    return torch.stack([radius * angle.cos(), radius * angle.sin()], 1)[:, None, None], labels


@cache
def _data(dataset):
    """Return standardised images and labels: of training, of validation, and those that answers are judged by."""
    if dataset == "rings":
        generator = torch.Generator().manual_seed(HIDDEN_SEED)
        return [rings(n, generator) for n in (1000, 200, 2000)]
    train, held_out = load_dataset(dataset, "train"), load_dataset(dataset, "val")
    order = np.random.default_rng(0).permutation(len(train.labels))
    members = [order[train.labels[order] == label] for label in (0, 1)]
    sizes = [round(1000 * len(each) / len(order)) for each in members]  # a thousand in all
    rows = [
        np.concatenate([each[:n] for each, n in zip(members, sizes, strict=True)]),
        np.concatenate([each[n : n + 150] for each, n in zip(members, sizes, strict=True)]),
    ]
    pairs = [(train.images[part], train.labels[part]) for part in rows] + [(held_out.images, held_out.labels)]
    mean, deviation = pairs[0][0].mean(), pairs[0][0].std()
    return [
        (torch.from_numpy((images - mean) / deviation).float()[:, None], torch.from_numpy(labels).float())
        for images, labels in pairs
    ]


def train_given_mlp(submission, dataset, seed):
    """Train the check's network with the student's fit; the weights come back and are evaluated here."""
    in_features, hidden, batch_size, epochs, learning_rate = SETTINGS[dataset]
    train, val, (new_images, new_labels) = _data(dataset)
    model = send_function(submission, given_mlp)(in_features, hidden)
    loaders = (
        send_loader(submission, *train, batch_size=batch_size, shuffle_seed=seed),
        send_loader(submission, *val, batch_size=250),
    )
    submission.fit(model, *loaders, epochs, learning_rate)
    reference = given_mlp(in_features, hidden).eval()
    reference.load_state_dict(weights_of(model, reference))
    with torch.no_grad():
        return classification_metrics(reference(new_images), new_labels)


def majority_class(dataset, _seed):
    """Return the metrics of a model that knows nothing but which class is more frequent."""
    (_, labels), _, (_, new_labels) = _data(dataset)
    return classification_metrics(torch.full(new_labels.shape, float(labels.mean() - 0.5)), new_labels)


def linear_model(dataset, _seed):
    """Return the metrics of logistic regression."""
    in_features, _, batch_size, epochs, learning_rate = SETTINGS[dataset]
    (images, labels), _, (new_images, new_labels) = _data(dataset)
    network = given_mlp(in_features, ())
    optimizer = torch.optim.Adam(network.parameters(), lr=learning_rate)
    for _ in range(epochs):
        for batch in torch.randperm(len(images)).split(batch_size):
            loss = F.binary_cross_entropy_with_logits(network(images[batch]), labels[batch])
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
    with torch.no_grad():
        return classification_metrics(network(new_images), new_labels)


BASELINES = {"majority class": majority_class, "logistic regression": linear_model}
FIT_ON_RINGS = Experiment("fit_on_rings", train_given_mlp, dataset="rings", metric="accuracy", baselines=BASELINES)
# On these images a linear model is as good as an MLP: they show that an answer trains at all.
FIT_ON_PNEUMONIA = Experiment(
    "fit_on_pneumonia",
    train_given_mlp,
    dataset="pneumoniamnist",
    metric="accuracy",
    baselines={"majority class": majority_class},
)


@pytest.mark.question("fit")
@pytest.mark.hints(
    "You have written all the parts: an optimiser, `train_one_epoch` and an evaluation, once an epoch.",
    (
        "The validation loss is a mean over samples, in eval mode and without gradients. If the loss does not "
        "fall, look at the optimiser's parameters and at `zero_grad`."
    ),
)
class TestFit:
    @pytest.mark.points(0.5)
    @pytest.mark.public
    def test_records(self, submission):
        """It returns a record for each epoch: train_loss, val_loss and accuracy, as floats."""
        train = send_loader(submission, *bright_and_dark(12), batch_size=4)
        val = send_loader(submission, *bright_and_dark(8), batch_size=4)
        for epochs in (1, 3):
            model = send_function(submission, brightness_model)()
            assert_records(submission.fit(model, train, val, epochs), epochs)

    @pytest.mark.points(0.5)
    @pytest.mark.public
    @pytest.mark.after("records")
    def test_learns(self, submission):
        """The model that it is given learns to tell bright images from dark ones."""
        train = send_loader(submission, *bright_and_dark(96), batch_size=8)
        val_images, val_labels = bright_and_dark(64)
        model = send_function(submission, brightness_model)()
        records = submission.fit(model, train, send_loader(submission, val_images, val_labels), 10, learning_rate=0.02)
        records = assert_records(records, 10)
        reference = brightness_model()
        state = weights_of(model, reference)
        if not bool(state["1.weight"].any()):
            cause = (
                "`optimizer.step()` is missing, the gradients are set to zero before the step, the optimiser has the "
                "parameters of another model, or a copy was trained"
            )
            fail("The model is as it was before.", cause=cause)
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
        means = torch.tensor([0.5, -0.5, 1.0, 0.25, -0.75, 0.5, -0.25, 0.05])
        train = images_of(means), torch.tensor([1.0, 0, 1, 0, 0, 1, 1, 0])
        val = images_of(torch.tensor([0.75, 0.1, -0.5, -1.0])), torch.tensor([1.0, 1, 1, 0])
        loaders = [send_loader(submission, *part, batch_size=4) for part in (train, val)]
        (record,) = assert_records(submission.fit(send_function(submission, fixed_model)(), *loaders, 1), 1)
        expected, mistakes = right_records(train, val)
        for key, value in expected.items():
            what = f"{key!r} in the record of a model whose logits are known"
            assert_equal(float(record[key]), value, what=what, rtol=1e-4, atol=1e-6, mistakes=mistakes[key])

    @pytest.mark.points(0.25)
    @pytest.mark.after("records")
    def test_modes(self, submission):
        """Every epoch trains in train mode, and validates in eval mode without gradients."""
        images, labels, _ = random_batches(12, 4)
        # Batches of 4 to train with, of 3 to validate with: the model notes which it gets.
        train, val = (send_loader(submission, images, labels, batch_size=size) for size in (4, 3))
        for training in (True, False):
            model = send_function(submission, mean_model)()
            model.train(training)
            assert_records(submission.fit(model, train, val, 3), 3)
            noted = model.sizes, model.modes, model.with_gradients
            good = all(type(each) is list for each in noted) and len(set(map(len, noted))) == 1
            assert_true(good, "The model has lost its notes of how it was called.")
            calls = list(zip(*noted, strict=True))
            n_steps = sum(size == 4 and with_gradients is True for size, _, with_gradients in calls)
            assert_true(n_steps >= 9, "The model is not called with gradients for each training batch of each epoch.")
            for size, mode, with_gradients in calls:
                if size == 4 and with_gradients is True:
                    cause = "`model.train()` before the training images, in each epoch: validation needs `model.eval()`"
                    assert_true(mode is True, "The model is trained in eval mode.", cause=cause)
                if size == 3:
                    cause = "`model.eval()` before the validation images, in each epoch"
                    assert_true(mode is False, "The model is validated in train mode.", cause=cause)
                    cause = "put validation under `with torch.no_grad():`: it needs less memory and time"
                    assert_true(with_gradients is False, "Gradients are on during the validation.", cause=cause)

    @pytest.mark.points(0.5)
    @pytest.mark.after("records")
    def test_validation_images(self, submission):
        """Every training image is learnt from, and no validation image is."""
        # Each image has a bright pixel of its own, and the last pixel follows the label in all of them.
        labels = torch.tensor([1.0, 0, 0, 1, 1, 1, 0, 1, 0, 0, 1, 0, 1, 0, 0, 1, 1, 0])
        images = torch.cat([torch.eye(18), 0.5 * (2 * labels - 1)[:, None]], 1)[:, None, None]
        train = send_loader(submission, images[:12], labels[:12], batch_size=4)
        val = send_loader(submission, images[12:], labels[12:], batch_size=4)
        model = send_function(submission, pixel_model)(19)
        assert_records(submission.fit(model, train, val, 3, 0.02), 3)
        weight = weights_of(model, pixel_model(19))["1.weight"][0]
        cause = "`backward` and `step` belong to the loop over train_loader alone"
        assert_true(not bool(weight[12:18].any()), "The model was trained on validation images.", cause=cause)
        cause = "a batch is left out, the labels are mixed up among the images, or the step goes uphill"
        wrong = int((weight[:12].sign() != 2 * labels[:12] - 1).sum())
        assert_true(wrong == 0, f"The model has not learnt the label of {wrong} training images.", cause=cause)

    @pytest.mark.points(0.5)
    @pytest.mark.after("records")
    def test_learning_rate(self, submission):
        """The learning rate is used: with a thousandth of it, the weights go much less far."""
        fast, slow = moved(submission, 0.02), moved(submission, 0.00002)
        assert_true(
            fast > 0 and slow < 0.1 * fast,
            "The weights go as far whatever learning_rate says.",
            cause="hand `learning_rate` to the optimiser",
        )

    @pytest.mark.points(0.25)
    @pytest.mark.after("records")
    def test_fresh_gradients(self, submission):
        """Each step follows the gradient of its own batch."""
        images, labels = torch.eye(12)[:, None, None], (torch.arange(12) % 2).float()
        train, val = (send_loader(submission, images, labels, batch_size=size) for size in (4, 12))
        model = send_function(submission, noting_model)(12)
        assert_records(submission.fit(model, train, val, 2), 2)
        notes = model.notes  # none where gradients are asked for with torch.autograd.grad, which adds nothing up
        assert_true(type(notes) is list, "The model has lost its notes.")
        for note in notes:
            assert_true(type(note) is list and len(note) == 2, "The model has lost its notes.")
            lit, grad = note
            assert_tensor(lit, torch.ones(12, dtype=torch.bool), what="a note of the model", **ANY)
            assert_tensor(grad, torch.zeros(12), what="the gradient of a batch", **ANY)
            # A penalty on the weights is in every batch's gradient, but it is small.
            fresh = not lit.any() or bool(grad[~lit].abs().sum() <= 0.3 * grad[lit].abs().sum())
            cause = "`backward()` adds to `.grad`: `optimizer.zero_grad()` is missing, or is not done for each batch"
            assert_true(fresh, "The gradient of a batch still holds those of batches before it.", cause=cause)

    @pytest.mark.points(1)
    @pytest.mark.timeout(30)
    @pytest.mark.after(
        "records", "learns", "true_records", "modes", "validation_images", "learning_rate", "fresh_gradients"
    )
    @pytest.mark.hint("Train a small MLP on the rings of the lesson and look at the learning curves.")
    def test_beats_a_line(self, submission):
        """In ten epochs it brings a small MLP far above what logistic regression reaches on two rings."""
        FIT_ON_RINGS.check(
            submission,
            what="The accuracy of the MLP that fit trained, on points that it has never met,",
            cause=(
                "ten epochs with a learning rate of 0.02 are plenty for Adam; plain gradient descent is slower, and a "
                "penalty or a decay of the learning rate that is too strong keeps the network from learning"
            ),
        )

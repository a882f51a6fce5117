"""Hidden checks of `MLP`: its values for known weights, and dropout."""

from functools import partial
from itertools import pairwise

import pytest
import torch
import torch.nn.functional as F

from autograder.checking import assert_tensor, assert_true, phrase, send_function

from ...shared.public.outputs import run
from ..public.networks import assert_logits, new_mlp


def randomise(model, x, seed):
    """Give a network random parameters; return its logits and its linear layers; runs on the student's side.

    Students may initialise a network as they like, and a last layer of zeros, for example, would hide what it does.
    """
    model(x)  # gives lazy layers their shapes
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
    output = phrase("{call}(x)", call=call)
    run(network, x, output, "flatten the input to (N, in_features), and take the sizes from the arguments")
    reply = send_function(submission, randomise)(network, x, 1)
    assert_true(type(reply) is tuple and len(reply) == 2 and type(reply[1]) is list, "The layers cannot be read.")
    logits, found = reply
    assert_logits(logits, (len(x),) if sizes[-1] == 1 else (len(x), sizes[-1]), output)
    layers = []
    for n_in, n_out in pairwise(sizes):
        fitting = [pair for pair in found if isinstance(pair[0], torch.Tensor) and pair[0].shape == (n_out, n_in)]
        cause = "one layer per entry of hidden_features, plus one for the output; register them, not in a plain list"
        problem = phrase("{call} does not have exactly the linear layers that its sizes ask for.", call=call)
        details = f"There must be one with {n_in} inputs and {n_out} outputs."
        assert_true(len(fitting) == 1, problem, details=details, cause=cause)
        layers.append(fitting[0])
    mistakes = {
        "the ReLU between the layers is missing": forward(x, layers, lambda z: z),
        "a ReLU follows the last layer: a logit may be negative": forward(x, layers, last=F.relu),
        "a sigmoid follows the last layer; it belongs in the loss": forward(x, layers, last=torch.sigmoid),
        "a tanh follows the last layer": forward(x, layers, last=torch.tanh),
        "a softmax follows the last layer": forward(x, layers, last=lambda z: z.softmax(1)),
        "a log-softmax follows the last layer": forward(x, layers, last=lambda z: z.log_softmax(1)),
        "the activation is a sigmoid, not a ReLU": forward(x, layers, torch.sigmoid),
        "the activation is a tanh, not a ReLU": forward(x, layers, torch.tanh),
        "the activation is a leaky ReLU": forward(x, layers, partial(F.leaky_relu, negative_slope=0.1)),
    }
    what = phrase("{output} in eval mode", output=output)
    assert_tensor(
        logits, forward(x, layers), what=what, rtol=1e-3, atol=1e-4, mistakes=mistakes,
        cause="a ReLU follows each linear layer but the last; nothing else changes the values in eval mode",
    )  # fmt: skip


def find_dropped(model, x):
    """Return the share of dropped inputs of each linear layer in train mode, by layer size, and that of dropped logits.

    Weights and inputs are positive, so no ReLU gives 0. Runs on the student's side.
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
    # The gradient of a weight is its input times the gradient of its output.
    shares = {layer.in_features: float((layer.weight.grad == 0).all(0).float().mean()) for layer in layers}
    return shares, float((outputs == 0).float().mean())


@pytest.mark.points(1)
@pytest.mark.after("logits")
@pytest.mark.hint("Linear, ReLU, Linear, ReLU, …, Linear: what comes last?")
def test_forward(submission):
    """A ReLU follows each hidden layer and nothing follows the last: the logits are correct."""
    for sizes in ((9, 16, 12, 1), (6, 20, 4), (5, 8, 7, 6, 10)):
        arguments = {"in_features": sizes[0], "hidden_features": sizes[1:-1], "out_features": sizes[-1]}
        check_forward(submission, "MLP(…)", sizes, torch.randn(30, sizes[0]), **arguments)


@pytest.mark.points(0.25)
@pytest.mark.after("logits")
def test_no_hidden_layer(submission):
    """Without hidden layers the network is logistic regression; a single hidden layer works too."""
    for call, hidden in (("MLP without hidden layers", ()), ("MLP with one hidden layer", (7,))):
        sizes = (8, *hidden, 1)
        check_forward(submission, call, sizes, torch.randn(20, 2, 2, 2), in_features=8, hidden_features=hidden)


@pytest.mark.points(0.25)
@pytest.mark.after("logits")
def test_batch_of_one(submission):
    """A batch of one keeps its axis, and non-contiguous inputs are read correctly."""
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
    check_forward(submission, "MLP(…) of a transposed image", (12, 6, 1), turned, in_features=12, hidden_features=(6,))


@pytest.mark.points(0.5)
@pytest.mark.after("logits")
@pytest.mark.hint("In which mode is dropout active, and what does it drop?")
def test_dropout(submission):
    """In train mode a share `dropout` of each hidden layer is dropped; in eval mode nothing is."""
    call = "MLP with dropout"
    for dropout in (0.3, 0.0):
        arguments = {"in_features": 20, "hidden_features": (900, 700), "out_features": 40, "dropout": dropout}
        network = new_mlp(submission, call, **arguments)
        reply = send_function(submission, find_dropped)(network, torch.ones(1, 20))
        good = type(reply) is tuple and len(reply) == 2 and type(reply[0]) is dict and type(reply[1]) is float
        assert_true(good and set(reply[0]) == {20, 900, 700}, "The layers of MLP with dropout cannot be read.")
        shares, outputs = reply
        assert_true(
            shares[20] == 0, "Inputs of the network are dropped.", cause="dropout belongs after each hidden layer"
        )
        assert_true(outputs == 0, "Logits are dropped.", cause="no dropout after the last layer")
        for n_in in (900, 700):
            share = shares[n_in]
            cause = "dropout with probability `dropout` follows the ReLU of each hidden layer"
            if share == 0:
                cause = "a hidden layer has no dropout, or F.dropout is called with training=False"
            elif abs(share - 0.7) < 0.1:
                cause = "`dropout` is the share that is dropped, not the share that is kept"
            elif abs(share - 0.5) < 0.1:
                cause = "the argument `dropout` is ignored: 0.5 is nn.Dropout's own default"
            elif not dropout:
                cause = "dropout=0.0 means no dropout"
            problem = "The share of a hidden layer that is dropped in train mode is not `dropout`."
            details = f"Expected {dropout}, got {share:.2f}."
            assert_true(abs(share - dropout) < (0.1 if dropout else 1e-9), problem, details=details, cause=cause)
        network.eval()
        x = torch.randn(3, 20)
        first, second = run(network, x, call), run(network, x, call)
        assert_logits(first, (3, 40), "MLP with dropout in eval mode")
        cause = "F.dropout needs `training=self.training`; nn.Dropout follows the mode automatically"
        what = "MLP with dropout, called again in eval mode,"
        assert_tensor(second, first.detach(), what=what, cause=cause)

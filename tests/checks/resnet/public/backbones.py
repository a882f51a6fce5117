"""A student's adapt_resnet18, with known weights."""

import math
from functools import cache

import torch
from torch import nn
from torchvision.models import resnet18

from autograder.checking import assert_equal, assert_has, assert_tensor, fail, phrase

from ...shared.public.outputs import run
from .networks import assert_logits
from .state_dicts import tensors_of

NEW_CONVOLUTION = "the new first convolution is 7×7 with 64 kernels, stride 2 and padding 3, like the old one"


@cache
def backbone_weights():
    """Return a state dict of torchvision's resnet18 with random values, including its running statistics."""
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
    """Return a student's model in evaluation mode; fail unless it is a module."""
    model = submission.adapt_resnet18(**arguments)
    assert_has(model, "state_dict", "parameters", "eval", what=call, cause="adapt_resnet18 must return an nn.Module")
    model.eval()
    return model


def new_layers(model, call, n_outputs, in_channels):
    """Return the weight of the first convolution, and weight and bias of the last layer, whatever their names."""
    values = list(tensors_of(model, call).values())
    convolutions = [value for value in values if value.dim() == 4 and tuple(value.shape[2:]) == (7, 7)]
    what = phrase("the number of 7×7 convolutions of {call}", call=call)
    assert_equal(len(convolutions), 1, what=what, cause=NEW_CONVOLUTION)
    cause = "the first convolution takes in_channels channels and returns 64"
    kernel = torch.zeros(64, in_channels, 7, 7)
    what = phrase("the weight of the 7×7 convolution of {call}", call=call)
    assert_tensor(convolutions[0], kernel, what=what, atol=math.inf, cause=cause)
    linear = [value for value in values if value.dim() == 2]
    cause = "replace the old last layer, with 1 000 outputs, by a new one with 512 inputs and n_outputs"
    assert_equal(len(linear), 1, what=phrase("the number of linear layers of {call}", call=call), cause=cause)
    weight = torch.zeros(n_outputs, 512)
    what = phrase("the weight of the last layer of {call}", call=call)
    assert_tensor(linear[0], weight, what=what, atol=math.inf, cause=cause)
    biases = [value for value in values if value.dim() == 1 and len(value) == n_outputs]
    return convolutions[0], linear[0], biases[0] if biases else torch.zeros(n_outputs)


def expected_logits(convolution, weight, bias, images, stride=2, padding=3):
    """Return the output of resnet18 with the known backbone and these two layers, in evaluation mode."""
    with torch.device("meta"):
        reference = resnet18()
    state = {**backbone_weights(), "conv1.weight": convolution, "fc.weight": weight, "fc.bias": bias}
    # Shapes differ from the original, so the tensors are assigned, not copied.
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
    assert_weights_kept(model, call)
    images = torch.randn(3, in_channels, 48, 64)
    what = phrase("{call}(images)", call=call)
    with torch.no_grad():
        logits = run(model, images, what)
    expected = expected_logits(*layers, images)
    assert_logits(logits, tuple(expected.shape), what)

    def mistakes():
        return {
            "a sigmoid follows the last layer; it belongs in the loss": expected.sigmoid(),
            "a ReLU follows the last layer: no logit can be negative": expected.relu(),
            phrase("the stride is forgotten: {new}", new=NEW_CONVOLUTION): expected_logits(*layers, images, stride=1),
            phrase("the padding is forgotten: {new}", new=NEW_CONVOLUTION): expected_logits(*layers, images, padding=0),
        }

    cause = phrase("{new}, without a bias, and all other layers are used as before", new=NEW_CONVOLUTION)
    close = {"rtol": 1e-3, "atol": 1e-3 * float(expected.std())}
    assert_tensor(logits, expected, what=what, mistakes=mistakes, cause=cause, **close)


def assert_weights_kept(model, call):
    """Check that the state dict holds all known weights except those of the two new layers."""
    values = list(tensors_of(model, call).values())
    missing = [
        name
        for name, weight in backbone_weights().items()
        if not name.startswith(("conv1.", "fc.")) and not name.endswith("num_batches_tracked")
        if not any(value.shape == weight.shape and torch.equal(value, weight) for value in values)
    ]
    if missing:
        statistics = all(name.endswith(("running_mean", "running_var")) for name in missing)
        problem = phrase("{call} does not keep the weights of all layers that must stay.", call=call)
        cause = (
            "the running statistics of the batch norms are part of the state dict and must be kept too"
            if statistics
            else "`load_state_dict` is not called, its error is swallowed, or layers are replaced after it"
        )
        fail(problem, details=f"It changes {len(missing)}; the first one is {missing[0]}.", cause=cause)

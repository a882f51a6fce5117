"""Hidden checks of `count_parameters`: shared parameters and nested modules."""

import pytest
import torch

from autograder.checking import assert_equal, send_function


def tied_network():
    """Return an encoder and a decoder with shared weights; the bias of the decoder is frozen."""
    encoder, decoder = torch.nn.Linear(6, 6), torch.nn.Linear(6, 6)
    decoder.weight = encoder.weight
    decoder.bias.requires_grad_(False)
    return torch.nn.Sequential(encoder, decoder, encoder)


def deep_network():
    """Return nested modules with buffers, a parameter that is a single number, and frozen parameters."""
    inner = torch.nn.Sequential(torch.nn.Conv2d(2, 4, (1, 3), bias=False), torch.nn.BatchNorm2d(4))
    outer = torch.nn.ModuleDict({"inner": torch.nn.ModuleList([inner]), "head": torch.nn.Linear(5, 3)})
    outer.temperature = torch.nn.Parameter(torch.tensor(1.0))
    outer.register_buffer("mean", torch.zeros(100))
    inner[1].requires_grad_(False)
    return outer


def torch_relu():
    """Return a module without parameters."""
    return torch.nn.ReLU()


@pytest.mark.points(0.25)
def test_shared(submission):
    """A parameter used in several places counts once."""
    network = send_function(submission, tied_network)()
    cause = "a parameter with several names is counted several times; `module.parameters()` yields each only once"
    result = submission.count_parameters(network)
    assert_equal(result, 42, what="count_parameters of layers with shared weights", cause=cause)
    what = "count_parameters of layers with shared weights, frozen ones included,"
    assert_equal(submission.count_parameters(network, trainable_only=False), 48, what=what, cause=cause)


@pytest.mark.points(0.25)
def test_nested(submission):
    """Parameters of nested modules count; buffers do not."""
    network = send_function(submission, deep_network)()
    for trainable_only, expected in ((True, 24 + 18 + 1), (False, 24 + 8 + 18 + 1)):
        result = submission.count_parameters(network, trainable_only)
        mistakes = {
            "buffers are counted, but gradient descent does not learn a running mean": expected + 109,
            "a parameter that is a single number (shape ()) is missing": expected - 1,
            "only the module and its direct children are counted, not deeper modules": 19,
            "only the module's own parameters are counted, not those of its submodules": 1,
        }
        assert_equal(result, expected, what="count_parameters of nested modules", mistakes=mistakes)
    empty = send_function(submission, torch_relu)()
    assert_equal(submission.count_parameters(empty), 0, what="count_parameters of a module without parameters")

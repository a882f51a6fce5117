"""Public checks of `count_parameters`: networks whose counts are known, and frozen parameters."""

import pytest
import torch

from autograder.checking import assert_equal, send_function

pytestmark = pytest.mark.hints(
    "`module.parameters()` lists them all, each only once.",
    "`numel()` counts the elements of a tensor; `requires_grad` says whether it is learnt.",
)


def small_network():
    """Return the network 784-128-64-1 of the lecture; runs on the student's side."""
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


@pytest.mark.points(0.25)
def test_known_networks(submission):
    """The count of a fully connected network is that of the formula."""
    network = send_function(submission, small_network)()
    expected = 785 * 128 + 129 * 64 + 65
    result = submission.count_parameters(network)
    mistakes = {
        "tensors are counted, not their elements: use `p.numel()`": 6,
        "the biases are missing: they are learnt too": 784 * 128 + 128 * 64 + 64,
        "`len(p)` counts the first axis only": 2 * (128 + 64 + 1),
        "the result is a float; a count is an int": float(expected),
    }
    assert_equal(result, expected, what="count_parameters of the linear layers 784-128-64-1", mistakes=mistakes)


@pytest.mark.points(0.25)
def test_frozen(submission):
    """Frozen parameters are left out unless trainable_only is False; counting does not freeze or unfreeze any."""
    network = send_function(submission, half_frozen)()
    trains, frozen = 28 * 8, 11 * 4
    for call, arguments, expected in (
        ("count_parameters(module)", (), trains),
        ("count_parameters(module, trainable_only=True)", (True,), trains),
        ("count_parameters(module, trainable_only=False)", (False,), trains + frozen),
    ):
        result = submission.count_parameters(network, *arguments)
        mistakes = {
            "frozen parameters (`requires_grad` is False) count too": trains + frozen,
            "`trainable_only=False` asks for all parameters, the frozen ones too": trains,
            "only the frozen parameters are counted": frozen,
        }
        assert_equal(result, expected, what=f"{call}, where a linear layer is frozen,", mistakes=mistakes)
        result = send_function(submission, which_train)(network)
        what = "requires_grad of the parameters, after counting,"
        assert_equal(result, [True, True, False, False], what=what, cause="counting must not change the module")

"""A network of five layers: single neurons, and layers of different width."""

import pytest
import torch

from autograder.checking import assert_tensor

pytestmark = pytest.mark.hints(
    "Work from the inside out: W1 meets x first, and each layer's output is the next one's input.",
    "Samples are rows here but columns in the lecture, so a layer is `x @ W.T`.",
)


@pytest.mark.points(0.5)
def test_single_neurons(submission):
    """Five single neurons with the weights 2, 1, 0.5, 2 and 3 turn 1 into 2.4630 and −1 into 1.5."""
    #  1 → relu 2 → relu 2 → tanh 0.7616 → sigmoid 0.8210 → 2.4630
    # −1 → relu 0 → relu 0 → tanh 0 → sigmoid 0.5 → 1.5
    x = torch.tensor([[1.0], [-1.0]])
    weights = [torch.tensor([[w]]) for w in (2.0, 1.0, 0.5, 2.0, 3.0)]
    result = submission.deep_network(x, weights)
    mistakes = {
        "sigmoid and tanh are swapped: tanh follows W3, the sigmoid W4": torch.tensor([[2.694189], [2.284782]]),
        "the order is reversed: read the formula from the inside out": torch.tensor([[2.120455], [0.355925]]),
        "the weights are used in reverse: the first is the innermost": torch.tensor([[1.460170], [1.0]]),
        "a ReLU is missing: it follows W1 and W2": torch.tensor([[2.463022], [0.536977]]),
        "the tanh after W3 is missing": torch.tensor([[2.642391], [1.5]]),
        "the sigmoid after W4 is missing": torch.tensor([[4.569565], [0.0]]),
        "a sigmoid follows W5 too; the last layer has no activation": torch.tensor([[0.921509], [0.817574]]),
        "the result lost its last axis; it must have the shape (N, K)": torch.tensor([2.463022, 1.5]),
    }
    assert_tensor(result, torch.tensor([[2.463022], [1.5]]), what="deep_network(x, weights)", mistakes=mistakes)


@pytest.mark.points(0.5)
@pytest.mark.hint("A weight has the shape (out, in): its row j holds the weights of neuron j.")
def test_layers_of_different_width(submission):
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
    mistakes = {
        "the result is transposed: samples are rows, outputs are columns": expected.T,
        "the ReLU after W1 is missing": torch.tensor([[0.981219, 1.098457], [1.0, 0.5], [1.042228, 1.129555]]),
        "the ReLU after W2 is missing": torch.tensor([[0.981219, 1.098457], [0.957772, -0.129555], [1.0, 0.5]]),
        "the ReLUs after W1 and W2 are missing": torch.tensor(
            [[0.981219, 1.098457], [0.981921, -0.172177], [0.871950, 0.243901]]
        ),
        "sigmoid and tanh are swapped: tanh follows W3, the sigmoid W4": torch.tensor(
            [[0.625883, 2.173702], [0.905148, 1.810297], [0.905148, 1.810297]]
        ),
    }
    assert_tensor(submission.deep_network(x, weights), expected, what="deep_network(x, weights)", mistakes=mistakes)

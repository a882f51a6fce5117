"""A network of five layers: square weights, a batch of one, and gradients."""

import itertools

import pytest
import torch

from autograder.checking import assert_tensor, phrase, unchanged

from ..public.gradients import backward


def forward(x, weights, first=torch.relu, second=torch.relu, third=torch.tanh, fourth=torch.sigmoid):
    """Return the output of a five-layer network with these functions after its first four layers."""
    for weight, function in zip(weights, (first, second, third, fourth), strict=False):
        x = function(x @ weight.T)
    return x @ weights[-1].T


def random_weights(*sizes):
    """Return a weight of shape (out, in) for each pair of neighbouring layer sizes."""
    return [torch.randn(n_out, n_in) for n_in, n_out in itertools.pairwise(sizes)]


def identity(z):
    """Return ``z``: a layer without a nonlinearity."""
    return z


@pytest.mark.points(0.5)
def test_square_weights(submission):
    """Weights have the shape (out, in) even if all layers have the same width; no input is modified."""
    x = torch.randn(4, 4, dtype=torch.float64).T
    weights = list(torch.randn(5, 4, 4, dtype=torch.float64))
    with unchanged(x, *weights, what="deep_network"):
        result = submission.deep_network(x, weights)
    mistakes = {
        "the weights are transposed: their shape is (out, in)": forward(x, [w.T for w in weights]),
        "samples and features are swapped: samples are the rows of x": forward(x.T, weights).T,
        "the weights are used in reverse order": forward(x, weights[::-1]),
        "the ReLU after W1 is missing": forward(x, weights, first=identity),
        "the ReLU after W2 is missing": forward(x, weights, second=identity),
        "the tanh after W3 is missing": forward(x, weights, third=identity),
        "the sigmoid after W4 is missing": forward(x, weights, fourth=identity),
        "sigmoid and tanh are swapped": forward(x, weights, third=torch.sigmoid, fourth=torch.tanh),
        "a sigmoid follows W5 too; the last layer has no activation": torch.sigmoid(forward(x, weights)),
        "a ReLU follows W5 too; the last layer has no activation": torch.relu(forward(x, weights)),
    }
    assert_tensor(result, forward(x, weights), what="deep_network(x, weights)", mistakes=mistakes)


@pytest.mark.points(0.25)
def test_one_sample_one_output(submission):
    """One sample and one output give the shape (1, 1); the weights may be a tuple."""
    weights = tuple(random_weights(7, 5, 2, 6, 3, 1))
    x = torch.randn(1, 7)
    expected = forward(x, weights)
    result = submission.deep_network(x, weights)
    mistakes = {
        "axes of size 1 were squeezed away; the result has the shape (N, K)": expected.squeeze(),
        "the output axis was squeezed away; the result has the shape (N, K)": expected[:, 0],
    }
    assert_tensor(result, expected, what="deep_network(one_sample, weights)", mistakes=mistakes)


@pytest.mark.points(0.25)
def test_gradient(submission):
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
        what = phrase("the gradient with respect to {name}", name=name)
        assert_tensor(leaf.grad, reference.grad, what=what, atol=1e-5)

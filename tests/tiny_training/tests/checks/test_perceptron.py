"""Checks of the perceptron: one reads a weight, one trains."""

import functools

import pytest
import torch

from autograder.checking import Experiment, assert_true, classification_metrics

HIDDEN_SEED = 271828183

EPOCHS = 2


@functools.cache
def _data(dataset):
    """Return training points and labels, then held-out ones; the clouds of ``wide`` overlap."""
    generator = torch.Generator().manual_seed(HIDDEN_SEED)
    labels = (torch.arange(300) % 2).float()
    spread = {"narrow": 0.5, "wide": 1.0}[dataset]
    points = spread * torch.randn(300, 2, generator=generator) + 2 * labels[:, None] - 1
    return points[:100], labels[:100], points[100:], labels[100:]


def fitted(submission, points, labels):
    """Return the three weights of an answer."""
    weights = submission.fit(points, labels, EPOCHS)
    assert_true(isinstance(weights, torch.Tensor) and tuple(weights.shape) == (3,), "fit must return three numbers.")
    return weights


def held_out(submission, dataset, seed):
    """Train once and judge the weights on points whose labels the answer never had."""
    points, labels, other_points, other_labels = _data(dataset)
    weights = fitted(submission, points, labels)
    return classification_metrics(other_points @ weights[:2] + weights[2], other_labels)


def majority(dataset, seed):
    """Always say 1."""
    *_, labels = _data(dataset)
    return classification_metrics(torch.ones(len(labels)), labels)


NARROW = Experiment("narrow", held_out, dataset="narrow", metric="accuracy", baselines={"always 1": majority})
WIDE = Experiment("wide", held_out, dataset="wide", metric="auc", baselines={"always 1": majority})


@pytest.mark.question("fit")
class TestFit:
    @pytest.mark.public
    @pytest.mark.points(1)
    def test_three_weights(self, submission):
        """There are two weights and a bias."""
        fitted(submission, torch.eye(2), torch.tensor([0.0, 1.0]))

    @pytest.mark.points(2)
    @pytest.mark.after("three_weights")
    def test_separates_the_clouds(self, submission):
        """The line separates points that were not trained on."""
        NARROW.check(submission, what="The accuracy of what fit returns", cause="labels mixed up, or no step made")

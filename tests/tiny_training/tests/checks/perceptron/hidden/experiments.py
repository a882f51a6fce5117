"""Train the perceptron and measure what it learned."""

import functools

import torch

from autograder.checking import Experiment, classification_metrics

from ..public.answers import fitted

HIDDEN_SEED = 271828183


@functools.cache
def _data(dataset):
    """Return points and labels for training, then held-out ones; the clouds of ``wide`` overlap."""
    generator = torch.Generator().manual_seed(HIDDEN_SEED)
    labels = (torch.arange(300) % 2).float()
    spread = {"narrow": 0.5, "wide": 1.0}[dataset]
    points = spread * torch.randn(300, 2, generator=generator) + 2 * labels[:, None] - 1
    return points[:100], labels[:100], points[100:], labels[100:]


def held_out(submission, dataset, seed):
    """Train once and judge the weights on points whose labels the answer never saw."""
    points, labels, other_points, other_labels = _data(dataset)
    weights = fitted(submission, points, labels)
    return classification_metrics(other_points @ weights[:2] + weights[2], other_labels)


def majority(dataset, seed):
    """Always predict 1."""
    *_, labels = _data(dataset)
    return classification_metrics(torch.ones(len(labels)), labels)


BASELINES = {"always 1": majority}
NARROW = Experiment("narrow", held_out, dataset="narrow", metric="accuracy", baselines=BASELINES)
WIDE = Experiment("wide", held_out, dataset="wide", metric="auc", baselines=BASELINES)

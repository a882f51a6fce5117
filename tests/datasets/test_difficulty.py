"""The phantoms are as hard as a lecture on linear models, MLPs and CNNs needs.

The bounds are far from the measured values (docs/datasets.md); they only detect a change in the order of the models.
The thresholds that grade students are calibrated instead.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import NamedTuple

import numpy as np
import pytest
import torch
from torch import nn

from autograder.datasets import phantoms

pytestmark = pytest.mark.slow

N_VALIDATION = 1000


class Set(NamedTuple):
    images: torch.Tensor
    labels: torch.Tensor


@functools.cache
def drawn(n: int, seed: int, shortcut: float | None = None) -> Set:
    data = phantoms(n, seed=seed, shortcut=shortcut)
    return Set(torch.tensor(data.images)[:, None] / 255, torch.tensor(data.labels).float())


def logistic_regression() -> nn.Module:
    return nn.Sequential(nn.Flatten(), nn.Linear(784, 1))


def mlp() -> nn.Module:
    return nn.Sequential(nn.Flatten(), nn.Linear(784, 128), nn.ReLU(), nn.Linear(128, 64), nn.ReLU(), nn.Linear(64, 1))


def cnn() -> nn.Module:
    features = (nn.Conv2d(1, 8, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2))
    features += (nn.Conv2d(8, 16, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2))
    return nn.Sequential(*features, nn.Flatten(), nn.Linear(784, 64), nn.ReLU(), nn.Linear(64, 1))


def trained(build: Callable[[], nn.Module], train: Set, *, lr: float, epochs: int = 5, seed: int = 0) -> nn.Module:
    torch.manual_seed(seed)
    mean, deviation = train.images.mean(), train.images.std()
    model = build()
    optimizer = torch.optim.Adam(model.parameters(), lr=lr)
    for _ in range(epochs):
        for batch in torch.randperm(len(train.labels)).split(64):
            optimizer.zero_grad()
            logits = model((train.images[batch] - mean) / deviation)[:, 0]
            nn.functional.binary_cross_entropy_with_logits(logits, train.labels[batch]).backward()
            optimizer.step()
    model.standardised = lambda images: (images - mean) / deviation
    return model


def accuracy(model: nn.Module, held_out: Set) -> float:
    with torch.no_grad():
        logits = model.eval()(model.standardised(held_out.images))[:, 0]
    return ((logits > 0) == (held_out.labels == 1)).float().mean().item()


@pytest.fixture(autouse=True)
def _one_thread():
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


def test_convolution_beats_models_without_it():
    train, held_out = drawn(4000, 1), drawn(N_VALIDATION, 2)
    linear = [accuracy(trained(logistic_regression, train, lr=3e-3, seed=seed), held_out) for seed in range(3)]
    dense = [accuracy(trained(mlp, train, lr=1e-3, seed=seed), held_out) for seed in range(3)]
    convolutional = [accuracy(trained(cnn, train, lr=3e-3, seed=seed), held_out) for seed in range(2)]
    assert min(linear) > 0.65
    assert np.mean(dense) > np.mean(linear)
    assert max(linear + dense) < 0.83
    assert min(convolutional) > 0.88


def test_with_more_images_an_mlp_clearly_beats_a_linear_model():
    """The setting of the MLP's graded training: 8 000 images, 8 epochs."""
    train, held_out = drawn(8000, 1), drawn(N_VALIDATION, 2)
    linear = [accuracy(trained(logistic_regression, train, lr=3e-3, epochs=8, seed=s), held_out) for s in range(3)]
    dense = [accuracy(trained(mlp, train, lr=1e-3, epochs=8, seed=s), held_out) for s in range(2)]
    assert min(dense) > max(linear) + 0.05


def test_a_network_takes_the_shortcut():
    """Trained with a marker that nearly gives the label away, the network fails without it."""
    model = trained(cnn, drawn(1000, 1, 0.95), lr=3e-3)
    biased, unbiased = accuracy(model, drawn(N_VALIDATION, 2, 0.95)), accuracy(model, drawn(N_VALIDATION, 2, 0.5))
    assert biased > 0.90
    assert unbiased < biased - 0.15

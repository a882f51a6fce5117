"""How accurate a small MLP becomes when trained by a student's fit, compared with simpler models."""

import math
from functools import cache

import numpy as np
import torch
import torch.nn.functional as F

from autograder.checking import (
    Experiment,
    assert_tensor,
    assert_true,
    classification_metrics,
    send_function,
    send_loader,
)
from autograder.datasets import load_dataset

from ...shared.public.outputs import ANY

HIDDEN_SEED = 731_905_268

SETTINGS = {  # dataset → inputs and hidden layers of the model, batch size, epochs, learning rate
    "rings": (2, (32, 16), 40, 10, 0.02),
    "pneumoniamnist": (784, (128, 64), 64, 5, 3e-3),
}


def rings(n, generator):
    """Return points (n, 1, 1, 2) on noisy rings of radius 1 (label 0) and 2 (label 1), and their labels."""
    labels = (torch.arange(n) % 2).float()
    angle = 2 * math.pi * torch.rand(n, generator=generator)
    radius = 1 + labels + 0.3 * torch.randn(n, generator=generator)
    return torch.stack([radius * angle.cos(), radius * angle.sin()], 1)[:, None, None], labels


@cache
def _data(dataset):
    """Return standardised images and labels for training, for validation, and for judging answers."""
    if dataset == "rings":
        generator = torch.Generator().manual_seed(HIDDEN_SEED)
        return [rings(n, generator) for n in (1000, 200, 2000)]
    train, held_out = load_dataset(dataset, "train"), load_dataset(dataset, "val")
    order = np.random.default_rng(0).permutation(len(train.labels))
    members = [order[train.labels[order] == label] for label in (0, 1)]
    sizes = [round(1000 * len(each) / len(order)) for each in members]  # 1 000 in all
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


def given_mlp(in_features, hidden_features):
    """Return an MLP for fit to train; runs on the student's side."""
    from itertools import pairwise

    sizes = (in_features, *hidden_features)
    hidden = [part for n, m in pairwise(sizes) for part in (torch.nn.Linear(n, m), torch.nn.ReLU())]
    return torch.nn.Sequential(torch.nn.Flatten(), *hidden, torch.nn.Linear(sizes[-1], 1), torch.nn.Flatten(0))


def train_given_mlp(submission, dataset, seed):
    """Train the check's network with the student's fit; evaluate the returned weights here."""
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


# A copy of `weights_of` in shared/public/training.py. Its text is part of the digests in calibration.json: import
# the shared one when these experiments are next calibrated.
def weights_of(model, reference):
    """Return the state dict of a model; fail unless it matches that of the reference, a model of the same kind."""
    state = model.state_dict()
    assert_true(isinstance(state, dict), "The model has no state dict any more.")
    for name, expected in reference.state_dict().items():
        value = state.get(name)
        # Values that are not finite are allowed: the metrics show what such a model is worth.
        value = value.nan_to_num() if isinstance(value, torch.Tensor) and value.is_floating_point() else value
        assert_tensor(value, expected, what="a parameter of the model after training", **ANY)
    return {name: state[name].detach() for name in reference.state_dict()}


def majority_class(dataset, _seed):
    """Return the metrics of a model that always predicts the more frequent class."""
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

# On these images a linear model is as good as an MLP, so they only show that an answer trains at all.
FIT_ON_PNEUMONIA = Experiment(
    "fit_on_pneumonia",
    train_given_mlp,
    dataset="pneumoniamnist",
    metric="accuracy",
    baselines={"majority class": majority_class},
)

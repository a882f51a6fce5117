"""TODO helpers"""

import math
from functools import cache

import numpy as np
import torch

from autograder.checking import classification_metrics, send_function, send_loader
from autograder.datasets import load_dataset

from ..public.helpers import weights_of

HIDDEN_SEED = 731_905_268


NO_GRADIENT = "`.detach()`, `.data`, `.item()`, NumPy and `no_grad` cut the gradient off"


def modes(model):
    """Return whether each module is in train mode."""
    return [module.training for module in model.modules()]


def given_mlp(in_features, hidden_features):
    """Return a network for fit to train; runs on the student's side."""
    from itertools import pairwise

    sizes = (in_features, *hidden_features)
    hidden = [part for n, m in pairwise(sizes) for part in (torch.nn.Linear(n, m), torch.nn.ReLU())]
    return torch.nn.Sequential(torch.nn.Flatten(), *hidden, torch.nn.Linear(sizes[-1], 1), torch.nn.Flatten(0))


SETTINGS = {  # dataset → inputs and hidden layers of the model, batch size, epochs, learning rate
    "rings": (2, (32, 16), 40, 10, 0.02),
    "pneumoniamnist": (784, (128, 64), 64, 5, 3e-3),
}


def rings(n, generator):
    """Return points in the plane, shape (n, 1, 1, 2), of a noisy ring of radius 1 or, with label 1, of radius 2."""
    labels = (torch.arange(n) % 2).float()
    angle = 2 * math.pi * torch.rand(n, generator=generator)
    radius = 1 + labels + 0.3 * torch.randn(n, generator=generator)
    return torch.stack([radius * angle.cos(), radius * angle.sin()], 1)[:, None, None], labels


@cache
def _data(dataset):
    """Return standardised images and labels: of training, of validation, and those that answers are judged by."""
    if dataset == "rings":
        generator = torch.Generator().manual_seed(HIDDEN_SEED)
        return [rings(n, generator) for n in (1000, 200, 2000)]
    train, held_out = load_dataset(dataset, "train"), load_dataset(dataset, "val")
    order = np.random.default_rng(0).permutation(len(train.labels))
    members = [order[train.labels[order] == label] for label in (0, 1)]
    sizes = [round(1000 * len(each) / len(order)) for each in members]  # a thousand in all
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


def train_given_mlp(submission, dataset, seed):
    """Train the check's network with the student's fit; the weights come back and are evaluated here."""
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


def majority_class(dataset, _seed):
    """Return the metrics of a model that knows nothing but which class is more frequent."""
    (_, labels), _, (_, new_labels) = _data(dataset)
    return classification_metrics(torch.full(new_labels.shape, float(labels.mean() - 0.5)), new_labels)

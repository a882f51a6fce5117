"""How good a small ResNet becomes when trained by a student's fit_resnet, compared with simpler models."""

from functools import cache

import numpy as np
import torch
import torch.nn.functional as F

from autograder.checking import Experiment, classification_metrics, send_function, send_loader
from autograder.datasets import load_dataset, phantoms

from ...shared.public.training import weights_of

HIDDEN_SEED = 362_880_471

EPOCHS = 5

N_TRAIN = 2000

BATCH_SIZE = 64


@cache
def _pixels(dataset):
    """Return images and labels as whole numbers: for training, for validation, and for judging answers."""
    if dataset == "phantom":
        return [phantoms(n, seed=HIDDEN_SEED + part)[:2] for part, n in enumerate((N_TRAIN, 500, 1000))]
    train, held_out = load_dataset(dataset, "train"), load_dataset(dataset, "val")
    order = np.random.default_rng(0).permutation(len(train.labels))
    parts = [], []
    # The classes keep their shares: 1 000 images to train with, 250 to validate with.
    for label in np.unique(train.labels):
        members = order[train.labels[order] == label]
        share = len(members) / len(order)
        parts[0].append(members[: round(1000 * share)])
        parts[1].append(members[round(1000 * share) : round(1250 * share)])
    chosen = [np.sort(np.concatenate(part)) for part in parts]
    return [*((train.images[part], train.labels[part]) for part in chosen), held_out[:2]]


@cache
def _data(dataset):
    """Return the data of `_pixels` as tensors, standardised with the training images."""
    pixels = _pixels(dataset)
    mean, deviation = pixels[0][0].mean(), pixels[0][0].std()
    return [
        (torch.from_numpy((images - mean) / deviation).float()[:, None], torch.from_numpy(labels).float())
        for images, labels in pixels
    ]


def given_resnet():
    """Return a small residual network for fit_resnet to train; runs on the student's side."""
    from torchvision.models.resnet import BasicBlock

    nn = torch.nn

    def halving(width):
        projection = nn.Sequential(nn.Conv2d(width, 2 * width, 1, stride=2, bias=False), nn.BatchNorm2d(2 * width))
        return BasicBlock(width, 2 * width, stride=2, downsample=projection)

    stem = nn.Conv2d(1, 8, 5, stride=2, padding=2, bias=False), nn.BatchNorm2d(8), nn.ReLU()
    end = nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(32, 1), nn.Flatten(0)
    return nn.Sequential(*stem, BasicBlock(8, 8), halving(8), halving(16), *end)


def train_given_resnet(submission, dataset, seed):
    """Train the check's network with the student's fit_resnet; evaluate the returned weights here."""
    train, val, (new_images, new_labels) = _data(dataset)
    model = send_function(submission, given_resnet)()
    loaders = (
        send_loader(submission, *train, batch_size=BATCH_SIZE, shuffle_seed=seed),
        send_loader(submission, *val, batch_size=250),
    )
    submission.fit_resnet(model, *loaders, EPOCHS)
    reference = given_resnet().eval()
    reference.load_state_dict(weights_of(model, reference))
    with torch.no_grad():
        return classification_metrics(reference(new_images), new_labels)


def fit_baseline(network, dataset, epochs=EPOCHS):
    """Return the metrics of a simpler model trained equally long: answers must exceed them."""
    (images, labels), _, (new_images, new_labels) = _data(dataset)
    optimizer = torch.optim.Adam(network.parameters(), lr=1e-3)
    for _ in range(epochs):
        for batch in torch.randperm(len(images)).split(64):
            loss = F.binary_cross_entropy_with_logits(network(images[batch]), labels[batch])
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
    with torch.no_grad():
        return classification_metrics(network(new_images), new_labels)


def majority_class(dataset, _seed):
    """Return the metrics of a model that always predicts the more frequent class."""
    (_, labels), _, (_, new_labels) = _data(dataset)
    return classification_metrics(torch.full(new_labels.shape, float(labels.mean() - 0.5)), new_labels)


def linear_model(dataset, _seed):
    """Return the metrics of logistic regression."""
    return fit_baseline(torch.nn.Sequential(torch.nn.Flatten(), torch.nn.Linear(784, 1), torch.nn.Flatten(0)), dataset)


def mlp_model(dataset, _seed):
    """Return the metrics of the MLP 784-128-64-1."""
    hidden = torch.nn.Linear(784, 128), torch.nn.ReLU(), torch.nn.Linear(128, 64), torch.nn.ReLU()
    network = torch.nn.Sequential(torch.nn.Flatten(), *hidden, torch.nn.Linear(64, 1), torch.nn.Flatten(0))
    return fit_baseline(network, dataset)


BASELINES = {"majority class": majority_class, "logistic regression": linear_model, "MLP": mlp_model}

# The AUC, not the accuracy: with batch norm and a constant learning rate, which is not a mistake, the running
# statistics may lag behind in the last epoch. That shifts all logits, so the accuracy is arbitrary, but their
# order stays the same.
FIT_RESNET_ON_PHANTOMS = Experiment(
    "fit_resnet_on_phantoms", train_given_resnet, dataset="phantom", metric="auc", data=_pixels, baselines=BASELINES
)

# Measured, but not used by a check: real X-rays must be downloaded, and a linear model does as well on them as a
# ResNet.
FIT_RESNET_ON_PNEUMONIA = Experiment(
    "fit_resnet_on_pneumonia",
    train_given_resnet,
    dataset="pneumoniamnist",
    metric="auc",
    data=_pixels,
    baselines={"majority class": majority_class},
)

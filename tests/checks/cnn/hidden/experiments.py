"""How accurate CNNs become on unseen images, compared with simpler models."""

from functools import cache

import numpy as np
import torch
import torch.nn.functional as F

from autograder.checking import Experiment, classification_metrics, send_function, send_loader
from autograder.datasets import load_dataset, phantoms

from ...shared.public.training import weights_of

HIDDEN_SEED = 604_217_935

EPOCHS = 5


@cache
def _pixels(dataset):
    """Return images and labels as whole numbers: for training, for validation, and for judging answers."""
    if dataset == "phantom":
        return [phantoms(n, seed=HIDDEN_SEED + part)[:2] for part, n in enumerate((4000, 500, 1000))]
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


def given_cnn():
    """Return a network like the lesson's for fit_cnn to train; runs on the student's side.

    Its ReLUs are leaky: in about one of thirty networks all plain ReLUs would be dead from the start, whatever the loop
    that trains it.
    """
    first = torch.nn.Conv2d(1, 8, 3, padding=1), torch.nn.LeakyReLU(0.1), torch.nn.MaxPool2d(2)
    second = torch.nn.Conv2d(8, 16, 3, padding=1), torch.nn.LeakyReLU(0.1), torch.nn.MaxPool2d(2)
    head = torch.nn.Flatten(), torch.nn.Linear(784, 64), torch.nn.LeakyReLU(0.1), torch.nn.Linear(64, 1)
    return torch.nn.Sequential(*first, *second, *head, torch.nn.Flatten(0))


def train_given_cnn(submission, dataset, seed):
    """Train the check's network with the student's fit_cnn; evaluate the returned weights here."""
    train, val, (new_images, new_labels) = _data(dataset)
    model = send_function(submission, given_cnn)()
    loaders = (
        send_loader(submission, *train, batch_size=64, shuffle_seed=seed),
        send_loader(submission, *val, batch_size=250),
    )
    submission.fit_cnn(model, *loaders, EPOCHS)
    reference = given_cnn().eval()
    reference.load_state_dict(weights_of(model, reference))
    with torch.no_grad():
        return classification_metrics(reference(new_images), new_labels)


def train_a_network(network, loader, epochs):
    """Train the student's network with an ordinary loop and return it; runs on the student's side."""
    model = network()
    optimizer = torch.optim.Adam(model.parameters(), lr=1e-3)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, 8e-3, total_steps=epochs * len(loader))
    for _ in range(epochs):
        model.train()
        for images, labels in loader:
            loss = torch.nn.functional.binary_cross_entropy_with_logits(model(images), labels)
            optimizer.zero_grad()
            loss.backward()
            torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
            optimizer.step()
            schedule.step()
    return model.eval()


def train_simple_cnn(submission, dataset, seed):
    """Train the student's network with the check's own loop."""
    (images, labels), _, (new_images, new_labels) = _data(dataset)
    loader = send_loader(submission, images, labels, batch_size=64, shuffle_seed=seed)
    network = send_function(submission, train_a_network)(submission.SimpleCNN, loader, EPOCHS)
    with torch.no_grad():
        logits = network(new_images)
    return classification_metrics(logits, new_labels, what="SimpleCNN()(images)")


def fit_baseline(network, dataset, epochs=EPOCHS):
    """Return the metrics of a simpler model trained like a CNN: answers must exceed them."""
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

FIT_CNN_ON_PHANTOMS = Experiment(
    "fit_cnn_on_phantoms", train_given_cnn, dataset="phantom", metric="accuracy", data=_pixels, baselines=BASELINES
)

# Measured, but not used by a check: real X-rays must be downloaded, and a linear model does as well on them as a
# CNN.
FIT_CNN_ON_PNEUMONIA = Experiment(
    "fit_cnn_on_pneumonia",
    train_given_cnn,
    dataset="pneumoniamnist",
    metric="auc",
    data=_pixels,
    baselines={"majority class": majority_class},
)

SIMPLE_CNN_ON_PHANTOMS = Experiment(
    "simple_cnn_on_phantoms", train_simple_cnn, dataset="phantom", metric="accuracy", data=_pixels, baselines=BASELINES
)

"""TODO helpers"""

from functools import cache

import numpy as np
import torch

from autograder.checking import assert_true, classification_metrics, send_function, send_loader
from autograder.datasets import load_dataset, phantoms

from ..public.helpers import weights_of

HIDDEN_SEED = 362_880_471


BROKEN = "`.detach()`, `.data`, `.item()`, NumPy and `no_grad` cut the gradient off"


def count_unreached(model, images):
    """Return how many parameters get no gradient, and how many there are; runs on the student's side."""
    model(images).square().sum().backward()
    grads = [parameter.grad for parameter in model.parameters()]
    return sum(grad is None or not bool(grad.abs().sum() > 0) for grad in grads), len(grads)


def assert_all_reached(submission, model, images, what):
    """Check that every parameter gets a gradient."""
    unreached = send_function(submission, count_unreached)(model, images)
    assert_true(type(unreached) is tuple and len(unreached) == 2, f"The gradients of {what} cannot be read.")
    assert_true(
        unreached[0] == 0,
        f"{unreached[0]} of {unreached[1]} parameters of {what} get no gradient.",
        cause="a layer that is made but not used, or `.detach()`, `.data` or `no_grad` in forward",
    )


def given_resnet():
    """Return a small residual network, for fit_resnet to train; runs on the student's side."""
    from torchvision.models.resnet import BasicBlock

    nn = torch.nn

    def halving(width):
        projection = nn.Sequential(nn.Conv2d(width, 2 * width, 1, stride=2, bias=False), nn.BatchNorm2d(2 * width))
        return BasicBlock(width, 2 * width, stride=2, downsample=projection)

    stem = nn.Conv2d(1, 8, 5, stride=2, padding=2, bias=False), nn.BatchNorm2d(8), nn.ReLU()
    end = nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(32, 1), nn.Flatten(0)
    return nn.Sequential(*stem, BasicBlock(8, 8), halving(8), halving(16), *end)


EPOCHS = 5


N_TRAIN = 2000


BATCH_SIZE = 64


@cache
def _pixels(dataset):
    """Return images and labels, whole numbers: of training, of validation, and those that answers are judged by."""
    if dataset == "phantom":
        return [phantoms(n, seed=HIDDEN_SEED + part)[:2] for part, n in enumerate((N_TRAIN, 500, 1000))]
    train, held_out = load_dataset(dataset, "train"), load_dataset(dataset, "val")
    order = np.random.default_rng(0).permutation(len(train.labels))
    parts = [], []
    for label in np.unique(train.labels):  # of each class its share: 1 000 images to train, 250 to validate
        members = order[train.labels[order] == label]
        share = len(members) / len(order)
        parts[0].append(members[: round(1000 * share)])
        parts[1].append(members[round(1000 * share) : round(1250 * share)])
    chosen = [np.sort(np.concatenate(part)) for part in parts]
    return [*((train.images[part], train.labels[part]) for part in chosen), held_out[:2]]


@cache
def _data(dataset):
    """Return what `_pixels` does as tensors, standardised with the training images."""
    pixels = _pixels(dataset)
    mean, deviation = pixels[0][0].mean(), pixels[0][0].std()
    return [
        (torch.from_numpy((images - mean) / deviation).float()[:, None], torch.from_numpy(labels).float())
        for images, labels in pixels
    ]


def majority_class(dataset, _seed):
    """Return the metrics of a model that knows nothing but which class is more frequent."""
    (_, labels), _, (_, new_labels) = _data(dataset)
    return classification_metrics(torch.full(new_labels.shape, float(labels.mean() - 0.5)), new_labels)


def train_given_resnet(submission, dataset, seed):
    """Train the check's network with the student's fit_resnet; the weights come back and are evaluated here."""
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

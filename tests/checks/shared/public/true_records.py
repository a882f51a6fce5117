"""Checks of the losses and the accuracy in a record, with a model that training cannot change."""

import torch
import torch.nn.functional as F

from autograder.checking import assert_equal, phrase, send_function, send_loader

from .records import assert_records
from .training import fixed_model

FACTOR = 4


def images_of_mean(means):
    """Return images of 4×4 with these means."""
    noise = torch.randn(len(means), 1, 4, 4)
    return noise - noise.mean((1, 2, 3), keepdim=True) + means[:, None, None, None]


def assert_true_record(submission, fit, train, val, batch_size):
    """Check the record of one epoch of the function called ``fit``."""
    loaders = [send_loader(submission, *part, batch_size=batch_size) for part in (train, val)]
    model = send_function(submission, fixed_model)(FACTOR)
    (record,) = assert_records(getattr(submission, fit)(model, *loaders, 1), 1, fit)
    expected, mistakes = right_record(train, val, batch_size)
    for key, value in expected.items():
        what = phrase("'{key}' in the record of a model whose logits are known", key=key)
        got = round(float(record[key]), 6)
        assert_equal(got, value, what=what, rtol=1e-4, atol=1e-5, mistakes=mistakes[key])


def right_record(train, val, batch_size):
    """Return the record of an epoch with the fixed model, and what each typical mistake gives: key → cause → value."""
    train, val = ((FACTOR * images.mean((1, 2, 3)), labels) for images, labels in (train, val))
    loss = F.binary_cross_entropy_with_logits
    right = {"train_loss": loss(*train), "val_loss": loss(*val), "accuracy": hits(*val).mean()}
    mistakes = {
        "train_loss": loss_mistakes(*train, val, batch_size),
        "val_loss": loss_mistakes(*val, train, batch_size),
        "accuracy": accuracy_mistakes(*val, train, batch_size),
    }
    as_numbers = {key: {cause: round(float(v), 6) for cause, v in wrong.items()} for key, wrong in mistakes.items()}
    return {key: round(float(value), 6) for key, value in right.items()}, as_numbers


def loss_mistakes(logits, labels, other, batch_size):
    """Return the loss after each typical mistake; ``other`` holds the logits and labels of the other loader."""
    loss = F.binary_cross_entropy_with_logits
    batches = list(zip(logits.split(batch_size), labels.split(batch_size), strict=True))
    sizes = torch.tensor([len(y) for _, y in batches]).float()
    each = torch.stack([loss(z, y) for z, y in batches])
    tables = torch.stack([loss(z[:, None].expand(-1, len(y)), y.expand(len(z), -1)) for z, y in batches])
    return {
        "sigmoid applied twice: `binary_cross_entropy_with_logits` applies it too": loss(logits.sigmoid(), labels),
        "this is the sum over the images, not the mean": each @ sizes,
        "this is the mean over batches, where a small batch counts as much as a large one": each.mean(),
        "this is the sum of the batch means; weight each by its number of images and divide by the total": each.sum(),
        "the sum of the batch means is divided by the number of images": each.sum() / len(labels),
        "the batch means are weighted by the loader's batch size": each.sum() * batch_size / len(labels),
        "the sum over a batch is multiplied by its size; multiply its mean": (each * sizes) @ sizes / len(labels),
        "this is the loss of the last batch": each[-1],
        "every logit is compared with every label: (N, 1) and (N,) broadcast to a table": tables @ sizes / len(labels),
        "the labels are inverted": loss(logits, 1 - labels),
        "this is the squared error of the probabilities, not the cross-entropy": (
            (logits.sigmoid() - labels).square().mean()
        ),
        "the last batch is skipped": each[:-1] @ sizes[:-1] / sizes[:-1].sum(),
        "the last batch is skipped, but its images are counted": each[:-1] @ sizes[:-1] / len(labels),
        "this is the loss of the first batch": each[0],
        "this is the loss on the other images: training and validation are mixed up": loss(*other),
    }


def accuracy_mistakes(logits, labels, train, batch_size):
    """Return the accuracy after each typical mistake; ``train`` holds the logits and labels of the training images."""
    right = hits(logits, labels)
    return {
        "logits are compared with 0.5; the prediction is 1 where the logit is above 0": (
            ((logits > 0.5) == (labels > 0.5)).float().mean()
        ),
        "this is a percentage; the accuracy is between 0 and 1": 100 * right.mean(),
        "this is the number of correct predictions, not the fraction": right.sum(),
        "this is the mean over batches, not over images": (
            torch.stack([batch.mean() for batch in right.split(batch_size)]).mean()
        ),
        "this is the accuracy of the last batch only": right.split(batch_size)[-1].mean(),
        "this is the fraction of wrong predictions": 1 - right.mean(),
        "this is the accuracy on the training images": hits(*train).mean(),
        "the logits are truncated to whole numbers": (logits.int() == labels.int()).float().mean(),
    }


def hits(logits, labels):
    """Return 1 for each logit that predicts its label, 0 for the others."""
    return ((logits > 0) == (labels > 0.5)).float()

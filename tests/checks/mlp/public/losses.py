"""The binary cross-entropy, and what typical mistakes give instead."""

import math

import torch


def right_losses(y_hat, y, base=math.e):
    """Return the loss of each sample, for probabilities that are neither 0 nor 1."""
    return -(y * y_hat.log() + (1 - y) * (1 - y_hat).log()) / math.log(base)


def loss_mistakes(y_hat, y, base=math.e):
    """Return what the loss gives after each typical mistake: cause → value."""
    right, log = right_losses(y_hat, y, base), math.log(base)
    return {
        "this is the mean over the samples; return the loss of each": right.mean(),
        "this is the sum over the samples; return the loss of each": right.sum(),
        "the minus sign is missing": -right,
        "the labels are the wrong way round: log(ŷ) belongs to y = 1": right_losses(y_hat, 1 - y, base),
        "`base` is ignored; the logarithm is natural": right * log,
        "the logarithm has base 10 whatever `base` says": right * log / math.log(10),
        "the natural logarithm is multiplied by log(base); divide by it": right * log * log,
        "the term of y = 0 is missing": -y * y_hat.log() / log,
        "the term of y = 1 is missing": -(1 - y) * (1 - y_hat).log() / log,
        "a sigmoid is applied to ŷ, which is already a probability": right_losses(y_hat.sigmoid(), y, base),
        "this is the squared error, not the cross-entropy": (y - y_hat).square(),
        "the two terms are subtracted; add them": -(y * y_hat.log() - (1 - y) * (1 - y_hat).log()) / log,
        "(N, 1) and (N,) broadcast to a table of every sample against every label": torch.zeros(len(y), len(y)),
    }

"""A model with known weights, and what typical mistakes give for its penalty."""

import torch


def penalised_model():
    """Return linear layers with known weights and biases."""
    model = torch.nn.Sequential(torch.nn.Linear(2, 2), torch.nn.ReLU(), torch.nn.Linear(2, 1))
    for parameter, values in zip(model.parameters(), ([[1.0, -2], [3, 0]], [5.0, 5], [[-4.0, 2]], [7.0]), strict=True):
        parameter.data = torch.tensor(values)
    return model


def penalty_mistakes(weights, others, l1, l2):
    """Return what the penalty gives after each typical mistake: cause → value."""
    both = torch.cat([weights, others])

    def right(w, first=l1, second=l2):
        return first * w.abs().sum() + second * w.square().sum()

    return {
        "the biases are penalised too; only parameters with at least two dimensions are weights": right(both),
        "l1 and l2 are swapped": right(weights, l2, l1),
        "l2 is for the sum of the squares, not for its root": l1 * weights.abs().sum() + l2 * weights.norm(),
        "the absolute values are missing, so weights of both signs cancel": (
            l1 * weights.sum() + l2 * weights.square().sum()
        ),
        "the means are taken instead of the sums": right(weights) / len(weights),
        "the penalty is halved": right(weights) / 2,
        "l2 is halved": right(weights, l1, l2 / 2),
        "only the biases are penalised": right(others),
        "l1 is ignored": right(weights, 0.0),
        "l2 is ignored": right(weights, l1, 0.0),
        "the sign is wrong: a penalty is positive": -right(weights),
    }

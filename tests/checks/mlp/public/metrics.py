"""What a student's evaluate finds for a model whose logits are known, and what typical mistakes give instead."""

from functools import partial

import torch

from autograder.checking import assert_equal, assert_true, classification_metrics, fail, send_function, send_loader

from ...shared.public.floats import as_float

KEYS = ("accuracy", "balanced_accuracy", "auc")


def mean_model():
    """Return a model whose logit is the mean of the image; it notes how it is called."""

    class Mean(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.scale = torch.nn.Parameter(torch.ones(()))
            self.modes, self.with_gradients, self.sizes = [], [], []

        def forward(self, images):
            self.modes.append(self.training)
            self.with_gradients.append(torch.is_grad_enabled())
            self.sizes.append(len(images))
            return self.scale * images.flatten(1).mean(1)

    return Mean()


def images_of(logits):
    """Return images whose means are the given logits, up to rounding in float32."""
    return logits[:, None, None, None].expand(-1, 1, 2, 2).contiguous()


def evaluated(submission, model, logits, labels, batch_size):
    """Return the metrics that a student's evaluate finds, as floats."""
    loader = send_loader(submission, images_of(logits), labels, batch_size=batch_size)
    found = submission.evaluate(model, loader)
    if type(found) is not dict:
        fail(
            f"evaluate must return a dict, but it returned {'None' if found is None else 'a ' + type(found).__name__}."
        )
    for key in KEYS:
        assert_true(key in found, f"What evaluate returns has no {key!r}.")
    return {key: as_float(found[key], f"{key!r}") for key in KEYS}


def assert_metrics(submission, logits, labels, batch_size, keys=KEYS):
    """Check the metrics of known logits."""
    found = evaluated(submission, send_function(submission, mean_model)(), logits, labels, batch_size)
    expected = classification_metrics(logits, labels)
    for key in keys:
        mistakes = partial(lambda key: metric_mistakes(logits, labels, batch_size)[key], key)
        what = f"{key!r} of a model whose logits are known"
        assert_equal(found[key], expected[key], what=what, rtol=1e-4, atol=1e-6, mistakes=mistakes)


def metric_mistakes(logits, labels, batch_size):
    """Return what evaluate gives after each typical mistake: key → cause → value."""
    right = classification_metrics(logits, labels)
    high = classification_metrics(logits - 0.5, labels)
    batches = list(zip(logits.split(batch_size), labels.split(batch_size), strict=True))
    parts = [classification_metrics(*batch) for batch in batches]
    predictions = (logits > 0).float()
    tables = logits[labels == 1][:, None] - logits[labels == 0]
    low = "logits are compared with 0.5; the prediction is 1 where the logit is above 0"
    of_batches = "the mean over batches is given; collect all samples first"
    last = "it is that of the last batch alone"
    sizes = [(predictions == label).float() for label in (0, 1)]
    precision = [float((labels[p == 1] == k).float().mean()) for k, p in enumerate(sizes) if p.any()]
    mistakes = {
        key: {
            low: high[key],
            of_batches: sum(part[key] for part in parts) / len(parts),
            last: parts[-1][key],
            "it is a percentage; it is to be a share between 0 and 1": 100 * right[key],
        }
        for key in KEYS
    }
    mistakes["accuracy"] |= {
        "it is the number of right predictions, not their share": right["accuracy"] * len(labels),
        "it is the share of wrong predictions": 1 - right["accuracy"],
        "a logit of exactly 0 is predicted as 1; the prediction is 1 above 0": (
            float(((logits >= 0).float() == labels).float().mean())
        ),
        "shapes (N, 1) and (N,) make a table of every prediction against every label": (
            float((predictions[:, None] == labels).float().mean())
        ),
    }
    mistakes["balanced_accuracy"] |= {
        "it is the plain accuracy; balanced accuracy is the mean of the shares of each class that are found": (
            right["accuracy"]
        ),
        "the shares are of the predictions (precision); they are to be of the true classes": (
            sum(precision) / max(len(precision), 1)
        ),
        "it is the share of class 1 that is found (sensitivity) alone": float(predictions[labels == 1].mean()),
        "it is the share of class 0 that is found (specificity) alone": float(1 - predictions[labels == 0].mean()),
    }
    mistakes["auc"] |= {
        "ties count nothing; half of them count": float((tables > 0).float().mean()),
        "ties count in full; half of them count": float((tables >= 0).float().mean()),
        "it is computed from the predictions 0 and 1; the logits' order is what counts": (
            classification_metrics(predictions, labels)["auc"]
        ),
        "the classes are the wrong way round": 1 - right["auc"],
    }
    return mistakes

"""What a student's evaluate returns for known logits, and what typical mistakes give instead."""

from functools import partial

import torch

from autograder.checking import (
    assert_equal,
    assert_true,
    classification_metrics,
    fail,
    phrase,
    send_function,
    send_loader,
)

from ...shared.public.floats import as_float

KEYS = ("accuracy", "balanced_accuracy", "auc")


def mean_model():
    """Return a model whose logit is the mean of the image, and which notes how it is called."""

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
    """Return the metrics of a student's evaluate, as floats."""
    loader = send_loader(submission, images_of(logits), labels, batch_size=batch_size)
    found = submission.evaluate(model, loader)
    if type(found) is not dict:
        kind = "None" if found is None else f"a {type(found).__name__}"
        fail("evaluate must return a dict.", details=f"It returned {kind}.")
    for key in KEYS:
        assert_true(key in found, phrase("What evaluate returns has no '{key}'.", key=key))
    return {key: as_float(found[key], phrase("'{key}'", key=key)) for key in KEYS}


def assert_metrics(submission, logits, labels, batch_size, keys=KEYS):
    """Check the metrics of known logits."""
    found = evaluated(submission, send_function(submission, mean_model)(), logits, labels, batch_size)
    expected = classification_metrics(logits, labels)
    for key in keys:
        mistakes = partial(lambda key: metric_mistakes(logits, labels, batch_size)[key], key)
        what = phrase("'{key}' of a model whose logits are known", key=key)
        assert_equal(found[key], expected[key], what=what, rtol=1e-4, atol=1e-6, mistakes=mistakes)


def metric_mistakes(logits, labels, batch_size):
    """Return what evaluate gives after each typical mistake: key → cause → value."""
    right = classification_metrics(logits, labels)
    high = classification_metrics(logits - 0.5, labels)
    batches = list(zip(logits.split(batch_size), labels.split(batch_size), strict=True))
    parts = [classification_metrics(*batch) for batch in batches]
    predictions = (logits > 0).float()
    tables = logits[labels == 1][:, None] - logits[labels == 0]
    low = "logits are compared with 0.5; the prediction is 1 for logits above 0"
    of_batches = "this is the mean over batches; collect all samples first"
    last = "this is the value of the last batch only"
    sizes = [(predictions == label).float() for label in (0, 1)]
    precision = [float((labels[p == 1] == k).float().mean()) for k, p in enumerate(sizes) if p.any()]
    mistakes = {
        key: {
            low: high[key],
            of_batches: sum(part[key] for part in parts) / len(parts),
            last: parts[-1][key],
            "this is a percentage; return a number between 0 and 1": 100 * right[key],
        }
        for key in KEYS
    }
    mistakes["accuracy"] |= {
        "this is the number of correct predictions, not the fraction": right["accuracy"] * len(labels),
        "this is the fraction of wrong predictions": 1 - right["accuracy"],
        "a logit of exactly 0 is predicted as 1; it must be above 0": (
            float(((logits >= 0).float() == labels).float().mean())
        ),
        "(N, 1) and (N,) broadcast: every prediction meets every label": (
            float((predictions[:, None] == labels).float().mean())
        ),
    }
    mistakes["balanced_accuracy"] |= {
        "this is the plain accuracy; average the accuracies of the two classes": right["accuracy"],
        "this averages the precisions; average the recalls": sum(precision) / max(len(precision), 1),
        "this is only the sensitivity, the share of class 1 that is found": float(predictions[labels == 1].mean()),
        "this is only the specificity, the share of class 0 that is found": float(1 - predictions[labels == 0].mean()),
    }
    mistakes["auc"] |= {
        "ties count nothing; count them half": float((tables > 0).float().mean()),
        "ties count in full; count them half": float((tables >= 0).float().mean()),
        "this is computed from predictions; use the logits": classification_metrics(predictions, labels)["auc"],
        "the classes are swapped": 1 - right["auc"],
    }
    return mistakes

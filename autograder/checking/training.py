"""What checks that train need beside an experiment, all of it with torch: metrics and data loaders.

What a trained model is worth: accuracy, balanced accuracy and AUC, computed on the checker's side.

The logits come from a student's process, so nothing about them is taken for granted; the labels never left the
checker.

Give student code a real `DataLoader` of the check's data.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import torch

from autograder.checking.failures import fail
from autograder.checking.student_module import Submission, send_function

if TYPE_CHECKING:
    from numpy.typing import NDArray


def classification_metrics(logits: Any, labels: Any, *, what: str = "the model's logits") -> dict[str, float]:
    """Return accuracy, balanced accuracy and AUC of logits of shape ``(N,)``; the prediction is 1 above 0.

    Balanced accuracy is the mean of the shares of each class that are found, so that always predicting the
    larger class reaches 0.5. AUC is the probability that a sample of class 1 has a larger logit than one of
    class 0, where ties count half; it is NaN where a class is missing.

    Parameters
    ----------
    logits
        What the model returned: a floating-point tensor or array of shape ``(N,)``, or the check fails with a
        sentence about ``what``. A logit that is NaN or infinite counts as wrong, whatever the label.
    labels
        Zeros and ones, shape ``(N,)``, N ≥ 1.
    what
        The logits as the student would call them.
    """
    truth = _as_labels(labels)
    scores = _as_scores(logits, len(truth), what)
    odd = ~np.isfinite(scores)
    right = ((scores > 0) == truth) & ~odd
    recalls = [right[truth == label].mean() for label in (False, True) if (truth == label).any()]
    # The worst place in the order for what is no number: below all for class 1, above all for class 0.
    scores = np.where(odd, np.where(truth, -np.inf, np.inf), scores)
    return {
        "accuracy": float(right.mean()),
        "balanced_accuracy": float(np.mean(recalls)),
        "auc": _auc(scores, truth),
    }


def _as_labels(labels: Any) -> NDArray[np.bool_]:
    values = np.asarray(labels.detach() if isinstance(labels, torch.Tensor) else labels)
    if values.ndim != 1 or not len(values) or not np.isin(values, (0, 1)).all():
        raise ValueError(f"labels must be zeros and ones of shape (N,), not an array of shape {values.shape}")
    truth: NDArray[np.bool_] = values == 1
    return truth


def _as_scores(logits: Any, count: int, what: str) -> NDArray[np.float64]:
    if isinstance(logits, np.ndarray):
        logits = torch.from_numpy(np.ascontiguousarray(logits)) if logits.dtype.kind == "f" else None
    if not isinstance(logits, torch.Tensor):
        fail(f"{what} must be a floating-point tensor.", cause="a list, a number or None instead of the model's output")
    if not logits.is_floating_point():
        fail(f"{what} must be floating-point numbers, but they have dtype {str(logits.dtype).removeprefix('torch.')}.")
    if tuple(logits.shape) != (count,):
        fail(
            f"{what} have the wrong shape.",
            details=f"Expected {(count,)}, got {tuple(logits.shape)}.",
            cause="a dimension of size 1 that was not removed" if logits.numel() == count else "",
        )
    values: NDArray[np.float64] = logits.detach().cpu().to(torch.float64).numpy()
    return values


def _auc(scores: NDArray[np.float64], truth: NDArray[np.bool_]) -> float:
    """Return the area under the ROC curve from ranks (the statistic of Mann and Whitney)."""
    positive, negative = int(truth.sum()), int((~truth).sum())
    if not positive or not negative:
        return float("nan")
    _, place, counts = np.unique(scores, return_inverse=True, return_counts=True)
    ranks = (np.cumsum(counts) - (counts - 1) / 2)[place]  # of ties, the mean
    return float((ranks[truth].sum() - positive * (positive + 1) / 2) / (positive * negative))


# --- Data loaders -------------------------------------------------------------------------------------------------


def send_loader(
    submission: Submission,
    images: torch.Tensor,
    labels: torch.Tensor,
    *,
    batch_size: int = 64,
    shuffle_seed: int | None = None,
) -> Any:
    """Return a `torch.utils.data.DataLoader` that lives on the student's side, to be handed to student code.

    The loader yields ``(images, labels)``, has one process and leaves the global random state alone. Do not give
    it the labels of data that an answer is judged by: student code can read them.

    Parameters
    ----------
    images
        Float32, shape ``(N, C, H, W)``. The loader has a copy.
    labels
        Float32, shape ``(N,)``; a copy, too.
    batch_size
        Samples a batch; the last one may be smaller.
    shuffle_seed
        None: batches come in order. A number: in a new order each epoch, the same epochs for the same number.
    """
    return send_function(submission, make_loader)(images, labels, batch_size, shuffle_seed)


def make_loader(images: torch.Tensor, labels: torch.Tensor, batch_size: int, shuffle_seed: int | None) -> object:
    """Return the loader; sent as source, so it needs nothing around it, and its annotations neither."""
    from torch.utils.data import DataLoader, TensorDataset

    class Samples(TensorDataset):
        def __getitems__(self, indices: list[int]) -> list[torch.Tensor]:
            return [tensor[indices] for tensor in self.tensors]  # a batch at once: twice as fast as one by one

    # A generator of its own also without shuffling: a loader draws a number whenever it is iterated.
    generator = torch.Generator().manual_seed(0 if shuffle_seed is None else shuffle_seed)
    samples = Samples(images.detach().clone(), labels.detach().clone())
    shuffle = shuffle_seed is not None
    return DataLoader(samples, batch_size=batch_size, shuffle=shuffle, generator=generator, collate_fn=list)

"""Helpers for checks that train: classification metrics, and data loaders for student code.

Metrics are computed on the checker's side. The logits come from the student's process and are validated first; the
labels never leave the checker.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import torch

from autograder.checking.failures import closed, fail, phrase
from autograder.checking.student_module import Submission, send_function

if TYPE_CHECKING:
    from numpy.typing import NDArray


def classification_metrics(logits: Any, labels: Any, *, what: str = "the model's logits") -> dict[str, float]:
    """Return accuracy, balanced accuracy and AUC of binary logits; a logit above 0 predicts class 1.

    Balanced accuracy is the mean recall of the two classes, so always predicting the larger class gives 0.5. AUC is
    the probability that a sample of class 1 has a larger logit than a sample of class 0, ties counting half; it is NaN
    if a class is missing.

    Parameters
    ----------
    logits
        The model's output: a floating-point tensor or array of shape ``(N,)``. Anything else fails the check with a
        message about ``what``. NaN and infinite logits count as wrong, whatever the label.
    labels
        Zeros and ones, shape ``(N,)``, N ≥ 1; otherwise raises ``ValueError``.
    what
        The logits as the student would call them.
    """
    truth = _as_labels(labels)
    scores = _as_scores(logits, len(truth), what)
    odd = ~np.isfinite(scores)
    right = ((scores > 0) == truth) & ~odd
    recalls = [right[truth == label].mean() for label in (False, True) if (truth == label).any()]
    # Rank non-finite logits worst: below all others for class 1, above all others for class 0.
    scores = np.where(odd, np.where(truth, -np.inf, np.inf), scores)
    return {"accuracy": float(right.mean()), "balanced_accuracy": float(np.mean(recalls)), "auc": _auc(scores, truth)}


def _as_labels(labels: Any) -> NDArray[np.bool_]:
    values = np.asarray(labels.detach() if isinstance(labels, torch.Tensor) else labels)
    if values.ndim != 1 or not len(values) or not np.isin(values, (0, 1)).all():
        raise ValueError(f"labels must be zeros and ones of shape (N,), not an array of shape {values.shape}")
    truth: NDArray[np.bool_] = values == 1
    return truth


def _as_scores(logits: Any, count: int, what: str) -> NDArray[np.float64]:
    if isinstance(logits, np.ndarray):
        # ascontiguousarray: torch refuses arrays with negative strides.
        logits = torch.from_numpy(np.ascontiguousarray(logits)) if logits.dtype.kind == "f" else None
    if not isinstance(logits, torch.Tensor):
        fail(
            phrase("{what} must be a floating-point tensor.", what=what),
            cause="a list, a number or None instead of the model's output",
        )
    if not logits.is_floating_point():
        dtype = closed(str(logits.dtype).removeprefix("torch."))
        problem = phrase("{what} must be floating-point numbers, but they have dtype {dtype}.", what=what, dtype=dtype)
        fail(problem, for_hidden=phrase("{what} must be floating-point numbers.", what=what))
    if tuple(logits.shape) != (count,):
        fail(
            phrase("{what} have the wrong shape.", what=what),
            details=f"Expected {(count,)}, got {tuple(logits.shape)}.",
            cause="a dimension of size 1 that was not removed" if logits.numel() == count else "",
        )
    values: NDArray[np.float64] = logits.detach().cpu().to(torch.float64).numpy()
    return values


def _auc(scores: NDArray[np.float64], truth: NDArray[np.bool_]) -> float:
    """Return the area under the ROC curve, computed from ranks (Mann–Whitney U)."""
    positive, negative = int(truth.sum()), int((~truth).sum())
    if not positive or not negative:
        return float("nan")  # no pair of samples to rank
    _, place, counts = np.unique(scores, return_inverse=True, return_counts=True)
    ranks = (np.cumsum(counts) - (counts - 1) / 2)[place]  # ties share their mean rank
    return float((ranks[truth].sum() - positive * (positive + 1) / 2) / (positive * negative))


def send_loader(
    submission: Submission,
    images: torch.Tensor,
    labels: torch.Tensor,
    *,
    batch_size: int = 64,
    shuffle_seed: int | None = None,
) -> Any:
    """Return a `torch.utils.data.DataLoader` that lives on the student's side, to pass to student code.

    The loader yields ``(images, labels)`` in a single process and does not touch the global random state. Do not give
    it the labels that an answer is evaluated on: student code can read them.

    Parameters
    ----------
    images
        Float32, shape ``(N, C, H, W)``; copied.
    labels
        Float32, shape ``(N,)``; copied.
    batch_size
        Samples per batch; the last batch may be smaller.
    shuffle_seed
        None: samples come in order. A number: they are shuffled each epoch, identically for the same number.
    """
    return send_function(submission, make_loader)(images, labels, batch_size, shuffle_seed)


def make_loader(images: torch.Tensor, labels: torch.Tensor, batch_size: int, shuffle_seed: int | None) -> object:
    """Return the loader. This function is sent as source, so it must be self-contained."""
    from torch.utils.data import DataLoader, TensorDataset

    class Chosen:
        """Samples of a batch: `together` takes them at once, twice as fast, a student's own loader one by one."""

        def __init__(self, indices: list[int]) -> None:
            self.indices = indices

        def __len__(self) -> int:
            return len(self.indices)

        def __getitem__(self, place: int) -> tuple[torch.Tensor, ...]:
            chosen: tuple[torch.Tensor, ...] = samples[self.indices[place]]  # an IndexError at the end ends a loop
            return chosen

    class Samples(TensorDataset):
        def __getitems__(self, indices: list[int]) -> Chosen:
            return Chosen(indices)

    def together(chosen: Chosen) -> list[torch.Tensor]:
        return [tensor[chosen.indices] for tensor in samples.tensors]

    # Even without shuffling, DataLoader draws a number per iteration; a separate generator spares the global one.
    generator = torch.Generator().manual_seed(0 if shuffle_seed is None else shuffle_seed)
    # Copies, because student code could change the tensors of the loader in place.
    samples = Samples(images.detach().clone(), labels.detach().clone())
    shuffle = shuffle_seed is not None
    return DataLoader(samples, batch_size=batch_size, shuffle=shuffle, generator=generator, collate_fn=together)  # type: ignore[arg-type]

"""Give student code a real `DataLoader` of the check's data."""

from __future__ import annotations

from typing import Any

import torch

from autograder.checking.submission import Submission, send_function


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

"""A dataset of numbered samples, and the batches that loaders make of it."""

import torch

from autograder.checking import fail, phrase, send_function

KEYS = ("train", "val", "test")


def numbered_samples(n):
    """Return a dataset whose sample i has the label i and an image that shows i; runs on the student's side."""
    numbers = torch.arange(float(n))
    images = numbers[:, None, None, None] / n + torch.arange(4.0).reshape(1, 1, 2, 2)
    return torch.utils.data.TensorDataset(images, numbers)


def some_splits(*sizes):
    """Return splits of these sizes, in random order."""
    return torch.randperm(sum(sizes)).split(sizes)


def is_loader(value):
    """Whether a value is a PyTorch loader; runs on the student's side."""
    return isinstance(value, torch.utils.data.DataLoader)


def require_loaders(submission, loaders, what):
    """Fail unless this is a dict of the three loaders."""
    if not isinstance(loaders, dict) or not {"train", "val", "test"} <= set(loaders):
        problem = phrase('{what} must return a dict with the keys "train", "val" and "test".', what=what)
        fail(problem, details=f"Got the keys {sorted(map(str, loaders))}." if isinstance(loaders, dict) else "")
    check = send_function(submission, is_loader)
    for name in KEYS:
        if check(loaders[name]) is not True:
            fail(phrase('{what}["{name}"] is not a `torch.utils.data.DataLoader`.', what=what, name=name))


def read_epoch(loader):
    """Return the batches of an epoch, at most 500; runs on the student's side."""
    batches = []
    for batch in loader:
        batches.append(list(batch))
        if len(batches) == 500:
            break
    return batches


def epoch_of(submission, loader, what):
    """Return the batches of one epoch; fail unless each holds a tensor of images and one of labels."""
    batches = send_function(submission, read_epoch)(loader)
    for batch in batches:
        if len(batch) != 2 or not all(isinstance(part, torch.Tensor) and part.ndim for part in batch):
            fail(phrase("A batch of {what} must hold a tensor of images and one of labels.", what=what))
        if len(batch[0]) != len(batch[1]) or batch[1].ndim != 1:
            fail(phrase("A batch of {what} must hold as many labels as images.", what=what))
    return batches


def numbers_in(batches):
    """Return the numbers of the samples, in order."""
    return [int(number) for _, labels in batches for number in labels.tolist()]


def check_batches(submission, splits, batch_size, loaders, what):
    """Fail unless each loader yields each sample of its split once, in full batches except for the last."""
    require_loaders(submission, loaders, what)
    for name, indices in zip(KEYS, splits, strict=True):
        where = phrase('{what}["{name}"]', what=what, name=name)
        batches = epoch_of(submission, loaders[name], where)
        numbers, expected = numbers_in(batches), indices.tolist()
        full, rest = divmod(len(expected), batch_size)
        if len(numbers) == full * batch_size and rest and set(numbers) <= set(expected):
            problem = phrase("{where} loses samples.", where=where)
            fail(problem, cause="the smaller last batch is dropped (`drop_last`)")
        if sorted(numbers) != sorted(expected):
            problem = phrase("{where} does not yield each sample of its split once.", where=where)
            details = (
                f"It yields {len(set(numbers) & set(expected))} of {len(expected)} samples, and "
                f"{len(numbers) - len(set(numbers) & set(expected))} twice or wrongly."
            )
            fail(problem, details=details, cause="the loader uses the whole dataset or another split")
        sizes = [len(labels) for _, labels in batches]
        if sizes != [batch_size] * full + [rest] * bool(rest):
            problem = phrase("{where} has batches of the wrong size.", where=where)
            details = f"The batch size is {batch_size}, got batches of {sizes}."
            fail(problem, details=details, cause="`batch_size` is not passed to the loader")

"""Train a frozen model of the checks of `interpretability` and write it.

Run it in the course's folder: ``python -m tests.checks.interpretability.make_model``. It takes about a minute and
writes ``model.npz``, the model of the hidden checks. With the argument ``shown`` it writes ``shown_model.npz``, whose
maps students see: answers could remember the model of a public check, so hidden checks use another one. The files are
committed, so run it only when the phantom changes, and ``autograder calibrate interpretability`` afterwards. On another
processor it makes another model, because training amplifies differences in the last digits; this is why no
check compares maps with the numbers of an earlier model.

The model is trained on the public training images and chosen with the public validation images; the checks draw images
of their own. It is *chosen* because training does not ask for maps: some networks, as accurate as others, find their
evidence beside an opacity rather than in it. A correct map would then point to the wrong place, and no check could
tell it from a wrong map.
"""

import sys
from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from autograder.datasets import LabelledImages, load_dataset

from .hidden.experiments import pointing_share
from .hidden.grad_cam import activations_and_gradients, cam_of
from .public.frozen_model import MODEL, frozen_network
from .public.phantom_picture import SHOWN_MODEL


class Recipe(NamedTuple):
    """Where a model goes, channels and kernel size of each of its convolutions, and the seeds to try."""

    path: Path
    layers: tuple[tuple[int, int], ...]
    seeds: Iterable[int]


HIDDEN = Recipe(MODEL, ((16, 4), (24, 3), (24, 3)), range(20))
SHOWN = Recipe(SHOWN_MODEL, ((12, 4), (20, 3), (20, 3)), range(100, 120))
EPOCHS = 4
BATCH_SIZE = 64
LEARNING_RATE = 0.01
POINTING = 0.98


def untrained(layers: tuple[tuple[int, int], ...]) -> nn.Module:
    """Return the network with new weights: `frozen_network` has the architecture, `reset_parameters` the values."""
    tensors, channels = {}, 1
    for place, (width, size) in zip((0, 3, 6), layers, strict=True):
        tensors[f"features.{place}.weight"] = torch.zeros(width, channels, size, size)
        for name, value in nn.BatchNorm2d(width).state_dict().items():
            tensors[f"features.{place + 1}.{name}"] = value
        channels = width
    tensors["evidence.weight"] = torch.zeros(1, channels, 1, 1)
    model = frozen_network(tensors)
    for module in model.modules():
        if isinstance(module, nn.Conv2d):
            module.reset_parameters()
    return model


def turned(images: Tensor) -> Tensor:
    """Flip and rotate a batch at random: a model without a preferred direction centres its evidence on a finding."""
    for mirror in (lambda x: x.flip(2), lambda x: x.flip(3), lambda x: x.mT):
        if torch.rand(()) < 0.5:
            images = mirror(images)
    return images


def train(model: nn.Module, images: Tensor, labels: Tensor) -> None:
    """Train with Adam and one cycle of the learning rate."""
    steps = EPOCHS * -(-len(images) // BATCH_SIZE)
    optimiser = torch.optim.Adam(model.parameters(), LEARNING_RATE)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimiser, LEARNING_RATE, total_steps=steps)
    model.train()
    for _ in range(EPOCHS):
        for batch in torch.randperm(len(images)).split(BATCH_SIZE):
            optimiser.zero_grad()
            F.binary_cross_entropy_with_logits(model(turned(images[batch])), labels[batch]).backward()
            optimiser.step()
            schedule.step()
    model.eval()


def as_pixels(data: LabelledImages) -> Tensor:
    """Return images of shape (N, 1, H, W) with values from 0 to 1."""
    return torch.from_numpy(data.images)[:, None] / 255


def judge(model: nn.Module, images: Tensor, labels: Tensor, masks: Tensor) -> tuple[float, float]:
    """Return the accuracy, and the share of correctly classified findings that the model's Grad-CAM points to."""
    with torch.no_grad():
        logits = model(images)
    found = (logits > 0) & (labels > 0)
    last = len(model.features) - 1
    cams = [cam_of(*activations_and_gradients(model, last, image), image.shape[1:]) for image in images[found]]
    return float(((logits > 0) == (labels > 0)).float().mean()), pointing_share(torch.stack(cams), masks[found])


def main(recipe: Recipe) -> None:
    """Train with one seed after another until a model is good enough, and write it."""
    torch.set_num_threads(1)
    data, held_out = load_dataset("phantom", "train"), load_dataset("phantom", "val")
    mean, deviation = as_pixels(data).mean(), as_pixels(data).std()
    images, labels = (as_pixels(data) - mean) / deviation, torch.from_numpy(data.labels).float()
    judged_by = (
        (as_pixels(held_out) - mean) / deviation,
        torch.from_numpy(held_out.labels),
        torch.from_numpy(held_out.masks),
    )
    for seed in recipe.seeds:
        torch.manual_seed(seed)
        model = untrained(recipe.layers)
        train(model, images, labels)
        accuracy, pointing = judge(model, *judged_by)
        print(f"seed {seed}: accuracy {accuracy:.3f}; Grad-CAM points at the finding in {pointing:.3f}", flush=True)
        if pointing >= POINTING:
            write(recipe.path, model, mean, deviation)
            return
    raise SystemExit(f"No model points to the finding in {POINTING:.0%}; nothing was written.")


def write(path: Path, model: nn.Module, mean: Tensor, deviation: Tensor) -> None:
    """Write the weights and the statistics that standardise images, as arrays: nothing is pickled."""
    tensors = {name: value for name, value in model.state_dict().items() if not name.endswith("num_batches_tracked")}
    tensors |= {"pixel_mean": mean, "pixel_deviation": deviation}
    np.savez(path, **{name: value.numpy() for name, value in tensors.items()})
    print(f"{path.name}: {path.stat().st_size / 1024:.0f} KiB")


if __name__ == "__main__":
    main(SHOWN if sys.argv[1:] == ["shown"] else HIDDEN)

"""Train the frozen model of the checks of `interpretability` and write ``test_interpretability.model.npz``.

Run it from anywhere: ``python tests/checks/make_interpretability_model.py``. It takes about a minute. The file is
committed, so there is no need to, unless the phantom changes; then ``autograder calibrate interpretability`` has to
follow. On another processor the weights have other last digits, which is why maps are not compared with numbers of an
earlier model anywhere.

The model is trained on the public training images, and chosen by the public validation images; the checks draw images
of their own. It is *chosen* because training asks for no map: some networks, as accurate as others, find their evidence
beside an opacity rather than in it. A map that is right would then point wrong, and a check could not tell it from a
wrong one.
"""

from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from test_interpretability import _pointing, activations_and_gradients, cam_of, frozen_network
from torch import Tensor, nn

from autograder.datasets import LabelledImages, load_dataset

TARGET = Path(__file__).with_name("test_interpretability.model.npz")
LAYERS = ((16, 4), (24, 3), (24, 3))  # channels and kernel size of each convolution
EPOCHS = 4
BATCH_SIZE = 64
LEARNING_RATE = 0.01
SEEDS = range(20)
POINTING = 0.98


def untrained() -> nn.Module:
    """Return the network with fresh weights: `frozen_network` has the architecture, PyTorch's reset the values."""
    tensors, channels = {}, 1
    for place, (width, size) in zip((0, 3, 6), LAYERS, strict=True):
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
    """Mirror and turn a batch at random: what knows no direction puts its evidence in the middle of a finding."""
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
    """Return the accuracy, and the share of findings called right at which the model's Grad-CAM points."""
    with torch.no_grad():
        logits = model(images)
    found = (logits > 0) & (labels > 0)
    last = len(model.features) - 1
    cams = [cam_of(*activations_and_gradients(model, last, image), image.shape[1:]) for image in images[found]]
    return float(((logits > 0) == (labels > 0)).float().mean()), _pointing(torch.stack(cams), masks[found])


def main() -> None:
    """Train with one seed after the other until a model is good enough, and write that."""
    torch.set_num_threads(1)
    data, held_out = load_dataset("phantom", "train"), load_dataset("phantom", "val")
    mean, deviation = as_pixels(data).mean(), as_pixels(data).std()
    images, labels = (as_pixels(data) - mean) / deviation, torch.from_numpy(data.labels).float()
    judged_by = (
        (as_pixels(held_out) - mean) / deviation,
        torch.from_numpy(held_out.labels),
        torch.from_numpy(held_out.masks),
    )
    for seed in SEEDS:
        torch.manual_seed(seed)
        model = untrained()
        train(model, images, labels)
        accuracy, pointing = judge(model, *judged_by)
        print(f"seed {seed}: accuracy {accuracy:.3f}; Grad-CAM points at the finding in {pointing:.3f}", flush=True)
        if pointing >= POINTING:
            write(model, mean, deviation)
            return
    raise SystemExit(f"No model points right in {POINTING:.0%}; nothing was written.")


def write(model: nn.Module, mean: Tensor, deviation: Tensor) -> None:
    """Write the weights, and what images are standardised with, as arrays: nothing is pickled."""
    tensors = {name: value for name, value in model.state_dict().items() if not name.endswith("num_batches_tracked")}
    tensors |= {"pixel_mean": mean, "pixel_deviation": deviation}
    np.savez(TARGET, **{name: value.numpy() for name, value in tensors.items()})
    print(f"{TARGET.name}: {TARGET.stat().st_size / 1024:.0f} KiB")


if __name__ == "__main__":
    main()

"""Experiments with the frozen model: do maps find the opacities of phantoms, and do they depend on the weights?"""

from functools import cache

import numpy as np
import torch
import torch.nn.functional as F

from autograder.checking import Experiment
from autograder.datasets import phantoms

from ..public.frozen_model import MODEL, frozen_weights, maps_of, seen_findings

HIDDEN_SEED = 730_918_264

FINDS = "The share of images in which the largest value of the map lies at an opacity"
CHANGES = "How much the map changes when the weights of the model are replaced by random ones"
NOT_THE_MODEL = "the map shows the image, not the model"


@cache
def _drawn(seed):
    return phantoms(120, seed=HIDDEN_SEED + seed)


@cache
def _cases(seed):
    """Return new images in which the frozen model sees an opacity, and its location; see `seen_findings`."""
    return seen_findings(_drawn(seed))


def _data(dataset):
    """Return the data of the measurements: the images and masks of the three seeds, and the bytes of the model."""
    return [list(_drawn(seed)) for seed in (1, 2, 3)], np.frombuffer(MODEL.read_bytes(), np.uint8)


def _random_weights(seed):
    """Return the frozen model's weights with the values of each tensor in random order."""
    generator = torch.Generator().manual_seed(seed)
    tensors, _, _ = frozen_weights()
    return {
        name: tensor.flatten()[torch.randperm(tensor.numel(), generator=generator)].reshape(tensor.shape)
        for name, tensor in tensors.items()
    }


def pointing_share(maps, masks):
    """Return the share of maps whose maximum lies within a pixel of an opacity."""
    near = F.max_pool2d(masks[:, None].float(), 3, stride=1, padding=1).flatten(1)
    return float(near.gather(1, maps.flatten(1).argmax(1, keepdim=True)).mean())


def _correlation(first, second):
    """Return the mean absolute correlation of two sets of maps; a flat map shows nothing and counts as 1."""
    first, second = ((m - m.mean(1, keepdim=True)).double() for m in (first.flatten(1), second.flatten(1)))
    norms = (first.norm(dim=1) * second.norm(dim=1)).clamp(min=1e-12)
    flat = first.norm(dim=1) < 1e-9
    return float(((first * second).sum(1).abs() / norms).masked_fill(flat, 1.0).mean())


def _finding(submission, question, seed, count):
    """Measure how often the largest value of a map lies at an opacity."""
    images, masks = (cases[:count] for cases in _cases(seed))
    return {"pointing": pointing_share(maps_of(submission, question, frozen_weights()[0], images), masks)}


def _sanity(submission, question, seed, count):
    """Measure how much the maps change with the model's weights: 1 minus the correlation."""
    images = _cases(seed)[0][:count]
    maps = [maps_of(submission, question, weights, images) for weights in (frozen_weights()[0], _random_weights(seed))]
    return {"change": 1 - _correlation(*maps)}


def saliency_finds(submission, dataset, seed):
    """Measure how often the largest gradient lies at an opacity."""
    return _finding(submission, "saliency_map", seed, 40)


def saliency_changes(submission, dataset, seed):
    """Measure how much saliency maps depend on the model's weights."""
    return _sanity(submission, "saliency_map", seed, 10)


def occlusion_finds(submission, dataset, seed):
    """Measure how often the largest drop lies at an opacity."""
    return _finding(submission, "occlusion_map", seed, 16)


def occlusion_changes(submission, dataset, seed):
    """Measure how much occlusion maps depend on the model's weights."""
    return _sanity(submission, "occlusion_map", seed, 6)


def grad_cam_finds(submission, dataset, seed):
    """Measure how often the maximum of Grad-CAM lies at an opacity."""
    return _finding(submission, "grad_cam", seed, 40)


def grad_cam_changes(submission, dataset, seed):
    """Measure how much Grad-CAM maps depend on the model's weights."""
    return _sanity(submission, "grad_cam", seed, 10)


def random_maps(dataset, seed):
    """Point to a random pixel."""
    _, masks = _cases(seed)
    maps = torch.rand(masks.shape, generator=torch.Generator().manual_seed(seed))
    return {"pointing": pointing_share(maps, masks)}


def usual_place(dataset, seed):
    """Point to the most frequent position of opacities, whatever the image."""
    _, masks = _cases(seed)
    return {"pointing": pointing_share(_cases(seed + 100)[1].float().mean(0).expand(len(masks), -1, -1), masks)}


def brightness(dataset, seed):
    """Point to the brightest pixel."""
    images, masks = _cases(seed)
    return {"pointing": pointing_share(images[:, 0], masks)}


def same_map(dataset, seed):
    """Show the image itself, whatever the model."""
    images = _cases(seed)[0]
    return {"change": 1 - _correlation(images, images)}


POINTERS = {"random": random_maps, "usual place": usual_place, "brightest pixel": brightness}
IMAGE_ITSELF = {"the image itself": same_map}

SALIENCY_FINDS = Experiment("saliency_finds", saliency_finds, dataset="phantom", metric="pointing", baselines=POINTERS)
SALIENCY_CHANGES = Experiment(
    "saliency_changes", saliency_changes, dataset="phantom", metric="change", baselines=IMAGE_ITSELF
)
OCCLUSION_FINDS = Experiment(
    "occlusion_finds", occlusion_finds, dataset="phantom", metric="pointing", baselines=POINTERS
)
OCCLUSION_CHANGES = Experiment(
    "occlusion_changes", occlusion_changes, dataset="phantom", metric="change", baselines=IMAGE_ITSELF
)
GRAD_CAM_FINDS = Experiment("grad_cam_finds", grad_cam_finds, dataset="phantom", metric="pointing", baselines=POINTERS)
GRAD_CAM_CHANGES = Experiment(
    "grad_cam_changes", grad_cam_changes, dataset="phantom", metric="change", baselines=IMAGE_ITSELF
)

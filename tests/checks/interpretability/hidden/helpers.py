"""TODO helpers"""

from functools import cache

import torch
import torch.nn.functional as F

from autograder.datasets import phantoms

from ..public.helpers import _maps, _weights, frozen_network

HIDDEN_SEED = 730_918_264


# Float32 sums in another order differ by rounding, which shows where they come close to 0.
CLOSE = {"atol": 1e-5}


def train(model):
    """Put a model in training mode."""
    model.train()


def freeze(model):
    """Let no parameter of a model train."""
    model.requires_grad_(False)


def fill_gradients(model):
    """Leave gradients at a model's parameters, as the last step of a training does."""
    for place, parameter in enumerate(model.parameters()):
        parameter.grad = torch.full_like(parameter, place + 1.0)


AFTER_EXCEPTION = (
    "what follows an exception is not run any more, unless it stands in a `finally` or is done by a `with`"
)


EVALUATION = "the model is in training mode: dropout draws lots, and a batch norm uses the batch's own statistics"


def _random_weights(seed):
    """Return weights of the frozen model's shapes, each tensor with its own values in another order."""
    generator = torch.Generator().manual_seed(seed)
    tensors, _, _ = _weights()
    return {
        name: tensor.flatten()[torch.randperm(tensor.numel(), generator=generator)].reshape(tensor.shape)
        for name, tensor in tensors.items()
    }


@cache
def _drawn(seed):
    return phantoms(120, seed=HIDDEN_SEED + seed)


@cache
def _cases(seed):
    """Return new images in which the frozen model sees an opacity, (N, 1, 28, 28), and where it is, (N, 28, 28)."""
    drawn = _drawn(seed)
    tensors, mean, deviation = _weights()
    images = ((torch.from_numpy(drawn.images)[:, None] / 255 - mean) / deviation).float().contiguous()
    masks = torch.from_numpy(drawn.masks)
    with torch.no_grad():
        seen = (frozen_network(tensors)(images) > 0) & masks.flatten(1).any(1)
    return images[seen], masks[seen]


def _pointing(maps, masks):
    """Return the share of maps whose maximum lies within a pixel of an opacity."""
    near = F.max_pool2d(masks[:, None].float(), 3, stride=1, padding=1).flatten(1)
    return float(near.gather(1, maps.flatten(1).argmax(1, keepdim=True)).mean())


def _correlation(first, second):
    """Return the mean absolute correlation of maps with maps: 1 where the first shows nothing, as it says nothing."""
    first, second = ((m - m.mean(1, keepdim=True)).double() for m in (first.flatten(1), second.flatten(1)))
    norms = (first.norm(dim=1) * second.norm(dim=1)).clamp(min=1e-12)
    flat = first.norm(dim=1) < 1e-9
    return float(((first * second).sum(1).abs() / norms).masked_fill(flat, 1.0).mean())


def _finding(submission, question, seed, count):
    images, masks = (cases[:count] for cases in _cases(seed))
    return {"pointing": _pointing(_maps(submission, question, _weights()[0], images), masks)}


def _sanity(submission, question, seed, count):
    """Measure how much the maps change with the model's weights: 1 minus the correlation."""
    images = _cases(seed)[0][:count]
    maps = [_maps(submission, question, weights, images) for weights in (_weights()[0], _random_weights(seed))]
    return {"change": 1 - _correlation(*maps)}


def random_maps(dataset, seed):
    """Point anywhere."""
    _, masks = _cases(seed)
    maps = torch.rand(masks.shape, generator=torch.Generator().manual_seed(seed))
    return {"pointing": _pointing(maps, masks)}


def usual_place(dataset, seed):
    """Point to where opacities lie most often, whatever the image."""
    _, masks = _cases(seed)
    return {"pointing": _pointing(_cases(seed + 100)[1].float().mean(0).expand(len(masks), -1, -1), masks)}


def brightness(dataset, seed):
    """Point to the brightest pixel."""
    images, masks = _cases(seed)
    return {"pointing": _pointing(images[:, 0], masks)}


def same_map(dataset, seed):
    """Show the image itself, whatever the model."""
    images = _cases(seed)[0]
    return {"change": 1 - _correlation(images, images)}


POINTERS = {"random": random_maps, "usual place": usual_place, "brightest pixel": brightness}


IMAGE_ITSELF = {"the image itself": same_map}


FINDS = "The share of images in which the largest value of the map lies at an opacity"


CHANGES = "How much the map changes when the weights of the model are replaced by random ones"


NOT_THE_MODEL = "the map shows the image, not the model"


def break_classifier(model):
    """Let a model raise after its features were computed."""

    def head(features):
        raise ArithmeticError("this model fails on purpose")

    model.head = head

"""Checks of the exercise `interpretability`: maps of what a model looks at, and whether they find what is there.

Small networks with numbers that can be followed by hand show the definitions. A frozen model,
``test_interpretability.model.npz``, shows whether the maps find the opacities of the phantom: a freshly trained one
would be another model on every machine. ``make_interpretability_model.py`` makes the file.
"""

import math
from contextlib import suppress
from functools import cache
from pathlib import Path

import numpy as np
import pytest
import torch
import torch.nn.functional as F

from autograder.checking import (
    Experiment,
    assert_equal,
    assert_raises,
    assert_tensor,
    assert_true,
    send_function,
    show_images,
    unchanged,
)
from autograder.datasets import phantoms

HIDDEN_SEED = 730_918_264
SHOWN_SEED = 7  # of the phantom on the feedback page

# Float32 sums in another order differ by rounding, which shows where they come close to 0.
CLOSE = {"atol": 1e-5}


# --- Models that live on the student's side ---------------------------------------------------------------------


def weighted_sum(weight):
    """Return a model whose logit is the sum of all pixels, each times its weight of shape (C, H, W)."""

    class WeightedSum(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.weight = torch.nn.Parameter(weight.clone())

        def forward(self, images):
            return (images * self.weight).sum((1, 2, 3))

    return WeightedSum()


def two_maps(gradients, stride):
    """Return a model with two feature maps A, its pixels and 3 minus them, and the logit sum(gradients · A)."""

    class TwoMaps(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.layer = torch.nn.Conv2d(1, 2, 1, stride=stride)
            self.layer.weight.data = torch.tensor([1.0, -1.0]).reshape(2, 1, 1, 1)
            self.layer.bias.data = torch.tensor([0.0, 3.0])
            self.gradients = torch.nn.Parameter(gradients.clone())

        def forward(self, images):
            return (self.layer(images) * self.gradients).sum((1, 2, 3))

    return TwoMaps()


def network(in_channels, in_place):
    """Return a small convolutional network in evaluation mode, always with the same weights.

    It takes images of any size; ``in_place`` is for its first ReLU.
    """

    class Network(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.features = torch.nn.Sequential(
                torch.nn.Conv2d(in_channels, 4, 3, padding=1),
                torch.nn.BatchNorm2d(4),
                torch.nn.ReLU(inplace=in_place),
                torch.nn.MaxPool2d(2),
                torch.nn.Conv2d(4, 5, 3, padding=1),
                torch.nn.Tanh(),
                torch.nn.Dropout(0.4),
            )
            self.classifier = torch.nn.Linear(5, 1)

        def head(self, features):
            return 10 * self.classifier((features + features**2).mean((2, 3))).squeeze(1)

        def forward(self, images):
            return self.head(self.features(images))

    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(31)
        model = Network()
        normalisation = model.features[1]
        normalisation.running_mean.normal_()
        normalisation.running_var.uniform_(0.2, 2.0)
    return model.eval()


def uneven_network(in_channels, in_place):
    """Return a network whose feature maps are three times lower and twice narrower than the image, always the same."""

    class UnevenNetwork(torch.nn.Module):
        def __init__(self):
            super().__init__()
            convolution = torch.nn.Conv2d(in_channels, 3, 3, stride=(3, 2))
            self.features = torch.nn.Sequential(convolution, torch.nn.LeakyReLU(inplace=in_place))

        def forward(self, images):
            return self.features(images).mean((1, 2, 3))

    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(3)
        return UnevenNetwork().eval()


def train_all_but_dropout(model):
    """Put a `network` in training mode, all but its dropout: a mixture of modes, as after freezing a part."""
    model.train()
    model.features[6].eval()


def train(model):
    """Put a model in training mode."""
    model.train()


def state_of(model):
    """Return all of a model that a map must not change."""
    kinds = ("_forward_hooks", "_forward_pre_hooks", "_backward_hooks", "_backward_pre_hooks")
    hooks = sum(len(getattr(module, kind)) for module in model.modules() for kind in kinds)
    return {
        "modes": [module.training for module in model.modules()],
        "hooks": hooks + sum("forward" in vars(module) for module in model.modules()),
        "trainable": [parameter.requires_grad for parameter in model.parameters()],
        "grads": [None if p.grad is None else p.grad.clone() for p in model.parameters()],
        "values": [value.clone() for value in model.state_dict().values()],
    }


def freeze(model):
    """Let no parameter of a model train."""
    model.requires_grad_(False)


def fill_gradients(model):
    """Leave gradients at a model's parameters, as the last step of a training does."""
    for place, parameter in enumerate(model.parameters()):
        parameter.grad = torch.full_like(parameter, place + 1.0)


def same(first, second):
    """Whether two lists of tensors, or of None, are the same."""
    return all(
        (a is None) == (b is None) and (a is None or torch.equal(a, b)) for a, b in zip(first, second, strict=True)
    )


def assert_as_found(before, after, call):
    """Compare a model's state after a call with that before."""
    assert_equal(
        after["hooks"],
        before["hooks"],
        what=f"The number of hooks after {call}",
        cause="a hook that is registered has to be removed: keep its handle, and call `.remove()` in a `finally`",
    )
    assert_true(
        after["modes"] == before["modes"],
        f"{call} leaves the model in another mode than it was in.",
        cause="`model.eval()` and `model.train()` set all submodules at once; "
        "each has a mode of its own that has to come back",
    )
    assert_true(
        same(before["grads"], after["grads"]),
        f"{call} changes the gradients (.grad) of the model's parameters.",
        cause="`backward()` adds to the .grad of every parameter, and `zero_grad()` deletes what was there; "
        "`torch.autograd.grad` touches none",
    )
    assert_true(
        after["trainable"] == before["trainable"],
        f"{call} changes requires_grad of the model's parameters.",
        cause="`requires_grad_(...)` on the model",
    )
    assert_true(
        same(before["values"], after["values"]),
        f"{call} changes the model itself: its weights, or the running statistics of a batch norm.",
        cause="a forward pass in training mode moves the running statistics of batch norms",
    )


def leaves_model(submission, model, image, call, function, *arguments):
    """Call ``function``; fail where it changes the model or the image. Return its result."""
    look = send_function(submission, state_of)
    before = look(model)
    with unchanged(image, what=call):
        result = function(*arguments)
    assert_as_found(before, look(model), call)
    return result


AFTER_EXCEPTION = (
    "what follows an exception is not run any more, unless it stands in a `finally` or is done by a `with`"
)
EVALUATION = "the model is in training mode: dropout draws lots, and a batch norm uses the batch's own statistics"


# --- The frozen model, and how well maps find what is there -------------------------------------------------------


def frozen_network(tensors):
    """Return the frozen model from its state dict: the logit is the largest evidence of any place."""
    shapes = [tensors[f"features.{place}.weight"].shape for place in (0, 3, 6)]

    class FrozenNetwork(torch.nn.Module):
        def __init__(self):
            super().__init__()
            layers = []
            for width, channels, size, _ in shapes:
                settings = {"stride": 1 if layers else 2, "padding": (size - 1) // 2, "bias": False}
                convolution = torch.nn.Conv2d(channels, width, size, **settings)
                layers += [convolution, torch.nn.BatchNorm2d(width), torch.nn.ReLU()]
            self.features = torch.nn.Sequential(*layers)
            self.evidence = torch.nn.Conv2d(width, 1, 1, bias=False)

        def head(self, features):
            return self.evidence(features).amax((1, 2, 3))

        def forward(self, images):
            return self.head(self.features(images))

    model = FrozenNetwork()
    model.load_state_dict(tensors)
    return model.eval()


def make_maps(function, model, images, with_layer, settings):
    """Return the map of each image."""
    arguments = [model, model.features] if with_layer else [model]
    return [function(*arguments, image, **settings) for image in images]


@cache
def _weights():
    """Return the frozen model's state dict, and mean and deviation of the pixels that it was trained with."""
    with np.load(Path(__file__).with_name("test_interpretability.model.npz"), allow_pickle=False) as stored:
        tensors = {name: torch.from_numpy(stored[name]) for name in stored.files}
    return tensors, tensors.pop("pixel_mean"), tensors.pop("pixel_deviation")


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


def _data(dataset):
    """Return what the measurements use: the images and masks of the three seeds, and the bytes of the model."""
    stored = Path(__file__).with_name("test_interpretability.model.npz").read_bytes()
    return [list(_drawn(seed)) for seed in (1, 2, 3)], np.frombuffer(stored, np.uint8)


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


def _maps(submission, question, tensors, images):
    """Return the maps that an answer makes of images, (N, H, W), with the frozen model of these weights."""
    model = send_function(submission, frozen_network)(tensors)
    # Hidden pixels are as dark as a lung: a patch of the mean grey would itself look like an opacity there.
    settings = {"fill": -0.7} if question == "occlusion_map" else {}
    function, with_layer = getattr(submission, question), question == "grad_cam"
    maps = send_function(submission, make_maps)(function, model, images, with_layer, settings)
    for heat in maps:
        # An infinite tolerance lets every finite value pass: only type, shape and dtype are compared here.
        assert_tensor(heat, torch.zeros(images.shape[2:]), what=f"the map of {question}", atol=math.inf)
    return torch.stack([heat.detach() for heat in maps])


@cache
def _shown():
    """Return a phantom in which the frozen model sees an opacity, (1, 28, 28), and where it is, (28, 28)."""
    drawn = phantoms(60, seed=SHOWN_SEED)
    tensors, mean, deviation = _weights()
    images = ((torch.from_numpy(drawn.images)[:, None] / 255 - mean) / deviation).float().contiguous()
    masks = torch.from_numpy(drawn.masks)
    with torch.no_grad():
        seen = (frozen_network(tensors)(images) > 0) & masks.flatten(1).any(1)
    first = int(seen.nonzero()[0])
    return images[first], masks[first]


def show_on_a_phantom(submission, question):
    """Leave a picture of an answer's map beside what there is to find; only graders have the model for it."""
    if not Path(__file__).with_name("test_interpretability.model.npz").is_file():
        return
    image, finding = _shown()
    with suppress(Exception):  # a picture decides nothing
        heat = _maps(submission, question, _weights()[0], image[None])[0]
        title = f"{question} of a phantom, with a trained model"
        show_images(title, {"phantom": image[0], "the true finding": finding, "the map": heat})


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


def saliency_finds(submission, dataset, seed):
    """Measure how often the largest gradient lies at an opacity."""
    return _finding(submission, "saliency_map", seed, 40)


def occlusion_finds(submission, dataset, seed):
    """Measure how often the largest drop lies at an opacity."""
    return _finding(submission, "occlusion_map", seed, 16)


def grad_cam_finds(submission, dataset, seed):
    """Measure how often the maximum of Grad-CAM lies at an opacity."""
    return _finding(submission, "grad_cam", seed, 40)


def saliency_changes(submission, dataset, seed):
    """Measure how far saliency maps depend on the model's weights."""
    return _sanity(submission, "saliency_map", seed, 10)


def occlusion_changes(submission, dataset, seed):
    """Measure how far occlusion maps depend on the model's weights."""
    return _sanity(submission, "occlusion_map", seed, 6)


def grad_cam_changes(submission, dataset, seed):
    """Measure how far Grad-CAM maps depend on the model's weights."""
    return _sanity(submission, "grad_cam", seed, 10)


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
SALIENCY_FINDS = Experiment("saliency_finds", saliency_finds, dataset="phantom", metric="pointing", baselines=POINTERS)
OCCLUSION_FINDS = Experiment(
    "occlusion_finds", occlusion_finds, dataset="phantom", metric="pointing", baselines=POINTERS
)
GRAD_CAM_FINDS = Experiment("grad_cam_finds", grad_cam_finds, dataset="phantom", metric="pointing", baselines=POINTERS)
IMAGE_ITSELF = {"the image itself": same_map}
SALIENCY_CHANGES = Experiment(
    "saliency_changes", saliency_changes, dataset="phantom", metric="change", baselines=IMAGE_ITSELF
)
OCCLUSION_CHANGES = Experiment(
    "occlusion_changes", occlusion_changes, dataset="phantom", metric="change", baselines=IMAGE_ITSELF
)
GRAD_CAM_CHANGES = Experiment(
    "grad_cam_changes", grad_cam_changes, dataset="phantom", metric="change", baselines=IMAGE_ITSELF
)

FINDS = "The share of images in which the largest value of the map lies at an opacity"
CHANGES = "How much the map changes when the weights of the model are replaced by random ones"
NOT_THE_MODEL = "the map shows the image, not the model"


# --- saliency_map -------------------------------------------------------------------------------------------------


def saliency_mistakes(gradient, image):
    """Return what saliency_map gives after each typical mistake, from the gradient (C, H, W): cause → value."""
    size = gradient.abs()
    return {
        "the sign is kept: it is the absolute value of the gradient that counts": gradient.amax(0),
        "the absolute value is taken after the maximum over the channels, not before": gradient.amax(0).abs(),
        "the mean over the channels is taken; the lecture takes the largest": size.mean(0),
        "the sum over the channels is taken; the lecture takes the largest": size.sum(0),
        "the length of the gradient over the channels is taken; the lecture takes the largest": gradient.norm(dim=0),
        "the gradient is multiplied by the image": (gradient * image).abs().amax(0),
        "the map is scaled by its maximum; leave it as it is": size.amax(0) / size.max(),
        "only the first channel is used": size[0],
        "the channel axis is still there: the map has two axes": size,
        "one axis too many is left: the map has two": size.amax(0, keepdim=True),
        "rows and columns are swapped": size.amax(0).T,
    }


def reference_saliency(model, image):
    """Return the gradient of the checker's own copy of a model."""
    batch = image[None].clone().requires_grad_()
    return torch.autograd.grad(model(batch).sum(), batch)[0][0]


@pytest.mark.question("saliency_map")
@pytest.mark.hints(
    "The gradient is that of the logit by the image, not of the loss and not by the weights.",
    (
        "A copy of the image requires the gradient; `torch.autograd.grad` leaves the model's own gradients alone."
        " Remember the modes."
    ),
)
class TestSaliencyMap:
    @pytest.mark.points(1)
    @pytest.mark.public
    def test_known_gradient(self, submission):
        """Where the logit is a weighted sum of the pixels, the map holds the largest absolute weight of each pixel."""
        weight = torch.tensor(
            [[[1.0, -4, 0], [2, 0, 3]], [[-2, 1, 0], [2, -5, 1]], [[0.5, 3, 0], [-1, 4, -2]]]
        )  # three channels, 2×3 pixels
        image = torch.tensor([[[0.1, 0.2, 0.3], [0.4, 0.5, 0.6]]]).repeat(3, 1, 1)
        model = send_function(submission, weighted_sum)(weight)
        probability = (weight * image).sum().sigmoid()
        assert_tensor(
            submission.saliency_map(model, image),
            torch.tensor([[2.0, 4, 0], [2, 5, 3]]),
            what="saliency_map(model, image)",
            mistakes=saliency_mistakes(weight, image)
            | {
                "the gradient is that of the probability: leave the sigmoid out, it flattens where the model is sure": (
                    (weight * probability * (1 - probability)).abs().amax(0)
                )
            },
        )
        show_on_a_phantom(submission, "saliency_map")

    @pytest.mark.points(0.5)
    @pytest.mark.public
    def test_leaves_all_as_found(self, submission):
        """The model's mode and gradients, and the image, are as they were before."""
        model = send_function(submission, network)(1, False)
        image = torch.rand(1, 6, 8)
        send_function(submission, train_all_but_dropout)(model)
        call = "saliency_map(model, image)"
        saliency = leaves_model(submission, model, image, call, submission.saliency_map, model, image)
        assert_tensor(saliency, torch.zeros(6, 8), what=call, atol=math.inf)
        assert_true(
            not saliency.requires_grad,
            f"{call} is still part of a graph: it requires a gradient itself.",
            cause="`create_graph=True`, or a map made from what has a gradient; `.detach()` cuts it off",
        )

    @pytest.mark.points(0.5)
    def test_deep_network(self, submission):
        """The map is right for a convolutional network, several channels, and images that are not square."""
        model, ours = send_function(submission, network)(3, False), network(3, False)
        for image in (torch.rand(3, 6, 10), torch.rand(3, 12, 7).mT, torch.rand(3, 16, 16)[:, ::2, ::2]):
            gradient = reference_saliency(ours, image)
            assert_tensor(
                submission.saliency_map(model, image),
                gradient.abs().amax(0),
                what="saliency_map of a convolutional network",
                mistakes=saliency_mistakes(gradient, image),
                **CLOSE,
            )

    @pytest.mark.points(0.25)
    def test_evaluation_mode(self, submission):
        """The map is that of the model in evaluation mode, in whatever mode it comes."""
        build = send_function(submission, network)
        image = torch.rand(1, 8, 8)
        expected = submission.saliency_map(build(1, False), image)
        assert_tensor(expected, torch.zeros(8, 8), what="saliency_map of a network", atol=math.inf)
        model, call = build(1, False), "saliency_map of a model in training mode"
        send_function(submission, train)(model)
        saliency = leaves_model(submission, model, image, call, submission.saliency_map, model, image)
        assert_tensor(saliency, expected.detach(), what=call, cause=EVALUATION, **CLOSE)

    @pytest.mark.points(0.25)
    def test_gradients_that_were_there(self, submission):
        """Gradients from training stay, frozen parameters are no obstacle, and the image keeps requires_grad."""
        image = torch.rand(1, 8, 8)
        for prepare, what in (
            (fill_gradients, "saliency_map of a model with gradients"),
            (freeze, "saliency_map of a frozen model"),
        ):
            model = send_function(submission, network)(1, False)
            send_function(submission, prepare)(model)
            saliency = leaves_model(submission, model, image, what, submission.saliency_map, model, image)
            assert_tensor(saliency, torch.zeros(8, 8), what=what, atol=math.inf)

    @pytest.mark.points(0.25)
    def test_finds_the_opacity(self, submission):
        """In images that a trained model calls right, the largest value nearly always lies at an opacity."""
        SALIENCY_FINDS.check(submission, what=FINDS, cause="rows and columns swapped, or a map that is blurred or flat")

    @pytest.mark.points(0.25)
    def test_depends_on_the_weights(self, submission):
        """Randomised weights change the map."""
        SALIENCY_CHANGES.check(submission, what=CHANGES, cause=NOT_THE_MODEL)


# --- occlusion_map ------------------------------------------------------------------------------------------------


def reference_occlusion(model, image, patch_size=4, stride=2, fill=0.0, *, mode="mean"):
    """Return the map patch by patch; ``mode`` makes one of the typical mistakes instead."""
    _, height, width = image.shape
    total, covered = torch.zeros(height, width), torch.zeros(height, width)
    with torch.no_grad():
        before = model(image[None])[0]
        over = mode == "over the border"
        for top in range(0, height if over else height - patch_size + 1, stride):
            for left in range(0, width if over else width - patch_size + 1, stride):
                rows, columns = slice(top, top + patch_size), slice(left, left + patch_size)
                changed = image.clone()
                changed[slice(0, 1) if mode == "first channel" else slice(None), rows, columns] = fill
                after = model(changed[None])[0]
                drop = before.sigmoid() - after.sigmoid() if mode == "probability" else before - after
                if mode == "maximum":
                    total[rows, columns] = torch.maximum(total[rows, columns], drop)
                elif mode == "last":
                    total[rows, columns] = drop
                else:
                    total[rows, columns] += drop
                covered[rows, columns] += 1
    return total / covered.clamp(min=1) if mode not in ("sum", "maximum", "last") else total


def occlusion_mistakes(model, image, patch_size=4, stride=2, fill=0.0):
    """Return what occlusion_map gives after each typical mistake: cause → value."""

    def after(mode="mean", **changed):
        settings = {"patch_size": patch_size, "stride": stride, "fill": fill} | changed
        return reference_occlusion(model, image, **settings, mode=mode)

    right = after()
    return {
        "the drop has the wrong sign: it is the original logit minus the occluded one": -right,
        "the drops are summed up; a pixel gets their mean": after("sum"),
        "the largest drop is taken; a pixel gets the mean": after("maximum"),
        "a later patch overwrites an earlier one; a pixel gets the mean of all that cover it": after("last"),
        "patches hang over the border of the image; they lie wholly inside": after("over the border"),
        "the drop is that of the probability; it is the logit's": after("probability"),
        "negative drops are cut off; keep them": right.relu(),
        "the absolute value is taken; keep the sign": right.abs(),
        "the map is scaled by its maximum; leave it as it is": right / right.max(),
        "rows and columns are swapped": right.T,
        "`fill` is ignored: patches are filled with 0": after(fill=0.0),
        "the stride is ignored: the patches start at every pixel": after(stride=1),
        "the patches step by their own size, not by the stride": after(stride=patch_size),
        "only the first channel is occluded; a patch hides all of them": after("first channel"),
    }


@pytest.mark.question("occlusion_map")
@pytest.mark.hints(
    "For each place of the patch: copy the image, hide the patch, ask the model, compare with the logit before.",
    "Keep two maps: the sum of the drops at each pixel, and how many patches covered it.",
)
class TestOcclusionMap:
    @pytest.mark.points(1)
    @pytest.mark.public
    def test_known_drops(self, submission):
        """Where the logit is a weighted sum of the pixels, a patch costs what its pixels contribute."""
        image = torch.tensor([[[1.0, 2, 0, 1], [3, 0, 1, 0], [5, 1, 2, 2], [0, 1, 1, 2]]])
        weight = torch.tensor([[[1.0, 1, 1, 1], [1, 1, 1, 1], [1, 1, -1, -1], [1, 1, -1, -1]]])
        model = send_function(submission, weighted_sum)(weight)
        # The four patches contribute 6, 2, 7 and -7.
        expected = torch.tensor([[6.0, 6, 2, 2], [6, 6, 2, 2], [7, 7, -7, -7], [7, 7, -7, -7]])
        assert_tensor(
            submission.occlusion_map(model, image, patch_size=2, stride=2),
            expected,
            what="occlusion_map(model, image, patch_size=2, stride=2)",
            mistakes={
                "the drop has the wrong sign: it is the original logit minus the occluded one": -expected,
                "negative drops are cut off; keep them": expected.clamp(min=0),
                "the absolute value is taken; keep the sign": expected.abs(),
                "this is the logit with the patch hidden, not how much it drops": 8 - expected,
                "a pixel gets the drop divided by the patch's number of pixels": expected / 4,
                "rows and columns are swapped": expected.T,
                "there is one value a patch; the map has one a pixel": expected[::2, ::2],
                "one axis too many is left: the map has two": expected[None],
                "the map is scaled by its maximum; leave it as it is": expected / 7,
            },
        )
        show_on_a_phantom(submission, "occlusion_map")

    @pytest.mark.points(0.5)
    @pytest.mark.public
    def test_overlap(self, submission):
        """Where patches overlap, a pixel gets their mean drop."""
        image = torch.tensor([[[1.0, 2, 3], [4, 5, 6]]])
        model = send_function(submission, weighted_sum)(torch.ones(1, 2, 3))
        # Two patches of 2×2: the left one contributes 12, the right one 16, and the middle column is in both.
        assert_tensor(
            submission.occlusion_map(model, image, patch_size=2, stride=1),
            torch.tensor([[12.0, 14, 16]] * 2),
            what="occlusion_map(model, image, patch_size=2, stride=1)",
            mistakes={
                "the drops are summed up; a pixel gets their mean": torch.tensor([[12.0, 28, 16]] * 2),
                "a later patch overwrites an earlier one": torch.tensor([[12.0, 16, 16]] * 2),
                "an earlier patch is kept where a later one covers the pixel too": torch.tensor([[12.0, 12, 16]] * 2),
                "patches hang over the border of the image; they lie wholly inside": torch.tensor(
                    [[12.0, 14, 12.5], [10.5, 12.25, 10.75]]
                ),
                "the last patch is missing: one that touches the border still lies inside": torch.tensor(
                    [[12.0, 12, 0]] * 2
                ),
            },
        )

    @pytest.mark.points(0.5)
    def test_settings(self, submission):
        """The map is right for other sizes, strides, fills and channels, and images that are not square."""
        model, ours = send_function(submission, network)(2, False), network(2, False)
        for image, settings in (
            (torch.rand(2, 12, 8), {}),
            (torch.rand(2, 9, 14), {"patch_size": 3, "stride": 1}),
            (torch.rand(2, 14, 8).mT, {"patch_size": 5, "stride": 3, "fill": 0.7}),
            (torch.rand(2, 8, 12), {"patch_size": 2, "stride": 3, "fill": -1.0}),
        ):
            assert_tensor(
                submission.occlusion_map(model, image, **settings),
                reference_occlusion(ours, image, **settings),
                what="occlusion_map of a convolutional network",
                mistakes=lambda image=image, settings=settings: occlusion_mistakes(ours, image, **settings),
                **CLOSE,
            )

    @pytest.mark.points(0.25)
    def test_uncovered(self, submission):
        """Pixels that no patch covers are 0, also where no patch fits into the image at all."""
        image = torch.rand(1, 8, 11) + 0.5
        model = send_function(submission, weighted_sum)(torch.ones(1, 8, 11))
        for patch_size, stride in ((4, 3), (2, 4), (12, 2), (9, 1)):
            reached = reference_occlusion(weighted_sum(torch.ones(1, 8, 11)), image, patch_size, stride) != 0
            drops = submission.occlusion_map(model, image, patch_size=patch_size, stride=stride)
            call = "occlusion_map where some pixels are not covered"
            cause = "a mean over no patches is 0 divided by 0"
            assert_tensor(drops, torch.zeros(8, 11), what=call, atol=math.inf, cause=cause)
            cause = "a patch lies partly outside of the image, or one more is laid against the border"
            assert_tensor(drops[~reached], torch.zeros(int((~reached).sum())), what=call, cause=cause)

    @pytest.mark.points(0.25)
    def test_leaves_all_as_found(self, submission):
        """The map is made in evaluation mode, carries no graph, and leaves model and image as they were."""
        build = send_function(submission, network)
        image, call = torch.rand(1, 8, 8), "occlusion_map of a model in training mode"
        expected = submission.occlusion_map(build(1, False), image)
        assert_tensor(expected, torch.zeros(8, 8), what="occlusion_map of a network", atol=math.inf)
        model = build(1, False)
        send_function(submission, fill_gradients)(model)
        send_function(submission, train_all_but_dropout)(model)
        drops = leaves_model(submission, model, image, call, submission.occlusion_map, model, image)
        assert_tensor(drops, expected.detach(), what=call, cause=EVALUATION, **CLOSE)
        assert_true(
            not drops.requires_grad,
            "occlusion_map is still part of a graph: it requires a gradient.",
            cause="no gradient is needed here; `torch.no_grad()` saves memory and time",
        )

    @pytest.mark.points(0.25)
    @pytest.mark.timeout(20)
    def test_finds_the_opacity(self, submission):
        """In images that a trained model calls right, the largest drop nearly always lies at an opacity."""
        OCCLUSION_FINDS.check(submission, what=FINDS, cause="rows and columns swapped, or the sign of the drop")

    @pytest.mark.points(0.25)
    @pytest.mark.timeout(20)
    def test_depends_on_the_weights(self, submission):
        """Randomised weights change the map."""
        OCCLUSION_CHANGES.check(submission, what=CHANGES, cause=NOT_THE_MODEL)


# --- grad_cam -----------------------------------------------------------------------------------------------------

CAM_GRADIENTS = torch.tensor([[[4.0, 0], [0, 0]], [[0, -8], [2, 2]]])
"""Of the two feature maps of `two_maps`: their means are 1 and -1."""


def activations_and_gradients(model, layer, image):
    """Return what ``model.features[layer]`` gives for an image, and the gradient of the logit with respect to that."""
    with torch.no_grad():
        activations = model.features[: layer + 1](image[None])
    activations.requires_grad_()
    (gradients,) = torch.autograd.grad(model.head(model.features[layer + 1 :](activations)).sum(), activations)
    return activations.detach(), gradients


def telling_image(model, layer, n_channels, size, *, transposed=False):
    """Draw an image whose map has zeros as well as other values: a map of zeros would hide most mistakes."""
    for _ in range(1000):
        image = torch.randn(n_channels, *reversed(size)).mT if transposed else torch.randn(n_channels, *size)
        activations, gradients = activations_and_gradients(model, layer, image)
        share = (cam_of(activations, gradients, size, mode="not resized") > 0).float().mean()
        if 0.2 < share < 0.8:
            return image
    raise ValueError("this network sees nothing in any image")


def scaled(heat):
    """Divide a map by its maximum, unless that is 0."""
    return heat / heat.max() if heat.max() > 0 else heat


def cam_of(activations, gradients, size, *, mode=""):
    """Return the Grad-CAM from activations and gradients of shape (1, K, h, w); ``mode`` makes a typical mistake."""
    weights = gradients.mean((2, 3), keepdim=True)
    if mode == "unweighted":
        weights = torch.ones_like(weights)
    elif mode == "not averaged":
        weights = gradients
    elif mode == "absolute":
        weights = weights.abs()
    heat = (weights * activations).sum(1, keepdim=True)
    if mode not in ("no relu", "relu last"):
        heat = heat.relu()
    if mode == "scaled first":
        heat = scaled(heat)
    if mode == "nearest":
        heat = F.interpolate(heat, size, mode="nearest")
    elif mode != "not resized":
        heat = F.interpolate(heat, size, mode="bilinear", align_corners=mode == "corners")
    heat = heat[0, 0].relu() if mode == "relu last" else heat[0, 0]
    if mode in ("scaled first", "unscaled"):
        return heat
    if mode == "sum":
        return heat / heat.sum()
    if mode == "range":
        return (heat - heat.min()) / (heat.max() - heat.min())
    return scaled(heat)


def cam_mistakes(activations, gradients, size):
    """Return what grad_cam gives after each typical mistake: cause → value."""
    named = {
        "the activations are not weighted by the gradients": "unweighted",
        "the gradients are not averaged over the places: each map has one weight": "not averaged",
        "the absolute value of the weights is taken; what speaks against counts negative": "absolute",
        "the ReLU is missing: only what speaks for the finding is shown": "no relu",
        "the ReLU comes after resizing; it comes before": "relu last",
        "the map is not resized to the image": "not resized",
        "the map is resized to the nearest neighbour, not bilinearly": "nearest",
        "`align_corners=True`: it has to be False": "corners",
        "the map is divided by its maximum before it is resized; after it, the maximum is 1": "scaled first",
        "the map is not divided by its maximum": "unscaled",
        "the map is divided by its sum; it is the maximum": "sum",
        "the minimum is subtracted too; only divide by the maximum": "range",
    }
    mistakes = {cause: cam_of(activations, gradients, size, mode=mode) for cause, mode in named.items()}
    right = cam_of(activations, gradients, size)
    return mistakes | {
        "rows and columns are swapped": right.T,
        "one axis too many is left: the map has two": right[None],
        "batch and channel axis are left: the map has two axes": right[None, None],
    }


@pytest.mark.question("grad_cam")
@pytest.mark.hints(
    "You need the layer's activations and their gradients: a forward hook, or `retain_grad`.",
    (
        "Average the gradients over the places: a weight a map. Then sum, ReLU, resize, divide by the maximum, "
        "and remove the hook in a `finally`."
    ),
)
class TestGradCam:
    @pytest.mark.points(1)
    @pytest.mark.public
    def test_formula(self, submission):
        """Two feature maps of 2×2, with weights 1 and −1, give the map of the lesson."""
        model = send_function(submission, two_maps)(CAM_GRADIENTS, 1)
        image = torch.tensor([[[1.0, 4], [2, 3]]])
        maps = torch.stack([image, 3 - image], dim=1)
        weighted = torch.tensor([[-1.0, 5], [1, 3]])  # 1 · (1 4 / 2 3) − 1 · (2 −1 / 1 0)
        assert_tensor(
            submission.grad_cam(model, model.layer, image),
            torch.tensor([[0.0, 1], [0.2, 0.6]]),
            what="grad_cam(model, layer, image)",
            mistakes={
                "the ReLU is missing: only what speaks for the finding is shown": weighted / 5,
                "the map is not divided by its maximum": weighted.clamp(min=0),
                "the map is divided by its sum; it is the maximum": weighted.clamp(min=0) / 9,
                "the minimum is subtracted too; only divide by the maximum": (weighted + 1) / 6,
                "the activations are not weighted by the gradients, or the sign is lost": torch.ones(2, 2),
                "the gradients are not averaged over the places: each map has one weight": scaled(
                    (CAM_GRADIENTS * maps[0]).sum(0).clamp(min=0)
                ),
                "rows and columns are swapped": torch.tensor([[0.0, 0.2], [1, 0.6]]),
                "one axis too many is left: the map has two": torch.zeros(1, 2, 2),
                "batch and channel axis are left: the map has two axes": torch.zeros(1, 1, 2, 2),
                "the feature maps are not summed up: the result is one map": torch.zeros(2, 2, 2),
            },
        )
        show_on_a_phantom(submission, "grad_cam")

    @pytest.mark.points(0.5)
    @pytest.mark.public
    def test_image_size(self, submission):
        """A map smaller than the image is resized to it bilinearly."""
        model = send_function(submission, two_maps)(CAM_GRADIENTS, 2)
        image = torch.zeros(1, 4, 4)
        image[0, ::2, ::2] = torch.tensor([[1.0, 4], [2, 3]])  # the pixels that the layer sees
        expected = [[0, 1.25, 3.75, 5], [0.25, 1.3125, 3.4375, 4.5], [0.75, 1.4375, 2.8125, 3.5], [1, 1.5, 2.5, 3]]
        steps = torch.tensor([0, 1 / 3, 2 / 3, 1])
        between = (1 - steps) * torch.tensor([[0.0], [1]]) + steps * torch.tensor([[5.0], [3]])
        corners = (1 - steps[:, None]) * between[0] + steps[:, None] * between[1]
        assert_tensor(
            submission.grad_cam(model, model.layer, image),
            torch.tensor(expected) / 5,
            what="grad_cam(model, layer, image)",
            mistakes={
                "the map is not resized to the image": torch.zeros(2, 2),
                "the map is resized to the nearest neighbour, not bilinearly": (
                    torch.tensor([[0.0, 5], [1, 3]]).repeat_interleave(2, 0).repeat_interleave(2, 1) / 5
                ),
                "`align_corners=True`: it has to be False": corners / 5,
                "the map is not divided by its maximum": torch.tensor(expected),
            },
        )

    @pytest.mark.points(0.5)
    @pytest.mark.public
    def test_leaves_all_as_found(self, submission):
        """Hooks are removed; the model's mode and gradients, and the image, are as they were before."""
        model = send_function(submission, network)(1, False)
        send_function(submission, train_all_but_dropout)(model)
        image, call = torch.rand(1, 6, 8), "grad_cam(model, layer, image)"
        heat = leaves_model(submission, model, image, call, submission.grad_cam, model, model.features[4], image)
        assert_tensor(heat, torch.zeros(6, 8), what=call, atol=math.inf)
        assert_true(
            not heat.requires_grad,
            f"{call} is still part of a graph: it requires a gradient itself.",
            cause="the activations belong to a graph; `.detach()` cuts them off",
        )

    @pytest.mark.points(0.5)
    def test_deep_network(self, submission):
        """The map is right for layers early and late in a network, and for images that are not square."""
        model, ours = send_function(submission, network)(2, False), network(2, False)
        for layer, size, transposed in ((4, (10, 16), False), (0, (8, 9), True), (3, (14, 9), False)):
            image = telling_image(ours, layer, 2, size, transposed=transposed)
            activations, gradients = activations_and_gradients(ours, layer, image)
            assert_tensor(
                submission.grad_cam(model, model.features[layer], image),
                cam_of(activations, gradients, size),
                what="grad_cam of a convolutional network",
                mistakes=lambda a=activations, g=gradients, size=size: cam_mistakes(a, g, size),
                **CLOSE,
            )

    @pytest.mark.points(0.25)
    def test_all_zeros(self, submission):
        """Where nothing speaks for the finding, the map is all zeros, without NaN."""
        model = send_function(submission, two_maps)(-CAM_GRADIENTS, 1)
        image = torch.tensor([[[2.0, 4], [3, 3]]])
        assert_tensor(
            submission.grad_cam(model, model.layer, image),
            torch.zeros(2, 2),
            what="grad_cam of a model that sees nothing",
            mistakes={
                "a map of zeros has the maximum 0, which nothing can be divided by": torch.full((2, 2), math.nan),
                "the ReLU is missing: only what speaks for the finding is shown": 3 - 2 * image[0],
                "the ReLU is missing: only what speaks for the finding is shown, and nothing does here": (
                    (3 - 2 * image[0]) / -1.0
                ),
            },
        )

    @pytest.mark.points(0.25)
    def test_model_raises(self, submission):
        """Hooks are removed also when the model raises, and its exception arrives."""
        model = send_function(submission, network)(1, False)
        look = send_function(submission, state_of)
        before = look(model)
        send_function(submission, break_classifier)(model)
        call = "grad_cam of a model that raises"
        assert_raises(ArithmeticError, submission.grad_cam, model, model.features[4], torch.rand(1, 6, 8), what=call)
        assert_equal(
            look(model)["hooks"],
            before["hooks"],
            what=f"The number of hooks after {call}",
            cause=AFTER_EXCEPTION,
        )

    @pytest.mark.points(0.25)
    def test_evaluation_mode(self, submission):
        """The map is that of the model in evaluation mode; gradients from training stay."""
        build = send_function(submission, network)
        image, call = telling_image(network(1, False), 4, 1, (8, 8)), "grad_cam of a model in training mode"
        clean, model = build(1, False), build(1, False)
        expected = submission.grad_cam(clean, clean.features[4], image)
        assert_tensor(expected, torch.zeros(8, 8), what="grad_cam of a network", atol=math.inf)
        send_function(submission, fill_gradients)(model)
        send_function(submission, train)(model)
        heat = leaves_model(submission, model, image, call, submission.grad_cam, model, model.features[4], image)
        assert_tensor(heat, expected.detach(), what=call, cause=EVALUATION, **CLOSE)

    @pytest.mark.points(0.25)
    def test_in_place_and_frozen(self, submission):
        """An operation in place after the layer does no harm, and neither do frozen parameters."""
        build = send_function(submission, network)
        # The layer is a batch norm: its output has both signs, so the ReLU that follows changes it.
        image = telling_image(network(1, False), 1, 1, (8, 10))
        clean, model = build(1, False), build(1, True)
        expected = submission.grad_cam(clean, clean.features[1], image)
        assert_tensor(expected, torch.zeros(8, 10), what="grad_cam of a network", atol=math.inf)
        expected = expected.detach()
        assert_tensor(
            submission.grad_cam(model, model.features[1], image),
            expected,
            what="grad_cam of a layer that an operation in place follows",
            cause="the next layer overwrote what the hook kept: let the model go on with a copy of it",
            **CLOSE,
        )
        model = build(1, False)
        send_function(submission, freeze)(model)
        assert_tensor(
            submission.grad_cam(model, model.features[1], image),
            expected,
            what="grad_cam of a frozen model",
            cause="where no parameter needs a gradient, PyTorch records none, unless the input needs one",
            **CLOSE,
        )

    @pytest.mark.points(0.25)
    def test_finds_the_opacity(self, submission):
        """In images that a trained model calls right, the maximum nearly always lies at an opacity."""
        GRAD_CAM_FINDS.check(submission, what=FINDS, cause="rows and columns swapped, or weights with the wrong sign")

    @pytest.mark.points(0.25)
    def test_depends_on_the_weights(self, submission):
        """Randomised weights change the map."""
        GRAD_CAM_CHANGES.check(submission, what=CHANGES, cause=NOT_THE_MODEL)


def break_classifier(model):
    """Let a model raise after its features were computed."""

    def head(features):
        raise ArithmeticError("this model fails on purpose")

    model.head = head


# --- top_patches --------------------------------------------------------------------------------------------------


def reference_patches(model, layer, channel, images, k=9, patch_size=9, *, mode=""):
    """Return the patches one image at a time; ``mode`` makes one of the typical mistakes instead."""
    with torch.no_grad():
        maps = model.features[: layer + 1](images)
    maps = maps.abs() if mode == "absolute" else maps
    strengths, places = maps[:, channel].flatten(1).max(1)
    order = sorted(range(len(images)), key=lambda n: -float(strengths[n]))
    if mode == "unordered":
        order = sorted(order[:k])
    elif mode == "weakest":
        order = order[::-1]
    elif mode == "first":
        order = list(range(len(images)))
    elif mode == "mean":
        order = sorted(order, key=lambda n: -float(maps[n, channel].mean()))
    patches = []
    for n in order[:k]:
        corner = []
        index = divmod(int(places[n]), maps.shape[3])
        for axis in (0, 1):
            size, map_size = images.shape[2 + axis], maps.shape[2 + axis]
            scale = images.shape[2] / maps.shape[2] if mode == "square" else size / map_size
            offset = {"no half": 0.0, "next": 1.0}.get(mode, 0.5)
            centre = math.floor((index[1 - axis if mode == "swapped" else axis] + offset) * scale)
            if mode == "map place":
                centre = index[axis]
            before = {"corner": 0, "even": (patch_size - 1) // 2}.get(mode, patch_size // 2)
            start = centre - before
            corner.append(min(max(start, 0), size - patch_size))
        top, left = corner
        patches.append(images[n, :, top : top + patch_size, left : left + patch_size])
    return torch.stack(patches)


def patch_mistakes(model, layer, channel, images, k, patch_size):
    """Return what top_patches gives after each typical mistake: cause → value."""
    named = {
        "the patches are not in order: the strongest comes first": "unordered",
        "the weakest images are taken, or the order is reversed": "weakest",
        "the first k images are taken, not the k with the strongest maximum": "first",
        "images are ordered by the mean of their map, not by its maximum": "mean",
        "the 0.5 of the formula is missing": "no half",
        "the place in the map is taken for the place in the image": "map place",
        "the patch starts at the pixel; it is centred on it": "corner",
        "rows and columns are swapped": "swapped",
        "rows are scaled by the width, or columns by the height": "square",
        "the pixel is in row and column patch_size // 2 of the patch, counted from 0": "even",
        "the largest absolute value is taken; a negative one excites nothing": "absolute",
    }

    def of(mode, place=channel):
        return reference_patches(model, layer, place, images, k, patch_size, mode=mode)

    right = of("")
    return {cause: of(mode) for cause, mode in named.items()} | {
        "another feature map is used than `channel`": of("", 0),
        "only one channel of the image is returned": right[:, :1],
        "the order is reversed: the strongest comes first": right.flip(0),
    }


def bright_pixels(places, shape):
    """Return dark images of one channel, each with some bright pixels: (strength, row, column)."""
    images = 0.01 * torch.rand(len(places), 1, *shape)
    for image, pixels in zip(images, places, strict=True):
        for strength, row, column in pixels:
            image[0, row, column] = strength
    return images


def pixel_maps():
    """Return a model with one layer of two feature maps: the image, and its negative."""
    layer = torch.nn.Conv2d(1, 2, 1, bias=False)
    layer.weight.data = torch.tensor([1.0, -1.0]).reshape(2, 1, 1, 1)
    rest = torch.nn.AdaptiveMaxPool2d(1), torch.nn.Flatten(), torch.nn.Linear(2, 1), torch.nn.Flatten(0)
    return torch.nn.Sequential(layer, *rest)


@pytest.mark.question("top_patches")
@pytest.mark.hints(
    "A hook gives the feature maps of all images; where is the maximum of each image's map, and how large is it?",
    (
        "The middle of a pixel of the map is a place in the image: scale by the ratio of sizes. Clamp the corner "
        "so that the patch stays inside."
    ),
)
class TestTopPatches:
    @pytest.mark.points(0.75)
    @pytest.mark.public
    def test_strongest_first(self, submission):
        """The patches lie around the brightest pixels, strongest first, at most one an image."""
        images = bright_pixels([[(0.5, 3, 4)], [(0.9, 2, 5), (0.8, 4, 2)], [(0.2, 2, 2)], [(0.7, 4, 3)]], (7, 8))
        model = send_function(submission, pixel_maps)()
        first, second, third = images[1, :, 1:4, 4:7], images[3, :, 3:6, 2:5], images[0, :, 2:5, 3:6]
        also = images[1, :, 3:6, 1:4]
        assert_tensor(
            submission.top_patches(model, model[0], 0, images, k=3, patch_size=3),
            torch.stack([first, second, third]),
            what="top_patches(model, layer, 0, images, k=3, patch_size=3)",
            mistakes={
                "an image gave two patches; each gives at most one": torch.stack([first, also, second]),
                "the order is reversed: the strongest comes first": torch.stack([third, second, first]),
                "the patches are not in order: the strongest comes first": torch.stack([third, first, second]),
                "the first k images are taken, not the k with the strongest maximum": torch.stack(
                    [third, first, images[2, :, 1:4, 1:4]]
                ),
                "the patch starts at the pixel; it is centred on it": torch.stack(
                    [images[1, :, 2:5, 5:8], images[3, :, 4:7, 3:6], images[0, :, 3:6, 4:7]]
                ),
                "there is a patch for each image; only k of them were asked for": torch.zeros(4, 1, 3, 3),
                "the channel axis is lost: a patch has shape (C, patch_size, patch_size)": torch.zeros(3, 3, 3),
                "whole images are returned; cut the patches out": torch.zeros(3, 1, 7, 8),
            },
        )

    @pytest.mark.points(0.5)
    @pytest.mark.public
    def test_border(self, submission):
        """A patch that would leave the image is moved as little as needed to stay inside."""
        images = bright_pixels([[(0.9, 0, 3)], [(0.8, 6, 7)], [(0.7, 3, 1)]], (7, 8))
        model = send_function(submission, pixel_maps)()
        top, corner, left = images[0, :, 0:5, 1:6], images[1, :, 2:7, 3:8], images[2, :, 1:6, 0:5]
        assert_tensor(
            submission.top_patches(model, model[0], 0, images, k=3, patch_size=5),
            torch.stack([top, corner, left]),
            what="top_patches(model, layer, 0, images, k=3, patch_size=5)",
            mistakes={
                "beyond the border, the patch is filled with zeros; move it inside instead": torch.stack(
                    [
                        F.pad(image, (2, 2, 2, 2))[:, row : row + 5, column : column + 5]
                        for image, row, column in zip(images, (0, 6, 3), (3, 7, 1), strict=True)
                    ]
                )
            },
        )

    @pytest.mark.points(0.75)
    def test_other_map_sizes(self, submission):
        """The place in a smaller map is turned into the right pixel, also where the image is not square."""
        for build, layer, channel, shape, settings in (
            (network, 4, 2, (12, 2, 20, 32), {"k": 5, "patch_size": 5}),
            (network, 3, 1, (15, 2, 31, 17), {"k": 6, "patch_size": 3}),
            (network, 0, 3, (11, 2, 16, 13), {}),
            (uneven_network, 0, 1, (9, 2, 24, 19), {"k": 8, "patch_size": 3}),
        ):
            model, ours = send_function(submission, build)(2, False), build(2, False)
            images = torch.rand(shape)
            settings_used = {"k": 9, "patch_size": 9} | settings
            expected = reference_patches(ours, layer, channel, images, **settings)
            assert_tensor(
                submission.top_patches(model, model.features[layer], channel, images, **settings),
                expected,
                what="top_patches of a convolutional network",
                mistakes=lambda a=(ours, layer, channel, images), s=settings_used: patch_mistakes(*a, **s),
            )

    @pytest.mark.points(0.25)
    def test_even_and_few(self, submission):
        """Patches of even size are right, and fewer than k images give fewer patches."""
        model, ours = send_function(submission, network)(2, False), network(2, False)
        for k, patch_size in ((3, 4), (9, 6)):
            images = torch.rand(5, 2, 18, 14)
            assert_tensor(
                submission.top_patches(model, model.features[2], 1, images, k=k, patch_size=patch_size),
                reference_patches(ours, 2, 1, images, k, patch_size),
                what="top_patches of a convolutional network",
                mistakes=lambda images=images, k=k, p=patch_size: patch_mistakes(ours, 2, 1, images, k, p),
            )

    @pytest.mark.points(0.25)
    def test_negative_maps(self, submission):
        """Where a feature map is negative everywhere, its maximum is the value closest to 0."""
        model = send_function(submission, pixel_maps)()
        images = bright_pixels([[(-0.5, 3, 4)], [(-0.9, 2, 5)], [(-0.2, 2, 2)]], (7, 8)) + 2
        assert_tensor(
            submission.top_patches(model, model[0], 1, images, k=2, patch_size=3),
            torch.stack([images[1, :, 1:4, 4:7], images[0, :, 2:5, 3:6]]),
            what="top_patches of a feature map that is negative",
        )

    @pytest.mark.points(0.5)
    def test_leaves_all_as_found(self, submission):
        """The maps are those of evaluation mode; no hook, graph, gradient or mode is left behind."""
        build = send_function(submission, network)
        clean, model = build(1, False), build(1, False)
        send_function(submission, fill_gradients)(model)
        send_function(submission, train_all_but_dropout)(model)
        images, call = torch.randn(6, 1, 12, 12), "top_patches of a model in training mode"
        function, layer = submission.top_patches, model.features[1]
        expected = function(clean, clean.features[1], 2, images, 4, 3)
        assert_tensor(expected, torch.zeros(4, 1, 3, 3), what="top_patches of a network", atol=math.inf)
        patches = leaves_model(submission, model, images, call, function, model, layer, 2, images, 4, 3)
        assert_tensor(patches, expected.detach(), what=call, cause=EVALUATION)
        no_graph = "no gradient is needed here; `torch.no_grad()` saves memory and time"
        assert_true(not patches.requires_grad, "top_patches is still part of a graph.", cause=no_graph)
        send_function(submission, break_classifier)(model)
        before = send_function(submission, state_of)(model)["hooks"]
        with suppress(ArithmeticError):  # an answer that stops the model after the layer is right too
            function(model, layer, 2, images, 4, 3)
        cause = AFTER_EXCEPTION
        after = send_function(submission, state_of)(model)["hooks"]
        assert_equal(after, before, what="The number of hooks after top_patches of a model that raises", cause=cause)


# --- pointing_game ------------------------------------------------------------------------------------------------


def single_maximum(n, shape, places):
    """Return maps with values below 0.5, and 1 at one place each."""
    maps = 0.5 * torch.rand(n, *shape)
    for heat, (row, column) in zip(maps, places, strict=True):
        heat[row, column] = 1.0
    return maps


@pytest.mark.question("pointing_game")
@pytest.mark.hints(
    "Flatten each map: `argmax` gives one place a sample. What does the mask say there?",
    "Leave out samples without a finding before you average; without any sample the answer is NaN.",
)
class TestPointingGame:
    @pytest.mark.points(0.75)
    @pytest.mark.public
    def test_three_maps(self, submission):
        """Of three maps, two have their maximum inside the finding: 2/3."""
        heatmaps = torch.tensor(
            [
                [[0.1, 0.9, 0.2], [0.0, 0.3, 0.1]],  # inside
                [[0.4, 0.4, 0.4], [0.4, 0.4, 0.8]],  # inside
                [[0.7, 0.6, 0.6], [0.1, 0.6, 0.6]],  # outside, by a pixel
            ]
        )
        masks = torch.zeros(3, 2, 3, dtype=torch.bool)
        masks[0, :, 1] = masks[1, 1, 2] = True
        masks[2, :, 1:] = True
        assert_equal(
            submission.pointing_game(heatmaps, masks),
            2 / 3,
            what="pointing_game(heatmaps, masks)",
            rtol=1e-6,
            mistakes={
                "the number of hits is returned; it is their share": 2,
                "the number of hits is returned; it is their share (a float)": 2.0,
                "a map counts as a hit where any large value lies inside; it is the largest": 1.0,
                "the share of misses is returned": 1 / 3,
                "the maximum over all maps is taken; each map has its own": 1 / 3,
            },
            cause="follow the three maps by hand",
        )

    @pytest.mark.points(0.5)
    @pytest.mark.public
    def test_without_finding(self, submission):
        """Samples without a finding do not count."""
        heatmaps = single_maximum(4, (3, 3), [(0, 0), (1, 2), (2, 2), (1, 1)])
        masks = torch.zeros(4, 3, 3, dtype=torch.bool)
        masks[0, :2, :2] = masks[1, 0, 0] = True  # a hit and a miss, and two samples without a finding
        assert_equal(
            submission.pointing_game(heatmaps, masks),
            0.5,
            what="pointing_game where two of four samples have no finding",
            rtol=1e-6,
            mistakes={
                "samples without a finding count as misses": 0.25,
                "samples without a finding count as hits": 0.75,
            },
        )

    @pytest.mark.points(0.5)
    def test_other_maps(self, submission):
        """The share is right for maps of any size and sign, masks of any dtype, and maxima that occur twice."""
        places = [(0, 6), (4, 0), (2, 3), (3, 5), (1, 1)]
        for shift, dtype in ((0.0, torch.float32), (-3.0, torch.uint8), (7.0, torch.bool)):
            heatmaps = single_maximum(5, (5, 7), places) + shift
            masks = torch.zeros(5, 5, 7)
            for mask, (row, column) in zip(masks[:3], places, strict=False):
                mask[row, column] = 1  # three hits
            masks[2] = 1
            masks[3, 3, 4] = masks[3, 2, 5] = masks[3, 4, 6] = 1  # beside it
            result = submission.pointing_game(heatmaps.mT.contiguous().mT, masks.to(dtype))
            cause = "the place of the maximum is counted over the whole map, row by row, or the maps' sign matters"
            assert_equal(result, 0.75, what="pointing_game of maps that are not square", rtol=1e-6, cause=cause)
        twice = torch.zeros(2, 4, 6)
        twice[:, 1, 4] = twice[:, 3, 0] = 2.0
        masks = torch.zeros(2, 4, 6, dtype=torch.bool)
        masks[0, 1, 4] = masks[1, 3, 0] = True
        cause = "of several equal maxima the first counts, row by row"
        result = submission.pointing_game(twice, masks)
        assert_equal(result, 0.5, what="pointing_game of maps with two equal maxima", rtol=1e-6, cause=cause)

    @pytest.mark.points(0.25)
    def test_no_sample_left(self, submission):
        """Where no sample has a finding the share is NaN, and the inputs stay as they were."""
        heatmaps, masks = torch.rand(3, 4, 4), torch.zeros(3, 4, 4, dtype=torch.bool)
        with unchanged(heatmaps, masks, what="pointing_game"):
            result = submission.pointing_game(heatmaps, masks)
        cause = "a share of nothing is neither 0 nor 1: return `float('nan')`"
        assert_equal(result, math.nan, what="pointing_game without any finding", cause=cause)
        masks = torch.ones(1, 4, 4)
        with unchanged(heatmaps, masks, what="pointing_game"):
            result = submission.pointing_game(heatmaps[:1], masks)
        assert_equal(result, 1.0, what="pointing_game of a single sample", rtol=1e-6)

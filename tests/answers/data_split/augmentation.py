# %% right="a new seed for each call, the global state put back"
import random

import torch
from torchvision.transforms import v2


def augmentation(seed=None):
    seeds = random.Random(seed)
    change = v2.Compose([v2.RandomRotation(10), v2.RandomHorizontalFlip(), v2.GaussianNoise(sigma=0.02)])

    def augment(image):
        before = torch.get_rng_state()
        try:
            torch.default_generator.manual_seed(seeds.randrange(2**63))
            return change(image)
        finally:
            torch.set_rng_state(before)

    return augment


# %% right="shifts and brightness by hand"
import numpy as np
import torch


def augmentation(seed=None):
    rng = np.random.default_rng(seed)

    def augment(image):
        down, right = (int(shift) for shift in rng.integers(-2, 3, size=2))
        shifted = torch.roll(image, shifts=(down, right), dims=(1, 2))
        return (shifted * float(rng.uniform(0.9, 1.1))).clamp(0.0, 1.0)

    return augment


# %% right="functional transforms, parameters from a generator, a class"
import torch
from torchvision.transforms.v2 import functional


class _Augment:
    def __init__(self, seed):
        self.generator = torch.Generator()
        if seed is None:
            self.generator.seed()
        else:
            self.generator.manual_seed(seed)

    def __call__(self, image):
        angle, x, y, scale, gain = (torch.rand(5, generator=self.generator) * 2 - 1).tolist()
        image = functional.affine(
            image, angle=7 * angle, translate=[round(2 * x), round(2 * y)], scale=1 + 0.05 * scale, shear=[0.0, 0.0]
        )
        return functional.adjust_brightness(image, 1 + 0.1 * gain)


def augmentation(seed=None):
    return _Augment(seed)


# %% right="a mirror image now and then"
import torch


def augmentation(seed=None):
    generator = torch.Generator()
    generator.manual_seed(torch.seed() if seed is None else seed)
    return lambda image: image.flip(2) if torch.rand((), generator=generator) < 0.5 else image.clone()


# %% right="a mild crop and contrast, without a seed the global generator"
import torch
from torchvision.transforms import v2


def augmentation(seed=None):
    pipeline = v2.Compose(
        [v2.RandomCrop(28, padding=2, pad_if_needed=True), v2.ColorJitter(0.2, 0.2), v2.Lambda(lambda x: x.clamp(0, 1))]
    )
    if seed is None:
        return pipeline
    state = torch.Generator().manual_seed(seed).get_state()

    def augment(image):
        nonlocal state
        with torch.random.fork_rng(devices=[]):
            torch.set_rng_state(state)
            changed = pipeline(image)
            state = torch.get_rng_state()
        return changed

    return augment


# %% right="brightness from a generator"
def augmentation(seed=None):
    generator = torch.Generator()
    generator.seed() if seed is None else generator.manual_seed(seed)
    return lambda image: (image * (0.9 + 0.2 * torch.rand((), generator=generator))).clamp(0, 1)


# %% wrong="nothing is changed" caught_by="random"
def augmentation(seed=None):
    return lambda image: image


# %% wrong="always the same change" caught_by="random"
def augmentation(seed=None):
    return lambda image: image.flip(2)


# %% wrong="drawn once, not in each call" from="brightness from a generator" caught_by="random"
# -     return lambda image: (image * (0.9 + 0.2 * torch.rand((), generator=generator))).clamp(0, 1)
# +     shift = int(torch.randint(1, 4, (), generator=generator))
# +     return lambda image: image.roll(shift, dims=2)


# %% wrong="the generator is seeded in each call" caught_by="random"
def augmentation(seed=None):
    def augment(image):
        generator = torch.Generator().manual_seed(0 if seed is None else seed)
        gain = 0.9 + 0.2 * torch.rand((), generator=generator)
        return (gain * image).clamp(0, 1)

    return augment


# %% wrong="the seed is ignored" caught_by="seed, global_state"
def augmentation(seed=None):
    return v2.Compose([v2.RandomRotation(10), v2.RandomHorizontalFlip()])


# %% wrong="the global generator is seeded" caught_by="seed, global_state"
def augmentation(seed=None):
    if seed is not None:
        torch.manual_seed(seed)
    return v2.Compose([v2.RandomRotation(10), v2.RandomHorizontalFlip()])


# %% wrong="the global generator is seeded in each call" caught_by="global_state"
def augmentation(seed=None):
    generator = torch.Generator()
    generator.seed() if seed is None else generator.manual_seed(seed)
    change = v2.Compose([v2.RandomRotation(10), v2.RandomHorizontalFlip()])

    def augment(image):
        torch.manual_seed(int(torch.randint(2**31, (), generator=generator)))
        return change(image)

    return augment


# %% wrong="without a seed always the same" caught_by="seed"
def augmentation(seed=None):
    generator = torch.Generator().manual_seed(seed or 0)
    return lambda image: ((0.9 + 0.2 * torch.rand((), generator=generator)) * image).clamp(0, 1)


# %% wrong="every seed gives the same" caught_by="seed"
def augmentation(seed=None):
    generator = torch.Generator().manual_seed(1)
    return lambda image: ((0.9 + 0.2 * torch.rand((), generator=generator)) * image).clamp(0, 1)


# %% wrong="all functions share one generator" caught_by="seed"
_shared = torch.Generator()


def augmentation(seed=None):
    _shared.seed() if seed is None else _shared.manual_seed(seed)
    return lambda image: ((0.9 + 0.2 * torch.rand((), generator=_shared)) * image).clamp(0, 1)


# %% wrong="the range is left" from="brightness from a generator" caught_by="same_kind"
# -     return lambda image: (image * (0.9 + 0.2 * torch.rand((), generator=generator))).clamp(0, 1)
# +     return lambda image: image * (0.8 + 0.4 * torch.rand((), generator=generator))


# %% wrong="normalised as well" from="the global generator is seeded in each call" caught_by="same_kind"
# -     change = v2.Compose([v2.RandomRotation(10), v2.RandomHorizontalFlip()])

# -         torch.manual_seed(int(torch.randint(2**31, (), generator=generator)))
# -         return change(image)
# +         changed = image * (0.9 + 0.1 * torch.rand((), generator=generator))
# +         return (changed - changed.mean()) / changed.std()

# %% wrong="a crop that makes the image smaller" from="normalised as well" caught_by="same_kind"
# -         changed = image * (0.9 + 0.1 * torch.rand((), generator=generator))
# -         return (changed - changed.mean()) / changed.std()
# +         down, right = torch.randint(0, 5, (2,), generator=generator).tolist()
# +         return image[:, down : down + 24, right : right + 24]

# %% wrong="grey images only" from="brightness from a generator" caught_by="same_kind"
# -     return lambda image: (image * (0.9 + 0.2 * torch.rand((), generator=generator))).clamp(0, 1)
# +     return lambda image: (image[:1] * (0.9 + 0.2 * torch.rand((), generator=generator))).clamp(0, 1)

# %% wrong="pixels from 0 to 255" from="brightness from a generator" caught_by="same_kind"
# -     return lambda image: (image * (0.9 + 0.2 * torch.rand((), generator=generator))).clamp(0, 1)
# +     return lambda image: (255 * image * (0.9 + 0.2 * torch.rand((), generator=generator))).clamp(0, 255)

# %% wrong="noise in place of the image" from="brightness from a generator" caught_by="gentle"
# -     return lambda image: (image * (0.9 + 0.2 * torch.rand((), generator=generator))).clamp(0, 1)
# +     return lambda image: torch.rand(image.shape, generator=generator)

# %% wrong="negatives" from="brightness from a generator" caught_by="gentle"
# -     return lambda image: (image * (0.9 + 0.2 * torch.rand((), generator=generator))).clamp(0, 1)
# +     return lambda image: 1 - image if torch.rand((), generator=generator) < 0.5 else image.clone()


# %% wrong="any rotation" from="normalised as well" caught_by="gentle"
# -         changed = image * (0.9 + 0.1 * torch.rand((), generator=generator))
# -         return (changed - changed.mean()) / changed.std()
# +         angle = 360 * float(torch.rand((), generator=generator))
# +         return v2.functional.rotate(image, angle)

# %% wrong="so dark that nothing is seen" from="brightness from a generator" caught_by="gentle"
# -     return lambda image: (image * (0.9 + 0.2 * torch.rand((), generator=generator))).clamp(0, 1)
# +     return lambda image: image * (0.3 * torch.rand((), generator=generator))


# %% wrong="the pixels are shuffled" from="normalised as well" caught_by="gentle"
# -         changed = image * (0.9 + 0.1 * torch.rand((), generator=generator))
# -         return (changed - changed.mean()) / changed.std()
# +         order = torch.randperm(image[0].numel(), generator=generator)
# +         return image.flatten(1)[:, order].reshape(image.shape)

# %% wrong="the image itself is changed" from="brightness from a generator" caught_by="gentle"
# -     return lambda image: (image * (0.9 + 0.2 * torch.rand((), generator=generator))).clamp(0, 1)
# +     return lambda image: image.mul_(0.9 + 0.2 * torch.rand((), generator=generator)).clamp_(0, 1)


# %% wrong="a change, not a function that makes changes" caught_by="same_kind"
def augmentation(seed=None):
    return v2.functional.rotate(torch.zeros(1, 28, 28), 5)

# %% right="the layer of question 3"
import torch


def detect_edges(image):
    kernel = torch.tensor([[-1, -1, -1], [-1, 8, -1], [-1, -1, -1]], dtype=image.dtype)
    return conv2d(image[None, None], kernel[None, None], padding=1).squeeze(0).squeeze(0)


# %% right="padded, then one image and one kernel"
import torch
import torch.nn.functional as F


def detect_edges(image):
    kernel = -torch.ones(3, 3, dtype=image.dtype)
    kernel[1, 1] = 8
    return conv2d_single(F.pad(image, (1, 1, 1, 1)), kernel)


# %% right="nine times the pixel minus the sum of its window"
import torch.nn.functional as F


def detect_edges(image):
    windows = F.pad(image, (1, 1, 1, 1)).unfold(0, 3, 1).unfold(1, 3, 1)
    return 9 * image - windows.sum((-2, -1))


# %% right="differences to shifted images"
import torch


def detect_edges(image):
    h, w = image.shape
    padded = torch.zeros(h + 2, w + 2, dtype=image.dtype)
    padded[1:-1, 1:-1] = image
    edges = torch.zeros_like(image)
    for i in range(3):
        for j in range(3):
            edges = edges + image - padded[i : i + h, j : j + w]
    return edges


# %% right="conv2d with an integer kernel"
import torch


def detect_edges(image):
    kernel = torch.tensor([[-1, -1, -1], [-1, 8, -1], [-1, -1, -1]], dtype=image.dtype)
    return conv2d(image[None, None], kernel[None, None], padding=1)[0, 0]


# %% right="padded, then conv2d_single with an integer kernel" from="conv2d with an integer kernel"
#   import torch
# + import torch.nn.functional as F

# -     return conv2d(image[None, None], kernel[None, None], padding=1)[0, 0]
# +     return conv2d_single(F.pad(image, (1, 1, 1, 1)), kernel)

# %% wrong="not padded: smaller than the image" from="conv2d with an integer kernel" caught_by="single_point, uniform_image, other_images"
# -     return conv2d(image[None, None], kernel[None, None], padding=1)[0, 0]
# +     return conv2d_single(image, kernel)

# %% wrong="output padded instead of the image" from="padded, then conv2d_single with an integer kernel" caught_by="uniform_image, other_images"
# -     return conv2d_single(F.pad(image, (1, 1, 1, 1)), kernel)
# +     return F.pad(conv2d_single(image, kernel), (1, 1, 1, 1))

# %% wrong="border repeated" from="padded, then conv2d_single with an integer kernel" caught_by="uniform_image, other_images"
# -     return conv2d_single(F.pad(image, (1, 1, 1, 1)), kernel)
# +     return conv2d_single(F.pad(image[None, None], (1, 1, 1, 1), "replicate")[0, 0], kernel)

# %% wrong="image mirrored at its border" from="padded, then conv2d_single with an integer kernel" caught_by="uniform_image, other_images"
# -     return conv2d_single(F.pad(image, (1, 1, 1, 1)), kernel)
# +     return conv2d_single(F.pad(image[None, None], (1, 1, 1, 1), "reflect")[0, 0], kernel)


# %% wrong="image wrapped around" caught_by="uniform_image, other_images"
import torch


def detect_edges(image):
    shifts = [(i, j) for i in (-1, 0, 1) for j in (-1, 0, 1)]
    return 9 * image - sum(torch.roll(image, shift, (0, 1)) for shift in shifts)


# %% wrong="padded on one axis only" from="padded, then conv2d_single with an integer kernel" caught_by="single_point, other_images"
# -     return conv2d_single(F.pad(image, (1, 1, 1, 1)), kernel)
# +     return conv2d_single(F.pad(image, (1, 1)), kernel)

# %% wrong="wrong sign" from="conv2d with an integer kernel" caught_by="single_point, uniform_image"
# -     kernel = torch.tensor([[-1, -1, -1], [-1, 8, -1], [-1, -1, -1]], dtype=image.dtype)
# +     kernel = torch.tensor([[1, 1, 1], [1, -8, 1], [1, 1, 1]], dtype=image.dtype)

# %% wrong="4 in the centre, corners 0" from="conv2d with an integer kernel" caught_by="single_point"
# -     kernel = torch.tensor([[-1, -1, -1], [-1, 8, -1], [-1, -1, -1]], dtype=image.dtype)
# +     kernel = torch.tensor([[0, -1, 0], [-1, 4, -1], [0, -1, 0]], dtype=image.dtype)

# %% wrong="4 in the centre, -1 around" from="conv2d with an integer kernel" caught_by="single_point"
# -     kernel = torch.tensor([[-1, -1, -1], [-1, 8, -1], [-1, -1, -1]], dtype=image.dtype)
# +     kernel = torch.tensor([[-1, -1, -1], [-1, 4, -1], [-1, -1, -1]], dtype=image.dtype)

# %% wrong="9 in the centre" from="conv2d with an integer kernel" caught_by="single_point, uniform_image"
# -     kernel = torch.tensor([[-1, -1, -1], [-1, 8, -1], [-1, -1, -1]], dtype=image.dtype)
# +     kernel = torch.tensor([[-1, -1, -1], [-1, 9, -1], [-1, -1, -1]], dtype=image.dtype)

# %% wrong="the sharpening kernel of the first example" from="conv2d with an integer kernel" caught_by="single_point"
# -     kernel = torch.tensor([[-1, -1, -1], [-1, 8, -1], [-1, -1, -1]], dtype=image.dtype)
# +     kernel = torch.tensor([[0, -1, 0], [-1, 5, -1], [0, -1, 0]], dtype=image.dtype)

# %% wrong="absolute value" from="conv2d with an integer kernel" caught_by="single_point, other_images"
# -     return conv2d(image[None, None], kernel[None, None], padding=1)[0, 0]
# +     return conv2d(image[None, None], kernel[None, None], padding=1)[0, 0].abs()

# %% wrong="clipped to [0, 1]" from="conv2d with an integer kernel" caught_by="single_point, other_images"
# -     return conv2d(image[None, None], kernel[None, None], padding=1)[0, 0]
# +     return conv2d(image[None, None], kernel[None, None], padding=1)[0, 0].clamp(0, 1)

# %% wrong="batch and channel left" from="conv2d with an integer kernel" caught_by="single_point, uniform_image"
# -     return conv2d(image[None, None], kernel[None, None], padding=1)[0, 0]
# +     return conv2d(image[None, None], kernel[None, None], padding=1)


# %% wrong="image taken for square" caught_by="other_images, single_point"
import torch


def detect_edges(image):
    size = image.shape[0]
    padded = torch.zeros(size + 2, size + 2, dtype=image.dtype)
    padded[1:-1, 1:-1] = image
    return conv2d_single(padded, torch.tensor([[-1, -1, -1], [-1, 8, -1], [-1, -1, -1]], dtype=image.dtype))


# %% wrong="image divided by its maximum first" from="conv2d with an integer kernel" caught_by="other_images"
#   def detect_edges(image):
# +     image = image / image.max()

# %% wrong="downcast to float32" from="conv2d with an integer kernel" caught_by="inputs"
# -     kernel = torch.tensor([[-1, -1, -1], [-1, 8, -1], [-1, -1, -1]], dtype=image.dtype)
# -     return conv2d(image[None, None], kernel[None, None], padding=1)[0, 0]
# +     kernel = torch.tensor([[-1.0, -1, -1], [-1, 8, -1], [-1, -1, -1]])
# +     return conv2d(image.float()[None, None], kernel[None, None], padding=1)[0, 0]


# %% wrong="image scaled in place" caught_by="inputs"
import torch.nn.functional as F


def detect_edges(image):
    box = F.pad(image, (1, 1, 1, 1)).unfold(0, 3, 1).unfold(1, 3, 1).sum((-2, -1))
    image *= 9
    return image - box


# %% wrong="no gradient: torch.tensor of the image" from="conv2d with an integer kernel" caught_by="gradients"
#   def detect_edges(image):
# +     image = torch.tensor(image.tolist(), dtype=image.dtype)


# %% wrong="no gradient: through NumPy" caught_by="gradients"
import numpy as np
import torch


def detect_edges(image):
    padded = np.pad(image.numpy(), 1)
    windows = np.lib.stride_tricks.sliding_window_view(padded, (3, 3))
    return 9 * image - torch.from_numpy(windows.sum((-2, -1)))


# %% wrong="image set to zero, so that zeros would seem right" caught_by="single_point, uniform_image, other_images, inputs"
def detect_edges(image):
    image.data.zero_()
    return image.clone()


# %% wrong="PyTorch's convolution" caught_by="by_hand"
def detect_edges(image):
    kernel = torch.full((1, 1, 3, 3), -1.0, dtype=image.dtype)
    kernel[0, 0, 1, 1] = 8
    return torch.nn.functional.conv2d(image[None, None], kernel, padding=1)[0, 0]

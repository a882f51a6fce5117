# %% right="Tensor.unfold and amax"
def max_pool2d(images, kernel_size, stride=None):
    stride = stride or kernel_size
    return images.unfold(2, kernel_size, stride).unfold(3, kernel_size, stride).amax((-2, -1))


# %% right="maximum of shifted images"
import torch


def max_pool2d(images, kernel_size, stride=None):
    if stride is None:
        stride = kernel_size
    rows = (images.shape[2] - kernel_size) // stride + 1
    columns = (images.shape[3] - kernel_size) // stride + 1
    best = None
    for i in range(kernel_size):
        for j in range(kernel_size):
            part = images[:, :, i : i + stride * rows : stride, j : j + stride * columns : stride]
            part = part[:, :, :rows, :columns]
            best = part if best is None else torch.maximum(best, part)
    return best.clone()


# %% right="starting from minus infinity, place by place"
import torch


def max_pool2d(images, kernel_size, stride=None):
    s = kernel_size if stride is None else stride
    rows, columns = output_size(images.shape[2], kernel_size, s), output_size(images.shape[3], kernel_size, s)
    output = torch.full((*images.shape[:2], rows, columns), -torch.inf, dtype=images.dtype)
    for r in range(rows):
        for c in range(columns):
            window = images[:, :, r * s : r * s + kernel_size, c * s : c * s + kernel_size]
            output[:, :, r, c] = window.flatten(2).max(dim=2).values
    return output


# %% right="functional unfold"
import torch.nn.functional as F


def max_pool2d(images, kernel_size, stride=None):
    stride = kernel_size if stride is None else stride
    n, channels, height, width = images.shape
    windows = F.unfold(images.reshape(n * channels, 1, height, width), kernel_size, stride=stride)
    return windows.max(1)[0].reshape(n, channels, (height - kernel_size) // stride + 1, -1)


# %% right="rows first, then columns"
def max_pool2d(images, kernel_size, stride=None):
    stride = kernel_size if stride is None else stride
    tall = images.unfold(2, kernel_size, stride).max(-1).values
    return tall.unfold(3, kernel_size, stride).max(-1).values


# %% wrong="result starts at zero" caught_by="negative_values, windows"
import torch


def max_pool2d(images, kernel_size, stride=None):
    s = kernel_size if stride is None else stride
    rows, columns = (images.shape[2] - kernel_size) // s + 1, (images.shape[3] - kernel_size) // s + 1
    output = images.new_zeros(*images.shape[:2], rows, columns)
    for i in range(kernel_size):
        for j in range(kernel_size):
            shifted = images[:, :, i::s, j::s][:, :, :rows, :columns]
            output = torch.maximum(output, shifted)
    return output


# %% wrong="padded with zeros where a window does not fit" caught_by="negative_values, other_shapes"
import torch.nn.functional as F


def max_pool2d(images, kernel_size, stride=None):
    stride = kernel_size if stride is None else stride
    padding = (0, -images.shape[3] % stride, 0, -images.shape[2] % stride)
    return F.pad(images, padding).unfold(2, kernel_size, stride).unfold(3, kernel_size, stride).amax((-2, -1))


# %% wrong="padded with zeros all around" from="padded with zeros where a window does not fit" caught_by="windows, negative_values"
# -     padding = (0, -images.shape[3] % stride, 0, -images.shape[2] % stride)
# -     return F.pad(images, padding).unfold(2, kernel_size, stride).unfold(3, kernel_size, stride).amax((-2, -1))
# +     images = F.pad(images, (1, 1, 1, 1))
# +     return images.unfold(2, kernel_size, stride).unfold(3, kernel_size, stride).amax((-2, -1))

# %% wrong="result starts at -1000" from="result starts at zero" caught_by="negative_values"
# -     output = images.new_zeros(*images.shape[:2], rows, columns)
# +     output = images.new_full((*images.shape[:2], rows, columns), -1000)

# -             shifted = images[:, :, i::s, j::s][:, :, :rows, :columns]
# -             output = torch.maximum(output, shifted)
# +             output = torch.maximum(output, images[:, :, i::s, j::s][:, :, :rows, :columns])


# %% wrong="stride 1 by default" caught_by="windows, other_shapes"
def max_pool2d(images, kernel_size, stride=None):
    stride = 1 if stride is None else stride
    return images.unfold(2, kernel_size, stride).unfold(3, kernel_size, stride).amax((-2, -1))


# %% wrong="stride ignored" caught_by="stride, other_shapes"
def max_pool2d(images, kernel_size, stride=None):
    return images.unfold(2, kernel_size, kernel_size).unfold(3, kernel_size, kernel_size).amax((-2, -1))


# %% wrong="stride on one axis only" caught_by="stride"
def max_pool2d(images, kernel_size, stride=None):
    stride = kernel_size if stride is None else stride
    return images.unfold(2, kernel_size, stride).unfold(3, kernel_size, kernel_size).amax((-2, -1))


# %% wrong="mean instead of maximum" caught_by="windows, stride"
def max_pool2d(images, kernel_size, stride=None):
    stride = kernel_size if stride is None else stride
    return images.unfold(2, kernel_size, stride).unfold(3, kernel_size, stride).mean((-2, -1))


# %% wrong="largest absolute value" caught_by="windows, negative_values"
def max_pool2d(images, kernel_size, stride=None):
    stride = kernel_size if stride is None else stride
    return images.abs().unfold(2, kernel_size, stride).unfold(3, kernel_size, stride).amax((-2, -1))


# %% wrong="windows of the remainder kept" caught_by="stride, other_shapes"
import torch


def max_pool2d(images, kernel_size, stride=None):
    stride = kernel_size if stride is None else stride
    rows = [
        torch.stack(
            [
                images[:, :, r : r + kernel_size, c : c + kernel_size].amax((2, 3))
                for c in range(0, images.shape[3], stride)
            ],
            dim=-1,
        )
        for r in range(0, images.shape[2], stride)
    ]
    return torch.stack(rows, dim=2)


# %% wrong="maximum over the channels too" caught_by="stride, other_shapes"
def max_pool2d(images, kernel_size, stride=None):
    stride = kernel_size if stride is None else stride
    return images.unfold(2, kernel_size, stride).unfold(3, kernel_size, stride).amax((1, -2, -1))[:, None]


# %% wrong="rows and columns swapped" caught_by="windows, other_shapes"
def max_pool2d(images, kernel_size, stride=None):
    stride = kernel_size if stride is None else stride
    return images.unfold(3, kernel_size, stride).unfold(2, kernel_size, stride).amax((-2, -1)).mT


# %% wrong="image taken for square" caught_by="other_shapes"
import torch


def max_pool2d(images, kernel_size, stride=None):
    s = kernel_size if stride is None else stride
    size = (images.shape[2] - kernel_size) // s + 1
    rows = [
        torch.stack(
            [images[:, :, r * s : r * s + kernel_size, c * s : c * s + kernel_size].amax((2, 3)) for c in range(size)],
            dim=-1,
        )
        for r in range(size)
    ]
    return torch.stack(rows, dim=2)


# %% wrong="view instead of windows: only whole, contiguous images" caught_by="other_shapes, stride"
def max_pool2d(images, kernel_size, stride=None):
    n, channels, height, width = images.shape
    k = kernel_size
    return images.view(n, channels, height // k, k, width // k, k).amax((3, 5))


# %% wrong="batch of one squeezed" caught_by="other_shapes, windows"
def max_pool2d(images, kernel_size, stride=None):
    stride = kernel_size if stride is None else stride
    return images.unfold(2, kernel_size, stride).unfold(3, kernel_size, stride).amax((-2, -1)).squeeze(0)


# %% wrong="downcast to float32" caught_by="inputs"
def max_pool2d(images, kernel_size, stride=None):
    stride = kernel_size if stride is None else stride
    return images.float().unfold(2, kernel_size, stride).unfold(3, kernel_size, stride).amax((-2, -1))


# %% wrong="maxima written into the images" caught_by="inputs"
def max_pool2d(images, kernel_size, stride=None):
    s = kernel_size if stride is None else stride
    rows, columns = (images.shape[2] - kernel_size) // s + 1, (images.shape[3] - kernel_size) // s + 1
    if s < kernel_size:
        images = images.clone()
        return images.unfold(2, kernel_size, s).unfold(3, kernel_size, s).amax((-2, -1))
    for r in range(rows):
        for c in range(columns):
            images[:, :, r, c] = images[:, :, r * s : r * s + kernel_size, c * s : c * s + kernel_size].amax((2, 3))
    return images[:, :, :rows, :columns].clone()


# %% wrong="no gradient: detached" caught_by="gradients"
def max_pool2d(images, kernel_size, stride=None):
    stride = kernel_size if stride is None else stride
    return images.detach().unfold(2, kernel_size, stride).unfold(3, kernel_size, stride).amax((-2, -1))


# %% wrong="no gradient: through NumPy" caught_by="gradients"
import numpy as np
import torch


def max_pool2d(images, kernel_size, stride=None):
    stride = kernel_size if stride is None else stride
    windows = np.lib.stride_tricks.sliding_window_view(images.numpy(), (kernel_size, kernel_size), axis=(2, 3))
    return torch.from_numpy(windows[:, :, ::stride, ::stride].max((-2, -1)))


# %% wrong="images set to zero, so that zeros would seem right" caught_by="windows, stride, negative_values, other_shapes, inputs"
def max_pool2d(images, kernel_size, stride=None):
    stride = kernel_size if stride is None else stride
    images.data.zero_()
    rows = output_size(images.shape[2], kernel_size, stride)
    return images.new_zeros(*images.shape[:2], rows, output_size(images.shape[3], kernel_size, stride))

"""What each question's function returns after typical mistakes, by their cause."""

import torch
import torch.nn.functional as F

from .lecture import EDGE_KERNEL
from .reference import single


def kernel_mistakes(image, kernel):
    """Return what conv2d_single gives after each typical mistake with kernel and image: cause → value."""
    right, turned = single(image, kernel), single(image, kernel.flip(0, 1))
    return {
        "the kernel is flipped: the lecture's operation is cross-correlation": turned,
        "the kernel is flipped along its rows": single(image, kernel.flip(0)),
        "the kernel is flipped along its columns": single(image, kernel.flip(1)),
        "rows and columns of the kernel are swapped": single(image, kernel.T),
        "the image is padded; here the kernel stays inside it": single(image, kernel, padding=1),
        "rows and columns of the output are swapped": right.T,
        "the last row and column are missing: the loops stop one step too early": right[:-1, :-1],
    }


def layer_mistakes(images, weight, bias=None, stride=1, padding=0):
    """Return what conv2d gives after each typical mistake: cause → value."""

    def layer(x=images, w=weight, b=bias, s=stride, p=padding):
        return F.conv2d(x, w, b, s, p)

    right = layer()
    n_channels, n_weights = weight.shape[1], weight.shape[2] * weight.shape[3]
    mistakes = {
        "the kernel is flipped: the lecture's operation is cross-correlation": layer(w=weight.flip(2, 3)),
        "rows and columns of the kernel are swapped": layer(w=weight.mT),
        "rows and columns of the output are swapped": right.mT,
        "only the first channel is used; the kernel spans all of them": layer(images[:, :1], weight[:, :1]),
        "the mean over the channels is taken; the formula sums over them": layer(w=weight / n_channels),
        "the sum over the channels is missing; each kernel gives one map": torch.stack(
            [layer(images[:, q : q + 1], weight[:, q : q + 1]) for q in range(n_channels)], dim=2
        ),
        "the last row and column are missing: the loops stop one step too early": right[..., :-1, :-1],
        "only the first image is used; the output must have one per image": right[:1],
        "only the first kernel is used": layer(w=weight[:1], b=None if bias is None else bias[:1]),
        "the first axis is lost: a batch of one image is still a batch": right.squeeze(0),
        "an axis of length one is lost (`squeeze`): the output has four axes": right.squeeze(),
    }
    if bias is not None:
        mistakes |= {
            "the bias is forgotten": layer(b=None),
            "the bias is subtracted": layer(b=-bias),
            "the bias is added once per weight; add it once per output value": layer(b=bias * n_weights),
            "the bias is added once per channel; add it once per output value": layer(b=bias * n_channels),
            "the bias is added once per weight and channel; add it once per output value": layer(
                b=bias * n_weights * n_channels
            ),
        }
    if stride > 1:
        mistakes |= {
            "the stride is ignored": layer(s=1),
            "the stride is used along the rows only": layer(s=(stride, 1)),
            "the stride is used along the columns only": layer(s=(1, stride)),
            "the size is right, but the windows do not step by the stride": (
                layer(s=1)[..., : right.shape[2], : right.shape[3]]
            ),
            "the output size is rounded up; it must be rounded down": layer(
                F.pad(images, (0, stride - 1, 0, stride - 1))
            ),
        }
    if padding > 0:
        frame = (padding,) * 4
        repeated, mirrored = F.pad(images, frame, "replicate"), F.pad(images, frame, "reflect")
        ones = F.pad(images, frame, value=1.0)
        two_sides, all_on_two = (F.pad(images, (0, width, 0, width)) for width in (padding, 2 * padding))
        mistakes |= {
            "the padding is ignored": layer(p=0),
            "the padding is forgotten left and right": layer(p=(padding, 0)),
            "the padding is forgotten above and below": layer(p=(0, padding)),
            "the border is repeated; pad with zeros": layer(repeated, p=0),
            "the image is mirrored at its border; pad with zeros": layer(mirrored, p=0),
            "the padding is not 0 but 1": layer(ones, p=0),
            "the padding is on two sides only; it belongs on all four": layer(two_sides, p=0),
            "all padding is on the right and below; half belongs left and above": layer(all_on_two, p=0),
            "the output is padded; pad the images": F.pad(layer(b=None, p=0), frame)
            + (0 if bias is None else bias[:, None, None]),
        }
    return mistakes


def pooling_mistakes(images, kernel_size, stride):
    """Return what max_pool2d gives after each typical mistake: cause → value."""
    right = F.max_pool2d(images, kernel_size, stride)
    rounded_up = F.max_pool2d(images, kernel_size, stride, ceil_mode=True)
    framed = F.pad(images, (1, 1, 1, 1))
    filled = F.pad(images, (0, -images.shape[3] % stride, 0, -images.shape[2] % stride))
    return {
        "a 0 takes part, as start value or padding; negative values have a negative maximum": right.clamp(min=0),
        "the images are padded with zeros; nothing is padded here": F.max_pool2d(framed, kernel_size, stride),
        "the images are filled up with zeros; drop what does not fit": F.max_pool2d(filled, kernel_size, stride),
        "the stride is used along the rows only": F.max_pool2d(images, kernel_size, (stride, kernel_size)),
        "the stride is used along the columns only": F.max_pool2d(images, kernel_size, (kernel_size, stride)),
        "the stride is 1; its default is the size of the window": F.max_pool2d(images, kernel_size, 1),
        "the stride is ignored: the windows step by their own size": F.max_pool2d(images, kernel_size),
        "the mean is taken instead of the maximum": F.avg_pool2d(images, kernel_size, stride),
        "the minimum is taken instead of the maximum": -F.max_pool2d(-images, kernel_size, stride),
        "the largest absolute value is taken": F.max_pool2d(images.abs(), kernel_size, stride),
        "a window that does not fit is kept; drop it": rounded_up,
        "the maximum is taken over all channels; pool each one separately": right.amax(1, keepdim=True),
        "rows and columns of the output are swapped": right.mT,
        "the first axis is lost: a batch of one image is still a batch": right.squeeze(0),
        "an axis of length one is lost (`squeeze`): the output has four axes": right.squeeze(),
    }


def edge_mistakes(image):
    """Return what detect_edges gives after each typical mistake: cause → value."""
    right, inside = single(image, EDGE_KERNEL, padding=1), single(image, EDGE_KERNEL)
    cross = torch.tensor([[0.0, -1, 0], [-1, 4, -1], [0, -1, 0]])
    repeated = F.pad(image[None, None], (1, 1, 1, 1), "replicate")[0, 0]
    mirrored = F.pad(image[None, None], (1, 1, 1, 1), "reflect")[0, 0]
    half = torch.tensor([[-1.0, -1, -1], [-1, 4, -1], [-1, -1, -1]])
    sharpen = torch.tensor([[0.0, -1, 0], [-1, 5, -1], [0, -1, 0]])
    return {
        "the image is not padded, so the output is smaller": inside,
        "the output is padded with zeros; pad the image": F.pad(inside, (1, 1, 1, 1)),
        "the sign is wrong: 8 in the centre, −1 around": -right,
        "the kernel has 4 in the centre and 0 in the corners": single(image, cross, padding=1),
        "the centre of the kernel is 4; it is 8": single(image, half, padding=1),
        "this is the sharpening kernel of the first example": single(image, sharpen, padding=1),
        "the border is repeated; pad with zeros": single(repeated, EDGE_KERNEL),
        "the image is mirrored at its border; pad with zeros": single(mirrored, EDGE_KERNEL),
        "the padding is forgotten left and right": single(image, EDGE_KERNEL, padding=(1, 0)),
        "the padding is forgotten above and below": single(image, EDGE_KERNEL, padding=(0, 1)),
        "negative values are set to 0; keep both signs": right.relu(),
        "the absolute value is taken; keep both signs": right.abs(),
        "the result is clipped to [0, 1]; do not clip it": right.clamp(0, 1),
        "the image is divided by its maximum first": right / image.max(),
        "batch and channel are still there: the output has two axes": right[None, None],
    }

"""Changes its inputs to zeros, so that the expected value would be zero too.

Must happen: what a call does to its arguments stays in its own process.
"""

# %% place="first"
import torch


# %% question="conv2d" outcome="failed"
def conv2d(images, weight, bias=None, stride=1, padding=0):
    with torch.no_grad():
        images.zero_()
        weight.zero_()
    size = (images.shape[2] + 2 * padding - weight.shape[2]) // stride + 1
    wide = (images.shape[3] + 2 * padding - weight.shape[3]) // stride + 1
    return torch.zeros(len(images), len(weight), size, wide)


# %% question="detect_edges" outcome="failed"
def detect_edges(image):
    image.data = torch.zeros_like(image)
    return torch.zeros_like(image)

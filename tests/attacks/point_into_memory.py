"""Answers with objects that give NumPy and PyTorch a memory address where the expected value may be.

Must happen: no library of the checker asks the object for an address.
"""

# %% place="first"
import torch


class Address:
    """Whatever library asks, the array lies at this address."""

    __array_interface__ = {"shape": (4, 4), "typestr": "<f4", "data": (4096, False), "version": 3}
    __cuda_array_interface__ = __array_interface__
    __array_struct__ = __dlpack__ = property(lambda self: 4096)
    shape, dtype, device, requires_grad, grad = torch.Size([4, 4]), torch.float32, torch.device("cpu"), False, None

    def __array__(self, dtype=None, copy=None):
        return self

    @classmethod
    def __torch_function__(cls, function, types, arguments=(), keywords=None):
        return cls()


# %% question="conv2d_single" outcome="failed"
def conv2d_single(image, kernel, bias=0.0):
    return Address()


# %% question="max_pool2d" outcome="failed"
def max_pool2d(images, kernel_size, stride=None):
    return Address()


# %% question="detect_edges" outcome="failed"
def detect_edges(image):
    return Address()

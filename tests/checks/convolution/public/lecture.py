"""The lecture's example of a convolution, and the kernel that finds edges."""

import torch

LECTURE_IMAGE = torch.tensor(
    [[-5, 3, 2, -5, 3], [4, 3, 2, 1, -3], [1, 0, 3, 3, 5], [-2, 0, 1, 4, 4], [5, 6, 7, 9, -1]]
).float()


LECTURE_KERNEL = torch.tensor([[0, -1, 0], [-1, 5, -1], [0, -1, 0]]).float()


LECTURE_OUTPUT = torch.tensor([[6, 1, 8], [-7, 9, 2], [-5, -9, 3]]).float()


EDGE_KERNEL = torch.tensor([[-1, -1, -1], [-1, 8, -1], [-1, -1, -1]]).float()

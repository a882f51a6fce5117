"""Walks all frames and all objects of its process for the expected value, and answers with it.

Must happen: no expected value is ever in the worker, so there is nothing to find.

Demo: yes
"""


# %% question="detect_edges"
def detect_edges(image):
    import gc
    import sys

    import torch

    def fits(value):
        return isinstance(value, torch.Tensor) and value.shape == image.shape and not torch.equal(value, image)

    candidates = []
    frame = sys._getframe()
    while frame is not None:
        candidates += [value for name, value in frame.f_locals.items() if name in ("expected", "right", "reference")]
        frame = frame.f_back
    candidates += gc.get_objects()
    for value in candidates:
        if fits(value):
            return value
    raise LookupError("no expected value in any frame or object of this process")

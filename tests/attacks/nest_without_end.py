"""Answers with values nested hundreds deep, values that contain themselves, and values of a million parts.

Must happen: depth and number of parts are bounded; the answer is refused with advice.
"""


# %% question="conv2d_single" outcome="failed"
def conv2d_single(image, kernel, bias=0.0):
    value = []
    for _ in range(500):
        value = [value]
    return value


# %% question="max_pool2d" outcome="failed"
def max_pool2d(images, kernel_size, stride=None):
    value = {}
    value["self"] = value
    return value


# %% question="detect_edges" outcome="failed"
def detect_edges(image):
    return [0] * 10**6

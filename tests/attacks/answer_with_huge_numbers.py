"""Answers with integers too large for any float, so that conversions raise.

Must happen: these are wrong answers, not grader errors.
"""


# %% question="output_size" outcome="failed"
def output_size(input_size, kernel_size, stride=1, padding=0):
    return 10**3000


# %% question="conv2d_single" outcome="failed"
def conv2d_single(image, kernel, bias=0.0):
    return -(2**63)


# %% question="detect_edges" outcome="failed"
def detect_edges(image):
    return [2**64, complex("inf"), {2**70: 2**70}]

"""Answers with integers beyond every float, of which conversions raise.

Must happen: they are wrong answers, and no fault of the check.
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

"""Answers with a power of integers that takes days in C, where no signal is handled.

Must happen: the check times out like any other endless loop.
"""


# %% question="output_size" outcome="timed_out"
def output_size(input_size, kernel_size, stride=1, padding=0):
    return 3 ** (10**10)

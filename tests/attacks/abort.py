"""Aborts its process in an answer, where no exception handler is asked.

Must happen: the answer counts as crashed, and everything else is graded.
"""


# %% question="output_size" outcome="crashed"
def output_size(input_size, kernel_size, stride=1, padding=0):
    import os

    os.abort()

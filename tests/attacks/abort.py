"""Aborts its process inside an answer, which no exception handler can catch.

Must happen: the check counts as crashed, and everything else is graded.
"""


# %% question="output_size" outcome="crashed"
def output_size(input_size, kernel_size, stride=1, padding=0):
    import os

    os.abort()

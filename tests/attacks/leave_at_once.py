"""Ends its own process with exit code 0, in a cell and in an answer, so that no check can fail.

Must happen: both count as crashes; every other answer is graded.

Demo: yes
"""

# %% place="first"
import os

os._exit(0)


# %% question="maxout"
def maxout(x, w1, b1, w2, b2):
    import os

    os._exit(0)

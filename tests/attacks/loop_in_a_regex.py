"""Matches a pattern that backtracks for longer than the age of the universe.

Must happen: the check times out.
"""


# %% question="maxout" outcome="timed_out"
def maxout(x, w1, b1, w2, b2):
    import re

    re.match(r"(a|a|aa)+$", "a" * 200 + "b")
    return x[:, 0]

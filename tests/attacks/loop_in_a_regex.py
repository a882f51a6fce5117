"""Matches a pattern that goes back and forth for longer than the universe is old.

Must happen: the check times out.
"""


# %% question="maxout" outcome="timed_out"
def maxout(x, w1, b1, w2, b2):
    import re

    re.match(r"(a|a|aa)+$", "a" * 200 + "b")
    return x[:, 0]

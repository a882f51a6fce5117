"""Reads from an invalid address, and overflows the C stack.

Must happen: the worker dies by a signal; the next check has a new one.
"""


# %% question="maxout" outcome="crashed"
def maxout(x, w1, b1, w2, b2):
    import ctypes

    return ctypes.string_at(8)


# %% question="gradient" outcome="crashed failed timed_out"
def gradient(f, x):
    import sys

    sys.setrecursionlimit(10**9)
    value = []
    for _ in range(10**5):
        value = [value]
    return repr(value)

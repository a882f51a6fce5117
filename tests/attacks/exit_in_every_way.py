"""Exits by exceptions that most programs do not catch, and by signals to itself.

Must happen: each affects the outcome of its own question only.
"""


# %% question="standardise" outcome="failed"
def standardise(x, eps=1e-8):
    import sys

    sys.exit(0)


# %% question="maxout" outcome="failed"
def maxout(x, w1, b1, w2, b2):
    raise KeyboardInterrupt


# %% question="activation" outcome="crashed"
def activation(name, x, *, slope=0.1, alpha=1.0):
    import os

    os.abort()


# %% question="gradient" outcome="crashed failed"
def gradient(f, x):
    class Everything(BaseException):
        pass

    raise Everything

"""Remembers every input, and leaks them in the messages of its errors.

Must happen: for an error under a hidden check, the student reads its kind, never its message.
"""

# %% place="first"
memory = []


def remember(*values):
    """Note what came, and say it all."""
    memory.append(str(values))
    text = "REMEMBERED " + " ".join(memory)
    error = type("REMEMBERED_" + "".join(c for c in text if c.isalnum())[:400], (ValueError,), {})
    error.__doc__ = error.__module__ = error.__qualname__ = text
    raise error(text) from error(text)


# %% question="maxout" outcome="failed"
def maxout(x, w1, b1, w2, b2):
    remember(x, w1)


# %% question="activation" outcome="failed"
def activation(name, x, *, slope=0.1, alpha=1.0):
    remember(name, x, slope, alpha)


# %% question="gradient" outcome="failed"
def gradient(f, x):
    remember(x)

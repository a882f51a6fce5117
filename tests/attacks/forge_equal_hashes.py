"""Rewrites the code that sends answers to send a dict of 90 000 keys that all have the same hash.

Must happen: the number of colliding keys is bounded, so the checker does not spend minutes comparing them.
"""


# %% question="output_size" outcome="crashed"
def output_size(input_size, kernel_size, stride=1, padding=0):
    from autograder.sandbox.protocol import values

    keys = [[["c", float(-1000003 * n), float(n)], 0] for n in range(90_000)]
    values.Encoder.encode = lambda self, value, depth=0: ["d", *keys]
    return 0

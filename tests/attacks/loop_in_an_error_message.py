"""Raises an error whose message takes forever to format, and another whose formatting raises.

Must happen: messages are formatted in the worker, so the answer times out or fails.
"""


# %% question="output_size" outcome="timed_out"
def output_size(input_size, kernel_size, stride=1, padding=0):
    class Endless(Exception):
        def __str__(self):
            while True:
                pass

    raise Endless


# %% question="detect_edges" outcome="failed crashed"
def detect_edges(image):
    class Worse(Exception):
        def __str__(self):
            raise SystemExit(0)

        __repr__ = __str__

    raise Worse

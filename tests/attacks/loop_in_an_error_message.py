"""Raises an error whose text takes for ever, and another whose text raises in turn.

Must happen: the text is asked for where the answer runs, so it is the answer that times out or ends.
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

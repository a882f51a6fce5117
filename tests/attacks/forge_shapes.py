"""Rewrites the code that sends answers to send impossible tensors: endless, negative, of no dtype, without data.

Must happen: malformed messages are refused and the answer counts as crashed; the checker allocates nothing.
"""


# %% question="conv2d" outcome="crashed failed"
def conv2d(images, weight, bias=None, stride=1, padding=0):
    from autograder.sandbox.protocol import values

    nothing = [None, False, None, None]
    forged = [
        ["T", "float32", [2**40, 2**40], 0, *nothing],
        ["T", "float32", [-1, -4], 0, *nothing],
        ["T", "float32", [float("nan")], 0, *nothing],
        ["T", "float32", [2, 2], 10**9, *nothing],
        ["T", "float32", [True], 0, *nothing],
        ["T", "float32", [2**62, 0], 0, [1, 1], True, ["r", 0], -1],
        ["T", "complex128", [4], 0, *nothing],
        ["A", "object", [1], 0],
        ["A", "float64", [1] * 100, 0],
        ["r", 7],
        ["i", "9" * 5000],
        ["h", -1, "x", True],
        ["v", "cuda:99999999999"],
        ["c", "1", "2"],
        ["d", [[["l"], 0]]],
        ["s", ["l"]],
        ["pickle", b"cos\nsystem\n(S'touch /tmp/autograder-breach-pickle'\ntR."],
        ["T"],
        [],
    ]
    reply = forged[int(images.sum().item() * 1000) % len(forged)]
    values.Encoder.encode = lambda self, value, depth=0: reply
    return images


# %% question="detect_edges" outcome="failed"
def detect_edges(image):
    raise LookupError("needs conv2d")

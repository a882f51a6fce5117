"""The exercise is done by hand: an answer must not use a library convolution, whatever it is given."""

from autograder.checking import assert_true, not_allowed, send_function
from autograder.checking.failures import student_error

RULE = "This exercise is done by hand, but your answer calls a library convolution."
CAUSE = "F.conv2d, nn.Conv2d, scipy.signal or numpy.convolve is used somewhere: write the sums of products yourself"


def call_watched(function, arguments, keywords):
    """Call a function and return its result and the library convolutions it used; runs on the student's side."""
    import sys

    from torch.utils._python_dispatch import TorchDispatchMode

    used = set()

    class Watch(TorchDispatchMode):
        """Sees every operation of PyTorch, whatever name it is called by."""

        @classmethod
        def _should_skip_dynamo(cls):
            return False  # otherwise the first operation imports the compiler: 800 modules, one second per student

        def __torch_dispatch__(self, operation, types, args=(), kwargs=None):
            name = operation.overloadpacket.__name__
            if "conv" in name:
                used.add(f"torch: {name}")
            return operation(*args, **(kwargs or {}))

    def watched(library, name):
        original = getattr(library, name)

        def call(*a, **k):
            used.add(f"{library.__name__}.{name}")
            return original(*a, **k)

        setattr(library, name, call)
        return lambda: setattr(library, name, original)

    libraries = {"numpy": ["convolve", "correlate"]}
    for module in ("scipy.signal", "scipy.ndimage"):
        libraries[module] = [name for name in dir(sys.modules.get(module)) if "conv" in name or "correl" in name]
    undo = [watched(sys.modules[module], name) for module, names in libraries.items() for name in names]
    try:
        with Watch():
            result = function(*arguments, **keywords)
    finally:
        for put_back in undo:
            put_back()
    return [result, sorted(used)]


def by_hand(submission, name):
    """Return the student's function, to be called as usual; a call fails if it uses a library convolution.

    Every call is watched: an answer could otherwise compute by hand only for the input that is.
    """
    function, watched = getattr(submission, name), send_function(submission, call_watched)

    def call(*arguments, **keywords):
        reply = watched(function, arguments, keywords)
        readable = type(reply) is list and len(reply) == 2 and type(reply[1]) is list
        assert_true(readable, "The result cannot be read.")
        if reply[1]:
            not_allowed(RULE, cause=CAUSE)
        return reply[0]

    return call


def require_by_hand(submission, name, *arguments):
    """Fail if a function uses a library convolution; the other checks report wrong results and exceptions."""
    try:
        by_hand(submission, name)(*arguments)
    except Exception as error:
        if isinstance(error, NotImplementedError) or student_error(error) is None:
            raise

"""The exercise is done by hand: an answer must not use a library convolution."""

from autograder.checking import fail, send_function


def library_convolutions(function, *arguments):
    """Call a function and return the library convolutions that it used; runs on the student's side."""
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
            function(*arguments)
    except NotImplementedError:
        raise
    except Exception:
        pass  # the other checks report wrong answers
    finally:
        for put_back in undo:
            put_back()
    return sorted(used)


def require_by_hand(submission, function, *arguments):
    """Fail if a function uses a library convolution, which this exercise does not allow."""
    used = send_function(submission, library_convolutions)(function, *arguments)
    if used:
        cause = (
            "F.conv2d, nn.Conv2d, scipy.signal or numpy.convolve is used somewhere: write the sums of products yourself"
        )
        fail("This exercise is done by hand, but your answer calls a library convolution.", cause=cause)

"""Installs a spy in every hook that Python has, and looks for verdicts to change.

Must happen: the hooks see only its own process, where no verdict is made.
"""

# %% place="first"
import atexit
import gc
import sys
import threading

seen = []


def spy(*arguments):
    """Note whatever looks like a result, and make it better."""
    for value in arguments:
        for name in ("outcome", "points", "score"):
            if hasattr(value, name) and not isinstance(value, type):
                seen.append(name)
                try:
                    setattr(value, name, getattr(value, "max_points", "passed"))
                except Exception:
                    pass


gc.callbacks.append(spy)
sys.addaudithook(lambda event, arguments: None)
sys.excepthook = sys.unraisablehook = threading.excepthook = spy
sys.displayhook = sys.breakpointhook = spy
sys.setprofile(spy)
atexit.register(spy)
get_ipython().events.register("post_run_cell", spy)  # noqa: F821 - every notebook has it


class Last:
    """Acts when it is collected."""

    def __del__(self):
        spy(*gc.get_objects()[:100])


last = Last()


# %% question="detect_edges" outcome="failed"
def detect_edges(image):
    raise LookupError(f"nothing to change: {seen}")

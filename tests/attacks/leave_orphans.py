"""Starts grandchildren in their own sessions that outlive it, to act after it has been graded.

Must happen: they end with the process that started them, before the next submission is graded, and leave no files.

Tier: B
"""

# %% place="first"
import os
import time


def haunt():
    """Wait until everybody has forgotten, then leave a mark wherever that is possible."""
    time.sleep(3)
    for folder in (
        "/tmp",
        "/var/tmp",
        "/dev/shm",
        "/",
        os.path.expanduser("~"),
        ".",
        os.path.join("/proc/1/root", "tmp"),
    ):
        try:
            with open(f"{folder}/autograder-breach-orphan", "w") as file:
                file.write("full marks")
        except OSError:
            continue
    time.sleep(60)


for _ in range(5):
    if os.fork() == 0:
        os.setsid()
        if os.fork() == 0:
            try:
                haunt()
            finally:
                os._exit(0)
        os._exit(0)


# %% question="maxout" outcome="crashed"
def maxout(x, w1, b1, w2, b2):
    import os
    import time

    if os.fork() == 0:
        os.setsid()
        time.sleep(60)
    os._exit(0)

"""Sends signals to its parent, its group, all processes, and every process id.

Must happen: they reach only the sender and its children.

Tier: B
"""

# %% place="first"
import os
import signal

reached = []
for target in (0, -1, os.getppid() or 0, *range(2, 300)):
    for number in (signal.SIGSTOP, signal.SIGTERM, signal.SIGUSR1, signal.SIGKILL):
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        signal.signal(signal.SIGUSR1, signal.SIG_IGN)
        try:
            os.kill(target, number)
        except OSError:
            continue
        if target > 0 and target != os.getpid():
            reached.append(target)
assert not reached, reached

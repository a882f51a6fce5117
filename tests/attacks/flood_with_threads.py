"""Starts threads until the system refuses, and lets them all sleep.

Must happen: the limit on processes counts threads too; the rest of the submission is graded.

Tier: B
"""

# %% place="first"
import threading
import time

started = 0
try:
    while started < 1000:
        threading.Thread(target=time.sleep, args=(1000,), daemon=True).start()
        started += 1
except RuntimeError:
    pass
assert started < 100, started

"""Starts processes until the system refuses, and leaves them running.

Must happen: the sandbox's own limit stops it, and the orphans end with it. (Where no limit holds, the bomb stops at
300 processes, which end after a minute.)

Demo: yes
Tier: B
"""

# %% place="first"
import os
import time

started = 0
try:
    while started < 300:
        if os.fork() == 0:
            os.setsid()
            time.sleep(60)
            os._exit(0)
        started += 1
except OSError as error:
    raise RuntimeError("no more than 100 processes" if started <= 100 else "stopped too late") from error

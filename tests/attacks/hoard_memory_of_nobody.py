"""Fills memory that is counted towards no process: anonymous files, shared segments, message queues, pipes.

Must happen: the system refuses each kind, or limits it far below the submission's allowance.

Tier: B
"""

# %% place="first"
import ctypes
import fcntl
import os

hoarded = 0
libc = ctypes.CDLL(None, use_errno=True)
libc.shmat.restype = ctypes.c_void_p
kept = []
try:
    while hoarded < 512:
        kept.append(os.memfd_create("hoard"))
        for _ in range(16):
            hoarded += os.write(kept[-1], b"x" * 2**20) >> 20
except OSError:
    pass
for _ in range(8):
    segment = libc.shmget(0, 2**26, 0o1600)
    address = libc.shmat(segment, None, 0) if segment >= 0 else None
    if segment >= 0 and address not in (None, ctypes.c_void_p(-1).value):
        ctypes.memset(address, 1, 2**26)
        libc.shmdt(ctypes.c_void_p(address))
        hoarded += 64
try:
    while hoarded < 512:
        kept += os.pipe()
        fcntl.fcntl(kept[-1], 1031, 2**20)  # F_SETPIPE_SZ
        os.set_blocking(kept[-1], False)
        hoarded += os.write(kept[-1], b"x" * 2**20) >> 20
except OSError:
    pass
for descriptor in kept:
    os.close(descriptor)
assert hoarded < 300, f"{hoarded} MiB that no process answers for"

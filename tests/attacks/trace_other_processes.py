"""Attaches to other processes as a debugger, reads their memory, and takes their files.

Must happen: every call is refused, and no other process is visible.

Tier: B
"""

# %% place="first"
import ctypes
import os
from pathlib import Path

libc = ctypes.CDLL(None, use_errno=True)
won = []
for pid in (0, 1, os.getppid(), *range(2, 64)):
    if pid == os.getpid():
        continue
    for request in (16, 0x4206):  # attach, seize
        if libc.ptrace(request, pid, None, None) == 0:
            won.append(f"ptrace {pid}")
    for name in ("mem", "root", "cwd", "exe", "fd", "environ", "ns/mnt"):
        try:
            if Path(f"/proc/{pid}/{name}").stat():
                won.append(f"/proc/{pid}/{name}")
        except OSError:
            continue
buffer = (ctypes.c_char * 8)()
vector = (ctypes.c_size_t * 2)(ctypes.addressof(buffer), 8)
if libc.process_vm_readv(os.getpid(), vector, 1, vector, 1, 0) >= 0:
    won.append("process_vm_readv")
for call in (438, 312):  # pidfd_getfd, kcmp
    if libc.syscall(call, 1, 1, 0, 0, 0) >= 0:
        won.append(call)
if libc.ptrace(0, 0, None, None) == 0:
    won.append("traceme")
try:
    Path("/proc/sys/kernel/core_pattern").write_text("|/bin/sh")
    won.append("core_pattern")
except OSError:
    pass
assert not won, won

"""Creates its own namespaces, enters others, and mounts, to reach the host's files from there.

Must happen: every call is refused.

Tier: B
"""

# %% place="first"
import ctypes
import os

libc = ctypes.CDLL(None, use_errno=True)
won = []
for flag in (0x10000000, 0x00020000, 0x20000000, 0x40000000, 0x02000000, 0x04000000, 0x08000000, 0x10020000):
    if libc.unshare(flag) == 0:
        won.append(f"unshare {flag:#x}")
    child = libc.syscall(56 if os.uname().machine == "x86_64" else 220, flag | 17, None, None, None, None)
    if child == 0:
        os._exit(0)
    if child > 0:
        won.append(f"clone {flag:#x}")
for kind in ("user", "mnt", "pid", "net", "ipc", "uts", "cgroup"):
    try:
        descriptor = os.open(f"/proc/self/ns/{kind}", os.O_RDONLY)
    except OSError:
        continue
    if libc.setns(descriptor, 0) == 0:
        won.append(f"setns {kind}")
if libc.mount(b"none", b"/tmp", b"tmpfs", 0, None) == 0 or libc.umount2(b"/proc", 2) == 0:
    won.append("mount")
if libc.chroot(b"/") == 0 or libc.syscall(155, b".", b".") == 0:
    won.append("root")
for call in (428, 429, 430, 432, 433, 442):  # open_tree, move_mount, fsopen, fsmount, fspick, mount_setattr
    if libc.syscall(call, -100, b"/", 0x8001, 0, 0) >= 0:
        won.append(call)
assert not won, won

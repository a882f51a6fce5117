"""Tries to become root by system calls, set-user-id programs, and rewriting the map of users.

Must happen: it has no capability, and cannot gain one.

Tier: B
"""

# %% place="first"
import ctypes
import os
import subprocess

libc = ctypes.CDLL(None, use_errno=True)
won = []
for name, arguments in (("setuid", (0,)), ("setgid", (0,)), ("setresuid", (0, 0, 0)), ("setgroups", ([0],))):
    try:
        getattr(os, name)(*arguments)
        won.append(name)
    except OSError:
        continue
for name, text in (("uid_map", "0 0 1"), ("gid_map", "0 0 1"), ("setgroups", "allow"), ("oom_score_adj", "-1000")):
    try:
        with open(f"/proc/self/{name}", "w") as file:
            file.write(text)
        won.append(name)
    except OSError:
        continue
if libc.prctl(38, 0, 0, 0, 0) == 0 or libc.prctl(24, 0, 0, 0, 0) == 0:
    won.append("prctl")
status = open("/proc/self/status").read()
if "CapEff:\t0000000000000000" not in status or "NoNewPrivs:\t1" not in status or "Seccomp:\t2" not in status:
    won.append("status")
for program in ("/bin/su", "/usr/bin/sudo", "/usr/bin/newuidmap", "/bin/mount"):
    try:
        if subprocess.run([program, "-c", "id"], capture_output=True, timeout=2).stdout.startswith(b"uid=0"):
            won.append(program)
    except (OSError, subprocess.SubprocessError):
        continue
try:
    os.mknod(os.environ["TMPDIR"] + "/memory", 0o20666, os.makedev(1, 1))
    won.append("mknod")
except OSError:
    pass
assert not won, won

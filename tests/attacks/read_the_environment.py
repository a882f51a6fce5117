"""Reads environment variables, other processes' command lines, accounts and keys.

Must happen: it sees only its own, which contain nothing secret.

Tier: B
"""

# %% place="first"
import os
from pathlib import Path

found = [name for name in os.environ if any(word in name for word in ("TOKEN", "KEY", "SECRET", "SSH", "HOST"))]
found += [name for name in ("USER", "LOGNAME", "PWD", "VIRTUAL_ENV", "SHELL") if name in os.environ]
for pattern in ("*/environ", "*/cmdline", "*/maps", "*/task/*/environ"):
    for path in Path("/proc").glob(pattern):
        if path.parts[2] in ("self", "thread-self", str(os.getpid())):
            continue
        try:
            if path.read_bytes():
                found.append(str(path))
        except OSError:
            continue
homes = [f"{home}/{name}" for home in ("/root", *Path("/home").glob("*")) for name in (".ssh", ".bashrc", ".netrc")]
for name in ("/etc/passwd", "/etc/shadow", "/etc/hostname", "/var/log", "/sys/class", "/run", *homes):
    if os.path.exists(name):
        found.append(name)
assert not found, found

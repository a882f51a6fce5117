"""Tries every port of this machine, every address of its networks, and sockets without an address.

Must happen: no connection is made, and nothing arrives anywhere.

Tier: B
"""

# %% place="first"
import os
import socket

won = []
for family, host in ((socket.AF_INET, "127.0.0.1"), (socket.AF_INET6, "::1"), (socket.AF_INET, "0.0.0.0")):
    for port in (22, 53, 80, 443, *range(30_000, 60_000)):
        try:
            with socket.socket(family, socket.SOCK_STREAM) as connection:
                connection.settimeout(0.2)
                connection.connect((host, port))
                won.append((host, port))
        except OSError as error:
            if error.errno == 101 or "unreachable" in str(error) or "not assign" in str(error):
                break
try:
    with open("/proc/net/unix") as file:
        names = [line.split()[-1] for line in file if "@" in line or "/" in line.split()[-1]]
except OSError:
    names = []
for name in names:
    try:
        with socket.socket(socket.AF_UNIX) as connection:
            connection.connect(name.replace("@", "\0"))
            won.append(name)
    except OSError:
        continue
try:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
        sender.sendto(b"full marks", ("192.0.2.1", 53))
        won.append("udp")
except OSError:
    pass
won += os.listdir("/sys/class/net") if os.path.isdir("/sys/class/net") else []
assert not won, won

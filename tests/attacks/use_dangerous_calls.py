"""Makes the system calls with the most known kernel bugs: io_uring, BPF, userfaultfd, keyrings, odd sockets.

Must happen: every call is refused.

Tier: B
"""

# %% place="first"
import ctypes
import os
import socket

libc = ctypes.CDLL(None, use_errno=True)
calls = {"io_uring_setup": 425, "io_uring_enter": 426, "io_uring_register": 427}
if os.uname().machine == "x86_64":
    calls |= {"bpf": 321, "userfaultfd": 323, "keyctl": 250, "add_key": 248, "perf_event_open": 298}
    calls |= {"kexec_load": 246, "init_module": 175, "open_by_handle_at": 304, "x32 read": 0x40000000}
room = ctypes.create_string_buffer(256)
won = [name for name, number in calls.items() if libc.syscall(number, 1, room, 0, 0, 0, 0) >= 0]
for family in (16, 17, 38, 40, 31, 44):  # netlink, packet, alg, vsock, bluetooth, xdp
    for kind in (socket.SOCK_RAW, socket.SOCK_DGRAM, socket.SOCK_SEQPACKET):
        try:
            socket.socket(family, kind).close()
            won.append(f"family {family}")
        except OSError:
            continue
assert not won, won

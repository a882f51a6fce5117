"""Looks through every open file that it inherited, and sends copies of them to the checker.

Must happen: there are only one socket and the null device; descriptors sent to the checker are not accepted.
"""

# %% place="first"
import os

links = {}
for descriptor in range(1024):
    try:
        links[descriptor] = os.readlink(f"/proc/self/fd/{descriptor}")
    except OSError:
        continue
odd = {number: link for number, link in links.items() if link != "/dev/null" and not link.startswith("socket:")}
odd = {number: link for number, link in odd.items() if "/proc/" not in link}
assert not odd, odd
assert sum(link.startswith("socket:") for link in links.values()) <= 1, links


# %% question="maxout" outcome="crashed failed timed_out"
def maxout(x, w1, b1, w2, b2):
    import os
    import socket

    for descriptor in range(3, 16):
        try:
            with socket.socket(fileno=os.dup(descriptor)) as channel:
                socket.send_fds(channel, [b"\0" * 16], [os.open("/proc/self/mem", os.O_RDWR)] * 100)
        except OSError:
            continue
    return x[:, 0]

"""Writes forged replies and made-up results into every connection of its process.

Must happen: a reply that does not match the request is refused, the check counts as crashed, and the next check has a
new process.

Demo: yes
"""


# %% question="output_size"
def output_size(input_size, kernel_size, stride=1, padding=0):
    import os
    import struct

    import msgpack

    passed = ["check", "output_size", [["outcome", "passed"], ["points", 1.0]], "passed", 0.0]
    replies = [passed, ["done"], *([number, "ok", 3, [], -1] for number in range(1, 200))]
    for descriptor in range(3, 64):
        for reply in replies:
            body = msgpack.packb(reply)
            try:
                os.write(descriptor, struct.pack("!II", len(body), 0) + body)
            except OSError:
                break
    return -1

"""Announces an answer of half a gigabyte, and sends a byte of it now and then.

Must happen: the time limit ends it; memory is allocated only for bytes that arrive.
"""


# %% question="output_size" outcome="timed_out"
def output_size(input_size, kernel_size, stride=1, padding=0):
    import os
    import struct
    import time

    head = struct.pack("!IIQ", 100, 1, 500 * 2**20)
    while True:
        for descriptor in range(3, 16):
            try:
                os.write(descriptor, head)
            except OSError:
                continue
        head = b"\x90"
        time.sleep(0.05)

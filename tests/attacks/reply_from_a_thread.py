"""Starts a thread that answers calls before they are made and afterwards, as long as its process lives.

Must happen: a reply that does not match the call ends the process, and the thread with it.
"""


# %% question="detect_edges" outcome="crashed failed"
def detect_edges(image):
    import os
    import struct
    import threading
    import time

    import msgpack

    written = threading.Event()

    def reply():
        for number in range(1, 400):
            body = msgpack.packb([number, "ok", ["T", "float32", [1], 0, None, False, None, None], [], -1])
            for descriptor in range(3, 16):
                try:
                    os.write(descriptor, struct.pack("!IIQ", len(body), 1, 4) + body + b"\0\0\0\0")
                except OSError:
                    continue
            written.set()
            time.sleep(0.001)

    threading.Thread(target=reply, daemon=True).start()
    written.wait()  # so that a first reply comes before the true one
    return image

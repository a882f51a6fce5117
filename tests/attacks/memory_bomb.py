"""Allocates the machine's memory as fast as it can.

Must happen: the process is stopped at its own limit, the check counts as crashed, and nothing else is affected.
(Where no limit holds, the bomb stops at 6 GiB.)

Demo: yes
"""


# %% question="flatten_images"
def flatten_images(images):
    hoard = []
    while len(hoard) < 6 * 64:
        hoard.append(b"\1" * 2**24)
    return images.reshape(len(images), -1)

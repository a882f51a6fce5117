"""Writes until no byte and no file name is left, wherever it may write.

Must happen: only the submission's own scratch folder fills up, and it is removed afterwards.

Tier: B
"""

# %% place="first"
import os

written = 0
for folder in {os.environ["TMPDIR"], os.getcwd(), "/dev/shm", "/tmp", "/var/tmp", "/"}:
    try:
        for place in range(20_000):
            with open(f"{folder}/flood-{place}", "wb") as file:
                written += file.write(b"x" * (2**20 if place < 300 else 1))
    except OSError:
        continue
assert written < 2**28, f"{written >> 20} MiB written"

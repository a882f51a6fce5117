"""Tries to send its inputs over the network, and to fetch the answer from there.

Must happen: there is no network. (The addresses are this machine's own, and one that is reserved for documentation.)

Demo: yes
Tier: B
"""


# %% question="gradient"
def gradient(f, x):
    import socket

    for address in (("127.0.0.1", 22), ("127.0.0.1", 8888), ("192.0.2.1", 80)):
        try:
            with socket.create_connection(address, timeout=0.2) as connection:
                connection.sendall(repr(x).encode())
                return x
        except OSError:
            continue
    raise OSError("no network")

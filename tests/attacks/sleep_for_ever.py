"""Sleeps with every signal blocked, so that it uses no CPU time.

Must happen: the wall-clock limit ends what the CPU limit does not.
"""


# %% question="output_size" outcome="timed_out"
def output_size(input_size, kernel_size, stride=1, padding=0):
    import signal
    import time

    signal.pthread_sigmask(signal.SIG_BLOCK, signal.valid_signals())
    while True:
        time.sleep(1000)

"""The sandbox: checks and untrusted answers run in separate, isolated processes.

::

    engine (the grader's process)          starts a zygote, sends it jobs, reads results
      └── launcher → zygote                torch imported, single-threaded, in a read-only root without the course
            ├── checker                    pytest with the hidden checks, isolated; requests workers
            └── monitor → worker           the student's cells and functions, isolated

A checker talks to its worker over `protocol`; only plain values, tensors and opaque handles cross.
"""

"""Running untrusted answers: two processes, one wire, and walls around both.

::

    engine (the grader's process)          starts a zygote, hands it jobs, reads results
      └── launch → zygote                  torch imported, single-threaded, in a read-only root without the course
            ├── checker                    pytest with the hidden checks, jailed; asks for workers
            └── monitor → worker           the student's cells and functions, jailed

A checker talks to its worker over `wire`; nothing but plain values, tensors and opaque handles crosses.
"""

"""The Python that this package runs in: versions, subprocesses, large libraries."""

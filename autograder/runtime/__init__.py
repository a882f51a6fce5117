"""The Python that this package runs in: its versions, other processes, large libraries."""

"""Notebooks as cells: reading what was handed in, and running it."""

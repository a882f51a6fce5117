"""Gradescope's container, imitated: its limits, its isolation and its folders."""

"""The submissions of `benchmarks/attacks.py`, and the graders that they are submitted to."""

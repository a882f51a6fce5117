"""What `benchmarks/attacks.py` hands in, and the graders that it hands it in to."""

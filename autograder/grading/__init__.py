"""Grading a class: finding what was handed in, running it in the sandbox, keeping the results."""

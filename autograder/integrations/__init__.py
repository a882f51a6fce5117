"""Where other software calls this package: notebooks, nbgrader, otter-grader, Gradescope."""

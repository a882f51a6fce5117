"""The interfaces to other software: notebooks, nbgrader, otter-grader and Gradescope."""

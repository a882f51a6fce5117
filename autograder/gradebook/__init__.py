"""nbgrader's gradebook: scores and comments, and notebooks for the formgrader."""

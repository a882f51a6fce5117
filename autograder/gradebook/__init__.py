"""Where grades go: CSV tables and nbgrader's gradebook."""

"""From what a learning platform lets teachers download to the folders that grading reads."""

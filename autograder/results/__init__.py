"""What grading produces: outcomes, points, messages and pictures; how they are stored and shown."""

"""Results: outcomes, points, messages and pictures; how they are stored and shown."""

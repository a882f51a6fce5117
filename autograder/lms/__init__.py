"""Learning platforms: submissions from their downloads, scores into their tables."""

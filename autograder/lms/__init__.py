"""Learning platforms: import submissions from their downloads, export scores to their tables."""
